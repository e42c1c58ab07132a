using PacketDotNet;

namespace SharpPcap;

[Flags]
public enum DeviceModes
{
    None = 0,
    Promiscuous = 1,
    DataTransferUdp = 2,
    NoCaptureRemote = 4,
    NoCaptureLocal = 8,
    MaxResponsiveness = 16,
}

/// <summary>How a device is opened. What is null keeps libpcap's default.</summary>
public class DeviceConfiguration
{
    public DeviceModes Mode { get; set; }

    /// <summary>Milliseconds.</summary>
    public int ReadTimeout { get; set; } = 1000;

    public int Snaplen { get; set; } = 65536;

    /// <summary>Bytes.</summary>
    public int? BufferSize { get; set; }

    public bool? Immediate { get; set; }

    public LinkLayers LinkLayerType { get; set; } = LinkLayers.Ethernet;
}
