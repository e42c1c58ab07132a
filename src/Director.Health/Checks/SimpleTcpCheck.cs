using System.Net.Sockets;
using System.Text;

namespace Director.Health.Checks;

/// <summary>Whether what comes over a TCP connection after a request matches (ldirectord's <c>simpletcp</c>).</summary>
public sealed record SimpleTcpCheck(CheckTarget Target) : HealthCheck(Target)
{
    /// <summary>What is sent, as hexadecimal digits; empty is nothing.</summary>
    public string RequestHex { get; init; } = "";

    /// <summary>Regular expression that the answer has to match; empty: that the request could be sent is enough.</summary>
    public string Receive { get; init; } = "";

    /// <summary>Regular expression that the answer must not match; empty is none.</summary>
    public string ReceiveNot { get; init; } = "";

    /// <inheritdoc/>
    public override string Type => "simpletcp";

    /// <inheritdoc/>
    public override async Task<CheckAnswer> Ask(CancellationToken cancellation)
    {
        using var socket = await TcpConnection.Open(Target, cancellation).ConfigureAwait(false);
        socket.LingerState = new(true, 0);
        for (var rest = Convert.FromHexString(RequestHex).AsMemory(); !rest.IsEmpty;)
        {
            rest = rest[await socket.SendAsync(rest, cancellation).ConfigureAwait(false)..];
        }

        if (Receive.Length == 0 && ReceiveNot.Length == 0)
        {
            return CheckAnswer.Pass("connected");
        }

        var buffer = new byte[Expectation.LongestAnswer];
        var text = "";
        for (var length = 0; length < buffer.Length;)
        {
            var read = await socket.ReceiveAsync(buffer.AsMemory(length), cancellation).ConfigureAwait(false);
            length += read;
            text = Encoding.UTF8.GetString(buffer, 0, length);
            if (read == 0 || Receive.Length == 0 || Expectation.Matches(text, Receive))
            {
                break;
            }
        }

        return Expectation.Judge(text, Receive, ReceiveNot, $"answered {Expectation.Shown(text)}");
    }
}
