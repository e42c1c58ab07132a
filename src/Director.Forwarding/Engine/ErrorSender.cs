using Director.Forwarding.Links;
using Director.Forwarding.Packets;

namespace Director.Forwarding.Engine;

/// <summary>Errors that the director reports to senders.</summary>
internal enum SenderError : byte
{
    /// <summary>ICMP port unreachable: nobody takes the connection. Also for TCP, as IPVS does.</summary>
    PortUnreachable,

    /// <summary>ICMP time exceeded: the hop limit ran out.</summary>
    HopLimit,

    /// <summary>ICMP fragmentation needed, or ICMPv6 packet too big.</summary>
    TooBig,
}

/// <summary>Tells senders what went wrong: ICMP errors (RFC 792, RFC 1122 3.2.2, RFC 4443) and TCP resets (RFC 9293 3.10.7.1), at most a thousand a second and worker.</summary>
internal sealed unsafe class ErrorSender
{
    private const int IcmpHeaderLength = 8;
    private const int LongestIPv4Error = 576;
    private const int LongestIPv6Error = 1280;
    private const byte OwnHopLimit = 64;

    private readonly Transmitter _transmitter;
    private readonly Outbox _outbox;
    private readonly PacketCounters _counters;
    private readonly RateLimit _limit = new(1000);

    /// <summary>Errors leave by these.</summary>
    public ErrorSender(Transmitter transmitter, Outbox outbox, PacketCounters counters)
    {
        _transmitter = transmitter;
        _outbox = outbox;
        _counters = counters;
    }

    /// <summary>Reports an error about <paramref name="packet"/>, which must be as it came, to its sender.</summary>
    /// <param name="incoming">The frame that it came in.</param>
    /// <param name="packet">The packet.</param>
    /// <param name="error">What is wrong.</param>
    /// <param name="from">The address that the error comes from.</param>
    /// <param name="mtu">For <see cref="SenderError.TooBig"/>: bytes that would pass.</param>
    public void Send(in Frame incoming, in Packet packet, SenderError error, in InetAddress from, int mtu = 0)
    {
        if (!MayAnswer(incoming, packet))
            return;
        if (!_limit.TryTake(_transmitter.Now))
        {
            _counters.Increment(PacketCounter.DropIcmpRateLimited);
            return;
        }

        var header = packet.IsIPv6 ? Wire.IPv6HeaderLength : Wire.IPv4HeaderLength;
        var longest = packet.IsIPv6 ? LongestIPv6Error : LongestIPv4Error;
        var quoted = Math.Min(packet.Length, longest - header - IcmpHeaderLength);
        var length = header + IcmpHeaderLength + quoted;
        var to = _outbox.Rent(length);
        var icmp = to + header;
        new ReadOnlySpan<byte>(packet.Network, quoted).CopyTo(new Span<byte>(icmp + IcmpHeaderLength, quoted));
        (icmp[0], icmp[1]) = TypeAndCode(error, packet.IsIPv6);
        Wire.WriteChecksum(icmp + 2, 0);
        Wire.Write32(icmp + 4, error == SenderError.TooBig ? (uint)mtu : 0);

        var sum = InternetChecksum.Sum(icmp, IcmpHeaderLength + quoted);
        if (packet.IsIPv6)
            sum += InternetChecksum.PseudoHeader(from, packet.Source, Wire.IcmpV6, IcmpHeaderLength + quoted);
        Wire.WriteChecksum(icmp + 2, (ushort)~InternetChecksum.Fold(sum));
        WriteHeader(to, length, packet.IsIPv6 ? Wire.IcmpV6 : Wire.Icmp, from, packet.Source);
        _transmitter.Answer(incoming, to, length);
        _counters.Increment(PacketCounter.IcmpSent);
    }

    /// <summary>Answers a TCP segment of no connection by a reset, as the host that it was meant for would.</summary>
    public void Reset(in Frame incoming, in Packet packet)
    {
        var flags = packet.TcpFlags;
        if ((flags & Wire.Rst) != 0 || !MayAnswer(incoming, packet))
            return;
        if (!_limit.TryTake(_transmitter.Now))
        {
            _counters.Increment(PacketCounter.DropIcmpRateLimited);
            return;
        }

        var header = packet.IsIPv6 ? Wire.IPv6HeaderLength : Wire.IPv4HeaderLength;
        var length = header + Wire.TcpHeaderLength;
        var to = _outbox.Rent(length);
        var tcp = to + header;
        new Span<byte>(tcp, Wire.TcpHeaderLength).Clear();
        Wire.Write16(tcp, packet.DestinationPort);
        Wire.Write16(tcp + 2, packet.SourcePort);
        tcp[12] = 0x50;
        var original = packet.Transport;
        if ((flags & Wire.Ack) != 0)
        {
            Wire.Write32(tcp + 4, Wire.Read32(original + 8));
            tcp[13] = Wire.Rst;
        }
        else
        {
            var occupied = packet.TransportLength - packet.TcpHeaderLength + ((flags & Wire.Syn) != 0 ? 1 : 0) + ((flags & Wire.Fin) != 0 ? 1 : 0);
            Wire.Write32(tcp + 8, Wire.Read32(original + 4) + (uint)occupied);
            tcp[13] = Wire.Rst | Wire.Ack;
        }

        var sum = InternetChecksum.PseudoHeader(packet.Destination, packet.Source, Wire.Tcp, Wire.TcpHeaderLength) + InternetChecksum.Sum(tcp, Wire.TcpHeaderLength);
        Wire.WriteChecksum(tcp + 16, (ushort)~InternetChecksum.Fold(sum));
        WriteHeader(to, length, Wire.Tcp, packet.Destination, packet.Source);
        _transmitter.Answer(incoming, to, length);
        _counters.Increment(PacketCounter.IcmpSent);
    }

    private static (byte Type, byte Code) TypeAndCode(SenderError error, bool isIPv6) => (error, isIPv6) switch
    {
        (SenderError.PortUnreachable, false) => (3, 3),
        (SenderError.PortUnreachable, true) => (1, 4),
        (SenderError.HopLimit, false) => (11, 0),
        (SenderError.HopLimit, true) => (3, 0),
        (_, false) => (3, 4),
        (_, true) => (2, 0),
    };

    /// <summary>RFC 1122 3.2.2 and RFC 4443 2.4: no error about an ICMP error, a later fragment, or a packet from or to a group.</summary>
    private static bool MayAnswer(in Frame incoming, in Packet packet)
    {
        if (packet.Fragment == FragmentPart.Later || packet.Protocol is Wire.Icmp or Wire.IcmpV6 && IcmpType.IsError(packet))
            return false;
        if (incoming.Data != packet.Network && (incoming.Data[0] & 1) != 0)
            return false;
        if (packet.IsIPv6)
            return packet.Source.First != 0 && (byte)packet.Source.First != 0xFF;
        var first = (byte)packet.Source.IPv4Raw;
        return first is not 0 and not 127 and < 224;
    }

    private static void WriteHeader(byte* at, int length, byte protocol, in InetAddress source, in InetAddress destination)
    {
        if (source.IsIPv6)
        {
            Wire.Write32(at, 6u << 28);
            Wire.Write16(at + 4, length - Wire.IPv6HeaderLength);
            at[6] = protocol;
            at[7] = OwnHopLimit;
            source.Write(at + 8);
            destination.Write(at + 24);
            return;
        }

        at[0] = 0x45;
        // Errors go with the precedence of network control (RFC 1812 4.3.2.5); resets as ordinary traffic.
        at[1] = protocol == Wire.Icmp ? (byte)0xC0 : (byte)0;
        Wire.Write16(at + 2, length);
        Wire.Write32(at + 4, 0);
        at[8] = OwnHopLimit;
        at[9] = protocol;
        source.Write(at + 12);
        destination.Write(at + 16);
        Wire.FinishIPv4Header(at);
    }
}
