using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Director.Health.Paths;

/// <summary>
/// A TAP device that the kernel sends checks' packets to when their real server is reached by a tunnel. Each real server is a neighbour on it, whose MAC address has its number, so that one device does
/// for all; what comes out of it is put into the tunnel of that number. The kernel needs no tunnel devices for that.
/// </summary>
internal sealed unsafe partial class TunnelDevice : IDisposable
{
    /// <summary>Its name; nobody else's.</summary>
    public const string Name = "dir-checks";

    /// <summary>Longest packet: what every outer header still fits around on Ethernet.</summary>
    public const int Mtu = 1400;

    private const int EthernetHeaderLength = 14;
    private const int Interrupted = 4; // EINTR
    private readonly ConcurrentDictionary<int, TunnelSender> _senders = [];
    private readonly SafeFileHandle _handle;
    private readonly Thread _thread;

    /// <summary>Makes the device in the network namespace of the calling thread; it carries nothing before it is set up.</summary>
    /// <exception cref="InvalidOperationException">It cannot be made: the message says why.</exception>
    public TunnelDevice()
    {
        const int RequestLength = 40; // struct ifreq
        const int FlagsOffset = 16;
        const ushort Tap = 0x0002, NoPacketInformation = 0x1000;
        const nuint SetInterface = 0x400454CA; // TUNSETIFF
        try
        {
            _handle = File.OpenHandle("/dev/net/tun", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new InvalidOperationException($"/dev/net/tun cannot be opened: {failure.Message}", failure);
        }

        var request = stackalloc byte[RequestLength];
        new Span<byte>(request, RequestLength).Clear();
        Encoding.ASCII.GetBytes(Name, new Span<byte>(request, Name.Length));
        *(ushort*)(request + FlagsOffset) = Tap | NoPacketInformation;
        if (ioctl(_handle, SetInterface, request) < 0)
        {
            var error = Marshal.GetLastPInvokeErrorMessage();
            _handle.Dispose();
            throw new InvalidOperationException($"the device {Name} cannot be made: {error}");
        }

        _thread = new Thread(Carry) { IsBackground = true, Name = Name };
        _thread.Start();
    }

    /// <summary>Whether somebody has deleted the device.</summary>
    public bool HasEnded => !_thread.IsAlive;

    /// <summary>The MAC address of a real server on the device.</summary>
    public static string Mac(int number) => $"02:d1:ec:{number >> 16 & 255:x2}:{number >> 8 & 255:x2}:{number & 255:x2}";

    /// <summary>Says by which tunnel a number's packets go, unless that has been said.</summary>
    public void Add(int number, Func<TunnelSender> open) => _senders.GetOrAdd(number, _ => open());

    /// <summary>Ends it. The device is to be deleted before, which ends the read; where it could not be, the thread stays behind.</summary>
    public void Dispose()
    {
        _thread.Join(TimeSpan.FromSeconds(1));
        _handle.Dispose();
        foreach (var sender in _senders.Values)
        {
            sender.Dispose();
        }
    }

    /// <summary>The number that a frame's MAC address names, and what the frame carries; -1 for what is for nobody.</summary>
    internal static int Read(ReadOnlySpan<byte> frame, out ReadOnlySpan<byte> packet)
    {
        packet = frame.Length > EthernetHeaderLength ? frame[EthernetHeaderLength..] : [];
        return packet.Length > 0 && frame.StartsWith((ReadOnlySpan<byte>)[0x02, 0xD1, 0xEC]) ? BinaryPrimitives.ReadInt32BigEndian(frame[2..]) & 0xFF_FFFF : -1;
    }

    private void Carry()
    {
        var buffer = new byte[EthernetHeaderLength + 65536];
        fixed (byte* bytes = buffer)
        {
            while (true)
            {
                var length = read(_handle, bytes, (nuint)buffer.Length);
                if (length > 0)
                {
                    if (_senders.TryGetValue(Read(buffer.AsSpan(0, (int)length), out var packet), out var sender))
                    {
                        sender.Send(packet);
                    }
                }
                else if (Marshal.GetLastPInvokeError() != Interrupted)
                {
                    return;
                }
            }
        }
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int ioctl(SafeFileHandle descriptor, nuint request, byte* argument);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint read(SafeFileHandle descriptor, byte* bytes, nuint length);
}
