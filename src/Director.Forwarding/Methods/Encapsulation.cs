using Director.Forwarding.Packets;

namespace Director.Forwarding.Methods;

/// <summary>Puts an outer header before a packet, as <c>ip_vs_xmit.c</c> does for each tunnel type.</summary>
internal static unsafe class Encapsulation
{
    private const int GueHeaderLength = 4;
    private const int GreHeaderLength = 4;
    private const int GreChecksumLength = 4;

    /// <summary>Bytes that the outer headers take.</summary>
    public static int Overhead(in TunnelOptions tunnel, bool isOuterIPv6) => (isOuterIPv6 ? Wire.IPv6HeaderLength : Wire.IPv4HeaderLength) + tunnel.Type switch
    {
        TunnelType.Gue => Wire.UdpHeaderLength + GueHeaderLength,
        TunnelType.Gre => GreHeaderLength + (tunnel.Checksum == TunnelChecksum.None ? 0 : GreChecksumLength),
        _ => 0,
    };

    /// <summary>Writes the outer headers before <paramref name="inner"/>; as many bytes as <see cref="Overhead"/> says must be free there.</summary>
    /// <param name="inner">The packet; its checksums are complete where the tunnel has one of its own.</param>
    /// <param name="tunnel">The encapsulation.</param>
    /// <param name="source">Outer source.</param>
    /// <param name="destination">Outer destination: the real server.</param>
    /// <param name="dontFragment">Whether the outer IPv4 header forbids fragmenting.</param>
    /// <param name="identification">Identification for an outer IPv4 header that may be fragmented.</param>
    /// <param name="flowHash">Spreads flows over UDP source ports.</param>
    /// <returns>The outer header; it and the packet are <c>Overhead + inner.Length</c> bytes.</returns>
    public static byte* Write(
        in Packet inner, in TunnelOptions tunnel, in InetAddress source, in InetAddress destination, bool dontFragment, ushort identification, uint flowHash)
    {
        var start = inner.Network;
        var innerProtocol = inner.IsIPv6 ? Wire.IPv6InIP : Wire.IPv4InIP;
        var protocol = innerProtocol;
        switch (tunnel.Type)
        {
            case TunnelType.Gue:
                start -= Wire.UdpHeaderLength + GueHeaderLength;
                WriteGue(start, inner.Length, innerProtocol, tunnel, source, destination, flowHash);
                protocol = Wire.Udp;
                break;

            case TunnelType.Gre:
                start -= GreHeaderLength + (tunnel.Checksum == TunnelChecksum.None ? 0 : GreChecksumLength);
                WriteGre(start, inner, tunnel.Checksum != TunnelChecksum.None);
                protocol = Wire.Gre;
                break;
        }

        var payload = (int)(inner.Network - start) + inner.Length;
        var trafficClass = OuterTrafficClass(inner);
        if (destination.IsIPv6)
        {
            start -= Wire.IPv6HeaderLength;
            Wire.Write32(start, (6u << 28) | ((uint)trafficClass << 20));
            Wire.Write16(start + 4, payload);
            start[6] = protocol;
            start[7] = inner.HopLimit;
            source.Write(start + 8);
            destination.Write(start + 24);
        }
        else
        {
            start -= Wire.IPv4HeaderLength;
            start[0] = 0x45;
            start[1] = trafficClass;
            Wire.Write16(start + 2, Wire.IPv4HeaderLength + payload);
            Wire.Write16(start + 4, dontFragment ? 0 : identification);
            Wire.Write16(start + 6, dontFragment ? Wire.DontFragment : 0);
            start[8] = inner.HopLimit;
            start[9] = protocol;
            source.Write(start + 12);
            destination.Write(start + 16);
            Wire.FinishIPv4Header(start);
        }

        return start;
    }

    private static void WriteGue(byte* at, int innerLength, byte innerProtocol, in TunnelOptions tunnel, in InetAddress source, in InetAddress destination, uint flowHash)
    {
        // The dynamic range, as udp_flow_src_port() uses it.
        Wire.Write16(at, 0xC000 | (ushort)(flowHash & 0x3FFF));
        Wire.Write16(at + 2, tunnel.Port);
        var length = Wire.UdpHeaderLength + GueHeaderLength + innerLength;
        Wire.Write16(at + 4, length);
        Wire.WriteChecksum(at + 6, 0);
        var gue = at + Wire.UdpHeaderLength;
        gue[0] = 0;
        gue[1] = innerProtocol;
        Wire.Write16(gue + 2, 0);

        // IPv6 forbids UDP without a checksum unless both ends agreed on it (RFC 6936); FOU receivers accept it only when told so.
        if (tunnel.Checksum == TunnelChecksum.None && !destination.IsIPv6)
            return;
        var checksum = (ushort)~InternetChecksum.Fold(InternetChecksum.PseudoHeader(source, destination, Wire.Udp, length) + InternetChecksum.Sum(at, length));
        Wire.WriteChecksum(at + 6, checksum == 0 ? (ushort)0xFFFF : checksum);
    }

    private static void WriteGre(byte* at, in Packet inner, bool hasChecksum)
    {
        Wire.Write16(at, hasChecksum ? 0x8000 : 0);
        Wire.Write16(at + 2, inner.IsIPv6 ? Wire.EtherTypeIPv6 : Wire.EtherTypeIPv4);
        if (!hasChecksum)
            return;
        Wire.Write32(at + 4, 0);
        Wire.WriteChecksum(at + 4, (ushort)~InternetChecksum.Fold(InternetChecksum.Sum(at, GreHeaderLength + GreChecksumLength + inner.Length)));
    }

    /// <summary>The inner traffic class; of congestion marks, CE becomes ECT(0) outside (RFC 3168 9.1.1, full functionality).</summary>
    private static byte OuterTrafficClass(in Packet inner)
    {
        var value = inner.IsIPv6 ? (byte)(Wire.Read16(inner.Network) >> 4) : inner.Network[1];
        return (value & 3) == 3 ? (byte)((value & ~3) | 2) : value;
    }
}
