using System.Net.Sockets;
using System.Text;
using Director.Health.Checks;

namespace Director.Health.Feedback;

/// <summary>Asks an agent on a real server as HAProxy's <c>agent-check</c> does: connect, send what is to be sent, read a line.</summary>
public static class AgentQuestion
{
    /// <summary>Asks once.</summary>
    /// <param name="target">The agent.</param>
    /// <param name="send">Sent first; empty is nothing.</param>
    /// <param name="timeout">How long all of it may take.</param>
    /// <param name="clock">Measures that.</param>
    /// <param name="cancellation">Nobody wants the answer any more: <see cref="OperationCanceledException"/>.</param>
    /// <returns>The answer, or null and why there is none, in one line.</returns>
    public static async Task<(AgentAnswer? Answer, string Failure)> Ask(CheckTarget target, string send, TimeSpan timeout, TimeProvider clock, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(send);
        using var late = new CancellationTokenSource(timeout, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellation);
        try
        {
            using var socket = await TcpConnection.Open(target, either.Token).ConfigureAwait(false);
            // Reset in place of FIN: what is asked every second must not leave TIME_WAIT sockets behind.
            socket.LingerState = new(true, 0);
            if (send.Length > 0)
            {
                await socket.SendAsync(Encoding.UTF8.GetBytes(send), either.Token).ConfigureAwait(false);
            }

            var line = await ReadLine(socket, either.Token).ConfigureAwait(false);
            var answer = AgentAnswer.Parse(line);
            return answer.SaysSomething ? (answer, "") : (null, line.Length == 0 ? "it closed the connection without a word" : $"it says nothing that is known: {Quoted(line)}");
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return (null, $"no answer within {timeout.TotalSeconds:0.###} s");
        }
        catch (Exception failure) when (failure is SocketException or IOException)
        {
            return (null, CheckRun.InOneLine(failure));
        }
    }

    private static async Task<byte[]> ReadLine(Socket socket, CancellationToken cancellation)
    {
        var buffer = new byte[AgentAnswer.MostBytes];
        var length = 0;
        while (length < buffer.Length)
        {
            var read = await socket.ReceiveAsync(buffer.AsMemory(length), cancellation).ConfigureAwait(false);
            length += read;
            if (read == 0 || buffer.AsSpan(length - read, read).IndexOfAny((byte)'\n', (byte)'\r') >= 0)
            {
                break;
            }
        }

        return buffer[..length];
    }

    private static string Quoted(byte[] line)
    {
        var text = Encoding.Latin1.GetString(line.AsSpan(0, Math.Min(line.Length, 40)));
        return new([.. text.TrimEnd().Select(c => char.IsAsciiLetterOrDigit(c) || char.IsPunctuation(c) || c == ' ' ? c : '?')]);
    }
}
