using System.Buffers.Binary;

namespace PacketDotNet;

public abstract class TransportPacket : Packet
{
    protected TransportPacket()
    {
    }

    public abstract ushort Checksum { get; set; }

    public abstract ushort SourcePort { get; set; }

    public abstract ushort DestinationPort { get; set; }

    private protected ushort Read(int offset) => BinaryPrimitives.ReadUInt16BigEndian(HeaderBytes.AsSpan(offset));

    private protected void Write(int offset, ushort value) => BinaryPrimitives.WriteUInt16BigEndian(HeaderBytes.AsSpan(offset), value);

    private protected ushort CalculateChecksum(ProtocolType protocol)
    {
        var before = Checksum;
        Checksum = 0;
        var checksum = InternetChecksum.WithPseudoHeader(this, protocol);
        Checksum = before;
        return checksum;
    }
}
