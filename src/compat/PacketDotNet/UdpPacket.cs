namespace PacketDotNet;

public sealed class UdpPacket : TransportPacket
{
    internal const int HeaderLength = 8;

    public UdpPacket(ushort sourcePort, ushort destinationPort)
    {
        HeaderBytes = new byte[HeaderLength];
        SourcePort = sourcePort;
        DestinationPort = destinationPort;
    }

    internal UdpPacket(ReadOnlySpan<byte> bytes)
    {
        HeaderBytes = bytes[..HeaderLength].ToArray();
        SetParsedPayload(null, bytes[HeaderLength..Math.Clamp(Length, HeaderLength, bytes.Length)]);
    }

    public override ushort SourcePort
    {
        get => Read(0);
        set => Write(0, value);
    }

    public override ushort DestinationPort
    {
        get => Read(2);
        set => Write(2, value);
    }

    /// <summary>Header and data.</summary>
    public int Length => Read(4);

    public override ushort Checksum
    {
        get => Read(6);
        set => Write(6, value);
    }

    /// <summary>Over IPv4 the header's checksum too.</summary>
    public bool ValidChecksum => ParentPacket is not IPv4Packet { ValidIPChecksum: false } && ValidUdpChecksum;

    /// <summary>Over IPv4, 0 is no checksum, which is valid (RFC 768).</summary>
    public bool ValidUdpChecksum => (Checksum == 0 && ParentPacket is IPv4Packet) || InternetChecksum.WithPseudoHeader(this, ProtocolType.Udp) == 0;

    public ushort CalculateUdpChecksum() => CalculateChecksum(ProtocolType.Udp);

    public void UpdateUdpChecksum() => Checksum = CalculateUdpChecksum();

    public override void UpdateCalculatedValues() => Write(4, (ushort)TotalPacketLength);
}
