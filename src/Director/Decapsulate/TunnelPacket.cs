using System.Buffers.Binary;

namespace Director.Decapsulate;

/// <summary>Finds the inner packet in an encapsulated one. Pure; every byte may be hostile.</summary>
internal static class TunnelPacket
{
    private const int IPv4Header = 20, IPv6Header = 40;
    private const byte IpInIp = 4, IPv6InIp = 41, Gre = 47;
    private const ushort IPv4EtherType = 0x0800, IPv6EtherType = 0x86DD;

    /// <summary>Steps over an outer IPv4 header, which raw sockets leave in place.</summary>
    /// <returns>Where its payload lies, or null when it is malformed.</returns>
    public static Range? IPv4Payload(ReadOnlySpan<byte> packet)
    {
        if (packet.Length < IPv4Header || packet[0] >> 4 != 4)
            return null;
        var header = (packet[0] & 0xF) * 4;
        var length = BinaryPrimitives.ReadUInt16BigEndian(packet[2..]);
        return header < IPv4Header || length < header || length > packet.Length ? null : header..length;
    }

    /// <summary>Finds the inner packet.</summary>
    /// <param name="payload">What follows the outer IP header; for GUE, the outer UDP header.</param>
    /// <param name="encapsulation">What it begins with.</param>
    /// <param name="vips">The VIPs as bytes, 4 or 16 each.</param>
    /// <param name="inner">Where the inner packet lies.</param>
    public static Verdict Find(ReadOnlySpan<byte> payload, Encapsulation encapsulation, byte[][] vips, out Range inner)
    {
        inner = default;
        var offset = 0;
        var verdict = encapsulation switch
        {
            Encapsulation.Gre => StepOverGre(payload, out offset),
            Encapsulation.Gue => StepOverGue(payload, out offset),
            _ => Verdict.Delivered,
        };
        if (verdict != Verdict.Delivered)
            return verdict;
        var packet = payload[offset..];
        if (packet.IsEmpty)
            return Verdict.Malformed;
        int length;
        ReadOnlySpan<byte> destination;
        byte protocol;
        switch (packet[0] >> 4)
        {
            case 4:
                if (IPv4Payload(packet) is not { } rest || Checksum(packet[..rest.Start.Value]) != 0xFFFF)
                    return Verdict.Malformed;
                length = rest.End.Value;
                destination = packet.Slice(16, 4);
                protocol = packet[9];
                break;
            case 6:
                if (packet.Length < IPv6Header)
                    return Verdict.Malformed;
                length = IPv6Header + BinaryPrimitives.ReadUInt16BigEndian(packet[4..]);
                destination = packet.Slice(24, 16);
                protocol = packet[6];
                // No length is a jumbogram, which no director sends.
                if (length == IPv6Header || length > packet.Length)
                    return Verdict.Malformed;
                break;
            default:
                return Verdict.Malformed;
        }
        if (protocol is IpInIp or IPv6InIp or Gre)
            return Verdict.Nested;
        if (!Contains(vips, destination))
            return Verdict.NotForVip;
        inner = offset..(offset + length);
        return Verdict.Delivered;
    }

    /// <summary>What the kernel has to be told of a packet that is written to a TUN device.</summary>
    /// <param name="packet">A packet that <see cref="Find"/> found.</param>
    /// <param name="mtu">Longer TCP packets were merged by the kernel on their way here.</param>
    /// <remarks>
    /// Offloads leave packets on one machine without their layer-4 checksum: its field holds the folded sum of the pseudo-header. A raw socket does not tell, so that is recognised by its value.
    /// The segment size is not told either; the kernel only estimates from it when to acknowledge.
    /// </remarks>
    public static VirtioHeader Offload(ReadOnlySpan<byte> packet, int mtu)
    {
        var isIPv6 = packet[0] >> 4 == 6;
        var protocol = packet[isIPv6 ? 6 : 9];
        var start = isIPv6 ? IPv6Header : (packet[0] & 0xF) * 4;
        // A fragment has no whole checksum; extension headers are rare enough to come complete.
        if (!isIPv6 && (BinaryPrimitives.ReadUInt16BigEndian(packet[6..]) & 0x3FFF) != 0)
            return default;
        var (field, least) = protocol == 6 ? (16, 20) : protocol == 17 ? (6, 8) : (0, int.MaxValue);
        if (packet.Length - start < least)
            return default;

        var addresses = isIPv6 ? packet.Slice(8, 32) : packet.Slice(12, 8);
        var pseudo = Fold(Sum(addresses) + protocol + (uint)(packet.Length - start));
        var header = default(VirtioHeader);
        if (BinaryPrimitives.ReadUInt16BigEndian(packet[(start + field)..]) == pseudo)
            header = new() { Flags = VirtioHeader.NeedsChecksum, ChecksumStart = (ushort)start, ChecksumOffset = (ushort)field };
        if (protocol == 6 && packet.Length > mtu)
        {
            var headers = start + (packet[start + 12] >> 4) * 4;
            header.SegmentationType = isIPv6 ? VirtioHeader.TcpIPv6 : VirtioHeader.TcpIPv4;
            header.HeaderLength = (ushort)Math.Min(headers, packet.Length);
            header.SegmentSize = (ushort)Math.Max(mtu - headers, 1);
        }
        return header;
    }

    private static Verdict StepOverGre(ReadOnlySpan<byte> payload, out int length)
    {
        const ushort HasChecksum = 0x8000, HasRouting = 0x4000, HasKey = 0x2000, HasSequence = 0x1000, Version = 0x0007;
        length = 4;
        if (payload.Length < length)
            return Verdict.Malformed;
        var flags = BinaryPrimitives.ReadUInt16BigEndian(payload);
        if ((flags & (HasRouting | Version)) != 0 || BinaryPrimitives.ReadUInt16BigEndian(payload[2..]) is not (IPv4EtherType or IPv6EtherType))
            return Verdict.Unsupported;
        length += ((flags & HasChecksum) != 0 ? 4 : 0) + ((flags & HasKey) != 0 ? 4 : 0) + ((flags & HasSequence) != 0 ? 4 : 0);
        return payload.Length < length ? Verdict.Malformed : Verdict.Delivered;
    }

    private static Verdict StepOverGue(ReadOnlySpan<byte> payload, out int length)
    {
        const int Version = 0xC0, Control = 0x20, Words = 0x1F;
        length = 4;
        if (payload.Length < length)
            return Verdict.Malformed;
        if ((payload[0] & (Version | Control)) != 0 || payload[1] is not (IpInIp or IPv6InIp))
            return Verdict.Unsupported;
        // Its options are the remote checksum offload, which leaves the inner checksum as other offloads do.
        length += (payload[0] & Words) * 4;
        return payload.Length < length ? Verdict.Malformed : Verdict.Delivered;
    }

    private static bool Contains(byte[][] vips, ReadOnlySpan<byte> address)
    {
        foreach (var vip in vips)
        {
            if (address.SequenceEqual(vip))
                return true;
        }
        return false;
    }

    private static ushort Checksum(ReadOnlySpan<byte> bytes) => Fold(Sum(bytes));

    private static uint Sum(ReadOnlySpan<byte> bytes)
    {
        var sum = 0u;
        for (var i = 0; i + 1 < bytes.Length; i += 2)
            sum += BinaryPrimitives.ReadUInt16BigEndian(bytes[i..]);
        return sum;
    }

    private static ushort Fold(uint sum)
    {
        sum = (sum & 0xFFFF) + (sum >> 16);
        return (ushort)(sum + (sum >> 16));
    }
}
