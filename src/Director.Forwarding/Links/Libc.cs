using System.Runtime.InteropServices;

namespace Director.Forwarding.Links;

/// <summary>The system calls of the links.</summary>
internal static unsafe partial class Libc
{
    public const int Interrupted = 4, NoDevice = 19, NoSuchDevice = 6, InvalidArgument = 22, NotPermitted = 1, WouldBlock = 11;
    public const int MessageTooLong = 90, NetworkDown = 100, NoBuffers = 105;

    public const int PacketFamily = 17;
    public const int RawSocket = 3, DatagramSocket = 2, CloseOnExec = 0x80000, NonBlocking = 0x800;
    public const int SocketLevel = 1, PacketLevel = 263;

    public const short PollIn = 1, PollOut = 4;
    public const int DontWait = 0x40;

    [LibraryImport("libc", SetLastError = true)]
    public static partial int socket(int family, int type, int protocol);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int bind(int descriptor, void* address, int length);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int setsockopt(int descriptor, int level, int option, void* value, int length);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int getsockopt(int descriptor, int level, int option, void* value, int* length);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int setpriority(int which, int who, int nice);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int sendmmsg(int descriptor, Message* messages, uint count, int flags);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int poll(PollDescriptor* descriptors, nuint count, int milliseconds);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int open(string path, int flags);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int ioctl(int descriptor, nuint request, void* argument);

    [LibraryImport("libc", SetLastError = true)]
    public static partial nint read(int descriptor, void* buffer, nuint length);

    [LibraryImport("libc", SetLastError = true)]
    public static partial nint write(int descriptor, void* buffer, nuint length);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int eventfd(uint initial, int flags);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int sched_setaffinity(int thread, nuint length, byte* mask);

    [LibraryImport("libc")]
    public static partial int close(int descriptor);

    /// <summary>The last call's errno.</summary>
    public static int Error => Marshal.GetLastPInvokeError();

    /// <summary>The last call's errno in words.</summary>
    public static string ErrorText => Marshal.GetPInvokeErrorMessage(Error);

    /// <summary>Sets an option that is an int.</summary>
    /// <returns>Whether the kernel took it.</returns>
    public static bool TrySetOption(int descriptor, int level, int option, int value) => setsockopt(descriptor, level, option, &value, sizeof(int)) == 0;

    /// <summary><c>struct iovec</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Bytes
    {
        public void* Base;
        public nuint Length;
    }

    /// <summary><c>struct mmsghdr</c>: a <c>struct msghdr</c> and what was sent of it.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Message
    {
        public void* Name;
        public uint NameLength;
        public Bytes* Parts;
        public nuint PartCount;
        public void* Control;
        public nuint ControlLength;
        public long Flags; // an int, and padding up to the struct msghdr's alignment
        public uint SentBytes;
    }

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

    /// <summary><c>struct pollfd</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct PollDescriptor
    {
        public int Descriptor;
        public short Events;
        public short Returned;
    }
}
