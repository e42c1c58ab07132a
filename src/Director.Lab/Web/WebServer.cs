using System.Buffers;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;

namespace Director.Lab.Web;

/// <summary>The built-in web server of the lab's real servers: answers every request with its name and the client's address.</summary>
/// <param name="name">What it calls itself.</param>
/// <param name="log">Gets <c>ADDRESS PATH</c> for each request; null: nothing is logged.</param>
/// <param name="work">Rounds of hashing before each answer, so that it costs processor time: 1,000 are a few tenths of a millisecond; 0 is none.</param>
public sealed class WebServer(string name, TextWriter? log, int work = 0)
{
    private static readonly byte[] _endOfHead = "\r\n\r\n"u8.ToArray();

    /// <summary>Serves until cancelled.</summary>
    /// <param name="port">TCP port, 1 to 65535, on every address of both families.</param>
    /// <param name="stop">Ends it.</param>
    public async Task RunAsync(int port, CancellationToken stop)
    {
        using Socket listener = new(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp) { DualMode = true };
        listener.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        listener.Bind(new IPEndPoint(IPAddress.IPv6Any, port));
        listener.Listen(4096);
        try
        {
            while (true)
            {
                _ = ServeAsync(await listener.AcceptAsync(stop).ConfigureAwait(false), stop);
            }
        }
        catch (OperationCanceledException)
        {
            // Asked to stop.
        }
    }

    private async Task ServeAsync(Socket connection, CancellationToken stop)
    {
        using Socket _ = connection;
        byte[] buffer = ArrayPool<byte>.Shared.Rent(8192);
        try
        {
            connection.NoDelay = true;
            IPAddress client = ((IPEndPoint)connection.RemoteEndPoint!).Address;
            string body = $"{name} {(client.IsIPv4MappedToIPv6 ? client.MapToIPv4() : client)}\n";
            int length = 0;
            while (true)
            {
                int end = buffer.AsSpan(0, length).IndexOf(_endOfHead);
                if (end < 0)
                {
                    int read = length == buffer.Length ? 0 : await connection.ReceiveAsync(buffer.AsMemory(length), stop).ConfigureAwait(false);
                    if (read == 0)
                    {
                        return;
                    }

                    length += read;
                    continue;
                }

                string head = Encoding.ASCII.GetString(buffer, 0, end);
                bool last = head.Contains("\nConnection: close", StringComparison.OrdinalIgnoreCase);
                if (log is not null)
                {
                    string path = head.Split(' ', 3) is [_, var asked, _] ? asked : "?";
                    lock (log)
                    {
                        log.WriteLine($"{body.Split(' ')[1].TrimEnd()} {path}");
                    }
                }

                if (work > 0)
                {
                    Rfc2898DeriveBytes.Pbkdf2("work"u8, "and salt"u8, work, HashAlgorithmName.SHA256, 32);
                }

                await connection.SendAsync(
                    Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {body.Length}\r\n{(last ? "Connection: close\r\n" : "")}\r\n{body}"),
                    stop).ConfigureAwait(false);
                if (last)
                {
                    connection.Shutdown(SocketShutdown.Both);
                    return;
                }

                length -= end + _endOfHead.Length;
                buffer.AsSpan(end + _endOfHead.Length, length).CopyTo(buffer);
            }
        }
        catch (Exception problem) when (problem is SocketException or OperationCanceledException)
        {
            // The client has gone, or the server is asked to stop.
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
