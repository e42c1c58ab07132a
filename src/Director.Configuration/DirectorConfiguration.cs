using System.Collections.Immutable;
using System.Net;

namespace Director.Configuration;

/// <summary>What a configuration file says, whole and valid. Every default is the one that <c>hocon/director.reference.conf</c> names.</summary>
public sealed record DirectorConfiguration
{
    /// <summary>The director's name; empty is the host's name.</summary>
    public string Name { get; init; } = "";

    /// <summary>NICs that packets are taken from; empty is every one but loopback.</summary>
    public ImmutableArray<string> Interfaces { get; init; } = [];

    /// <summary>Path of the UNIX socket that local commands speak to; absolute, at most 107 bytes (<c>sun_path</c>).</summary>
    public string Socket { get; init; } = "/run/director.sock";

    /// <summary>Where metrics, JSON and the page are served; null is nowhere.</summary>
    public IPEndPoint? Http { get; init; } = new(IPAddress.Loopback, 9090);

    /// <summary>How the packet path is set up.</summary>
    public EngineConfiguration Engine { get; init; } = new();

    /// <summary>Idle timeouts.</summary>
    public TimeoutsConfiguration Timeouts { get; init; } = new();

    /// <summary>Defences against floods.</summary>
    public DefenceConfiguration Defence { get; init; } = new();

    /// <summary>A connection whose real server was removed is forgotten at its next packet (<c>expire_nodest_conn</c>).</summary>
    public bool ExpireNoDestination { get; init; }

    /// <summary>A persistent client leaves a real server of weight 0 (<c>expire_quiescent_template</c>).</summary>
    public bool ExpireQuiescentTemplate { get; init; } = true;

    /// <summary>A TCP packet other than a SYN may create a connection (<c>sloppy_tcp</c>).</summary>
    public bool SloppyTcp { get; init; }

    /// <summary>Tunnels copy the inner DF and answer too long packets with fragmentation-needed (<c>pmtu_disc</c>).</summary>
    public bool PathMtuDiscovery { get; init; } = true;

    /// <summary>The virtual services in the file's order; names, and protocol with address and port, and marks are unique.</summary>
    public ImmutableArray<VirtualServiceConfiguration> VirtualServices { get; init; } = [];

    /// <summary>Which packets get which mark; the first that matches decides.</summary>
    public ImmutableArray<MarkConfiguration> Marks { get; init; } = [];

    /// <summary>Source NAT for connections that real servers open themselves; the first that matches decides.</summary>
    public ImmutableArray<MasqueradeConfiguration> Masquerade { get; init; } = [];

    /// <summary>What belongs to the health of all services.</summary>
    public HealthConfiguration Health { get; init; } = new();

    /// <summary>Who is told of changes of health.</summary>
    public AlertsConfiguration Alerts { get; init; } = new();

    /// <summary>How directors find each other.</summary>
    public ClusterConfiguration Cluster { get; init; } = new();

    /// <summary>Who holds the VIPs.</summary>
    public AvailabilityConfiguration Availability { get; init; } = new();

    /// <summary>How connections are copied to the other directors.</summary>
    public SynchronisationConfiguration Synchronisation { get; init; } = new();

    /// <summary>How active directors share the clients.</summary>
    public PartitionConfiguration Partition { get; init; } = new();

    /// <summary>How weights follow what real servers report.</summary>
    public FeedbackConfiguration Feedback { get; init; } = new();
}

/// <summary>How the packet path is set up; changes need a new start.</summary>
public sealed record EngineConfiguration
{
    /// <summary>Kinds of link: only <c>pcap</c>.</summary>
    public string Link { get; init; } = "pcap";

    /// <summary>Threads that forward, 1 to 64; 0 is one a core.</summary>
    public int Workers { get; init; }

    /// <summary>Connections that there is room for, over all workers: 1,024 to 16,777,216 a worker.</summary>
    public int Connections { get; init; } = 1_048_576;

    /// <summary>libpcap's immediate mode: lower latency, less throughput.</summary>
    public bool Immediate { get; init; } = true;

    /// <summary>libpcap's buffer for each NIC and worker in bytes: 1 MiB to 1 GiB.</summary>
    public int BufferBytes { get; init; } = 64 << 20;

    /// <summary>Frames skip the kernel's queueing discipline on their way out (<c>PACKET_QDISC_BYPASS</c>).</summary>
    public bool QueueingDisciplineBypass { get; init; } = true;

    /// <summary>How long a worker looks for frames without sleeping after the last one: 0 to 1 s, whole microseconds.</summary>
    public TimeSpan Spin { get; init; }
}

/// <summary>Idle timeouts (<c>ipvsadm --set</c>); each 1 s to 31 days, whole seconds.</summary>
public sealed record TimeoutsConfiguration
{
    /// <summary>TCP, established.</summary>
    public TimeSpan Tcp { get; init; } = TimeSpan.FromSeconds(900);

    /// <summary>TCP after a FIN.</summary>
    public TimeSpan TcpFin { get; init; } = TimeSpan.FromSeconds(120);

    /// <summary>UDP.</summary>
    public TimeSpan Udp { get; init; } = TimeSpan.FromSeconds(300);
}

/// <summary>When a defence against floods acts (ipvs-sysctl.rst).</summary>
public enum DefenceChoice
{
    /// <summary>While the connection table is short of room.</summary>
    Auto,

    /// <summary>Never.</summary>
    Off,

    /// <summary>Always.</summary>
    Always,
}

/// <summary>Defences against floods.</summary>
public sealed record DefenceConfiguration
{
    /// <summary>Drops half-open and old idle entries (<c>drop_entry</c>).</summary>
    public DefenceChoice DropEntry { get; init; } = DefenceChoice.Auto;

    /// <summary>A connection is established only by the client's third packet (<c>secure_tcp</c>).</summary>
    public DefenceChoice SecureTcp { get; init; } = DefenceChoice.Auto;
}

/// <summary>Puts a mark on packets for the virtual service of that mark.</summary>
/// <param name="Mark">From 1; belongs to the virtual service of this mark and of the destination's family.</param>
/// <param name="Protocol">Null is TCP and UDP.</param>
/// <param name="Destination">Destination addresses.</param>
/// <param name="Ports">Destination ports, 1 to 65535; empty is all.</param>
/// <param name="Source">Source addresses, of the destination's family; null is all.</param>
public sealed record MarkConfiguration(uint Mark, ServiceProtocol? Protocol, IPNetwork Destination, ImmutableArray<ushort> Ports, IPNetwork? Source);

/// <summary>Source NAT for connections that real servers open themselves.</summary>
/// <param name="Source">The real servers' network.</param>
/// <param name="Address">The address that the rest of the world sees, of the same family.</param>
public sealed record MasqueradeConfiguration(IPNetwork Source, IPAddress Address);
