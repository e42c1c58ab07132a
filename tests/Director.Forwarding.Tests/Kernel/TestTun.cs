using System.Runtime.InteropServices;
using Xunit;

namespace Director.Forwarding.Tests.Kernel;

/// <summary>A TUN device whose packets a test writes and reads.</summary>
internal sealed unsafe partial class TestTun : IDisposable
{
    private readonly int _descriptor;

    /// <summary>Opens it in the network namespace of the calling thread.</summary>
    public TestTun(string name)
    {
        const int ReadWrite = 2, NonBlocking = 0x800, CloseOnExec = 0x80000;
        _descriptor = open("/dev/net/tun", ReadWrite | NonBlocking | CloseOnExec);
        Assert.True(_descriptor >= 0);
        var request = stackalloc byte[40];
        new Span<byte>(request, 40).Clear();
        for (var i = 0; i < name.Length; i++)
            request[i] = (byte)name[i];
        *(ushort*)(request + 16) = 0x1001; // IFF_TUN | IFF_NO_PI
        Assert.Equal(0, ioctl(_descriptor, 0x400454CA, request)); // TUNSETIFF
    }

    public void Write(byte[] packet)
    {
        fixed (byte* bytes = packet)
            Assert.Equal(packet.Length, write(_descriptor, bytes, (nuint)packet.Length));
    }

    /// <summary>The next packet, or null.</summary>
    public byte[]? Read()
    {
        var buffer = new byte[65536];
        fixed (byte* bytes = buffer)
        {
            var length = read(_descriptor, bytes, (nuint)buffer.Length);
            return length > 0 ? buffer[..(int)length] : null;
        }
    }

    public void Dispose() => _ = close(_descriptor);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int open(string path, int flags);

    [LibraryImport("libc")]
    private static partial int ioctl(int descriptor, nuint request, byte* argument);

    [LibraryImport("libc")]
    private static partial nint write(int descriptor, byte* bytes, nuint length);

    [LibraryImport("libc")]
    private static partial nint read(int descriptor, byte* bytes, nuint length);

    [LibraryImport("libc")]
    private static partial int close(int descriptor);
}
