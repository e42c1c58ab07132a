using System.Buffers.Binary;

namespace PacketDotNet;

public sealed class IcmpV4Packet : InternetPacket
{
    internal const int HeaderLength = 8;

    internal IcmpV4Packet(ReadOnlySpan<byte> bytes)
    {
        HeaderBytes = bytes[..HeaderLength].ToArray();
        SetParsedPayload(null, bytes[HeaderLength..]);
    }

    public IcmpV4TypeCode TypeCode
    {
        get => (IcmpV4TypeCode)BinaryPrimitives.ReadUInt16BigEndian(HeaderBytes);
        set => BinaryPrimitives.WriteUInt16BigEndian(HeaderBytes, (ushort)value);
    }

    public ushort Checksum
    {
        get => BinaryPrimitives.ReadUInt16BigEndian(HeaderBytes.AsSpan(2));
        set => BinaryPrimitives.WriteUInt16BigEndian(HeaderBytes.AsSpan(2), value);
    }

    public ushort Id
    {
        get => BinaryPrimitives.ReadUInt16BigEndian(HeaderBytes.AsSpan(4));
        set => BinaryPrimitives.WriteUInt16BigEndian(HeaderBytes.AsSpan(4), value);
    }

    public ushort Sequence
    {
        get => BinaryPrimitives.ReadUInt16BigEndian(HeaderBytes.AsSpan(6));
        set => BinaryPrimitives.WriteUInt16BigEndian(HeaderBytes.AsSpan(6), value);
    }

    public byte[] Data
    {
        get => PayloadData;
        set => PayloadData = value;
    }

    public bool ValidIcmpChecksum => InternetChecksum.Of(Bytes) == 0;

    public ushort CalculateIcmpChecksum()
    {
        var bytes = Bytes;
        bytes.AsSpan(2, 2).Clear();
        return InternetChecksum.Of(bytes);
    }

    public void UpdateIcmpChecksum() => Checksum = CalculateIcmpChecksum();
}

/// <summary>ICMPv6. What follows the first four bytes is payload data here.</summary>
public sealed class IcmpV6Packet : InternetPacket
{
    internal const int HeaderLength = 4;

    internal IcmpV6Packet(ReadOnlySpan<byte> bytes)
    {
        HeaderBytes = bytes[..HeaderLength].ToArray();
        SetParsedPayload(null, bytes[HeaderLength..]);
    }

    public IcmpV6Type Type
    {
        get => (IcmpV6Type)HeaderBytes[0];
        set => HeaderBytes[0] = (byte)value;
    }

    public byte Code
    {
        get => HeaderBytes[1];
        set => HeaderBytes[1] = value;
    }

    public ushort Checksum
    {
        get => BinaryPrimitives.ReadUInt16BigEndian(HeaderBytes.AsSpan(2));
        set => BinaryPrimitives.WriteUInt16BigEndian(HeaderBytes.AsSpan(2), value);
    }

    public bool ValidIcmpChecksum => InternetChecksum.WithPseudoHeader(this, ProtocolType.IcmpV6) == 0;

    public ushort CalculateIcmpChecksum()
    {
        var before = Checksum;
        Checksum = 0;
        var checksum = InternetChecksum.WithPseudoHeader(this, ProtocolType.IcmpV6);
        Checksum = before;
        return checksum;
    }

    public void UpdateIcmpChecksum() => Checksum = CalculateIcmpChecksum();
}
