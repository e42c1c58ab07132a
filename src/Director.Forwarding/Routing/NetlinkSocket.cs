using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Director.Forwarding.Routing;

/// <summary>A netlink socket (netlink(7)) of the network namespace of the thread that opens it.</summary>
internal sealed unsafe partial class NetlinkSocket : IDisposable
{
    /// <summary>NETLINK_ROUTE.</summary>
    public const int RouteProtocol = 0;

    private const int NetlinkFamily = 16;
    private const int Raw = 3, CloseOnExec = 0x80000, NonBlocking = 0x800;
    private const int SocketLevel = 1, ReceiveBuffer = 8, ReceiveBufferForce = 33;
    private const int Truncated = 0x20;
    private const int Interrupted = 4, WouldBlock = 11, NoBufferSpace = 105;

    private int _descriptor;

    /// <summary>Opens a socket.</summary>
    /// <param name="protocol">NETLINK_...</param>
    /// <param name="groups">Bit n - 1: join multicast group n.</param>
    /// <param name="receiveBufferBytes">What the kernel may queue for it.</param>
    /// <exception cref="Win32Exception">The kernel refuses.</exception>
    public NetlinkSocket(int protocol, uint groups, int receiveBufferBytes)
    {
        _descriptor = socket(NetlinkFamily, Raw | CloseOnExec | NonBlocking, protocol);
        if (_descriptor < 0)
            throw Failure("open a netlink socket");
        // The forced form goes beyond net.core.rmem_max and needs CAP_NET_ADMIN.
        if (setsockopt(_descriptor, SocketLevel, ReceiveBufferForce, &receiveBufferBytes, sizeof(int)) < 0)
            _ = setsockopt(_descriptor, SocketLevel, ReceiveBuffer, &receiveBufferBytes, sizeof(int));
        var address = new Address { Family = NetlinkFamily, Groups = groups };
        if (bind(_descriptor, &address, sizeof(Address)) < 0)
        {
            var failure = Failure("bind a netlink socket");
            Dispose();
            throw failure;
        }
    }

    /// <summary>For poll(2).</summary>
    public int Descriptor => _descriptor;

    /// <summary>Sends a request to the kernel.</summary>
    /// <exception cref="Win32Exception">The kernel refuses.</exception>
    public void Send(ReadOnlySpan<byte> request)
    {
        var kernel = new Address { Family = NetlinkFamily };
        fixed (byte* bytes = request)
        {
            if (sendto(_descriptor, bytes, (nuint)request.Length, 0, &kernel, sizeof(Address)) < 0)
                throw Failure("send a netlink request");
        }
    }

    /// <summary>Takes the next datagram of the kernel, if one waits.</summary>
    /// <param name="to">At least 32 KB: the most that the kernel puts into one.</param>
    /// <param name="length">Its length; 0 when none waits.</param>
    /// <returns>False when the kernel had to leave messages out.</returns>
    public bool TryReceive(Span<byte> to, out int length)
    {
        length = 0;
        fixed (byte* bytes = to)
        {
            while (true)
            {
                Address from;
                var fromLength = sizeof(Address);
                var received = recvfrom(_descriptor, bytes, (nuint)to.Length, Truncated, &from, &fromLength);
                if (received >= 0)
                {
                    // Another process may send to us; only port 0 is the kernel.
                    if (from.Port != 0)
                        continue;
                    if (received > to.Length)
                        return false;
                    length = (int)received;
                    return true;
                }
                switch (Marshal.GetLastPInvokeError())
                {
                    case Interrupted:
                        continue;
                    case WouldBlock:
                        return true;
                    case NoBufferSpace:
                        return false;
                    default:
                        throw Failure("read from a netlink socket");
                }
            }
        }
    }

    /// <summary>Waits until one of the descriptors is readable or the time is over.</summary>
    public static void Wait(ReadOnlySpan<int> descriptors, int milliseconds)
    {
        var polled = stackalloc Polled[descriptors.Length];
        for (var i = 0; i < descriptors.Length; i++)
            polled[i] = new Polled { Descriptor = descriptors[i], Events = 1 };
        _ = poll(polled, (nuint)descriptors.Length, milliseconds);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        var descriptor = Interlocked.Exchange(ref _descriptor, -1);
        if (descriptor >= 0)
            _ = close(descriptor);
    }

    private static Win32Exception Failure(string what)
    {
        var error = Marshal.GetLastPInvokeError();
        return new(error, $"Cannot {what}: {Marshal.GetPInvokeErrorMessage(error)}.");
    }

    /// <summary><c>struct sockaddr_nl</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct Address
    {
        public ushort Family;
        public ushort Padding;
        public uint Port;
        public uint Groups;
    }

    /// <summary><c>struct pollfd</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct Polled
    {
        public int Descriptor;
        public short Events;
        public short Returned;
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int socket(int family, int type, int protocol);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int setsockopt(int descriptor, int level, int option, void* value, int length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int bind(int descriptor, Address* address, int length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint sendto(int descriptor, byte* buffer, nuint length, int flags, Address* address, int addressLength);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint recvfrom(int descriptor, byte* buffer, nuint length, int flags, Address* address, int* addressLength);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int poll(Polled* polled, nuint count, int milliseconds);

    [LibraryImport("libc")]
    private static partial int close(int descriptor);
}
