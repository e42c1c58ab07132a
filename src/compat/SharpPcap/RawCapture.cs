using PacketDotNet;

namespace SharpPcap;

/// <summary>A captured frame with memory of its own.</summary>
public class RawCapture
{
    public byte[] Data;

    public RawCapture(LinkLayers LinkLayerType, PosixTimeval Timeval, byte[] Data, int? packetLength = default)
    {
        this.LinkLayerType = LinkLayerType;
        this.Timeval = Timeval;
        this.Data = Data;
        PacketLength = packetLength ?? Data.Length;
    }

    public LinkLayers LinkLayerType { get; set; }

    public PosixTimeval Timeval { get; set; }

    /// <summary>The frame's length on the wire; more than the length of <see cref="Data"/> where the capture cut it off.</summary>
    public int PacketLength { get; set; }

    public virtual Packet GetPacket() => Packet.ParsePacket(LinkLayerType, Data);
}

/// <summary>A captured frame in libpcap's memory: valid until the next is asked for.</summary>
public readonly ref struct PacketCapture
{
    public PacketCapture(ICaptureDevice device, ICaptureHeader header, ReadOnlySpan<byte> data)
    {
        Device = device;
        Header = header;
        Data = data;
    }

    public ICaptureDevice Device { get; }

    public ICaptureHeader Header { get; }

    public ReadOnlySpan<byte> Data { get; }

    public RawCapture GetPacket() =>
        new(Device.LinkType, Header.Timeval, Data.ToArray());
}
