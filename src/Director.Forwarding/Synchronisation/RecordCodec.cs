using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Director.Forwarding.Connections;
using Director.Forwarding.Packets;

namespace Director.Forwarding.Synchronisation;

/// <summary>
/// A record's bytes. Numbers are big-endian: what there is (1), flags (1), state and protocol (1), ports of client, virtual address and real server (2 each), time left (2), the three addresses
/// (4 or 16 each), and where the first byte says so the segment sizes of client and real server (2 each) and the mark (4). A connection over IPv4 takes 23 to 31 bytes, over IPv6 59 to 67.
/// </summary>
internal static class RecordCodec
{
    /// <summary>The most bytes that a record takes.</summary>
    public const int MaximumLength = FixedLength + (3 * 16) + 4 + 4;

    private const int FixedLength = 11;

    // The first byte: the kind in the low two bits, and what follows.
    private const byte KindMask = 0x03;
    private const byte IsIPv6 = 0x04;
    private const byte RealIsIPv6 = 0x08;
    private const byte HasSegmentSizes = 0x10;
    private const byte HasMark = 0x20;
    private const byte Unknown = 0xC0;

    // Protocols in the high four bits of the third byte.
    private const int NoProtocol = 0;
    private const int TcpProtocol = 1;
    private const int UdpProtocol = 2;

    // Times from 3,276.8 s on count in units of 100 s; the longest that is configured, 31 days, fits.
    private const ushort Coarse = 0x8000;
    private const uint HundredthsPerFine = 10;
    private const uint HundredthsPerCoarse = 10_000;

    /// <summary>Writes a record.</summary>
    /// <param name="record">The record; its client and virtual address are of one family.</param>
    /// <param name="to">At least <see cref="MaximumLength"/> bytes.</param>
    /// <returns>The bytes written.</returns>
    public static int Write(in ConnectionRecord record, Span<byte> to)
    {
        var hasSegmentSizes = (record.ClientMss | record.RealMss) != 0;
        to[0] = (byte)((byte)record.Kind
            | (record.Client.IsIPv6 ? IsIPv6 : 0) | (record.Real.IsIPv6 ? RealIsIPv6 : 0) | (hasSegmentSizes ? HasSegmentSizes : 0) | (record.Mark != 0 ? HasMark : 0));
        to[1] = (byte)record.Flags;
        var protocol = record.Protocol switch { Wire.Tcp => TcpProtocol, Wire.Udp => UdpProtocol, _ => NoProtocol };
        to[2] = (byte)((protocol << 4) | (byte)record.State);
        BinaryPrimitives.WriteUInt16BigEndian(to[3..], record.ClientPort);
        BinaryPrimitives.WriteUInt16BigEndian(to[5..], record.VirtualPort);
        BinaryPrimitives.WriteUInt16BigEndian(to[7..], record.RealPort);
        BinaryPrimitives.WriteUInt16BigEndian(to[9..], TimeOnWire(record.Left));
        var length = FixedLength;
        length += WriteAddress(record.Client, to[length..]);
        length += WriteAddress(record.Virtual, to[length..]);
        length += WriteAddress(record.Real, to[length..]);
        if (hasSegmentSizes)
        {
            BinaryPrimitives.WriteUInt16BigEndian(to[length..], record.ClientMss);
            BinaryPrimitives.WriteUInt16BigEndian(to[(length + 2)..], record.RealMss);
            length += 4;
        }

        if (record.Mark != 0)
        {
            BinaryPrimitives.WriteUInt32BigEndian(to[length..], record.Mark);
            length += 4;
        }

        return length;
    }

    /// <summary>Reads the record at the head of <paramref name="from"/>.</summary>
    /// <param name="from">Records.</param>
    /// <param name="record">The record.</param>
    /// <param name="length">The bytes that it takes.</param>
    /// <returns>False when there is no whole record, or one that nobody sends.</returns>
    public static bool TryRead(ReadOnlySpan<byte> from, out ConnectionRecord record, out int length)
    {
        record = default;
        length = 0;
        if (from.Length < FixedLength)
            return false;
        var what = from[0];
        var isIPv6 = (what & IsIPv6) != 0;
        var realIsIPv6 = (what & RealIsIPv6) != 0;
        length = FixedLength + (isIPv6 ? 32 : 8) + (realIsIPv6 ? 16 : 4) + ((what & HasSegmentSizes) != 0 ? 4 : 0) + ((what & HasMark) != 0 ? 4 : 0);
        var kind = (RecordKind)(what & KindMask);
        var state = (TcpState)(from[2] & 0x0F);
        var protocol = from[2] >> 4;
        if ((what & Unknown) != 0 || kind > RecordKind.Template || state > TcpState.SynAck || protocol > UdpProtocol || (protocol == NoProtocol && kind != RecordKind.Template) || from.Length < length)
            return false;

        record.Kind = kind;
        record.Flags = (RecordFlags)from[1];
        record.State = state;
        record.Protocol = protocol switch { TcpProtocol => Wire.Tcp, UdpProtocol => Wire.Udp, _ => (byte)0 };
        record.ClientPort = BinaryPrimitives.ReadUInt16BigEndian(from[3..]);
        record.VirtualPort = BinaryPrimitives.ReadUInt16BigEndian(from[5..]);
        record.RealPort = BinaryPrimitives.ReadUInt16BigEndian(from[7..]);
        record.Left = TimeFromWire(BinaryPrimitives.ReadUInt16BigEndian(from[9..]));
        var rest = from[FixedLength..];
        record.Client = ReadAddress(ref rest, isIPv6);
        record.Virtual = ReadAddress(ref rest, isIPv6);
        record.Real = ReadAddress(ref rest, realIsIPv6);
        if ((what & HasSegmentSizes) != 0)
        {
            record.ClientMss = BinaryPrimitives.ReadUInt16BigEndian(rest);
            record.RealMss = BinaryPrimitives.ReadUInt16BigEndian(rest[2..]);
            rest = rest[4..];
        }

        if ((what & HasMark) != 0)
            record.Mark = BinaryPrimitives.ReadUInt32BigEndian(rest);
        return true;
    }

    private static ushort TimeOnWire(uint hundredths)
    {
        // Rounded up: a copy that lives a little longer does no harm.
        var fine = (hundredths + HundredthsPerFine - 1) / HundredthsPerFine;
        return fine < Coarse ? (ushort)fine : (ushort)(Coarse | Math.Min((hundredths + HundredthsPerCoarse - 1) / HundredthsPerCoarse, Coarse - 1u));
    }

    private static uint TimeFromWire(ushort time) => (time & Coarse) == 0 ? time * HundredthsPerFine : (uint)(time & ~Coarse) * HundredthsPerCoarse;

    private static unsafe int WriteAddress(in InetAddress address, Span<byte> to)
    {
        var length = address.IsIPv6 ? 16 : 4;
        fixed (byte* bytes = to[..length])
            address.Write(bytes);
        return length;
    }

    private static unsafe InetAddress ReadAddress(ref ReadOnlySpan<byte> rest, bool isIPv6)
    {
        var length = isIPv6 ? 16 : 4;
        fixed (byte* bytes = &MemoryMarshal.GetReference(rest[..length]))
        {
            var address = InetAddress.Read(bytes, isIPv6);
            rest = rest[length..];
            return address;
        }
    }
}
