using System.Net.Sockets;

namespace Director.Cluster.Transport;

/// <summary>What every connection between directors is set to: small messages at once, and a peer that is gone is noticed.</summary>
internal static class SocketOptions
{
    // tcp(7): how long data may stay unacknowledged before the kernel gives the connection up.
    private const int TcpUserTimeout = 18;

    /// <summary>Sets them.</summary>
    public static void Set(Socket socket)
    {
        socket.NoDelay = true;
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 5);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, 2);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, 3);
        socket.SetRawSocketOption((int)ProtocolType.Tcp, TcpUserTimeout, BitConverter.GetBytes(10_000));
    }
}
