using System.Collections.Immutable;
using System.Net;

namespace Director.Configuration;

/// <summary>Layer-4 protocol of a virtual service.</summary>
public enum ServiceProtocol
{
    /// <summary>TCP.</summary>
    Tcp,

    /// <summary>UDP.</summary>
    Udp,
}

/// <summary>How packets reach a real server (the forwarding method).</summary>
public enum PacketForwarding
{
    /// <summary>Network address translation (<c>ipvsadm -m</c>).</summary>
    Nat,

    /// <summary>Direct routing (<c>ipvsadm -g</c>).</summary>
    Direct,

    /// <summary>Tunnelling (<c>ipvsadm -i</c>).</summary>
    Tunnel,

    /// <summary>The real server is this host.</summary>
    Local,
}

/// <summary>Encapsulation of <see cref="PacketForwarding.Tunnel"/>.</summary>
public enum Encapsulation
{
    /// <summary>IP in IP.</summary>
    IpIp,

    /// <summary>Generic UDP encapsulation.</summary>
    Gue,

    /// <summary>Generic routing encapsulation.</summary>
    Gre,
}

/// <summary>Checksum that an encapsulation carries.</summary>
public enum EncapsulationChecksum
{
    /// <summary>None.</summary>
    None,

    /// <summary>Computed over the outer packet (gue and gre).</summary>
    Full,

    /// <summary>Remote checksum offload (gue).</summary>
    Remote,
}

/// <summary>Flags of a scheduler (<c>ipvsadm -b</c>).</summary>
[Flags]
public enum SchedulerFlag
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary><c>flag-1</c>, <c>sh-fallback</c>, <c>mh-fallback</c>.</summary>
    First = 1,

    /// <summary><c>flag-2</c>, <c>sh-port</c>, <c>mh-port</c>.</summary>
    Second = 2,

    /// <summary><c>flag-3</c>.</summary>
    Third = 4,
}

/// <summary>A virtual service. It has an address and a port, or a mark.</summary>
/// <param name="Name">Its key in the file.</param>
public sealed record VirtualServiceConfiguration(string Name)
{
    /// <summary>TCP or UDP; null for a mark service.</summary>
    public ServiceProtocol? Protocol { get; init; }

    /// <summary>The VIP; null for a mark service.</summary>
    public IPAddress? Address { get; init; }

    /// <summary>The port; 0 is every port (persistent services only), and for a mark service.</summary>
    public ushort Port { get; init; }

    /// <summary>The mark; 0 for a service with an address.</summary>
    public uint Mark { get; init; }

    /// <summary>Whether clients come by IPv6.</summary>
    public bool IsIPv6 { get; init; }

    /// <summary>One of the fourteen names that <c>ipvsadm -s</c> takes.</summary>
    public string Scheduler { get; init; } = "wlc";

    /// <summary>Flags of the scheduler.</summary>
    public SchedulerFlag SchedulerFlags { get; init; }

    /// <summary>Keeps a client on one real server; null is not.</summary>
    public PersistenceConfiguration? Persistence { get; init; }

    /// <summary>Every packet is scheduled anew (UDP and marks only).</summary>
    public bool OnePacket { get; init; }

    /// <summary>Networks that may open connections; empty is all.</summary>
    public ImmutableArray<IPNetwork> Allow { get; init; } = [];

    /// <summary>Networks that may not, also where <see cref="Allow"/> has them.</summary>
    public ImmutableArray<IPNetwork> Deny { get; init; } = [];

    /// <summary>In the file's order; address and port are unique.</summary>
    public ImmutableArray<RealServerConfiguration> RealServers { get; init; } = [];

    /// <summary>Where connections go when there is no real server left; null is nowhere.</summary>
    public RealServerConfiguration? Fallback { get; init; }

    /// <summary>The fallback is the page that the director serves itself (<see cref="HealthConfiguration.PagePort"/>).</summary>
    public bool FallbackIsPage { get; init; }

    /// <summary>Sum of weights of healthy real servers from which the service is well: 1 to 65535.</summary>
    public int Quorum { get; init; } = 1;

    /// <summary>How far above the quorum it is gained and below it is lost: 0 to <see cref="Quorum"/> - 1.</summary>
    public int Hysteresis { get; init; }

    /// <summary>Percent of the real servers, 0 to 100; when more than this have failed, the last known good ones are kept. 100 is never.</summary>
    public int Panic { get; init; } = 100;

    /// <summary>How long connections may go on of a real server that left the file or is in maintenance: 0 to 7 days.</summary>
    public TimeSpan DrainTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>A real server that fails its check keeps its connections at weight 0 (true) or is removed.</summary>
    public bool Quiescent { get; init; } = true;

    /// <summary>Checks of real servers that have none of their own, as of those that are added while the director runs.</summary>
    public ImmutableArray<CheckConfiguration> Checks { get; init; } = [];
}

/// <summary>Keeps a client on one real server.</summary>
/// <param name="Timeout">How long after its last connection: 1 s to 31 days, whole seconds.</param>
/// <param name="PrefixLength">Clients with the same leading bits are one: 1 to 32 (IPv4) or 1 to 128 (IPv6).</param>
public sealed record PersistenceConfiguration(TimeSpan Timeout, int PrefixLength);

/// <summary>A real server, with what it takes over from its service.</summary>
/// <param name="Address">Its address; of the service's family, or any where it is tunnelled to.</param>
/// <param name="Port">Its port; 0 is the port that the client asked for. Without NAT it is the service's.</param>
public sealed record RealServerConfiguration(IPAddress Address, ushort Port)
{
    /// <summary>How packets reach it.</summary>
    public PacketForwarding Forwarding { get; init; }

    /// <summary>Encapsulation; null unless <see cref="Forwarding"/> is <see cref="PacketForwarding.Tunnel"/>.</summary>
    public TunnelConfiguration? Tunnel { get; init; }

    /// <summary>Capacity relative to the others, 0 to 65535; 0 takes no new connection.</summary>
    public int Weight { get; init; } = 1;

    /// <summary>Connections from which it is overloaded; 0 is no limit.</summary>
    public int UpperThreshold { get; init; }

    /// <summary>Connections below which it no longer is, at most <see cref="UpperThreshold"/>; 0 is three quarters of it.</summary>
    public int LowerThreshold { get; init; }

    /// <summary>It gets no new connections until this is taken back.</summary>
    public bool Maintenance { get; init; }

    /// <summary>How its health is checked, by all of these; its own, or else the service's. Empty: not at all.</summary>
    public ImmutableArray<CheckConfiguration> Checks { get; init; } = [];

    /// <summary>Its agent that is asked for its load; null is none.</summary>
    public AgentCheckConfiguration? AgentCheck { get; init; }
}

/// <summary>Encapsulation towards a real server.</summary>
public sealed record TunnelConfiguration
{
    /// <summary>The encapsulation.</summary>
    public Encapsulation Type { get; init; }

    /// <summary>UDP destination port, 1 to 65535, for gue; otherwise 0.</summary>
    public ushort Port { get; init; }

    /// <summary>The checksum: full for gue and gre, remote for gue.</summary>
    public EncapsulationChecksum Checksum { get; init; }
}
