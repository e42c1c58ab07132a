using System.Net;

namespace PacketDotNet;

public abstract class IPPacket : InternetPacket
{
    protected int DefaultTimeToLive = 64;

    protected IPPacket()
    {
    }

    public abstract IPAddress SourceAddress { get; set; }

    public abstract IPAddress DestinationAddress { get; set; }

    public abstract IPVersion Version { get; set; }

    public abstract ProtocolType Protocol { get; set; }

    public abstract int TimeToLive { get; set; }

    public virtual int HopLimit
    {
        get => TimeToLive;
        set => TimeToLive = value;
    }

    public abstract ushort PayloadLength { get; set; }

    public abstract int TotalLength { get; set; }

    /// <summary>Setting it sets <see cref="Protocol"/> and <see cref="PayloadLength"/>.</summary>
    public override Packet PayloadPacket
    {
        get => base.PayloadPacket;
        set
        {
            base.PayloadPacket = value;
            Protocol = value switch
            {
                TcpPacket => ProtocolType.Tcp,
                UdpPacket => ProtocolType.Udp,
                IcmpV4Packet => ProtocolType.Icmp,
                IcmpV6Packet => ProtocolType.IcmpV6,
                _ => Protocol,
            };
            PayloadLength = (ushort)value.TotalPacketLength;
        }
    }

    /// <summary>The packet, or null when the bytes are too few or of neither version.</summary>
    internal static IPPacket Parse(ReadOnlySpan<byte> bytes) => bytes switch
    {
        [>= 0x45 and <= 0x4f, ..] when bytes.Length >= (bytes[0] & 0x0f) * 4 => new IPv4Packet(bytes),
        [>= 0x60 and <= 0x6f, ..] when bytes.Length >= IPv6Packet.Length => new IPv6Packet(bytes),
        _ => null,
    };

    private protected void ParsePayload(ReadOnlySpan<byte> payload, bool isFragment)
    {
        Packet packet = Protocol switch
        {
            _ when isFragment => null,
            ProtocolType.Tcp when TcpPacket.Fits(payload) => new TcpPacket(payload),
            ProtocolType.Udp when payload.Length >= UdpPacket.HeaderLength => new UdpPacket(payload),
            ProtocolType.Icmp when payload.Length >= IcmpV4Packet.HeaderLength => new IcmpV4Packet(payload),
            ProtocolType.IcmpV6 when payload.Length >= IcmpV6Packet.HeaderLength => new IcmpV6Packet(payload),
            ProtocolType.IPv4 or ProtocolType.IPv6 => Parse(payload),
            _ => null,
        };
        SetParsedPayload(packet, payload);
    }
}
