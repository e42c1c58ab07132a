namespace SharpPcap.LibPcap;

/// <summary>A pcap file to write.</summary>
public class CaptureFileWriterDevice : PcapDevice
{
    private readonly string _fileName;
    private nint _dumper;

    /// <param name="captureFilename">The file; begun anew.</param>
    /// <param name="mode">Not <see cref="FileMode.Append"/>.</param>
    public CaptureFileWriterDevice(string captureFilename, FileMode mode = FileMode.OpenOrCreate)
        : base(null)
    {
        _fileName = captureFilename;
        if (mode == FileMode.Append)
        {
            throw new InvalidOperationException("FileMode.Append is not supported");
        }
    }

    public override string Name => _fileName;

    public override string Description => "Capture file writer device";

    public override void Open(DeviceConfiguration configuration)
    {
        var handle = Native.pcap_open_dead((int)configuration.LinkLayerType, configuration.Snaplen);
        _dumper = Native.pcap_dump_open(handle, _fileName);
        Handle = handle;
        if (_dumper == 0)
        {
            var error = LastError;
            Close();
            throw new PcapException($"Error opening dump file: {error}");
        }
    }

    public override void Close()
    {
        if (_dumper != 0)
        {
            Native.pcap_dump_close(_dumper);
            _dumper = 0;
        }

        base.Close();
    }

    public unsafe void Write(ReadOnlySpan<byte> p, ref PcapHeader h)
    {
        ThrowIfNotOpen("Cannot dump packet, device is not opened");
        var header = new Native.PacketHeader
        {
            Seconds = (nint)h.Timeval.Seconds,
            Microseconds = (nint)h.Timeval.MicroSeconds,
            CaptureLength = h.CaptureLength,
            PacketLength = h.PacketLength,
        };
        fixed (byte* data = p)
        {
            Native.pcap_dump(_dumper, &header, data);
        }
    }

    public void Write(ReadOnlySpan<byte> p)
    {
        var header = new PcapHeader(0, 0, (uint)p.Length, (uint)p.Length);
        Write(p, ref header);
    }

    public void Write(RawCapture p)
    {
        var header = new PcapHeader((uint)p.Timeval.Seconds, (uint)p.Timeval.MicroSeconds, (uint)p.PacketLength, (uint)p.Data.Length);
        Write(p.Data, ref header);
    }
}
