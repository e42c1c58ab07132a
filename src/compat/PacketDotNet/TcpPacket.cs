using System.Buffers.Binary;

namespace PacketDotNet;

public sealed class TcpPacket : TransportPacket
{
    public const int HeaderMinimumLength = 20;

    public TcpPacket(ushort sourcePort, ushort destinationPort)
    {
        HeaderBytes = new byte[HeaderMinimumLength];
        DataOffset = HeaderMinimumLength / 4;
        SourcePort = sourcePort;
        DestinationPort = destinationPort;
    }

    internal TcpPacket(ReadOnlySpan<byte> bytes)
    {
        var headerLength = (bytes[12] >> 4) * 4;
        HeaderBytes = bytes[..headerLength].ToArray();
        SetParsedPayload(null, bytes[headerLength..]);
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

    public uint SequenceNumber
    {
        get => BinaryPrimitives.ReadUInt32BigEndian(HeaderBytes.AsSpan(4));
        set => BinaryPrimitives.WriteUInt32BigEndian(HeaderBytes.AsSpan(4), value);
    }

    public uint AcknowledgmentNumber
    {
        get => BinaryPrimitives.ReadUInt32BigEndian(HeaderBytes.AsSpan(8));
        set => BinaryPrimitives.WriteUInt32BigEndian(HeaderBytes.AsSpan(8), value);
    }

    /// <summary>The header's length in units of four bytes.</summary>
    public int DataOffset
    {
        get => HeaderBytes[12] >> 4;
        set => HeaderBytes[12] = (byte)((HeaderBytes[12] & 0x0f) | (value << 4));
    }

    /// <summary>The nine flag bits.</summary>
    public ushort Flags
    {
        get => (ushort)(Read(12) & 0x1ff);
        set => Write(12, (ushort)((Read(12) & 0xfe00) | (value & 0x1ff)));
    }

    public bool Finished
    {
        get => Has(0x01);
        set => Put(0x01, value);
    }

    public bool Synchronize
    {
        get => Has(0x02);
        set => Put(0x02, value);
    }

    public bool Reset
    {
        get => Has(0x04);
        set => Put(0x04, value);
    }

    public bool Push
    {
        get => Has(0x08);
        set => Put(0x08, value);
    }

    public bool Acknowledgment
    {
        get => Has(0x10);
        set => Put(0x10, value);
    }

    public ushort WindowSize
    {
        get => Read(14);
        set => Write(14, value);
    }

    public override ushort Checksum
    {
        get => Read(16);
        set => Write(16, value);
    }

    /// <summary>Over IPv4 the header's checksum too.</summary>
    public bool ValidChecksum => ParentPacket is not IPv4Packet { ValidIPChecksum: false } && ValidTcpChecksum;

    public bool ValidTcpChecksum => InternetChecksum.WithPseudoHeader(this, ProtocolType.Tcp) == 0;

    public ushort CalculateTcpChecksum() => CalculateChecksum(ProtocolType.Tcp);

    public void UpdateTcpChecksum() => Checksum = CalculateTcpChecksum();

    internal static bool Fits(ReadOnlySpan<byte> bytes) =>
        bytes.Length >= HeaderMinimumLength && bytes[12] >> 4 >= HeaderMinimumLength / 4 && bytes.Length >= (bytes[12] >> 4) * 4;

    private bool Has(int flag) => (Flags & flag) != 0;

    private void Put(int flag, bool on) => Flags = (ushort)(on ? Flags | flag : Flags & ~flag);
}
