namespace SharpPcap.LibPcap;

/// <summary>A source of frames that is not an interface.</summary>
public abstract class CaptureReaderDevice : PcapDevice
{
    protected CaptureReaderDevice()
        : base(null)
    {
    }
}

/// <summary>A pcap file to read.</summary>
public class CaptureFileReaderDevice : CaptureReaderDevice
{
    public CaptureFileReaderDevice(string captureFilename) => Name = captureFilename;

    public override string Name { get; }

    public override string Description => "Capture file reader device";

    public override unsafe void Open(DeviceConfiguration configuration)
    {
        var error = stackalloc byte[Native.ErrorBufferBytes];
        var handle = Native.pcap_open_offline(Name, error);
        if (handle.IsInvalid)
        {
            throw new PcapException($"Unable to open offline adapter: {Native.Text(error)}");
        }

        Handle = handle;
    }
}
