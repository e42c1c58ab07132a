namespace Director.Forwarding.Links;

/// <summary>A network interface as it was when it was read.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Index">The kernel's index.</param>
/// <param name="Mac">As in <see cref="ILink.Mac"/>; 0 when it has none.</param>
/// <param name="Mtu">Largest IP packet in bytes.</param>
internal sealed record InterfaceInfo(string Name, int Index, ulong Mac, int Mtu)
{
    /// <summary>Whether an administrator has set it up (IFF_UP).</summary>
    public bool IsUp { get; init; }

    /// <summary>Whether its frames begin with an Ethernet header (ARPHRD_ETHER).</summary>
    public bool IsEthernet { get; init; }

    /// <summary>Whether it is a loopback interface.</summary>
    public bool IsLoopback { get; init; }

    /// <summary>Whether it is a port of a bridge or a member of a bond or team: its packets belong to that.</summary>
    public bool IsEnslaved { get; init; }

    /// <summary>What kind of software device it is (IFLA_INFO_KIND: <c>veth</c>, <c>vlan</c>, <c>tun</c>, ...); empty for hardware.</summary>
    public string DeviceKind { get; init; } = "";
}
