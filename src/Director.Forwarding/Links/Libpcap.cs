using System.Runtime.InteropServices;
using SharpPcap.LibPcap;

namespace Director.Forwarding.Links;

/// <summary>What SharpPcap does not offer of libpcap.</summary>
internal static unsafe class Libpcap
{
    // The names that SharpPcap tries; in its order: both must mean the same library.
    private static readonly string[] FileNames = ["libpcap.so", "libpcap.so.0", "libpcap.so.0.8", "libpcap.so.1"];

    private static delegate* unmanaged<nint, int> _fileNumber;
    private static delegate* unmanaged<nint, Statistics*, int> _statistics;

    /// <summary>Loads the library.</summary>
    /// <exception cref="LinkException">It is not there.</exception>
    public static void Require()
    {
        foreach (var name in FileNames)
        {
            if (_fileNumber == null && NativeLibrary.TryLoad(name, out var library))
            {
                _fileNumber = (delegate* unmanaged<nint, int>)NativeLibrary.GetExport(library, "pcap_fileno");
                _statistics = (delegate* unmanaged<nint, Statistics*, int>)NativeLibrary.GetExport(library, "pcap_stats");
            }
        }

        if (_fileNumber == null)
        {
            throw new LinkException("libpcap is missing: install libpcap0.8 (Debian, Ubuntu) or libpcap (Fedora, Alpine)");
        }
    }

    /// <summary>The AF_PACKET socket of an open device (pcap_fileno). <see cref="Require"/> comes first.</summary>
    public static int DescriptorOf(PcapDevice device) => With(device, handle => _fileNumber(handle));

    /// <summary>
    /// Frames that the kernel dropped because the device's ring was full (pcap_stats); 0 when that cannot be told. SharpPcap's own Statistics read the structure with fields of the wrong size on 64 bits.
    /// </summary>
    public static uint DroppedBy(PcapDevice device) => With(device, handle =>
    {
        Statistics statistics;
        return _statistics(handle, &statistics) == 0 ? statistics.Dropped : 0;
    });

    private static T With<T>(PcapDevice device, Func<nint, T> call)
    {
        var handle = device.Handle;
        var held = false;
        try
        {
            handle.DangerousAddRef(ref held);
            return call(handle.DangerousGetHandle());
        }
        finally
        {
            if (held)
            {
                handle.DangerousRelease();
            }
        }
    }

    /// <summary><c>struct pcap_stat</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Statistics
    {
        public uint Received;
        public uint Dropped;
        public uint DroppedByInterface;
    }

    /// <summary><c>struct pcap_pkthdr</c>; its time is a <c>struct timeval</c> of two machine words.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct PacketHeader
    {
        public nint Seconds;
        public nint Microseconds;
        public uint CapturedLength;
        public uint Length;
    }
}
