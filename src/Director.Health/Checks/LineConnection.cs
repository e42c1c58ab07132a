using System.Net.Sockets;
using System.Text;

namespace Director.Health.Checks;

/// <summary>A reply in the manner of SMTP, FTP and NNTP: a code and text.</summary>
/// <param name="Code">Its three digits.</param>
/// <param name="Lines">The text behind the code, a line each.</param>
internal readonly record struct Reply(int Code, IReadOnlyList<string> Lines)
{
    /// <summary>For a check's detail.</summary>
    public override string ToString() => Without(default);

    /// <summary>The same where the server may have repeated a secret.</summary>
    public string Without(Secret secret) => Expectation.Shown(secret.HideIn($"{Code} {Lines[0]}"));
}

/// <summary>A connection over which both sides speak in lines. What the other side says is bounded.</summary>
internal sealed class LineConnection : IAsyncDisposable
{
    private readonly byte[] _buffer = new byte[4096];
    private Stream _stream;
    private int _at;
    private int _end;
    private int _budget = Expectation.LongestAnswer;

    private LineConnection(Stream stream) => _stream = stream;

    /// <summary>The last day of the certificate; empty without TLS.</summary>
    public string Expiry { get; private set; } = "";

    /// <summary>Whether what is said now is secret.</summary>
    public bool IsTls { get; private set; }

    /// <summary>Connects.</summary>
    /// <param name="target">To whom.</param>
    /// <param name="tls">With TLS from the first byte; null is without.</param>
    /// <param name="cancellation">Gives up.</param>
    public static async Task<LineConnection> Open(CheckTarget target, TlsTrust? tls, CancellationToken cancellation)
    {
        var socket = await TcpConnection.Open(target, cancellation).ConfigureAwait(false);
        // As in ConnectCheck.
        socket.LingerState = new(true, 0);
        var connection = new LineConnection(new NetworkStream(socket, ownsSocket: true));
        if (tls is not null)
        {
            try
            {
                await connection.Secure(tls, target, cancellation).ConfigureAwait(false);
            }
            catch
            {
                await connection.DisposeAsync().ConfigureAwait(false);
                throw;
            }
        }

        return connection;
    }

    /// <summary>Goes on in TLS.</summary>
    public async Task Secure(TlsTrust tls, CheckTarget target, CancellationToken cancellation)
    {
        if (_at < _end)
        {
            throw new IOException("the server speaks before TLS begins");
        }

        var handshake = new TlsHandshake(tls, target.Address.ToString());
        _stream = await handshake.Over(_stream, cancellation).ConfigureAwait(false);
        (Expiry, IsTls) = (handshake.Expiry, true);
    }

    /// <summary>Says a line.</summary>
    public async Task Say(string line, CancellationToken cancellation) =>
        await _stream.WriteAsync(Encoding.UTF8.GetBytes(line + "\r\n"), cancellation).ConfigureAwait(false);

    /// <summary>Hears a line, without its end.</summary>
    /// <exception cref="IOException">The connection ends, or what came is more than a check listens to.</exception>
    public async Task<string> Hear(CancellationToken cancellation)
    {
        using var line = new MemoryStream();
        while (true)
        {
            var end = Array.IndexOf(_buffer, (byte)'\n', _at, _end - _at);
            var until = end < 0 ? _end : end;
            line.Write(_buffer, _at, until - _at);
            if (end >= 0)
            {
                _at = end + 1;
                return Encoding.UTF8.GetString(line.GetBuffer(), 0, (int)line.Length).TrimEnd('\r');
            }

            _at = 0;
            _end = await Read(_buffer, cancellation).ConfigureAwait(false);
            if (_end == 0)
            {
                throw new IOException(line.Length == 0 ? "the server closed the connection" : "the server closed the connection within a line");
            }
        }
    }

    /// <summary>Hears a reply: <c>250-first</c>, <c>250 last</c>.</summary>
    /// <exception cref="IOException">It is none.</exception>
    public async Task<Reply> HearReply(CancellationToken cancellation)
    {
        var lines = new List<string>();
        string? first = null;
        while (true)
        {
            var line = await Hear(cancellation).ConfigureAwait(false);
            first ??= line;
            // Within a reply of FTP there are lines without a code (RFC 959, 4.2).
            var isCoded = line.Length >= 3 && char.IsAsciiDigit(line[0]) && char.IsAsciiDigit(line[1]) && char.IsAsciiDigit(line[2]) && (line.Length == 3 || line[3] is ' ' or '-');
            if (lines.Count == 0 && !isCoded)
            {
                throw new IOException($"no reply but {Expectation.Shown(line)}");
            }

            lines.Add(isCoded ? line[Math.Min(4, line.Length)..] : line);
            if (isCoded && line.AsSpan(0, 3).SequenceEqual(first.AsSpan(0, 3)) && (line.Length == 3 || line[3] == ' '))
            {
                return new(int.Parse(line.AsSpan(0, 3), System.Globalization.CultureInfo.InvariantCulture), lines);
            }
        }
    }

    /// <summary>Says a line and hears the reply.</summary>
    public async Task<Reply> Ask(string line, CancellationToken cancellation)
    {
        await Say(line, cancellation).ConfigureAwait(false);
        return await HearReply(cancellation).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _stream.DisposeAsync();

    private async Task<int> Read(byte[] buffer, CancellationToken cancellation)
    {
        if (_budget <= 0)
        {
            throw new IOException($"the server said more than {Expectation.LongestAnswer / 1024} KiB");
        }

        var read = await _stream.ReadAsync(buffer.AsMemory(0, Math.Min(buffer.Length, _budget)), cancellation).ConfigureAwait(false);
        _budget -= read;
        return read;
    }
}
