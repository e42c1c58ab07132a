using System.Buffers.Binary;
using System.Net;

namespace PacketDotNet;

public sealed class IPv4Packet : IPPacket
{
    public const int HeaderMinimumLength = 20;

    public IPv4Packet(IPAddress sourceAddress, IPAddress destinationAddress)
    {
        HeaderBytes = new byte[HeaderMinimumLength];
        HeaderBytes[0] = 0x45;
        TotalLength = HeaderMinimumLength;
        TimeToLive = DefaultTimeToLive;
        SourceAddress = sourceAddress;
        DestinationAddress = destinationAddress;
    }

    internal IPv4Packet(ReadOnlySpan<byte> bytes)
    {
        HeaderBytes = bytes[..((bytes[0] & 0x0f) * 4)].ToArray();
        // Ethernet pads short frames; a lying length ends where the bytes end.
        var payload = bytes[HeaderBytes.Length..Math.Clamp(TotalLength, HeaderBytes.Length, bytes.Length)];
        ParsePayload(payload, isFragment: FragmentOffset != 0 || (FragmentFlags & 1) != 0);
    }

    public ushort Checksum
    {
        get => BinaryPrimitives.ReadUInt16BigEndian(HeaderBytes.AsSpan(10));
        set => BinaryPrimitives.WriteUInt16BigEndian(HeaderBytes.AsSpan(10), value);
    }

    public override IPAddress SourceAddress
    {
        get => new(HeaderBytes[12..16]);
        set => value.GetAddressBytes().CopyTo(HeaderBytes, 12);
    }

    public override IPAddress DestinationAddress
    {
        get => new(HeaderBytes[16..20]);
        set => value.GetAddressBytes().CopyTo(HeaderBytes, 16);
    }

    public int TypeOfService
    {
        get => HeaderBytes[1];
        set => HeaderBytes[1] = (byte)value;
    }

    public ushort Id
    {
        get => BinaryPrimitives.ReadUInt16BigEndian(HeaderBytes.AsSpan(4));
        set => BinaryPrimitives.WriteUInt16BigEndian(HeaderBytes.AsSpan(4), value);
    }

    /// <summary>The three bits before the offset: 2 is do not fragment, 1 is more fragments.</summary>
    public int FragmentFlags
    {
        get => HeaderBytes[6] >> 5;
        set => HeaderBytes[6] = (byte)((HeaderBytes[6] & 0x1f) | (value << 5));
    }

    /// <summary>In units of eight bytes.</summary>
    public int FragmentOffset
    {
        get => BinaryPrimitives.ReadUInt16BigEndian(HeaderBytes.AsSpan(6)) & 0x1fff;
        set => BinaryPrimitives.WriteUInt16BigEndian(HeaderBytes.AsSpan(6), (ushort)((FragmentFlags << 13) | (value & 0x1fff)));
    }

    public override int TimeToLive
    {
        get => HeaderBytes[8];
        set => HeaderBytes[8] = (byte)value;
    }

    public override ProtocolType Protocol
    {
        get => (ProtocolType)HeaderBytes[9];
        set => HeaderBytes[9] = (byte)value;
    }

    public override IPVersion Version
    {
        get => (IPVersion)(HeaderBytes[0] >> 4);
        set => HeaderBytes[0] = (byte)((HeaderBytes[0] & 0x0f) | ((int)value << 4));
    }

    public override int TotalLength
    {
        get => BinaryPrimitives.ReadUInt16BigEndian(HeaderBytes.AsSpan(2));
        set => BinaryPrimitives.WriteUInt16BigEndian(HeaderBytes.AsSpan(2), (ushort)value);
    }

    public override ushort PayloadLength
    {
        get => (ushort)(TotalLength - HeaderBytes.Length);
        set => TotalLength = value + HeaderBytes.Length;
    }

    public bool ValidChecksum => ValidIPChecksum;

    public bool ValidIPChecksum => InternetChecksum.Of(HeaderBytes) == 0;

    public ushort CalculateIPChecksum()
    {
        byte[] header = [.. HeaderBytes];
        header.AsSpan(10, 2).Clear();
        return InternetChecksum.Of(header);
    }

    public void UpdateIPChecksum() => Checksum = CalculateIPChecksum();

    public override void UpdateCalculatedValues() => TotalLength = TotalPacketLength;
}
