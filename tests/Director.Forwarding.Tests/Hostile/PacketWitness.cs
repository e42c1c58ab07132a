using System.Buffers.Binary;
using Director.Forwarding.Links;

namespace Director.Forwarding.Tests.Hostile;

/// <summary>What is wrong with a frame that went out.</summary>
public enum Fault : byte
{
    None,
    TooShort,
    NotOurMac,
    EtherType,
    Arp,
    Version,
    HeaderLength,
    TotalLength,
    HeaderChecksum,
    HopLimit,
    FragmentBeyondDatagram,
    ExtensionHeader,
    Transport,
    TransportChecksum,
    PartialChecksum,
    Superframe,
    LongerThanMtu,
    LongerThanFrame,
}

/// <summary>Reads frames without any code of the product's and says what is wrong with them. Allocates nothing.</summary>
internal static class PacketWitness
{
    private const int EthernetLength = 14;

    // Where the tunnels of the director under attack begin.
    private static ReadOnlySpan<byte> OwnIPv4 => [192, 168, 1, 1];

    private static ReadOnlySpan<byte> OwnIPv6 => [0x20, 1, 0x0D, 0xB8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];

    /// <summary>Whether the layer-4 checksum of a frame that comes in is right, left to the NIC, or of no matter; only then it must be right in what goes out.</summary>
    public static bool IsRight(ReadOnlySpan<byte> frame, bool hasEthernet)
    {
        if (hasEthernet)
        {
            if (frame.Length < EthernetLength)
                return true;
            if (BinaryPrimitives.ReadUInt16BigEndian(frame[12..]) is not (0x0800 or 0x86DD))
                return true;
            frame = frame[EthernetLength..];
        }

        if (frame.IsEmpty)
            return true;
        var fault = Packet(frame, isExact: false, 0, isJudged: true, out _, out _);
        return fault == Fault.None || (fault == Fault.TransportChecksum && Packet(frame, isExact: false, FrameFlags.PartialChecksum, isJudged: true, out _, out _) == Fault.None);
    }

    /// <summary>Judges a frame that went out.</summary>
    /// <param name="frame">Its bytes.</param>
    /// <param name="sent">What is said of it.</param>
    /// <param name="link">Where it went.</param>
    /// <param name="isJudged">Whether layer-4 checksums must be right.</param>
    /// <param name="isOurs">Whether tunnels are the director's own, not another's that it passes on for its host.</param>
    public static Fault Judge(ReadOnlySpan<byte> frame, in Frame sent, ILink link, bool isJudged, bool isOurs)
    {
        if (frame.Length > Frame.MaximumLength)
            return Fault.LongerThanFrame;
        var offset = 0;
        if (link.Kind == LinkKind.Ethernet)
        {
            if (frame.Length < EthernetLength + 20)
                return Fault.TooShort;
            if ((BinaryPrimitives.ReadUInt64LittleEndian(frame[6..]) & 0xFFFF_FFFF_FFFF) != link.Mac)
                return Fault.NotOurMac;
            var type = BinaryPrimitives.ReadUInt16BigEndian(frame[12..]);
            if (type == 0x0806)
                return frame.Length == 42 && frame[EthernetLength + 8] == frame[6] && frame.Slice(22, 6).SequenceEqual(frame.Slice(6, 6)) ? Fault.None : Fault.Arp;
            if (type != (frame[EthernetLength] >> 4 == 6 ? 0x86DD : 0x0800))
                return Fault.EtherType;
            offset = EthernetLength;
        }

        var network = frame[offset..];
        if (network.Length < 20)
            return Fault.TooShort;
        var isEthernet = link.Kind == LinkKind.Ethernet;
        if (isEthernet && (network[0] >> 4 == 6 ? network[7] : network[8]) == 0)
            return Fault.HopLimit;

        // What is given back to this host is what it was, in tunnels of others too.
        var fault = Packet(network, isExact: isEthernet && isOurs, sent.Flags, isJudged && isEthernet, out var transport, out var protocol);
        if (fault != Fault.None)
            return fault;
        if ((network[0] >> 4 == 6 ? 40 + BinaryPrimitives.ReadUInt16BigEndian(network[4..]) : BinaryPrimitives.ReadUInt16BigEndian(network[2..])) != network.Length)
            return Fault.TotalLength;
        if ((sent.Flags & FrameFlags.PartialChecksum) != 0
            && (sent.TransportOffset != transport + offset || protocol is not (6 or 17) || sent.ChecksumOffset != (protocol == 6 ? 16 : 6)))
        {
            return Fault.PartialChecksum;
        }

        if ((sent.Flags & FrameFlags.Superframe) == 0)
            return network.Length > link.Mtu ? Fault.LongerThanMtu : Fault.None;
        var headers = transport + ((network[transport + 12] >> 4) * 4);
        var isSound = protocol == 6 && (sent.Flags & FrameFlags.PartialChecksum) != 0 && sent.SegmentSize > 0 && sent.TransportHeaderLength == (network[transport + 12] >> 4) * 4
            && ((sent.Flags & FrameFlags.IPv6) != 0) == (network[0] >> 4 == 6) && headers + sent.SegmentSize <= link.Mtu;
        return isSound ? Fault.None : Fault.Superframe;
    }

    private static Fault Packet(ReadOnlySpan<byte> ip, bool isExact, FrameFlags flags, bool isJudged, out int transport, out int protocol)
    {
        transport = protocol = 0;
        return ip[0] >> 4 == 6 ? IPv6(ip, isExact, flags, isJudged, out transport, out protocol) : IPv4(ip, isExact, flags, isJudged, out transport, out protocol);
    }

    private static Fault IPv4(ReadOnlySpan<byte> ip, bool isExact, FrameFlags flags, bool isJudged, out int transport, out int protocol)
    {
        transport = protocol = 0;
        if (ip.Length < 20)
            return Fault.TooShort;
        if (ip[0] >> 4 != 4)
            return Fault.Version;
        transport = (ip[0] & 15) * 4;
        var total = BinaryPrimitives.ReadUInt16BigEndian(ip[2..]);
        if (transport < 20 || transport > total)
            return Fault.HeaderLength;
        if (total > ip.Length || (isExact && total != ip.Length))
            return Fault.TotalLength;
        if (Fold(Sum(ip[..transport])) != 0xFFFF)
            return Fault.HeaderChecksum;
        protocol = ip[9];
        var fragment = BinaryPrimitives.ReadUInt16BigEndian(ip[6..]);
        if ((fragment & 0x3FFF) != 0)
            return ((fragment & 0x1FFF) * 8) + total - transport > 65535 ? Fault.FragmentBeyondDatagram : Fault.None;
        return Transport(ip[transport..total], Sum(ip.Slice(12, 8)), protocol, isExact, ip.Slice(12, 4).SequenceEqual(OwnIPv4), flags, isJudged);
    }

    private static Fault IPv6(ReadOnlySpan<byte> ip, bool isExact, FrameFlags flags, bool isJudged, out int transport, out int protocol)
    {
        transport = 40;
        protocol = 0;
        if (ip.Length < 40)
            return Fault.TooShort;
        var total = 40 + BinaryPrimitives.ReadUInt16BigEndian(ip[4..]);
        if (total > ip.Length || (isExact && total != ip.Length))
            return Fault.TotalLength;
        protocol = ip[6];
        while (protocol is 0 or 43 or 60 or 51 or 44)
        {
            if (transport + 8 > total)
                return Fault.ExtensionHeader;
            var length = protocol == 44 ? 8 : protocol == 51 ? (ip[transport + 1] + 2) * 4 : (ip[transport + 1] + 1) * 8;
            var fragment = protocol == 44 ? BinaryPrimitives.ReadUInt16BigEndian(ip[(transport + 2)..]) : 0;
            protocol = ip[transport];
            transport += length;
            if (transport > total)
                return Fault.ExtensionHeader;
            if ((fragment & 0xFFF9) != 0)
                return (fragment & 0xFFF8) + total - transport > 65535 ? Fault.FragmentBeyondDatagram : Fault.None;
        }

        return Transport(ip[transport..total], Sum(ip.Slice(8, 32)), protocol, isExact, ip.Slice(8, 16).SequenceEqual(OwnIPv6), flags, isJudged);
    }

    private static Fault Transport(ReadOnlySpan<byte> data, ulong addresses, int protocol, bool isExact, bool isFromUs, FrameFlags flags, bool isJudged)
    {
        var isPartial = (flags & FrameFlags.PartialChecksum) != 0;
        switch (protocol)
        {
            case 4 or 41 when isExact:
                return data.Length < 20 ? Fault.TooShort : Packet(data, isExact, 0, isJudged, out _, out _);

            case 47 when isExact:
                var gre = data.Length >= 4 && data[0] == 0x80 ? 8 : 4;
                if (data.Length < gre + 20 || (gre == 8 && Fold(Sum(data)) != 0xFFFF))
                    return Fault.Transport;
                return Packet(data[gre..], isExact, 0, isJudged, out _, out _);

            case 6:
                if (data.Length < 20 || (data[12] >> 4) * 4 < 20 || (data[12] >> 4) * 4 > data.Length)
                    return Fault.Transport;
                return Checksum(data, addresses + 6 + (ulong)data.Length, 16, isPartial, isJudged);

            case 17:
                if (data.Length < 8)
                    return Fault.Transport;
                var length = BinaryPrimitives.ReadUInt16BigEndian(data[4..]);
                if (length < 8 || length > data.Length)
                    return Fault.Transport;
                // Clients may send to that port of a real server whatever they like.
                var isGue = isExact && isFromUs && BinaryPrimitives.ReadUInt16BigEndian(data[2..]) == 6080 && length >= 32 && data[8] == 0 && data[9] is 4 or 41;
                if (isGue && Packet(data[12..], isExact, 0, isJudged, out _, out _) is var inner and not Fault.None)
                    return inner;
                if (data[6] == 0 && data[7] == 0 && !isPartial)
                    return Fault.None;
                return Checksum(data[..length], addresses + 17 + length, 6, isPartial, isJudged);

            case 1:
                return isJudged && isExact && (data.Length < 8 || Fold(Sum(data)) != 0xFFFF) ? Fault.TransportChecksum : Fault.None;

            case 58:
                return isJudged && isExact && (data.Length < 8 || Fold(Sum(data) + addresses + 58 + (ulong)data.Length) != 0xFFFF) ? Fault.TransportChecksum : Fault.None;

            default:
                return Fault.None;
        }
    }

    private static Fault Checksum(ReadOnlySpan<byte> data, ulong pseudo, int field, bool isPartial, bool isJudged)
    {
        if (!isJudged)
            return Fault.None;
        if (!isPartial)
            return Fold(Sum(data) + pseudo) == 0xFFFF ? Fault.None : Fault.TransportChecksum;
        var held = BinaryPrimitives.ReadUInt16BigEndian(data[field..]);
        return held % 0xFFFF == Fold(pseudo) % 0xFFFF ? Fault.None : Fault.PartialChecksum;
    }

    public static ulong Sum(ReadOnlySpan<byte> bytes)
    {
        ulong sum = 0;
        for (; bytes.Length >= 2; bytes = bytes[2..])
            sum += BinaryPrimitives.ReadUInt16BigEndian(bytes);
        return bytes.Length == 1 ? sum + ((ulong)bytes[0] << 8) : sum;
    }

    public static ushort Fold(ulong sum)
    {
        while (sum > 0xFFFF)
            sum = (sum & 0xFFFF) + (sum >> 16);
        return (ushort)sum;
    }
}
