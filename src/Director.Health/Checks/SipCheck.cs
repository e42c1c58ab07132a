using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;

namespace Director.Health.Checks;

/// <summary>Whether a SIP server answers OPTIONS with success (RFC 3261 section 11; ldirectord's <c>sip</c>).</summary>
public sealed record SipCheck(CheckTarget Target) : HealthCheck(Target)
{
    /// <summary>User that is asked for, and that asks; empty: the server itself is asked, by <c>director</c>.</summary>
    public string Login { get; init; } = "";

    /// <summary>Whether the question goes by TCP.</summary>
    public bool OverTcp { get; init; }

    /// <inheritdoc/>
    public override string Type => "sip";

    /// <inheritdoc/>
    public override async Task<CheckAnswer> Ask(CancellationToken cancellation)
    {
        var call = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        var status = OverTcp ? await AskByTcp(call, cancellation).ConfigureAwait(false) : await AskByUdp(call, cancellation).ConfigureAwait(false);
        return status.Code is >= 200 and < 300 ? CheckAnswer.Pass($"status {status.Code}") : CheckAnswer.Fail($"status {status.Code} {status.Reason}, expected 200-299");
    }

    private async Task<Status> AskByUdp(string call, CancellationToken cancellation)
    {
        using var socket = await UdpExchange.Open(Target, cancellation).ConfigureAwait(false);
        return await UdpExchange.Ask(socket, Question(socket, "UDP", call), answer => Read(Encoding.UTF8.GetString(answer.Span), call), cancellation).ConfigureAwait(false);
    }

    private async Task<Status> AskByTcp(string call, CancellationToken cancellation)
    {
        using var socket = await TcpConnection.Open(Target, cancellation).ConfigureAwait(false);
        socket.LingerState = new(true, 0);
        for (ReadOnlyMemory<byte> rest = Question(socket, "TCP", call); !rest.IsEmpty;)
        {
            rest = rest[await socket.SendAsync(rest, cancellation).ConfigureAwait(false)..];
        }

        const string end = "\r\n\r\n";
        var buffer = new byte[Expectation.LongestAnswer];
        for (var length = 0; length < buffer.Length;)
        {
            var read = await socket.ReceiveAsync(buffer.AsMemory(length), cancellation).ConfigureAwait(false);
            length += read;
            var text = Encoding.UTF8.GetString(buffer, 0, length);
            // Provisional answers (1xx) come first, without a body.
            for (var next = text.IndexOf(end, StringComparison.Ordinal); next >= 0; next = text.IndexOf(end, StringComparison.Ordinal))
            {
                if (Read(text[..(next + end.Length)], call) is { } status)
                {
                    return status;
                }

                text = text[(next + end.Length)..];
            }

            if (read == 0)
            {
                throw new IOException("connection closed before an answer");
            }
        }

        throw new IOException("garbled answer");
    }

    private byte[] Question(Socket socket, string transport, string call)
    {
        var local = (IPEndPoint)socket.LocalEndPoint!;
        var user = Login.Length > 0 ? $"{Login}@" : "";
        var asker = $"<sip:{(Login.Length > 0 ? Login : "director")}@{local}>";
        return Encoding.UTF8.GetBytes(string.Join("\r\n",
        [
            $"OPTIONS sip:{user}{Target} SIP/2.0",
            $"Via: SIP/2.0/{transport} {local};rport;branch=z9hG4bK{call}",
            "Max-Forwards: 70",
            $"From: {asker};tag={call[..8]}",
            $"To: <sip:{user}{Target}>",
            $"Call-ID: {call}",
            "CSeq: 1 OPTIONS",
            $"Contact: {asker}",
            "Accept: application/sdp",
            "User-Agent: director",
            "Content-Length: 0",
            "",
            "",
        ]));
    }

    /// <summary>Reads an answer; null: a provisional one, or one to another question.</summary>
    private static Status? Read(string answer, string call)
    {
        var lines = answer.Split("\r\n");
        var words = lines[0].Split(' ', 3);
        if (words.Length < 2 || words[0] != "SIP/2.0" || !int.TryParse(words[1], NumberStyles.None, CultureInfo.InvariantCulture, out var code) || code is < 100 or > 699)
        {
            throw new IOException("garbled answer");
        }

        // Call-ID may be written i, its compact form.
        var isOurs = lines.Any(line => line.Split(':', 2) is [var name, var value] && value.Trim() == call
            && (name.Trim().Equals("Call-ID", StringComparison.OrdinalIgnoreCase) || name.Trim().Equals("i", StringComparison.OrdinalIgnoreCase)));
        return isOurs && code >= 200 ? new(code, words.Length > 2 ? Expectation.Shown(words[2]) : "") : null;
    }

    private readonly record struct Status(int Code, string Reason);
}
