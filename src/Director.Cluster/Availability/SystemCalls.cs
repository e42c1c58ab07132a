using System.Runtime.InteropServices;

namespace Director.Cluster.Availability;

/// <summary>What the heartbeat thread asks of the kernel: without exceptions, and without the runtime's own threads, which have to wait for a core when the host is busy.</summary>
internal static unsafe partial class SystemCalls
{
    public const int WouldBlock = 11, Interrupted = 4;
    public const int PacketFamily = 17, IPv4Family = 2, IPv6Family = 10;
    public const int DatagramSocket = 2, RawSocket = 3, CloseOnExec = 0x80000, NonBlocking = 0x800;
    public const int SocketLevel = 1, PacketLevel = 263;
    public const short PollIn = 1;

    private const int Fifo = 1, ResetOnFork = 0x4000_0000, BootTime = 7;

    /// <summary>Milliseconds since the host started, those in which it slept among them; never goes back.</summary>
    public static long Now
    {
        get
        {
            long* time = stackalloc long[2];
            _ = clock_gettime(BootTime, time);
            return (time[0] * 1000) + (time[1] / 1_000_000);
        }
    }

    /// <summary>As <see cref="Now"/>, in microseconds.</summary>
    public static long NowMicroseconds
    {
        get
        {
            long* time = stackalloc long[2];
            _ = clock_gettime(BootTime, time);
            return (time[0] * 1_000_000) + (time[1] / 1000);
        }
    }

    /// <summary>Waits for sockets as poll(2), to the microsecond.</summary>
    public static int Poll(PollDescriptor* descriptors, nuint count, long microseconds)
    {
        long* time = stackalloc long[2];
        (time[0], time[1]) = (microseconds / 1_000_000, microseconds % 1_000_000 * 1000);
        return ppoll(descriptors, count, time, null);
    }

    /// <summary>Lets the calling thread run before all ordinary ones (SCHED_FIFO); threads and processes that it starts are ordinary again.</summary>
    /// <param name="priority">1 to 99.</param>
    /// <returns>Whether the kernel allows it.</returns>
    public static bool TryRunFirst(int priority) => sched_setscheduler(0, Fifo | ResetOnFork, &priority) == 0;

    /// <summary>The last call's error in words.</summary>
    public static string ErrorText => Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError());

    [LibraryImport("libc", SetLastError = true)]
    public static partial int socket(int family, int type, int protocol);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int bind(int descriptor, void* address, int length);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int connect(int descriptor, void* address, int length);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int setsockopt(int descriptor, int level, int option, void* value, int length);

    [LibraryImport("libc", SetLastError = true)]
    public static partial nint sendto(int descriptor, void* bytes, nuint length, int flags, void* address, int addressLength);

    [LibraryImport("libc", SetLastError = true)]
    public static partial nint recvfrom(int descriptor, void* buffer, nuint length, int flags, void* address, int* addressLength);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int poll(PollDescriptor* descriptors, nuint count, int milliseconds);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int ioctl(int descriptor, nuint request, void* argument);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int eventfd(uint initial, int flags);

    [LibraryImport("libc", SetLastError = true)]
    public static partial nint read(int descriptor, void* buffer, nuint length);

    [LibraryImport("libc", SetLastError = true)]
    public static partial nint write(int descriptor, void* buffer, nuint length);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial uint if_nametoindex(string name);

    [LibraryImport("libc")]
    public static partial int close(int descriptor);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int sched_setscheduler(int thread, int policy, int* priority);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int ppoll(PollDescriptor* descriptors, nuint count, long* time, void* signals);

    [LibraryImport("libc")]
    private static partial int clock_gettime(int clock, long* time);

    /// <summary><c>struct sockaddr_ll</c>.</summary>
    [StructLayout(LayoutKind.Sequential, Pack = 4)]
    public struct LinkAddress
    {
        public ushort Family;
        public ushort Protocol;
        public int InterfaceIndex;
        public ushort HardwareType;
        public byte PacketType;
        public byte AddressLength;
        public ulong Address;
    }

    /// <summary><c>struct packet_mreq</c>.</summary>
    [StructLayout(LayoutKind.Sequential, Pack = 4)]
    public struct PacketMembership
    {
        public int InterfaceIndex;
        public ushort Type;
        public ushort AddressLength;
        public ulong Address;
    }

    /// <summary><c>struct sock_filter</c>: an instruction of a classic packet filter.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct FilterInstruction
    {
        public ushort Code;
        public byte IfTrue;
        public byte IfFalse;
        public uint Value;
    }

    /// <summary><c>struct sock_fprog</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct FilterProgram
    {
        public ushort Length;
        public FilterInstruction* Instructions;
    }

    /// <summary><c>struct ifreq</c>.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 40)]
    public struct InterfaceRequest
    {
        public fixed byte Name[16];
        public fixed byte Value[24];
    }

    /// <summary><c>struct pollfd</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct PollDescriptor
    {
        public int Descriptor;
        public short Events;
        public short Returned;
    }
}
