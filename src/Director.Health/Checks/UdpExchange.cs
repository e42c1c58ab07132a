using System.Net.Sockets;

namespace Director.Health.Checks;

/// <summary>A question and its answer by UDP.</summary>
internal static class UdpExchange
{
    /// <summary>After this long without an answer the question is repeated: one lost datagram is no failure.</summary>
    public static readonly TimeSpan Repetition = TimeSpan.FromSeconds(1);

    /// <summary>A socket that hears the target alone, its ICMP errors included.</summary>
    /// <exception cref="SocketException">There is no way to the target, or the interface or the own address is not there.</exception>
    public static async Task<Socket> Open(CheckTarget target, CancellationToken cancellation)
    {
        var socket = new Socket(target.Address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            TcpConnection.Bind(socket, target);
            await socket.ConnectAsync(target.Address, target.Port, cancellation).ConfigureAwait(false);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Asks until an answer is accepted.</summary>
    /// <param name="socket">From <see cref="Open"/>.</param>
    /// <param name="question">What is sent, and sent again.</param>
    /// <param name="accept">Reads an answer; null: it belongs to another question.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="IOException">Nobody listens there.</exception>
    public static async Task<T> Ask<T>(Socket socket, ReadOnlyMemory<byte> question, Func<ReadOnlyMemory<byte>, T?> accept, CancellationToken cancellation)
        where T : struct
    {
        var buffer = new byte[Expectation.LongestAnswer];
        while (true)
        {
            using var pause = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            pause.CancelAfter(Repetition);
            try
            {
                await socket.SendAsync(question, cancellation).ConfigureAwait(false);
                while (true)
                {
                    var length = await socket.ReceiveAsync(buffer, pause.Token).ConfigureAwait(false);
                    if (accept(buffer.AsMemory(0, length)) is { } answer)
                    {
                        return answer;
                    }
                }
            }
            catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
            {
                // Once more.
            }
            catch (SocketException error) when (error.SocketErrorCode == SocketError.ConnectionRefused)
            {
                throw new IOException("port unreachable");
            }
        }
    }
}
