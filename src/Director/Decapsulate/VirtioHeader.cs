using System.Runtime.InteropServices;

namespace Director.Decapsulate;

/// <summary><c>struct virtio_net_hdr</c> (<c>linux/virtio_net.h</c>), which precedes each packet on a TUN device that was opened with IFF_VNET_HDR.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct VirtioHeader
{
    /// <summary>Bytes of the header.</summary>
    public const int Length = 10;

    /// <summary>VIRTIO_NET_HDR_F_NEEDS_CSUM.</summary>
    public const byte NeedsChecksum = 1;

    /// <summary>VIRTIO_NET_HDR_GSO_TCPV4.</summary>
    public const byte TcpIPv4 = 1;

    /// <summary>VIRTIO_NET_HDR_GSO_TCPV6.</summary>
    public const byte TcpIPv6 = 4;

    /// <summary>VIRTIO_NET_HDR_F_...</summary>
    public byte Flags;

    /// <summary>VIRTIO_NET_HDR_GSO_...; 0: not merged.</summary>
    public byte SegmentationType;

    /// <summary>Bytes of headers of a merged packet.</summary>
    public ushort HeaderLength;

    /// <summary>Payload bytes of a segment of a merged packet.</summary>
    public ushort SegmentSize;

    /// <summary>Where checksumming starts.</summary>
    public ushort ChecksumStart;

    /// <summary>Where the checksum goes, behind its start.</summary>
    public ushort ChecksumOffset;
}
