namespace PacketDotNet;

/// <summary>What a captured frame begins with: DLT_ values, and LINKTYPE_ values of pcap files where they differ.</summary>
public enum LinkLayers
{
    Null = 0,
    Ethernet = 1,
    RawLegacy = 12,
    Raw = 101,
    LinuxSll = 113,
    IPv4 = 228,
    IPv6 = 229,
    LinuxSll2 = 276,
}
