using System.Buffers.Binary;
using System.Net;
using System.Net.NetworkInformation;

namespace PacketDotNet;

/// <summary>ARP for IPv4 over Ethernet (RFC 826).</summary>
public sealed class ArpPacket : InternetLinkLayerPacket
{
    internal const int Length = 28;

    public ArpPacket(
        ArpOperation operation,
        PhysicalAddress targetHardwareAddress,
        IPAddress targetProtocolAddress,
        PhysicalAddress senderHardwareAddress,
        IPAddress senderProtocolAddress)
    {
        HeaderBytes = new byte[Length];
        BinaryPrimitives.WriteUInt16BigEndian(HeaderBytes, (ushort)LinkLayers.Ethernet);
        BinaryPrimitives.WriteUInt16BigEndian(HeaderBytes.AsSpan(2), (ushort)EthernetType.IPv4);
        HeaderBytes[4] = 6;
        HeaderBytes[5] = 4;
        Operation = operation;
        SenderHardwareAddress = senderHardwareAddress;
        SenderProtocolAddress = senderProtocolAddress;
        TargetHardwareAddress = targetHardwareAddress;
        TargetProtocolAddress = targetProtocolAddress;
    }

    internal ArpPacket(ReadOnlySpan<byte> bytes) => HeaderBytes = bytes[..Length].ToArray();

    public ArpOperation Operation
    {
        get => (ArpOperation)BinaryPrimitives.ReadUInt16BigEndian(HeaderBytes.AsSpan(6));
        set => BinaryPrimitives.WriteUInt16BigEndian(HeaderBytes.AsSpan(6), (ushort)value);
    }

    public PhysicalAddress SenderHardwareAddress
    {
        get => new(HeaderBytes[8..14]);
        set => value.GetAddressBytes().CopyTo(HeaderBytes, 8);
    }

    public IPAddress SenderProtocolAddress
    {
        get => new(HeaderBytes[14..18]);
        set => value.GetAddressBytes().CopyTo(HeaderBytes, 14);
    }

    public PhysicalAddress TargetHardwareAddress
    {
        get => new(HeaderBytes[18..24]);
        set => value.GetAddressBytes().CopyTo(HeaderBytes, 18);
    }

    public IPAddress TargetProtocolAddress
    {
        get => new(HeaderBytes[24..28]);
        set => value.GetAddressBytes().CopyTo(HeaderBytes, 24);
    }
}
