using System.Runtime.CompilerServices;

namespace Director.Forwarding.Packets;

/// <summary>Which part of a datagram a packet carries.</summary>
internal enum FragmentPart : byte
{
    /// <summary>All of it.</summary>
    Whole,

    /// <summary>Its beginning: the layer-4 header is there.</summary>
    First,

    /// <summary>A part without layer-4 header.</summary>
    Later,
}

/// <summary>Why a packet cannot be read.</summary>
internal enum PacketError : byte
{
    None,

    /// <summary>The frame ends before the header does.</summary>
    Truncated,

    /// <summary>A length field contradicts another or the frame.</summary>
    BadLength,

    /// <summary>The version in the header is not the one of the EtherType.</summary>
    BadVersion,

    /// <summary>The IPv4 header checksum is wrong.</summary>
    BadHeaderChecksum,

    /// <summary>An IPv6 extension header is not known, repeated without end, or cut off.</summary>
    BadExtensionHeader,

    /// <summary>The layer-4 header is cut off or its length field is impossible.</summary>
    BadTransport,
}

/// <summary>An IP packet, read once: where its headers are and what they say. It points into the frame's buffer and lives no longer than it.</summary>
internal unsafe struct Packet
{
    // RFC 8200 allows each extension header once or twice; more is an attack.
    private const int MaximumExtensionHeaders = 8;

    /// <summary>The IP header.</summary>
    public byte* Network;

    /// <summary>Bytes from <see cref="Network"/> on, by the IP header's own length fields: padding of the frame is left out.</summary>
    public int Length;

    /// <summary>Offset of the layer-4 header (of the fragment's data for <see cref="FragmentPart.Later"/>) from <see cref="Network"/>.</summary>
    public int TransportOffset;

    /// <summary>Source address.</summary>
    public InetAddress Source;

    /// <summary>Destination address.</summary>
    public InetAddress Destination;

    /// <summary>Source port in host order; 0 where there is none.</summary>
    public ushort SourcePort;

    /// <summary>Destination port in host order; 0 where there is none.</summary>
    public ushort DestinationPort;

    /// <summary>Identification of the datagram that this is a fragment of.</summary>
    public uint FragmentId;

    /// <summary>Layer-4 protocol number.</summary>
    public byte Protocol;

    /// <summary>Which part of a datagram this is.</summary>
    public FragmentPart Fragment;

    /// <summary>Whether the layer-4 checksum is only the pseudo-header's sum, to be finished by the NIC.</summary>
    public bool HasPartialChecksum;

    /// <summary>Whether it is IPv6.</summary>
    public readonly bool IsIPv6 => Source.IsIPv6;

    /// <summary>The layer-4 header.</summary>
    public readonly byte* Transport => Network + TransportOffset;

    /// <summary>Bytes from the layer-4 header on.</summary>
    public readonly int TransportLength => Length - TransportOffset;

    /// <summary>TCP flags; only for TCP that is not <see cref="FragmentPart.Later"/>.</summary>
    public readonly byte TcpFlags => Transport[13];

    /// <summary>Length of the TCP header with options, checked against <see cref="TransportLength"/>.</summary>
    public readonly int TcpHeaderLength => (Transport[12] >> 4) * 4;

    /// <summary>Hop limit or time to live.</summary>
    public readonly byte HopLimit => IsIPv6 ? Network[7] : Network[8];

    /// <summary>Whether a router may not fragment it (always so for IPv6).</summary>
    public readonly bool DontFragment => IsIPv6 || (Wire.Read16(Network + 6) & Wire.DontFragment) != 0;

    /// <summary>Reads the packet at <paramref name="network"/>.</summary>
    /// <param name="network">The IP header.</param>
    /// <param name="available">Bytes that may be read from there.</param>
    /// <param name="isIPv6">What the EtherType (or the first nibble on a TUN) says.</param>
    /// <param name="packet">The packet; without meaning after an error.</param>
    public static PacketError Read(byte* network, int available, bool isIPv6, out Packet packet)
    {
        Unsafe.SkipInit(out packet);
        packet.Network = network;
        packet.SourcePort = 0;
        packet.DestinationPort = 0;
        packet.FragmentId = 0;
        packet.Fragment = FragmentPart.Whole;
        packet.HasPartialChecksum = false;
        var error = isIPv6 ? packet.ReadIPv6(available) : packet.ReadIPv4(available);
        return error != PacketError.None || packet.Fragment == FragmentPart.Later ? error : packet.ReadTransport();
    }

    private PacketError ReadIPv4(int available)
    {
        if (available < Wire.IPv4HeaderLength)
            return PacketError.Truncated;
        var first = Network[0];
        if (first >> 4 != 4)
            return PacketError.BadVersion;
        TransportOffset = (first & 0x0F) * 4;
        Length = Wire.Read16(Network + 2);
        if (TransportOffset < Wire.IPv4HeaderLength || Length < TransportOffset)
            return PacketError.BadLength;
        if (Length > available)
            return PacketError.Truncated;
        var sum = TransportOffset == Wire.IPv4HeaderLength ? InternetChecksum.SumOfIPv4Header(Network) : InternetChecksum.Sum(Network, TransportOffset);
        if (InternetChecksum.Fold(sum) != 0xFFFF)
            return PacketError.BadHeaderChecksum;

        Protocol = Network[9];
        Source = InetAddress.FromIPv4(Unsafe.ReadUnaligned<uint>(Network + 12));
        Destination = InetAddress.FromIPv4(Unsafe.ReadUnaligned<uint>(Network + 16));
        var fragment = Wire.Read16(Network + 6);
        if ((fragment & (Wire.MoreFragments | Wire.FragmentOffsetMask)) != 0)
        {
            Fragment = (fragment & Wire.FragmentOffsetMask) == 0 ? FragmentPart.First : FragmentPart.Later;
            FragmentId = Wire.Read16(Network + 4);
            if (((fragment & Wire.FragmentOffsetMask) * 8) + Length - TransportOffset > ushort.MaxValue)
                return PacketError.BadLength;
        }

        return PacketError.None;
    }

    private PacketError ReadIPv6(int available)
    {
        if (available < Wire.IPv6HeaderLength)
            return PacketError.Truncated;
        if (Network[0] >> 4 != 6)
            return PacketError.BadVersion;
        Length = Wire.IPv6HeaderLength + Wire.Read16(Network + 4);
        if (Length > available)
            return PacketError.Truncated;
        Source = InetAddress.Read(Network + 8, true);
        Destination = InetAddress.Read(Network + 24, true);

        var next = Network[6];
        var offset = Wire.IPv6HeaderLength;
        for (var headers = 0; headers < MaximumExtensionHeaders; headers++)
        {
            switch (next)
            {
                case 0 or 43 or 60: // hop-by-hop options, routing, destination options (RFC 8200)
                    if (offset + 8 > Length)
                        return PacketError.BadExtensionHeader;
                    next = Network[offset];
                    offset += (Network[offset + 1] + 1) * 8;
                    break;

                case 51: // authentication header (RFC 4302): its length is in 4-byte words
                    if (offset + 8 > Length)
                        return PacketError.BadExtensionHeader;
                    next = Network[offset];
                    offset += (Network[offset + 1] + 2) * 4;
                    break;

                case 44: // fragment header
                    if (offset + 8 > Length || Fragment != FragmentPart.Whole)
                        return PacketError.BadExtensionHeader;
                    next = Network[offset];
                    var place = Wire.Read16(Network + offset + 2);
                    FragmentId = Wire.Read32(Network + offset + 4);
                    offset += 8;
                    // An atomic fragment (RFC 6946) is a whole datagram.
                    if ((place & 0xFFF9) != 0)
                        Fragment = (place & 0xFFF8) == 0 ? FragmentPart.First : FragmentPart.Later;
                    if (Fragment == FragmentPart.Later)
                    {
                        Protocol = next;
                        TransportOffset = offset;
                        return (place & 0xFFF8) + Length - offset > ushort.MaxValue ? PacketError.BadLength : PacketError.None;
                    }

                    break;

                default:
                    Protocol = next;
                    TransportOffset = offset;
                    return offset <= Length ? PacketError.None : PacketError.BadExtensionHeader;
            }
        }

        return PacketError.BadExtensionHeader;
    }

    private PacketError ReadTransport()
    {
        var length = TransportLength;
        var transport = Transport;
        int covered;
        int checksumOffset;
        switch (Protocol)
        {
            case Wire.Tcp:
                if (length < Wire.TcpHeaderLength || TcpHeaderLength < Wire.TcpHeaderLength || TcpHeaderLength > length)
                    return PacketError.BadTransport;
                covered = length;
                checksumOffset = 16;
                break;

            case Wire.Udp:
                if (length < Wire.UdpHeaderLength)
                    return PacketError.BadTransport;
                covered = Wire.Read16(transport + 4);
                if (covered < Wire.UdpHeaderLength || (covered > length && Fragment == FragmentPart.Whole))
                    return PacketError.BadTransport;
                checksumOffset = 6;
                break;

            case Wire.Icmp or Wire.IcmpV6:
                return length < 8 ? PacketError.BadTransport : PacketError.None;

            default:
                return PacketError.None;
        }

        SourcePort = Wire.Read16(transport);
        DestinationPort = Wire.Read16(transport + 2);
        if (Fragment == FragmentPart.Whole)
        {
            var pseudo = InternetChecksum.Fold(InternetChecksum.PseudoHeader(Source, Destination, Protocol, covered));
            HasPartialChecksum = Wire.ReadChecksum(transport + checksumOffset) == pseudo;
        }

        return PacketError.None;
    }
}
