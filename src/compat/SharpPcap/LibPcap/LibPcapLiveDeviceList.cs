using System.Collections.ObjectModel;

namespace SharpPcap.LibPcap;

/// <summary>Every interface that libpcap can open.</summary>
public class LibPcapLiveDeviceList : ReadOnlyCollection<LibPcapLiveDevice>
{
    private LibPcapLiveDeviceList(IList<LibPcapLiveDevice> devices)
        : base(devices)
    {
    }

    public LibPcapLiveDevice this[string Name] => this.FirstOrDefault(device => device.Name == Name)
        ?? throw new IndexOutOfRangeException($"No device called {Name}");

    /// <summary>The interfaces as they are now.</summary>
    public static LibPcapLiveDeviceList New() => new([.. PcapInterface.GetAllPcapInterfaces().Select(found => new LibPcapLiveDevice(found))]);
}
