using System.Buffers.Binary;
using System.Net.NetworkInformation;

namespace PacketDotNet;

public sealed class EthernetPacket : InternetLinkLayerPacket
{
    private const int MacLength = 6;
    private const int TypeOffset = 12;
    private const int HeaderLength = 14;

    public EthernetPacket(PhysicalAddress sourceHardwareAddress, PhysicalAddress destinationHardwareAddress, EthernetType ethernetType)
    {
        HeaderBytes = new byte[HeaderLength];
        SourceHardwareAddress = sourceHardwareAddress;
        DestinationHardwareAddress = destinationHardwareAddress;
        Type = ethernetType;
    }

    internal EthernetPacket(ReadOnlySpan<byte> bytes)
    {
        HeaderBytes = bytes[..HeaderLength].ToArray();
        var payload = bytes[HeaderLength..];
        Packet packet = Type switch
        {
            EthernetType.IPv4 or EthernetType.IPv6 => IPPacket.Parse(payload),
            EthernetType.Arp when payload.Length >= ArpPacket.Length => new ArpPacket(payload),
            _ => null,
        };
        SetParsedPayload(packet, payload);
    }

    public PhysicalAddress DestinationHardwareAddress
    {
        get => new(HeaderBytes[..MacLength]);
        set => value.GetAddressBytes().CopyTo(HeaderBytes, 0);
    }

    public PhysicalAddress SourceHardwareAddress
    {
        get => new(HeaderBytes[MacLength..TypeOffset]);
        set => value.GetAddressBytes().CopyTo(HeaderBytes, MacLength);
    }

    public EthernetType Type
    {
        get => (EthernetType)BinaryPrimitives.ReadUInt16BigEndian(HeaderBytes.AsSpan(TypeOffset));
        set => BinaryPrimitives.WriteUInt16BigEndian(HeaderBytes.AsSpan(TypeOffset), (ushort)value);
    }

    /// <summary>Setting it sets <see cref="Type"/>.</summary>
    public override Packet PayloadPacket
    {
        get => base.PayloadPacket;
        set
        {
            base.PayloadPacket = value;
            Type = value switch
            {
                IPv4Packet => EthernetType.IPv4,
                IPv6Packet => EthernetType.IPv6,
                ArpPacket => EthernetType.Arp,
                _ => EthernetType.None,
            };
        }
    }
}
