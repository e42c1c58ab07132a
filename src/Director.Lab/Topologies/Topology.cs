namespace Director.Lab.Topologies;

/// <summary>How clients, the director and the real servers are joined.</summary>
public enum Topology
{
    /// <summary>Network address translation with a NIC on each side; the director is the real servers' gateway.</summary>
    Nat,

    /// <summary>Network address translation with one NIC; clients come through a router, and the director is the real servers' gateway.</summary>
    NatOneArmed,

    /// <summary>Direct routing on one LAN; the real servers hold the VIP and answer the clients themselves.</summary>
    Direct,

    /// <summary>Direct routing with the director between clients and real servers, whose answers its kernel forwards.</summary>
    DirectThroughGateway,

    /// <summary>Tunnels over the inside LAN; the real servers hold the VIP and answer on the clients' LAN.</summary>
    Tunnel,
}
