using System.Runtime.InteropServices;

namespace Director.Forwarding.Links;

/// <summary>What has to be finished in a frame on its way out (virtio-net header, <c>packet-io</c>: partial checksums and superframes).</summary>
[Flags]
internal enum FrameFlags : byte
{
    /// <summary>The frame is complete.</summary>
    None = 0,

    /// <summary>The layer-4 checksum field holds the folded pseudo-header sum; the kernel or NIC finishes it.</summary>
    PartialChecksum = 1,

    /// <summary>The frame is a TCP superframe to be cut into segments of <see cref="Frame.SegmentSize"/> bytes.</summary>
    Superframe = 2,

    /// <summary>The network layer of the superframe is IPv6.</summary>
    IPv6 = 4,

    /// <summary>Another worker forwards it; the receiver only takes note of it.</summary>
    Notice = 8,
}

/// <summary>A frame in a native buffer. Before <see cref="Data"/> lie at least <see cref="Headroom"/> writable bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct Frame
{
    /// <summary>Writable bytes before a received frame: an outer IPv6 and GUE header with option, and the virtio-net header.</summary>
    public const int Headroom = 128;

    /// <summary>The largest frame: a 64 KB IP packet with Ethernet header and two VLAN tags.</summary>
    public const int MaximumLength = 65_535 + 22;

    /// <summary>The Ethernet header (on a TUN link: the IP header).</summary>
    public byte* Data;

    /// <summary>Bytes at <see cref="Data"/>.</summary>
    public int Length;

    /// <summary>The link it came from or goes to: index into the worker's links.</summary>
    public ushort Link;

    /// <summary>TCP payload bytes a segment of a superframe.</summary>
    public ushort SegmentSize;

    /// <summary>Offset from <see cref="Data"/> of the layer-4 header, for <see cref="FrameFlags.PartialChecksum"/> and <see cref="FrameFlags.Superframe"/>.</summary>
    public ushort TransportOffset;

    /// <summary>Offset of the checksum field within the layer-4 header: 16 for TCP, 6 for UDP.</summary>
    public byte ChecksumOffset;

    /// <summary>Length of the layer-4 header of a superframe.</summary>
    public byte TransportHeaderLength;

    /// <summary>What has to be finished.</summary>
    public FrameFlags Flags;
}
