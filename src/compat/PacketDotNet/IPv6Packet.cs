using System.Buffers.Binary;
using System.Net;

namespace PacketDotNet;

/// <summary>An IPv6 packet. Extension headers are payload data here.</summary>
public sealed class IPv6Packet : IPPacket
{
    internal const int Length = 40;

    public IPv6Packet(IPAddress sourceAddress, IPAddress destinationAddress)
    {
        HeaderBytes = new byte[Length];
        Version = IPVersion.IPv6;
        HopLimit = DefaultTimeToLive;
        SourceAddress = sourceAddress;
        DestinationAddress = destinationAddress;
    }

    internal IPv6Packet(ReadOnlySpan<byte> bytes)
    {
        HeaderBytes = bytes[..Length].ToArray();
        ParsePayload(bytes[Length..Math.Min(Length + PayloadLength, bytes.Length)], isFragment: false);
    }

    public override IPAddress SourceAddress
    {
        get => new(HeaderBytes[8..24]);
        set => value.GetAddressBytes().CopyTo(HeaderBytes, 8);
    }

    public override IPAddress DestinationAddress
    {
        get => new(HeaderBytes[24..40]);
        set => value.GetAddressBytes().CopyTo(HeaderBytes, 24);
    }

    public override IPVersion Version
    {
        get => (IPVersion)(HeaderBytes[0] >> 4);
        set => HeaderBytes[0] = (byte)((HeaderBytes[0] & 0x0f) | ((int)value << 4));
    }

    public int TrafficClass
    {
        get => (byte)(BinaryPrimitives.ReadUInt16BigEndian(HeaderBytes) >> 4);
        set => BinaryPrimitives.WriteUInt16BigEndian(HeaderBytes, (ushort)((BinaryPrimitives.ReadUInt16BigEndian(HeaderBytes) & 0xf00f) | ((value & 0xff) << 4)));
    }

    public int FlowLabel
    {
        get => (int)(BinaryPrimitives.ReadUInt32BigEndian(HeaderBytes) & 0xfffff);
        set => BinaryPrimitives.WriteUInt32BigEndian(HeaderBytes, (BinaryPrimitives.ReadUInt32BigEndian(HeaderBytes) & 0xfff00000) | ((uint)value & 0xfffff));
    }

    public ProtocolType NextHeader
    {
        get => (ProtocolType)HeaderBytes[6];
        set => HeaderBytes[6] = (byte)value;
    }

    public override ProtocolType Protocol
    {
        get => NextHeader;
        set => NextHeader = value;
    }

    public override int TimeToLive
    {
        get => HeaderBytes[7];
        set => HeaderBytes[7] = (byte)value;
    }

    public override ushort PayloadLength
    {
        get => BinaryPrimitives.ReadUInt16BigEndian(HeaderBytes.AsSpan(4));
        set => BinaryPrimitives.WriteUInt16BigEndian(HeaderBytes.AsSpan(4), value);
    }

    public override int TotalLength
    {
        get => PayloadLength + Length;
        set => PayloadLength = (ushort)(value - Length);
    }
}
