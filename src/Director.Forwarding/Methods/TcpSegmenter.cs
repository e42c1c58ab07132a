using System.Runtime.CompilerServices;
using Director.Forwarding.Packets;

namespace Director.Forwarding.Methods;

/// <summary>Cuts a TCP superframe into segments in software, for tunnels, whose superframes no device takes. Each segment has complete checksums.</summary>
internal unsafe struct TcpSegmenter
{
    private const byte CongestionWindowReduced = 0x80;
    private const byte PushAndFin = 0x09;

    private readonly Packet _packet;
    private readonly int _headerLength;
    private readonly int _segmentSize;
    private int _sent;
    private ushort _index;

    /// <param name="packet">The superframe.</param>
    /// <param name="segmentSize">TCP payload bytes a segment, from 1.</param>
    public TcpSegmenter(in Packet packet, int segmentSize)
    {
        _packet = packet;
        _headerLength = packet.TransportOffset + packet.TcpHeaderLength;
        _segmentSize = segmentSize;
    }

    /// <summary>Payload bytes that are not yet in a segment.</summary>
    private readonly int Remaining => _packet.Length - _headerLength - _sent;

    /// <summary>Bytes that the next segment takes, IP header included; 0 after the last.</summary>
    public readonly int NextLength => Remaining <= 0 ? 0 : _headerLength + Math.Min(_segmentSize, Remaining);

    /// <summary>Writes the next segment, <see cref="NextLength"/> bytes.</summary>
    public Packet Write(byte* to)
    {
        var payload = Math.Min(_segmentSize, Remaining);
        Unsafe.CopyBlockUnaligned(to, _packet.Network, (uint)_headerLength);
        Unsafe.CopyBlockUnaligned(to + _headerLength, _packet.Network + _headerLength + _sent, (uint)payload);

        var segment = _packet;
        segment.Network = to;
        segment.Length = _headerLength + payload;
        var transport = segment.Transport;
        Wire.Write32(transport + 4, Wire.Read32(transport + 4) + (uint)_sent);
        if (_index > 0)
            transport[13] &= unchecked((byte)~CongestionWindowReduced);
        if (Remaining > payload)
            transport[13] &= unchecked((byte)~PushAndFin);

        if (segment.IsIPv6)
        {
            Wire.Write16(to + 4, segment.Length - Wire.IPv6HeaderLength);
        }
        else
        {
            Wire.Write16(to + 2, segment.Length);
            Wire.Write16(to + 4, (ushort)(Wire.Read16(to + 4) + _index));
            Wire.FinishIPv4Header(to);
        }

        Wire.WriteChecksum(transport + 16, InternetChecksum.Fold(InternetChecksum.PseudoHeader(segment.Source, segment.Destination, Wire.Tcp, segment.TransportLength)));
        segment.HasPartialChecksum = true;
        AddressRewriter.FinishChecksum(ref segment);
        _sent += payload;
        _index++;
        return segment;
    }
}
