using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Director.Forwarding.Tests.Packets;

/// <summary>TCP flags (RFC 9293 3.1).</summary>
[Flags]
internal enum TcpFlags : byte
{
    None = 0,
    Fin = 1,
    Syn = 2,
    Rst = 4,
    Psh = 8,
    Ack = 16,
    Ece = 64,
    Cwr = 128,
}

/// <summary>What stands in a checksum field.</summary>
internal enum Checksum
{
    /// <summary>The right checksum.</summary>
    Right,

    /// <summary>The folded pseudo-header sum, for the NIC to finish.</summary>
    Partial,

    /// <summary>Zero.</summary>
    None,

    /// <summary>Something else.</summary>
    Wrong,
}

/// <summary>Checksums by the letter of RFC 1071, word by word: slow, and not the product's.</summary>
internal static class ReferenceChecksum
{
    public static ushort Sum(params ReadOnlySpan<byte[]> parts)
    {
        uint sum = 0;
        foreach (var part in parts)
        {
            for (var i = 0; i < part.Length; i += 2)
            {
                sum += (uint)((part[i] << 8) | (i + 1 < part.Length ? part[i + 1] : 0));
                sum = (sum & 0xFFFF) + (sum >> 16);
            }
        }

        return (ushort)sum;
    }

    public static byte[] PseudoHeader(Ends ends, byte protocol, int length)
    {
        var tail = new byte[8];
        BinaryPrimitives.WriteInt32BigEndian(tail, length);
        tail[7] = protocol;
        return [.. ends.Source.GetAddressBytes(), .. ends.Destination.GetAddressBytes(), .. tail];
    }

    /// <summary>Puts the checksum of a layer-4 message into it.</summary>
    public static void Write(byte[] message, int offset, byte[] pseudoHeader, Checksum checksum, bool isUdp = false)
    {
        var right = (ushort)~Sum(pseudoHeader, message);
        var value = checksum switch
        {
            Checksum.Right => isUdp && right == 0 ? (ushort)0xFFFF : right,
            Checksum.Partial => Sum(pseudoHeader),
            Checksum.None => (ushort)0,
            _ => (ushort)(right ^ 0x5555),
        };
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(offset), value);
    }
}

/// <summary>Source and destination of the IP header that a layer is in.</summary>
internal readonly record struct Ends(IPAddress Source, IPAddress Destination)
{
    public bool IsIPv6 => Source.AddressFamily == AddressFamily.InterNetworkV6;
}

/// <summary>One header of a packet.</summary>
internal abstract record Layer
{
    /// <summary>IP protocol number; 0 for a layer that has none.</summary>
    public virtual byte Protocol => 0;

    /// <summary>EtherType of an IP layer.</summary>
    public virtual ushort EtherType => 0;

    /// <summary>Addresses of an IP layer.</summary>
    public virtual Ends? Ends => null;

    /// <summary>Puts the header before what it carries.</summary>
    public abstract byte[] Wrap(byte[] inner, Layer? next, Ends? ends);
}

internal sealed record EthernetLayer(ulong To, ulong From, ushort? Type) : Layer
{
    public override byte[] Wrap(byte[] inner, Layer? next, Ends? ends)
    {
        var type = new byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(type, Type ?? next!.EtherType);
        return [.. BitConverter.GetBytes(To).AsSpan(0, 6), .. BitConverter.GetBytes(From).AsSpan(0, 6), .. type, .. inner];
    }
}

internal sealed record IPv4Layer(IPAddress Source, IPAddress Destination) : Layer
{
    public int Hops { get; init; } = 64;
    public int TrafficClass { get; init; }
    public int Id { get; init; }
    public bool DontFragment { get; init; }
    public bool MoreFragments { get; init; }
    public int Offset { get; init; }
    public byte[] Options { get; init; } = [];
    public byte? Carries { get; init; }
    public override byte Protocol => 4;
    public override ushort EtherType => 0x0800;
    public override Ends? Ends => new(Source, Destination);

    public override byte[] Wrap(byte[] inner, Layer? next, Ends? ends)
    {
        var header = new byte[20 + Options.Length];
        header[0] = (byte)(0x40 | (header.Length / 4));
        header[1] = (byte)TrafficClass;
        BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(2), (ushort)(header.Length + inner.Length));
        BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(4), (ushort)Id);
        BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(6), (ushort)((DontFragment ? 0x4000 : 0) | (MoreFragments ? 0x2000 : 0) | (Offset / 8)));
        header[8] = (byte)Hops;
        header[9] = Carries ?? next?.Protocol ?? 255;
        Source.GetAddressBytes().CopyTo(header, 12);
        Destination.GetAddressBytes().CopyTo(header, 16);
        Options.CopyTo(header, 20);
        BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(10), (ushort)~ReferenceChecksum.Sum(header));
        return [.. header, .. inner];
    }
}

internal sealed record IPv6Layer(IPAddress Source, IPAddress Destination) : Layer
{
    public int Hops { get; init; } = 64;
    public int TrafficClass { get; init; }
    public int FlowLabel { get; init; }
    public byte? Carries { get; init; }
    public override byte Protocol => 41;
    public override ushort EtherType => 0x86DD;
    public override Ends? Ends => new(Source, Destination);

    public override byte[] Wrap(byte[] inner, Layer? next, Ends? ends)
    {
        var header = new byte[40];
        BinaryPrimitives.WriteUInt32BigEndian(header, (6u << 28) | ((uint)TrafficClass << 20) | (uint)FlowLabel);
        BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(4), (ushort)inner.Length);
        header[6] = Carries ?? next?.Protocol ?? 255;
        header[7] = (byte)Hops;
        Source.GetAddressBytes().CopyTo(header, 8);
        Destination.GetAddressBytes().CopyTo(header, 24);
        return [.. header, .. inner];
    }
}

/// <summary>An IPv6 extension header of 8 bytes and more (RFC 8200): hop-by-hop 0, routing 43, destination options 60. Its content is padding.</summary>
internal sealed record ExtensionLayer(byte Number, int Length, byte? Carries = null) : Layer
{
    public override byte Protocol => Number;

    public override byte[] Wrap(byte[] inner, Layer? next, Ends? ends)
    {
        var header = new byte[Length];
        header[0] = Carries ?? next?.Protocol ?? 255;
        header[1] = (byte)((Length / 8) - 1);
        header[2] = 1; // PadN (for a routing header: type 1, no segments left)
        header[3] = (byte)(Number == 43 ? 0 : Length - 4);
        return [.. header, .. inner];
    }
}

internal sealed record FragmentLayer(uint Id, int Offset, bool MoreFragments, byte? Carries = null) : Layer
{
    public override byte Protocol => 44;

    public override byte[] Wrap(byte[] inner, Layer? next, Ends? ends)
    {
        var header = new byte[8];
        header[0] = Carries ?? next?.Protocol ?? 255;
        BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(2), (ushort)(Offset | (MoreFragments ? 1 : 0)));
        BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(4), Id);
        return [.. header, .. inner];
    }
}

internal sealed record TcpLayer(int SourcePort, int DestinationPort, TcpFlags Flags) : Layer
{
    public uint Sequence { get; init; } = 1000;
    public uint Acknowledgment { get; init; }
    public ushort Window { get; init; } = 64_240;
    public byte[] Options { get; init; } = [];
    public Checksum Checksum { get; init; }
    public override byte Protocol => 6;

    public override byte[] Wrap(byte[] inner, Layer? next, Ends? ends)
    {
        var header = new byte[20 + Options.Length];
        BinaryPrimitives.WriteUInt16BigEndian(header, (ushort)SourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(2), (ushort)DestinationPort);
        BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(4), Sequence);
        BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(8), Acknowledgment);
        header[12] = (byte)(header.Length / 4 << 4);
        header[13] = (byte)Flags;
        BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(14), Window);
        Options.CopyTo(header, 20);
        byte[] message = [.. header, .. inner];
        ReferenceChecksum.Write(message, 16, ReferenceChecksum.PseudoHeader(ends!.Value, 6, message.Length), Checksum);
        return message;
    }
}

internal sealed record UdpLayer(int SourcePort, int DestinationPort) : Layer
{
    public Checksum Checksum { get; init; }
    public override byte Protocol => 17;

    public override byte[] Wrap(byte[] inner, Layer? next, Ends? ends)
    {
        var message = new byte[8 + inner.Length];
        BinaryPrimitives.WriteUInt16BigEndian(message, (ushort)SourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(2), (ushort)DestinationPort);
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(4), (ushort)message.Length);
        inner.CopyTo(message, 8);
        ReferenceChecksum.Write(message, 6, ReferenceChecksum.PseudoHeader(ends!.Value, 17, message.Length), Checksum, isUdp: true);
        return message;
    }
}

/// <summary>ICMP (RFC 792) or ICMPv6 (RFC 4443), by the IP header around it.</summary>
internal sealed record IcmpLayer(byte Type, byte Code, uint Rest, bool IsIPv6) : Layer
{
    public Checksum Checksum { get; init; }
    public override byte Protocol => IsIPv6 ? (byte)58 : (byte)1;

    public override byte[] Wrap(byte[] inner, Layer? next, Ends? ends)
    {
        var message = new byte[8 + inner.Length];
        message[0] = Type;
        message[1] = Code;
        BinaryPrimitives.WriteUInt32BigEndian(message.AsSpan(4), Rest);
        inner.CopyTo(message, 8);
        ReferenceChecksum.Write(message, 2, IsIPv6 ? ReferenceChecksum.PseudoHeader(ends!.Value, 58, message.Length) : [], Checksum);
        return message;
    }
}

/// <summary>GRE (RFC 2784).</summary>
internal sealed record GreLayer(bool HasChecksum) : Layer
{
    public override byte Protocol => 47;

    public override byte[] Wrap(byte[] inner, Layer? next, Ends? ends)
    {
        var header = new byte[HasChecksum ? 8 : 4];
        header[0] = (byte)(HasChecksum ? 0x80 : 0);
        BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(2), next!.EtherType);
        byte[] message = [.. header, .. inner];
        if (HasChecksum)
            BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(4), (ushort)~ReferenceChecksum.Sum(message));
        return message;
    }
}

/// <summary>The GUE header as IPVS sends it, without options.</summary>
internal sealed record GueLayer : Layer
{
    public override byte[] Wrap(byte[] inner, Layer? next, Ends? ends) => [0, next!.Protocol, 0, 0, .. inner];
}

internal sealed record PayloadLayer(byte[] Bytes) : Layer
{
    public override byte[] Wrap(byte[] inner, Layer? next, Ends? ends) => [.. Bytes, .. inner];
}
