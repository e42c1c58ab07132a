namespace SharpPcap.LibPcap;

/// <summary>An interface that libpcap can open.</summary>
public class PcapInterface
{
    internal PcapInterface(string name, string description, uint flags)
    {
        Name = name;
        Description = description;
        Flags = flags;
    }

    public string Name { get; }

    public string Description { get; }

    /// <summary>PCAP_IF_ bits.</summary>
    public uint Flags { get; }

    public static unsafe IReadOnlyList<PcapInterface> GetAllPcapInterfaces()
    {
        var error = stackalloc byte[Native.ErrorBufferBytes];
        Native.PcapIf* first;
        if (Native.pcap_findalldevs(&first, error) != 0)
        {
            throw new PcapException(Native.Text(error));
        }

        var interfaces = new List<PcapInterface>();
        for (var device = first; device != null; device = device->Next)
        {
            interfaces.Add(new PcapInterface(Native.Text(device->Name), Native.Text(device->Description), device->Flags));
        }

        Native.pcap_freealldevs(first);
        return interfaces;
    }
}
