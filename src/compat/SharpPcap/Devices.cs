using PacketDotNet;

namespace SharpPcap;

public enum GetPacketStatus
{
    ReadTimeout = 0,
    PacketRead = 1,
    NoRemainingPackets = -2,
    Error = -1,
}

public interface ICaptureHeader
{
    PosixTimeval Timeval { get; }
}

public interface IPcapDevice : IDisposable
{
    string Name { get; }

    string Description { get; }

    string LastError { get; }

    string Filter { get; set; }

    LinkLayers LinkType { get; }

    void Open(DeviceConfiguration configuration);

    void Close();
}

public interface ICaptureDevice : IPcapDevice
{
    GetPacketStatus GetNextPacket(out PacketCapture e);
}

public interface IInjectionDevice : IPcapDevice
{
    void SendPacket(ReadOnlySpan<byte> p, ICaptureHeader header = null);
}

public interface ILiveDevice : ICaptureDevice, IInjectionDevice;

public static class CaptureDeviceExtensions
{
    public static void Open(this IPcapDevice device, DeviceModes mode = DeviceModes.None, int read_timeout = 1000) =>
        device.Open(new DeviceConfiguration { Mode = mode, ReadTimeout = read_timeout });

    public static void Open(this LibPcap.CaptureFileWriterDevice device, LinkLayers linkLayerType = LinkLayers.Ethernet) =>
        device.Open(new DeviceConfiguration { LinkLayerType = linkLayerType });
}
