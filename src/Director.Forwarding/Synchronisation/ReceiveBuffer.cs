using System.Net.Sockets;
using Director.Forwarding.Links;

namespace Director.Forwarding.Synchronisation;

/// <summary>The kernel's buffer for datagrams that wait.</summary>
internal static class ReceiveBuffer
{
    private const int Bytes = 8 << 20;
    private const int Force = 33; // SO_RCVBUFFORCE: also beyond net.core.rmem_max, for root

    /// <summary>Makes room for what comes while the channel's thread is busy or not running.</summary>
    public static void Enlarge(Socket socket)
    {
        if (!Libc.TrySetOption((int)socket.Handle, Libc.SocketLevel, Force, Bytes))
            socket.ReceiveBufferSize = Bytes;
    }
}
