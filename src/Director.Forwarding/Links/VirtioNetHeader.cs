using System.Runtime.InteropServices;

namespace Director.Forwarding.Links;

/// <summary><c>struct virtio_net_hdr</c>: what has to be finished in the frame behind it (virtio specification 5.1.6; PACKET_VNET_HDR, IFF_VNET_HDR).</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct VirtioNetHeader
{
    private const byte NeedsChecksum = 1;
    private const byte SegmentTcpIPv4 = 1;
    private const byte SegmentTcpIPv6 = 4;
    private const byte SegmentWithEcn = 0x80;

    private const int TcpMinimumHeader = 20;
    private const int TcpDataOffset = 12;
    private const int TcpFlagsOffset = 13;
    private const int TcpChecksumOffset = 16;
    private const byte TcpCongestionWindowReduced = 0x80;

    public byte Flags;
    public byte SegmentType;
    public ushort HeaderLength;
    public ushort SegmentSize;
    public ushort ChecksumStart;
    public ushort ChecksumOffset;

    /// <summary>Puts the header of <paramref name="frame"/> right before its bytes.</summary>
    /// <returns>Where the message begins.</returns>
    public static byte* PutBefore(in Frame frame)
    {
        var header = (VirtioNetHeader*)(frame.Data - sizeof(VirtioNetHeader));
        *header = default;
        if ((frame.Flags & (FrameFlags.PartialChecksum | FrameFlags.Superframe)) != 0)
        {
            header->Flags = NeedsChecksum;
            header->ChecksumStart = frame.TransportOffset;
            header->ChecksumOffset = frame.ChecksumOffset;
        }

        if ((frame.Flags & FrameFlags.Superframe) != 0)
        {
            header->SegmentType = (frame.Flags & FrameFlags.IPv6) != 0 ? SegmentTcpIPv6 : SegmentTcpIPv4;
            if (frame.TransportOffset + TcpFlagsOffset < frame.Length && (frame.Data[frame.TransportOffset + TcpFlagsOffset] & TcpCongestionWindowReduced) != 0)
            {
                header->SegmentType |= SegmentWithEcn;
            }

            header->SegmentSize = frame.SegmentSize;
            header->HeaderLength = (ushort)(frame.TransportOffset + frame.TransportHeaderLength);
        }

        return (byte*)header;
    }

    /// <summary>Sets in <paramref name="frame"/> what this header says of it.</summary>
    /// <returns>False when it speaks of bytes that the frame does not have, or of a superframe that is not TCP.</returns>
    public readonly bool TryDescribe(ref Frame frame)
    {
        var checksum = (Flags & NeedsChecksum) != 0;
        if (checksum)
        {
            if (ChecksumStart + ChecksumOffset + sizeof(ushort) > frame.Length || ChecksumOffset > byte.MaxValue)
            {
                return false;
            }

            frame.Flags = FrameFlags.PartialChecksum;
            frame.TransportOffset = ChecksumStart;
            frame.ChecksumOffset = (byte)ChecksumOffset;
        }

        var segmentType = SegmentType & ~SegmentWithEcn;
        if (segmentType == 0)
        {
            return true;
        }

        if (segmentType is not (SegmentTcpIPv4 or SegmentTcpIPv6) || !checksum || ChecksumOffset != TcpChecksumOffset
            || SegmentSize == 0 || ChecksumStart + TcpMinimumHeader > frame.Length)
        {
            return false;
        }

        // hdr_len is only a hint; the TCP header itself tells.
        var transportHeader = (frame.Data[ChecksumStart + TcpDataOffset] >> 4) * 4;
        if (transportHeader < TcpMinimumHeader || ChecksumStart + transportHeader > frame.Length)
        {
            return false;
        }

        frame.Flags |= segmentType == SegmentTcpIPv6 ? FrameFlags.Superframe | FrameFlags.IPv6 : FrameFlags.Superframe;
        frame.SegmentSize = SegmentSize;
        frame.TransportHeaderLength = (byte)transportHeader;
        return true;
    }
}
