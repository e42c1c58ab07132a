using Director.Forwarding.Packets;

namespace Director.Forwarding.Engine;

/// <summary>Writes frames that nobody sent, with all lengths and checksums right.</summary>
/// <param name="to">MAC address that they are for, as in <see cref="Links.ILink.Mac"/>.</param>
/// <param name="from">MAC address that they come from.</param>
internal sealed unsafe class MadeUpFrames(ulong to, ulong from)
{
    private const int FragmentHeaderLength = 8;
    private const byte FragmentHeader = 44;
    private const byte LargestHopLimit = 255;

    /// <summary>A TCP segment (RFC 9293).</summary>
    public byte[] Tcp(in InetAddress source, int sourcePort, in InetAddress destination, int destinationPort, byte flags, int data = 0) =>
        Frame(Packet(source, destination, Wire.Tcp, TcpSegment(sourcePort, destinationPort, flags, data)));

    /// <summary>A UDP datagram (RFC 768).</summary>
    public byte[] Udp(in InetAddress source, int sourcePort, in InetAddress destination, int destinationPort, int data = 32) =>
        Frame(Packet(source, destination, Wire.Udp, UdpDatagram(sourcePort, destinationPort, data)));

    /// <summary>A UDP datagram in two fragments.</summary>
    public byte[][] UdpFragments(in InetAddress source, int sourcePort, in InetAddress destination, int destinationPort)
    {
        const int first = 40;
        var datagram = Checked(source, destination, Wire.Udp, UdpDatagram(sourcePort, destinationPort, 64));
        return
        [
            Frame(Datagram(source, destination, Wire.Udp, datagram[..first], offset: 0, more: true)),
            Frame(Datagram(source, destination, Wire.Udp, datagram[first..], offset: first)),
        ];
    }

    /// <summary>An echo request (RFC 792, RFC 4443).</summary>
    public byte[] EchoRequest(in InetAddress source, in InetAddress destination) =>
        Frame(Icmp(source, destination, source.IsIPv6 ? IcmpType.EchoRequestV6 : IcmpType.EchoRequest, 0, new byte[32]));

    /// <summary>An error, port unreachable, about a UDP datagram that <paramref name="source"/> had received from <paramref name="destination"/>.</summary>
    public byte[] PortUnreachable(in InetAddress source, int sourcePort, in InetAddress destination, int destinationPort)
    {
        var quoted = Packet(destination, source, Wire.Udp, UdpDatagram(destinationPort, sourcePort, 8));
        return Frame(source.IsIPv6 ? Icmp(source, destination, 1, 4, quoted) : Icmp(source, destination, 3, 3, quoted));
    }

    /// <summary>A question for the MAC address of <paramref name="target"/>: an ARP request (RFC 826) or a neighbour solicitation (RFC 4861).</summary>
    public byte[] Solicitation(in InetAddress source, in InetAddress target)
    {
        if (source.IsIPv6)
        {
            var body = new byte[16];
            fixed (byte* at = body)
                target.Write(at);
            return Frame(Icmp(source, target, IcmpType.NeighbourSolicitation, 0, body, LargestHopLimit));
        }

        var frame = new byte[Wire.EthernetHeaderLength + 28];
        fixed (byte* at = frame)
        {
            Wire.WriteEthernet(at, to, from, Wire.EtherTypeArp);
            var arp = at + Wire.EthernetHeaderLength;
            Wire.Write16(arp, 1);
            Wire.Write16(arp + 2, Wire.EtherTypeIPv4);
            arp[4] = 6;
            arp[5] = 4;
            Wire.Write16(arp + 6, 1);
            Wire.WriteMac(arp + 8, from);
            source.Write(arp + 14);
            target.Write(arp + 24);
        }

        return frame;
    }

    private byte[] Frame(byte[] packet)
    {
        var frame = new byte[Wire.EthernetHeaderLength + packet.Length];
        fixed (byte* at = frame)
            Wire.WriteEthernet(at, to, from, packet[0] >> 4 == 6 ? Wire.EtherTypeIPv6 : Wire.EtherTypeIPv4);
        packet.CopyTo(frame, Wire.EthernetHeaderLength);
        return frame;
    }

    private static byte[] TcpSegment(int sourcePort, int destinationPort, byte flags, int data)
    {
        var segment = new byte[Wire.TcpHeaderLength + data];
        fixed (byte* at = segment)
        {
            Wire.Write16(at, sourcePort);
            Wire.Write16(at + 2, destinationPort);
            at[12] = Wire.TcpHeaderLength / 4 << 4;
            at[13] = flags;
            Wire.Write16(at + 14, ushort.MaxValue);
        }

        return segment;
    }

    private static byte[] UdpDatagram(int sourcePort, int destinationPort, int data)
    {
        var datagram = new byte[Wire.UdpHeaderLength + data];
        fixed (byte* at = datagram)
        {
            Wire.Write16(at, sourcePort);
            Wire.Write16(at + 2, destinationPort);
            Wire.Write16(at + 4, datagram.Length);
        }

        return datagram;
    }

    private static byte[] Icmp(in InetAddress source, in InetAddress destination, byte type, byte code, byte[] body, byte hops = 64)
    {
        byte[] message = [type, code, 0, 0, 0, 0, 0, 0, .. body];
        return Packet(source, destination, source.IsIPv6 ? Wire.IcmpV6 : Wire.Icmp, message, hops);
    }

    private static byte[] Packet(in InetAddress source, in InetAddress destination, byte protocol, byte[] transport, byte hops = 64) =>
        Datagram(source, destination, protocol, Checked(source, destination, protocol, transport), hops: hops);

    private static byte[] Checked(in InetAddress source, in InetAddress destination, byte protocol, byte[] transport)
    {
        fixed (byte* at = transport)
        {
            var pseudoHeader = protocol == Wire.Icmp ? 0 : InternetChecksum.PseudoHeader(source, destination, protocol, transport.Length);
            var field = protocol switch { Wire.Tcp => 16, Wire.Udp => 6, _ => 2 };
            Wire.WriteChecksum(at + field, (ushort)~InternetChecksum.Fold(pseudoHeader + InternetChecksum.Sum(at, transport.Length)));
        }

        return transport;
    }

    private static byte[] Datagram(in InetAddress source, in InetAddress destination, byte protocol, byte[] payload, int offset = 0, bool more = false, byte hops = 64)
    {
        var isFragment = more || offset > 0;
        if (!source.IsIPv6)
        {
            byte[] packet4 = [.. new byte[Wire.IPv4HeaderLength], .. payload];
            fixed (byte* at = packet4)
            {
                at[0] = 0x45;
                Wire.Write16(at + 2, packet4.Length);
                Wire.Write16(at + 4, 1);
                Wire.Write16(at + 6, isFragment ? (offset / 8) | (more ? Wire.MoreFragments : 0) : Wire.DontFragment);
                at[8] = hops;
                at[9] = protocol;
                source.Write(at + 12);
                destination.Write(at + 16);
                Wire.FinishIPv4Header(at);
            }

            return packet4;
        }

        var extension = isFragment ? FragmentHeaderLength : 0;
        byte[] packet = [.. new byte[Wire.IPv6HeaderLength + extension], .. payload];
        fixed (byte* at = packet)
        {
            at[0] = 0x60;
            Wire.Write16(at + 4, packet.Length - Wire.IPv6HeaderLength);
            at[6] = isFragment ? FragmentHeader : protocol;
            at[7] = hops;
            source.Write(at + 8);
            destination.Write(at + 24);
            if (isFragment)
            {
                var fragment = at + Wire.IPv6HeaderLength;
                fragment[0] = protocol;
                Wire.Write16(fragment + 2, offset | (more ? 1 : 0));
                Wire.Write32(fragment + 4, 1);
            }
        }

        return packet;
    }
}
