using System.Buffers.Binary;
using System.Net;
using Director.Forwarding.Links;
using Director.Forwarding.Tests.Engine;

namespace Director.Forwarding.Tests.Hostile;

/// <summary>Frames for attacks: valid ones of every kind from a small world of addresses and ports, so that they meet; answers to what went out; captured ones; mangled ones.</summary>
internal sealed class HostileFrames(Dice dice)
{
    private const byte Syn = 2, Fin = 1, Rst = 4, Ack = 16;
    private static readonly int[] ServicePorts = [80, 80, 80, 443, 443, 53, 8080, 0, 65535];
    private static readonly byte[] Flags = [Syn, Syn, Ack, Ack, Ack | 8, Fin | Ack, Rst, Syn | Ack, 0, 0xFF, Syn | Fin, Rst | Ack];
    private static readonly ulong Ours = DirectorUnderAttack.OutsideMac;
    private static readonly (byte Link, ushort Type, byte[] Payload)[] Captures =
        [.. ((string[])["mode-nat.pcap", "mode-tun.pcap", "mode-dr.pcap"]).SelectMany(file => Captured.Read(Captured.File(file))).Where(frame => !frame.IsOut)
            .Select(frame => ((byte)(frame.IsInside ? 1 : 0), frame.EtherType, frame.Payload))];

    private int _capture;

    private static byte[] Address(string text) => IPAddress.Parse(text).GetAddressBytes();

    private byte[] Client(bool isIPv6) => Address(isIPv6
        ? $"2001:db8:{9 - dice.Below(3)}::{(dice.OneIn(8) ? 0x100 : dice.Below(12) + 1):x}"
        : $"10.{9 - dice.Below(3)}.0.{dice.Below(12) + 1}");

    private byte[] Vip(bool isIPv6) => Address(dice.Below(8) switch
    {
        0 => isIPv6 ? "2001:db8:9:7::5" : "10.9.7.5",
        1 => isIPv6 ? "2001:db8:9::101" : dice.OneIn(2) ? "10.9.0.101" : HostileTables.Vips[2],
        _ => HostileTables.Vips[isIPv6 ? 1 : 0],
    });

    private byte[] Real(bool isIPv6)
    {
        while (true)
        {
            var address = Address(dice.Pick(HostileTables.Reals));
            if (address.Length == (isIPv6 ? 16 : 4))
                return address;
        }
    }

    private int ClientPort() => dice.OneIn(16) ? dice.Below(65536) : 40_000 + dice.Below(6);

    private int PayloadLength() => dice.Below(12) switch
    {
        0 => 1460 + dice.Below(40),
        1 => 1400 + dice.Below(100),
        2 => dice.Below(1460),
        3 when dice.OneIn(8) => 1500 + dice.Below(63_000),
        4 when dice.OneIn(16) => 65_400 + dice.Below(80),
        _ => dice.Below(40),
    };

    /// <summary>A valid frame of some kind.</summary>
    public AttackStep Valid()
    {
        var isIPv6 = dice.OneIn(2);
        switch (dice.Below(20))
        {
            case 0: return Step(0, 0x0806, Arp());
            case 1 when isIPv6: return Step((byte)dice.Below(3), 0x86DD, Solicitation());
            case 2: return Step((byte)dice.Below(2), isIPv6 ? 0x86DD : 0x0800, Ip(isIPv6, Client(isIPv6), Vip(isIPv6), isIPv6 ? 58 : 1, Echo(isIPv6)));
            case 3: return Step(1, isIPv6 ? 0x86DD : 0x0800, Ip(isIPv6, Real(isIPv6), Client(isIPv6), Protocol(out var p), Segment(p, 8080, ClientPort())));
            case 4: return Step(2, isIPv6 ? 0x86DD : 0x0800, Ip(isIPv6, Address(isIPv6 ? "::1" : "127.0.0.1"), Client(isIPv6), Protocol(out var q), Segment(q, 8080, ClientPort())));
            case 5: return Step(0, isIPv6 ? 0x86DD : 0x0800, Ip(isIPv6, Client(isIPv6), Vip(isIPv6), dice.Byte(), dice.Bytes(dice.Below(100))));
            case 6:
                var quote = Ip(isIPv6, Vip(isIPv6), Client(isIPv6), Protocol(out var r), Segment(r, dice.Pick(ServicePorts), ClientPort()));
                return Step((byte)dice.Below(2), isIPv6 ? 0x86DD : 0x0800, Ip(isIPv6, Client(isIPv6), Vip(isIPv6), isIPv6 ? 58 : 1, Error(isIPv6, quote)));
            default: return Step(0, isIPv6 ? 0x86DD : 0x0800, Ip(isIPv6, Client(isIPv6), Vip(isIPv6), Protocol(out var s), Segment(s, ClientPort(), dice.Pick(ServicePorts))));
        }
    }

    /// <summary>A datagram in fragments: in order or not, overlapping, with holes, beyond the largest datagram.</summary>
    public List<AttackStep> Fragments()
    {
        var isIPv6 = dice.OneIn(2);
        var isFromReal = dice.OneIn(4);
        var from = isFromReal ? Real(isIPv6) : Client(isIPv6);
        var to = isFromReal ? Client(isIPv6) : Vip(isIPv6);
        var protocol = dice.OneIn(6) ? (isIPv6 ? 58 : 1) : Protocol(out _);
        var data = protocol is 1 or 58 ? Echo(isIPv6) : isFromReal ? Segment(protocol, 8080, ClientPort()) : Segment(protocol, ClientPort(), dice.Pick(ServicePorts));
        data = [.. data, .. dice.Bytes(200 + dice.Below(1500))];
        var whole = Ip(isIPv6, from, to, protocol, data, plain: true);
        data = whole[(isIPv6 ? 40 : 20)..];
        var id = dice.Below(8);
        var steps = new List<AttackStep>();
        for (var at = 0; at < data.Length;)
        {
            var length = Math.Min(8 * (1 + dice.Below(100)), data.Length - at);
            var offset = dice.OneIn(24) ? dice.Below(8192) : at / 8;
            steps.Add(Step((byte)(isFromReal ? 1 : 0), isIPv6 ? 0x86DD : 0x0800, Fragment(isIPv6, from, to, protocol, data[at..(at + length)], id, offset, at + length < data.Length)) with { Worker = (byte)dice.Below(2) });
            at += Math.Max(length - (dice.OneIn(6) ? 8 * dice.Below(4) : 0), 8);
        }

        if (dice.OneIn(2))
        {
            for (var i = steps.Count - 1; i > 0; i--)
            {
                var other = dice.Below(i + 1);
                (steps[i], steps[other]) = (steps[other], steps[i]);
            }
        }

        if (dice.OneIn(4) && steps.Count > 0)
            steps.RemoveAt(dice.Below(steps.Count));
        return steps;
    }

    /// <summary>What the receiver of a frame that went out may send back: an answer, or an error about it.</summary>
    public AttackStep Answer(IReadOnlyList<DirectorUnderAttack.SentRecently> recent)
    {
        var sent = dice.Pick(recent);
        var offset = sent.Link == DirectorUnderAttack.Tun ? 0 : 14;
        if (sent.Length < offset + 28)
            return Valid();
        var ip = sent.Bytes[offset..sent.Length];
        var isIPv6 = ip[0] >> 4 == 6;
        if ((ip[0] >> 4) is not (4 or 6) || (isIPv6 && ip.Length < 48))
            return Valid();
        var type = isIPv6 ? 0x86DD : 0x0800;
        if (dice.OneIn(4))
        {
            var (source, destination) = isIPv6 ? (ip[8..24], ip[24..40]) : (ip[12..16], ip[16..20]);
            return Step(sent.Link, type, Ip(isIPv6, dice.OneIn(3) ? Client(isIPv6) : destination, source, isIPv6 ? 58 : 1, Error(isIPv6, ip)));
        }

        var first = isIPv6 ? 8 : 12;
        var width = isIPv6 ? 16 : 4;
        var swapped = ip.ToArray();
        ip.AsSpan(first, width).CopyTo(swapped.AsSpan(first + width));
        ip.AsSpan(first + width, width).CopyTo(swapped.AsSpan(first));
        var transport = isIPv6 ? 40 : (ip[0] & 15) * 4;
        if (ip.Length >= transport + 14)
        {
            ip.AsSpan(transport, 2).CopyTo(swapped.AsSpan(transport + 2));
            ip.AsSpan(transport + 2, 2).CopyTo(swapped.AsSpan(transport));
            if ((isIPv6 ? ip[6] : ip[9]) == 6)
                swapped[transport + 13] = ip[transport + 13] == Syn ? (byte)(Syn | Ack) : dice.Pick(Flags);
        }

        Checksums.Repair(swapped, dice.OneIn(8));
        return Step(sent.Link, type, swapped);
    }

    /// <summary>The next frame that a real IPVS got.</summary>
    public AttackStep Capture()
    {
        var (link, type, payload) = Captures[_capture++ % Captures.Length];
        return Step(link, type, payload);
    }

    /// <summary>Any bytes.</summary>
    public AttackStep Noise() => new(AttackKind.Frame, 0, dice.Bytes(dice.OneIn(20) ? dice.Below(66_000) % Frame.MaximumLength : dice.Below(200))) { Link = (byte)dice.Below(3), IsAtStart = dice.OneIn(2) };

    /// <summary>Changes a step a little, or much.</summary>
    public AttackStep Mangle(AttackStep step)
    {
        if (step.Kind != AttackKind.Frame)
            return step with { Value = dice.Below(100_000) };
        var bytes = step.Bytes.ToArray();
        for (var times = 1 + dice.Below(4); times > 0 && bytes.Length > 0; times--)
            bytes = MangleOnce(bytes, step.Link % 3 == DirectorUnderAttack.Tun ? 0 : 14);
        var offset = step.Link % 3 == DirectorUnderAttack.Tun ? 0 : 14;
        if (bytes.Length > offset && !dice.OneIn(5))
            Checksums.Repair(bytes.AsSpan(offset), dice.OneIn(6));
        return step with
        {
            Bytes = bytes,
            Link = dice.OneIn(20) ? (byte)dice.Below(3) : step.Link,
            Worker = dice.OneIn(4) ? (byte)dice.Below(2) : step.Worker,
            IsAtStart = dice.OneIn(2),
            Flags = dice.OneIn(30) ? FrameFlags.Superframe | FrameFlags.PartialChecksum : step.Flags,
            // Only the kernel says a size; one smaller than its least MSS would be its own doing.
            SegmentSize = dice.OneIn(30) ? (ushort)(48 + dice.Below(1550)) : step.SegmentSize,
        };
    }

    private byte[] MangleOnce(byte[] bytes, int offset)
    {
        var header = Math.Min(bytes.Length, offset + 120);
        switch (dice.Below(13))
        {
            case 0:
                bytes[dice.Below(bytes.Length)] ^= (byte)(1 << dice.Below(8));
                return bytes;
            case 1:
                bytes[offset + dice.Below(header - offset) < bytes.Length ? Math.Min(offset + dice.Below(Math.Max(header - offset, 1)), bytes.Length - 1) : 0] = Interesting();
                return bytes;
            case 2:
                return bytes[..dice.Below(bytes.Length + 1)];
            case 3:
                return bytes.Length > 60_000 ? bytes : [.. bytes, .. dice.Bytes(dice.Below(dice.OneIn(6) ? 4000 : 60))];
            case 4 when bytes.Length >= offset + 20: // IP total length, or IPv6 payload length
                Put16(bytes, offset + (bytes[offset] >> 4 == 6 ? 4 : 2), dice.OneIn(2) ? dice.Below(65536) : bytes.Length - offset - dice.Below(80));
                return bytes;
            case 5 when bytes.Length >= offset + 20: // header length
                bytes[offset] = (byte)((bytes[offset] & 0xF0) | dice.Below(16));
                return bytes;
            case 6 when bytes.Length >= offset + 34: // data offset and UDP length
                var transport = offset + (bytes[offset] >> 4 == 6 ? 40 : 20);
                if (bytes.Length > transport + 13)
                {
                    if (dice.OneIn(2))
                        bytes[transport + 12] = dice.Byte();
                    else
                        Put16(bytes, transport + 4, dice.Below(dice.OneIn(2) ? 65536 : 64));
                }

                return bytes;
            case 7 when bytes.Length >= offset + 21: // protocol, or next header
                bytes[offset + (bytes[offset] >> 4 == 6 ? 6 : 9)] = dice.Pick((byte[])[0, 1, 4, 6, 17, 41, 43, 44, 47, 51, 58, 60, 59, 255]);
                return bytes;
            case 8 when bytes.Length >= offset + 21: // fragment field; hop limit
                if (dice.OneIn(2))
                    Put16(bytes, offset + 6, dice.Below(65536));
                else
                    bytes[offset + (bytes[offset] >> 4 == 6 ? 7 : 8)] = (byte)dice.Below(3);
                return bytes;
            case 9 when offset == 14 && bytes.Length >= 14: // link-layer header
                if (dice.OneIn(2))
                    Put16(bytes, 12, dice.Pick((int[])[0x0800, 0x86DD, 0x0806, 0x8100, 0x0000]));
                else
                    BitConverter.GetBytes(dice.Pick((ulong[])[0xFFFF_FFFF_FFFF, 0x0100_0000_3333, 0x0000_5E00_0001, Ours])).AsSpan(0, 6).CopyTo(bytes.AsSpan(dice.Below(2) * 6));
                return bytes;
            case 10 when bytes.Length > 20: // a piece moves
                var length = dice.Below(Math.Min(bytes.Length, 40));
                bytes.AsSpan(dice.Below(bytes.Length - length), length).ToArray().CopyTo(bytes.AsSpan(dice.Below(bytes.Length - length)));
                return bytes;
            case 11 when bytes.Length is > 60 and < 60_000: // a piece is doubled
                var at = offset + dice.Below(bytes.Length - offset);
                return [.. bytes[..at], .. dice.Bytes(8 * dice.Below(6)), .. bytes[at..]];
            default:
                if (header > offset)
                    bytes[offset + dice.Below(header - offset)] = dice.Byte();
                return bytes;
        }
    }

    private byte Interesting() => dice.Pick((byte[])[0, 1, 2, 4, 5, 7, 8, 15, 16, 0x20, 0x3F, 0x40, 0x45, 0x46, 0x4F, 0x60, 0x7F, 0x80, 0xF0, 0xFE, 0xFF]);

    private int Protocol(out int protocol) => protocol = dice.OneIn(3) ? 17 : 6;

    private byte[] Segment(int protocol, int from, int to)
    {
        var payload = dice.Bytes(PayloadLength());
        return protocol == 17 ? Udp(from, to, payload) : Tcp(from, to, dice.Pick(Flags), payload);
    }

    private byte[] Tcp(int from, int to, byte flags, byte[] payload)
    {
        byte[] options = dice.Below(6) switch
        {
            0 => [2, 4, (byte)dice.Below(6), dice.Byte()],
            1 => [1, 1, 8, 10, .. dice.Bytes(8)],
            2 => [2, dice.Byte(), 5, 180],
            3 => [.. dice.Bytes(4 * dice.Below(11))],
            4 => [2, 4, 5, 180, 4, 2, 8, 10, .. dice.Bytes(8), 1, 3, 3, 7],
            _ => [],
        };
        var segment = new byte[20 + options.Length + payload.Length];
        Put16(segment, 0, from);
        Put16(segment, 2, to);
        dice.Bytes(8).CopyTo(segment, 4);
        segment[12] = (byte)((20 + options.Length) / 4 << 4);
        segment[13] = flags;
        Put16(segment, 14, 65535);
        options.CopyTo(segment, 20);
        payload.CopyTo(segment, 20 + options.Length);
        return segment;
    }

    private static byte[] Udp(int from, int to, byte[] payload)
    {
        var datagram = new byte[8 + payload.Length];
        Put16(datagram, 0, from);
        Put16(datagram, 2, to);
        Put16(datagram, 4, Math.Min(datagram.Length, 65535));
        payload.CopyTo(datagram, 8);
        return datagram;
    }

    private byte[] Echo(bool isIPv6) => [isIPv6 ? (byte)128 : (byte)8, 0, 0, 0, .. dice.Bytes(4 + dice.Below(dice.OneIn(10) ? 1600 : 60))];

    private byte[] Error(bool isIPv6, byte[] quoted)
    {
        var (type, code) = dice.Pick(isIPv6 ? ((byte, byte)[])[(1, 4), (2, 0), (3, 0), (4, 1), (100, 0)] : [(3, 4), (3, 3), (3, 1), (11, 0), (12, 0), (5, 1), (4, 0)]);
        var mtu = dice.OneIn(2) ? 1280 + dice.Below(200) : dice.Below(70_000);
        byte[] rest = isIPv6 ? [0, (byte)(mtu >> 16), (byte)(mtu >> 8), (byte)mtu] : [0, 0, (byte)(mtu >> 8), (byte)mtu];
        var length = dice.OneIn(3) ? Math.Min(quoted.Length, (isIPv6 ? 40 : 20) + 8) : dice.OneIn(4) ? dice.Below(quoted.Length + 1) : Math.Min(quoted.Length, 548);
        return [type, code, 0, 0, .. rest, .. quoted[..length]];
    }

    private byte[] Arp()
    {
        byte[] arp = [0, 1, 8, 0, 6, 4, 0, dice.OneIn(6) ? (byte)2 : (byte)1, 2, 0, 0, 0, 0, 7, .. dice.OneIn(4) ? Vip(false) : Client(false), 0, 0, 0, 0, 0, 0, .. Vip(false)];
        return [.. arp, .. dice.Bytes(dice.Below(3) * 9)];
    }

    private byte[] Solicitation()
    {
        var target = Vip(true);
        byte[] icmp = [135, 0, 0, 0, 0, 0, 0, 0, .. target, 1, 1, 2, 0, 0, 0, 0, 7];
        byte[] group = [0xFF, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xFF, .. target[13..]];
        var ip = Ip(true, dice.OneIn(4) ? new byte[16] : Client(true), group, 58, icmp, plain: true);
        ip[7] = 255;
        return ip;
    }

    private byte[] Ip(bool isIPv6, byte[] from, byte[] to, int protocol, byte[] data, bool plain = false)
    {
        var before = plain || !dice.OneIn(5) ? [] : isIPv6 ? Extensions(ref protocol) : dice.Bytes(4 * (1 + dice.Below(10)));
        var header = isIPv6 ? 40 : 20;
        data = data.Length + before.Length + header > 65535 ? data[..(65535 - before.Length - header)] : data;
        if (protocol == 17 && data.Length >= 8 && BinaryPrimitives.ReadUInt16BigEndian(data.AsSpan(4)) > data.Length)
            Put16(data, 4, data.Length);
        var ip = new byte[header + before.Length + data.Length];
        if (isIPv6)
        {
            ip[0] = 0x60;
            Put16(ip, 4, before.Length + data.Length);
            ip[6] = (byte)protocol;
            ip[7] = dice.OneIn(12) ? (byte)dice.Below(3) : (byte)64;
            from.CopyTo(ip, 8);
            to.CopyTo(ip, 24);
        }
        else
        {
            ip[0] = (byte)(0x40 | ((20 + before.Length) / 4));
            Put16(ip, 2, ip.Length);
            Put16(ip, 4, dice.Below(8));
            Put16(ip, 6, dice.OneIn(2) ? 0x4000 : 0);
            ip[8] = dice.OneIn(12) ? (byte)dice.Below(3) : (byte)64;
            ip[9] = (byte)protocol;
            from.CopyTo(ip, 12);
            to.CopyTo(ip, 16);
        }

        before.CopyTo(ip, header);
        data.CopyTo(ip, header + before.Length);
        Checksums.Repair(ip, dice.OneIn(8));
        return ip;
    }

    private byte[] Extensions(ref int protocol)
    {
        var list = new List<byte>();
        for (var times = 1 + dice.Below(dice.OneIn(6) ? 9 : 3); times > 0; times--)
        {
            var kind = dice.Pick((byte[])[0, 43, 60, 51, 44]);
            var size = dice.OneIn(10) ? dice.Below(256) : dice.Below(3);
            var length = kind == 44 ? 8 : kind == 51 ? (size + 2) * 4 : (size + 1) * 8;
            var header = dice.Bytes(length);
            header[0] = (byte)protocol;
            header[1] = kind == 44 ? (byte)0 : (byte)size;
            if (kind == 44)
                header[2] = header[3] = 0;
            list.InsertRange(0, header);
            protocol = kind;
        }

        return [.. list];
    }

    private static byte[] Fragment(bool isIPv6, byte[] from, byte[] to, int protocol, byte[] data, int id, int offset, bool more)
    {
        byte[] ip;
        if (isIPv6)
        {
            ip = [0x60, 0, 0, 0, 0, 0, 44, 64, .. from, .. to, (byte)protocol, 0, 0, 0, 0, 0, 0, (byte)id, .. data];
            Put16(ip, 4, 8 + data.Length);
            Put16(ip, 42, (offset << 3) | (more ? 1 : 0));
            return ip;
        }

        ip = [0x45, 0, 0, 0, 0, (byte)id, 0, 0, 64, (byte)protocol, 0, 0, .. from, .. to, .. data];
        Put16(ip, 2, ip.Length);
        Put16(ip, 6, offset | (more ? 0x2000 : 0));
        BinaryPrimitives.WriteUInt16BigEndian(ip.AsSpan(10), (ushort)~PacketWitness.Fold(PacketWitness.Sum(ip.AsSpan(0, 20))));
        return ip;
    }

    private AttackStep Step(byte link, int type, byte[] ip)
    {
        link %= 3;
        if (link == DirectorUnderAttack.Tun)
            return new(AttackKind.Frame, 0, ip) { Link = link, Worker = (byte)dice.Below(2), IsAtStart = dice.OneIn(2) };
        var frame = new byte[14 + ip.Length];
        BitConverter.GetBytes(link == 0 ? DirectorUnderAttack.OutsideMac : DirectorUnderAttack.InsideMac).AsSpan(0, 6).CopyTo(frame);
        if (type == 0x0806)
            frame.AsSpan(0, 6).Fill(0xFF);
        BitConverter.GetBytes(link == 0 ? DirectorUnderAttack.ClientMac : DirectorUnderAttack.RealMac).AsSpan(0, 6).CopyTo(frame.AsSpan(6));
        Put16(frame, 12, type);
        ip.CopyTo(frame, 14);
        return new(AttackKind.Frame, 0, frame) { Link = link, Worker = (byte)dice.Below(2), IsAtStart = dice.OneIn(2) };
    }

    private static void Put16(byte[] bytes, int at, int value) => BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(at), (ushort)value);
}
