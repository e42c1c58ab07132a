using System.Runtime.InteropServices;
using PacketDotNet;

namespace SharpPcap.LibPcap;

/// <summary>What live devices and files have in common: a pcap_t.</summary>
public abstract class PcapDevice : ICaptureDevice
{
    private string _filter;

    protected PcapDevice(PcapInterface pcapInterface) => Interface = pcapInterface;

    public abstract string Name { get; }

    public abstract string Description { get; }

    public PcapInterface Interface { get; }

    public virtual bool Opened => !Handle.IsInvalid && !Handle.IsClosed;

    public PcapHandle Handle { get; set; } = new();

    public virtual string LastError => Marshal.PtrToStringUTF8(Native.pcap_geterr(Handle));

    public virtual LinkLayers LinkType
    {
        get
        {
            ThrowIfNotOpen("Cannot get datalink, the pcap device is not opened");
            return (LinkLayers)Native.pcap_datalink(Handle);
        }
    }

    /// <summary>An expression of pcap-filter(7).</summary>
    public virtual string Filter
    {
        get => _filter;
        set
        {
            ThrowIfNotOpen("Can't set filter, the device is not opened");
            SetFilter(value);
            _filter = value;
        }
    }

    public virtual void Open(DeviceConfiguration configuration)
    {
    }

    public virtual void Close()
    {
        Handle.Dispose();
        Handle = new PcapHandle();
    }

    public virtual unsafe GetPacketStatus GetNextPacket(out PacketCapture e)
    {
        ThrowIfNotOpen("Device must be opened via Open() prior to use");
        nint header = 0;
        nint data = 0;
        var status = (GetPacketStatus)GetNextPacketPointers(ref header, ref data);
        if (status != GetPacketStatus.PacketRead)
        {
            e = default;
            return status;
        }

        var read = PcapHeader.Read(header);
        e = new PacketCapture(this, read, new ReadOnlySpan<byte>((void*)data, (int)read.CaptureLength));
        return status;
    }

    /// <summary>pcap_next_ex: the pointers are libpcap's and valid until the next call.</summary>
    public int GetNextPacketPointers(ref nint header, ref nint data) => Native.pcap_next_ex(Handle, ref header, ref data);

    protected unsafe void SetFilter(string filterExpression)
    {
        Native.BpfProgram program;
        if (Native.pcap_compile(Handle, &program, filterExpression, optimize: 1, netmask: 0) != 0)
        {
            throw new PcapException(LastError);
        }

        var result = Native.pcap_setfilter(Handle, &program);
        Native.pcap_freecode(&program);
        if (result != 0)
        {
            throw new PcapException($"Can't set filter ({filterExpression}): {LastError}");
        }
    }

    protected void ThrowIfNotOpen(string ExceptionString)
    {
        if (!Opened)
        {
            throw new DeviceNotReadyException(ExceptionString);
        }
    }

    public void Dispose()
    {
        Close();
        GC.SuppressFinalize(this);
    }
}
