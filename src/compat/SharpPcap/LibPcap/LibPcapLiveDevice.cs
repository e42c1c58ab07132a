namespace SharpPcap.LibPcap;

/// <summary>A network interface.</summary>
public class LibPcapLiveDevice : PcapDevice, ILiveDevice
{
    public LibPcapLiveDevice(PcapInterface pcapInterface)
        : base(pcapInterface)
    {
    }

    public override string Name => Interface.Name;

    public override string Description => Interface.Description;

    public virtual uint Flags => Interface.Flags;

    public unsafe bool NonBlockingMode
    {
        get
        {
            ThrowIfNotOpen("Can't get blocking mode, the device is closed");
            var error = stackalloc byte[Native.ErrorBufferBytes];
            var answer = Native.pcap_getnonblock(Handle, error);
            return answer >= 0 ? answer != 0 : throw new PcapException(Native.Text(error));
        }

        set
        {
            ThrowIfNotOpen("Can't set blocking mode, the device is closed");
            var error = stackalloc byte[Native.ErrorBufferBytes];
            if (Native.pcap_setnonblock(Handle, value ? 1 : 0, error) != 0)
            {
                throw new PcapException(Native.Text(error));
            }
        }
    }

    public override unsafe void Open(DeviceConfiguration configuration)
    {
        if (Opened)
        {
            return;
        }

        var error = stackalloc byte[Native.ErrorBufferBytes];
        var handle = Native.pcap_create(Name, error);
        if (handle.IsInvalid)
        {
            throw new PcapException($"Unable to open the adapter '{Name}': {Native.Text(error)}");
        }

        // None of these fails before activation.
        _ = Native.pcap_set_snaplen(handle, configuration.Snaplen);
        _ = Native.pcap_set_promisc(handle, configuration.Mode.HasFlag(DeviceModes.Promiscuous) ? 1 : 0);
        _ = Native.pcap_set_timeout(handle, configuration.ReadTimeout);
        if (configuration.BufferSize is { } bytes)
        {
            _ = Native.pcap_set_buffer_size(handle, bytes);
        }

        if (configuration.Immediate ?? configuration.Mode.HasFlag(DeviceModes.MaxResponsiveness))
        {
            _ = Native.pcap_set_immediate_mode(handle, 1);
        }

        var result = Native.pcap_activate(handle);
        if (result < 0)
        {
            handle.Dispose();
            throw new PcapException($"Unable to activate the adapter ({Name}).", (PcapError)result);
        }

        Handle = handle;
    }

    public unsafe void SendPacket(ReadOnlySpan<byte> p, ICaptureHeader header = null)
    {
        ThrowIfNotOpen("Can't send packet, the device is closed");
        fixed (byte* data = p)
        {
            if (Native.pcap_sendpacket(Handle, data, p.Length) != 0)
            {
                throw new PcapException($"Can't send packet: {LastError}");
            }
        }
    }
}
