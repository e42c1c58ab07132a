using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Director.Decapsulate;

/// <summary>Raw IP sockets (raw(7)) of any protocol, which the framework's own constructor opens only for a few.</summary>
internal static partial class RawSocket
{
    /// <summary>Opens one in the network namespace of the calling thread.</summary>
    /// <param name="family">IPv4 or IPv6.</param>
    /// <param name="protocol">IP protocol number.</param>
    /// <exception cref="SocketException">The kernel refuses.</exception>
    public static Socket Open(AddressFamily family, byte protocol)
    {
        const int IPv4 = 2, IPv6 = 10, Raw = 3, CloseOnExec = 0x80000;
        var descriptor = socket(family == AddressFamily.InterNetwork ? IPv4 : IPv6, Raw | CloseOnExec, protocol);
        if (descriptor < 0)
            throw new SocketException(Marshal.GetLastPInvokeError(), Marshal.GetLastPInvokeErrorMessage());
        return new(new SafeSocketHandle(descriptor, ownsHandle: true));
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int socket(int family, int type, int protocol);
}
