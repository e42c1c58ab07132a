using System.Net.Security;
using System.Net.Sockets;
using System.Text;

namespace Director.Health.Checks;

/// <summary>
/// Whether a directory lets a user (or anybody) bind and finds an entry (ldirectord's <c>ldap</c> and <c>ldaps</c>). A client of its own: the one of .NET waits inside libldap, where no timeout reaches it.
/// </summary>
public sealed record LdapCheck(CheckTarget Target) : HealthCheck(Target)
{
    private const byte BindRequest = 0x60, BindResponse = 0x61, Unbind = 0x42, Entry = 0x64, Done = 0x65, Reference = 0x73, SimplePassword = 0x80;
    private const int Success = 0, SizeLimitExceeded = 4, InvalidCredentials = 49;
    private const byte BindId = 1, SearchId = 2, UnbindId = 3;

    /// <summary>Whether the connection is TLS from its beginning (<c>ldaps</c>).</summary>
    public bool Tls { get; init; }

    /// <summary>What is believed with <see cref="Tls"/>.</summary>
    public TlsTrust Trust { get; init; } = new();

    /// <summary>Distinguished name that is bound by; empty: anonymous.</summary>
    public string Login { get; init; } = "";

    /// <summary>Its password.</summary>
    public Secret Password { get; init; }

    /// <summary>What is searched, <c>base?attributes?scope?filter</c> (RFC 4516); empty: that the bind is good is enough.</summary>
    public string Request { get; init; } = "";

    /// <summary>Regular expression that the entries found have to match, a line <c>attribute: value</c> for each value; empty: that there is one is enough.</summary>
    public string Receive { get; init; } = "";

    /// <summary>Regular expression that the entries must not match; empty is none.</summary>
    public string ReceiveNot { get; init; } = "";

    /// <inheritdoc/>
    public override string Type => Tls ? "ldaps" : "ldap";

    /// <inheritdoc/>
    public override async Task<CheckAnswer> Ask(CancellationToken cancellation)
    {
        var search = Request.Length > 0 ? LdapSearch.Parse(Request).Encode() : null;
        using var socket = await TcpConnection.Open(Target, cancellation).ConfigureAwait(false);
        var tls = new TlsHandshake(Trust, Target.Address.ToString());
        var plain = new NetworkStream(socket);
        await using Stream stream = Tls ? await tls.Over(plain, cancellation).ConfigureAwait(false) : plain;
        var answers = new Answers(stream);
        await Send(stream, BindId, Ber.Of(BindRequest, Ber.Number(Ber.Integer, 3), Ber.Text(Ber.OctetString, Login), Ber.Text(SimplePassword, Password.Reveal())), cancellation)
            .ConfigureAwait(false);
        var bound = Result(await answers.Next(BindId, cancellation).ConfigureAwait(false), BindResponse);
        if (bound.Code != Success)
        {
            return CheckAnswer.Fail(bound.Code == InvalidCredentials ? $"login refused{Said(bound)}" : $"bind failed, code {bound.Code}{Said(bound)}");
        }

        var answer = search is null ? CheckAnswer.Pass("bound") : await Search(stream, answers, search, cancellation).ConfigureAwait(false);
        await Send(stream, UnbindId, [Unbind, 0], cancellation).ConfigureAwait(false);
        return answer.Passed ? answer with { Detail = Checks.Said.Passed(answer.Detail, tls.Expiry) } : answer;
    }

    private async Task<CheckAnswer> Search(Stream stream, Answers answers, byte[] search, CancellationToken cancellation)
    {
        await Send(stream, SearchId, search, cancellation).ConfigureAwait(false);
        var found = new StringBuilder();
        var entries = 0;
        while (true)
        {
            var message = await answers.Next(SearchId, cancellation).ConfigureAwait(false);
            if (message[0] == Entry)
            {
                entries++;
                AppendEntry(found, message);
                continue;
            }

            if (message[0] == Reference)
            {
                continue;
            }

            var done = Result(message, Done);
            return done.Code is not (Success or SizeLimitExceeded) ? CheckAnswer.Fail($"search failed, code {done.Code}{Said(done)}")
                : entries == 0 ? CheckAnswer.Fail("no entry found")
                : Expectation.Judge(found.ToString(), Receive, ReceiveNot, entries == 1 ? "found an entry" : $"found {entries} entries");
        }
    }

    private string Said((int Code, string Message) result) => result.Message.Length > 0 ? $": {Expectation.Shown(Password.HideIn(result.Message))}" : "";

    private static ValueTask Send(Stream stream, byte id, byte[] request, CancellationToken cancellation) =>
        stream.WriteAsync(Ber.Of(Ber.Sequence, Ber.Number(Ber.Integer, id), request), cancellation);

    private static (int Code, string Message) Result(ReadOnlySpan<byte> message, byte expected)
    {
        if (Ber.Take(ref message, out var result) != expected || Ber.Take(ref result, out var code) != Ber.Enumerated)
        {
            throw new IOException("garbled answer");
        }

        Ber.Take(ref result, out _);
        Ber.Take(ref result, out var text);
        return (Ber.Number(code), Encoding.UTF8.GetString(text));
    }

    private static void AppendEntry(StringBuilder found, ReadOnlySpan<byte> message)
    {
        Ber.Take(ref message, out var entry);
        Ber.Take(ref entry, out var name);
        found.Append("dn: ").Append(Encoding.UTF8.GetString(name)).Append('\n');
        Ber.Take(ref entry, out var attributes);
        while (!attributes.IsEmpty)
        {
            Ber.Take(ref attributes, out var attribute);
            Ber.Take(ref attribute, out var type);
            Ber.Take(ref attribute, out var values);
            while (!values.IsEmpty)
            {
                Ber.Take(ref values, out var value);
                found.Append(Encoding.UTF8.GetString(type)).Append(": ").Append(Encoding.UTF8.GetString(value)).Append('\n');
            }
        }
    }

    /// <summary>Reads messages, and no more than one check may be told.</summary>
    private sealed class Answers(Stream stream)
    {
        private readonly byte[] _buffer = new byte[Expectation.LongestAnswer];
        private int _total;

        /// <summary>The next message that answers a request: its operation, with tag and length.</summary>
        /// <exception cref="IOException">What comes is no message, too long, or the server's farewell.</exception>
        public async Task<byte[]> Next(byte id, CancellationToken cancellation)
        {
            while (true)
            {
                // Two bytes say how many more say how long it is.
                await stream.ReadExactlyAsync(_buffer.AsMemory(0, 2), cancellation).ConfigureAwait(false);
                var header = 2 + (_buffer[1] < 0x80 ? 0 : Math.Min(_buffer[1] & 0x7F, 126));
                await stream.ReadExactlyAsync(_buffer.AsMemory(2, header - 2), cancellation).ConfigureAwait(false);
                var length = Ber.Length(_buffer.AsSpan(0, header));
                if (_buffer[0] != Ber.Sequence || length < 0)
                {
                    throw new IOException("garbled answer");
                }

                _total += header;
                if (length > _buffer.Length - _total)
                {
                    throw new IOException($"answered more than {Expectation.LongestAnswer >> 10} KB");
                }

                _total += length;
                await stream.ReadExactlyAsync(_buffer.AsMemory(0, length), cancellation).ConfigureAwait(false);
                if (Operation(_buffer.AsSpan(0, length), id) is { } operation)
                {
                    return operation;
                }
            }
        }

        private static byte[]? Operation(ReadOnlySpan<byte> content, byte id)
        {
            const int unsolicited = 0;
            if (Ber.Take(ref content, out var number) != Ber.Integer)
            {
                throw new IOException("garbled answer");
            }

            return Ber.Number(number) is var answered && answered == id ? content.ToArray()
                : answered == unsolicited ? throw new IOException("the server hung up (notice of disconnection)") : null;
        }
    }
}
