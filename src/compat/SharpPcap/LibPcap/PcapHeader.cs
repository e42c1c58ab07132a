namespace SharpPcap.LibPcap;

/// <summary>What libpcap says of a frame.</summary>
public class PcapHeader : ICaptureHeader
{
    public PcapHeader(uint seconds, uint microseconds, uint packetLength, uint captureLength)
    {
        Timeval = new PosixTimeval(seconds, microseconds);
        PacketLength = packetLength;
        CaptureLength = captureLength;
    }

    public uint PacketLength { get; set; }

    public uint CaptureLength { get; set; }

    public PosixTimeval Timeval { get; set; }

    internal static unsafe PcapHeader Read(nint pointer)
    {
        var header = (Native.PacketHeader*)pointer;
        return new PcapHeader((uint)header->Seconds, (uint)header->Microseconds, header->PacketLength, header->CaptureLength);
    }
}
