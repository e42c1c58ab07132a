namespace Director.Forwarding.Packets;

/// <summary>ICMP and ICMPv6 types that the packet path tells apart.</summary>
internal static unsafe class IcmpType
{
    public const byte EchoReply = 0;
    public const byte Redirect = 5;
    public const byte EchoRequest = 8;
    public const byte EchoRequestV6 = 128;
    public const byte EchoReplyV6 = 129;
    public const byte NeighbourSolicitation = 135;
    public const byte NeighbourAdvertisement = 136;

    /// <summary>Whether an ICMP packet reports an error and so quotes a packet.</summary>
    public static bool IsError(in Packet packet)
    {
        var type = *packet.Transport;
        return packet.Protocol == Wire.IcmpV6 ? type < 128 : type is 3 or 4 or 5 or 11 or 12;
    }

    /// <summary>Whether it speaks to the host that it was sent to alone: a redirect names a router of that host's link (RFC 1122 3.2.2.2).</summary>
    public static bool IsRedirect(in Packet packet) => packet.Protocol == Wire.Icmp && *packet.Transport == Redirect;

    /// <summary>Whether an error says that a packet was too long.</summary>
    public static bool IsTooBig(in Packet packet)
    {
        var icmp = packet.Transport;
        return packet.Protocol == Wire.IcmpV6 ? *icmp == 2 : *icmp == 3 && icmp[1] == 4;
    }

    /// <summary>Whether the checksum is right; for a whole packet.</summary>
    public static bool HasRightChecksum(in Packet packet)
    {
        var sum = InternetChecksum.Sum(packet.Transport, packet.TransportLength);
        if (packet.Protocol == Wire.IcmpV6)
            sum += InternetChecksum.PseudoHeader(packet.Source, packet.Destination, Wire.IcmpV6, packet.TransportLength);
        return InternetChecksum.Fold(sum) == 0xFFFF;
    }

    /// <summary>Computes the checksum anew.</summary>
    public static void FinishChecksum(in Packet packet)
    {
        var icmp = packet.Transport;
        Wire.WriteChecksum(icmp + 2, 0);
        var sum = InternetChecksum.Sum(icmp, packet.TransportLength);
        if (packet.Protocol == Wire.IcmpV6)
            sum += InternetChecksum.PseudoHeader(packet.Source, packet.Destination, Wire.IcmpV6, packet.TransportLength);
        Wire.WriteChecksum(icmp + 2, (ushort)~InternetChecksum.Fold(sum));
    }
}
