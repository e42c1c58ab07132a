using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Director.Decapsulate;

/// <summary>A TUN device of our own, to write packets to; gone when disposed, addresses and all.</summary>
internal sealed unsafe partial class TunDevice : IDisposable
{
    /// <summary>IFNAMSIZ without the terminating zero.</summary>
    public const int MaximumNameLength = 15;

    private readonly SafeFileHandle _handle;

    /// <summary>Makes the device in the network namespace of the calling thread.</summary>
    /// <exception cref="OperatorException">It cannot be made.</exception>
    public TunDevice(string name)
    {
        const int RequestLength = 40; // struct ifreq
        const int FlagsOffset = 16;
        const ushort Tun = 0x0001, NoPacketInformation = 0x1000, VirtioNetHeader = 0x4000;
        const nuint SetInterface = 0x400454CA; // TUNSETIFF
        try
        {
            _handle = File.OpenHandle("/dev/net/tun", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new OperatorException($"/dev/net/tun cannot be opened: {e.Message} (modprobe tun; in a container, give it the device).");
        }
        var request = stackalloc byte[RequestLength];
        new Span<byte>(request, RequestLength).Clear();
        Encoding.ASCII.GetBytes(name, new Span<byte>(request, MaximumNameLength));
        *(ushort*)(request + FlagsOffset) = Tun | NoPacketInformation | VirtioNetHeader;
        if (ioctl(_handle, SetInterface, request) < 0)
        {
            var error = Marshal.GetLastPInvokeErrorMessage();
            _handle.Dispose();
            throw new OperatorException($"The device {name} cannot be made: {error} (needs CAP_NET_ADMIN, and no other device of that name).");
        }
    }

    /// <summary>Writes a packet behind its virtio-net header.</summary>
    /// <returns>False when the kernel refused it.</returns>
    public bool TryWrite(ReadOnlySpan<byte> headerAndPacket)
    {
        fixed (byte* bytes = headerAndPacket)
            return write(_handle, bytes, (nuint)headerAndPacket.Length) == headerAndPacket.Length;
    }

    /// <inheritdoc/>
    public void Dispose() => _handle.Dispose();

    [LibraryImport("libc", SetLastError = true)]
    private static partial int ioctl(SafeFileHandle descriptor, nuint request, byte* argument);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint write(SafeFileHandle descriptor, byte* bytes, nuint length);
}
