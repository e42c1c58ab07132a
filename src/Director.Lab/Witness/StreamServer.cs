using System.Buffers.Binary;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace Director.Lab.Witness;

/// <summary>
/// What a <see cref="Witness"/> talks to: TCP connections that get bytes at the pace that they ask for, each byte known from its place in the stream, and a UDP echo, on one port of both
/// families.
/// </summary>
public static class StreamServer
{
    /// <summary>What a client sends first: pause between two chunks in milliseconds, length of a chunk; 4 bytes each, little endian.</summary>
    internal const int RequestLength = 8;

    /// <summary>Serves until cancelled.</summary>
    /// <param name="port">TCP and UDP port, 1 to 65535.</param>
    /// <param name="stop">Ends it.</param>
    public static async Task RunAsync(int port, CancellationToken stop)
    {
        using Socket listener = new(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp) { DualMode = true };
        listener.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        listener.Bind(new IPEndPoint(IPAddress.IPv6Any, port));
        listener.Listen(4096);
        Task echo = EchoAsync(port, stop);
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

        await echo.ConfigureAwait(false);
    }

    /// <summary>The byte at a place of every stream.</summary>
    internal static byte At(long place) => (byte)(place ^ (place >> 8) ^ (place >> 16));

    private static async Task ServeAsync(Socket connection, CancellationToken stop)
    {
        using Socket _ = connection;
        try
        {
            connection.NoDelay = true;
            byte[] request = new byte[RequestLength];
            for (int length = 0; length < request.Length;)
            {
                int read = await connection.ReceiveAsync(request.AsMemory(length), stop).ConfigureAwait(false);
                if (read == 0)
                {
                    return;
                }

                length += read;
            }

            int pause = BinaryPrimitives.ReadInt32LittleEndian(request);
            byte[] chunk = new byte[Math.Clamp(BinaryPrimitives.ReadInt32LittleEndian(request.AsSpan(4)), 1, 1 << 20)];
            for (long place = 0; ; place += chunk.Length)
            {
                for (int i = 0; i < chunk.Length; i++)
                {
                    chunk[i] = At(place + i);
                }

                await connection.SendAsync(chunk, stop).ConfigureAwait(false);
                if (pause < 0)
                {
                    connection.Shutdown(SocketShutdown.Both);
                    return;
                }

                await Task.Delay(pause, stop).ConfigureAwait(false);
            }
        }
        catch (Exception problem) when (problem is SocketException or OperationCanceledException)
        {
            // The client has gone, or the server is asked to stop.
        }
    }

    // A socket for each address, so that an answer comes from the address that was asked: with direct routing that is the VIP on lo.
    private static Task EchoAsync(int port, CancellationToken stop) => Task.WhenAll(
        NetworkInterface.GetAllNetworkInterfaces()
            .SelectMany(nic => nic.GetIPProperties().UnicastAddresses)
            .Where(address => !address.Address.IsIPv6LinkLocal)
            .Select(address => EchoAsync(new IPEndPoint(address.Address, port), stop)));

    private static async Task EchoAsync(IPEndPoint local, CancellationToken stop)
    {
        using Socket socket = new(local.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(local);
        byte[] buffer = new byte[2048];
        try
        {
            while (true)
            {
                SocketReceiveFromResult got = await socket.ReceiveFromAsync(buffer, local, stop).ConfigureAwait(false);
                await socket.SendToAsync(buffer.AsMemory(0, got.ReceivedBytes), got.RemoteEndPoint, stop).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            // Asked to stop.
        }
    }
}
