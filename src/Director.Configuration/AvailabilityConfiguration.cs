using System.Collections.Immutable;
using System.Net;

namespace Director.Configuration;

/// <summary>How many directors hold the VIPs at once.</summary>
public enum AvailabilityMode
{
    /// <summary>One director holds a group.</summary>
    ActiveStandby,

    /// <summary>All directors hold it and share the clients.</summary>
    ActiveActive,
}

/// <summary>Who holds the VIPs.</summary>
public sealed record AvailabilityConfiguration
{
    /// <summary>How many directors hold a group at once.</summary>
    public AvailabilityMode Mode { get; init; } = AvailabilityMode.ActiveStandby;

    /// <summary>What moves together. VIPs and masquerade addresses that no group names belong to a group <c>default</c> with the defaults of all keys.</summary>
    public ImmutableArray<GroupConfiguration> Groups { get; init; } = [];

    /// <summary>How directors hear each other.</summary>
    public HeartbeatConfiguration Heartbeat { get; init; } = new();

    /// <summary>Hosts whose echo replies make a director eligible; empty: always eligible.</summary>
    public ImmutableArray<IPAddress> PingNodes { get; init; } = [];

    /// <summary>Between two echo requests to a ping node: 100 ms to 1 min.</summary>
    public TimeSpan PingInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Without a reply for this long a ping node counts as not reached: 200 ms to 10 min.</summary>
    public TimeSpan PingTimeout { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>Mail on take and release of a group; null is none.</summary>
    public MailConfiguration? Mail { get; init; }
}

/// <summary>Addresses that move together.</summary>
public sealed record GroupConfiguration
{
    /// <summary>Its name, unique, up to 64 characters.</summary>
    public required string Name { get; init; }

    /// <summary>VIPs and gateway addresses that real servers route through; each in one group only.</summary>
    public ImmutableArray<IPAddress> Addresses { get; init; } = [];

    /// <summary>NICs that the addresses are announced and answered on; empty is every one of the director.</summary>
    public ImmutableArray<string> Interfaces { get; init; } = [];

    /// <summary>Name of the director that holds the group whenever it can, with nice-failback off; empty is none.</summary>
    public string Preferred { get; init; } = "";

    /// <summary>Gratuitous ARP and unsolicited neighbour advertisements when taken: 1 to 60, a second apart but for the first two.</summary>
    public int Announcements { get; init; } = 5;

    /// <summary>Between two announcements while held; zero is never, else 1 s to 1 d.</summary>
    public TimeSpan Refresh { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Command run with <c>sh -c</c> when this director has taken the group, with <c>DIRECTOR_GROUP</c>, <c>DIRECTOR_ADDRESSES</c> and <c>DIRECTOR_EVENT</c> (take, release); empty is none.</summary>
    public string OnTake { get; init; } = "";

    /// <summary>The same when it has released the group.</summary>
    public string OnRelease { get; init; } = "";

    /// <summary>How the group is held by VRRP (<c>protocol = vrrp</c>); null: by heartbeats.</summary>
    public VrrpConfiguration? Vrrp { get; init; }

    /// <summary>Own partition of the clients in active-active mode; null is <see cref="DirectorConfiguration.Partition"/>.</summary>
    public PartitionConfiguration? Partition { get; init; }
}

/// <summary>How directors hear each other (heartbeat's words).</summary>
public sealed record HeartbeatConfiguration
{
    /// <summary>UDP port, 1 to 65535 (heartbeat's own).</summary>
    public int Port { get; init; } = 694;

    /// <summary>UDP links; empty: the hosts of the cluster's seeds, by unicast.</summary>
    public ImmutableArray<HeartbeatLinkConfiguration> Links { get; init; } = [];

    /// <summary>Heartbeats also by layer-2 multicast on each interface that packets are taken from.</summary>
    public bool Ethernet { get; init; } = true;

    /// <summary>Between two heartbeats: 10 ms to 1 min.</summary>
    public TimeSpan Keepalive { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>A silence of this length is logged.</summary>
    public TimeSpan Warntime { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>A director that is silent for this long is dead; at least twice keepalive.</summary>
    public TimeSpan Deadtime { get; init; } = TimeSpan.FromMilliseconds(350);

    /// <summary>How long a director that has started waits for others before it takes anything; at least deadtime.</summary>
    public TimeSpan Initdead { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>A group stays where it is when a better director comes back.</summary>
    public bool NiceFailback { get; init; } = true;

    /// <summary>The higher takes a group first, 0 to 255; then the director that started first.</summary>
    public int Priority { get; init; } = 100;
}

/// <summary>A way that heartbeats take: multicast on an interface, or unicast to peers.</summary>
public sealed record HeartbeatLinkConfiguration
{
    /// <summary>NIC; needed for multicast, empty for unicast by the routing table.</summary>
    public string Interface { get; init; } = "";

    /// <summary>Multicast group; null for unicast.</summary>
    public IPAddress? Multicast { get; init; }

    /// <summary>Unicast peers; own addresses among them are skipped.</summary>
    public ImmutableArray<IPAddress> Peers { get; init; } = [];
}

/// <summary>Mail by SMTP, without authentication.</summary>
public sealed record MailConfiguration
{
    /// <summary>Server, <c>host</c> or <c>host:port</c> (25).</summary>
    public required string Server { get; init; }

    /// <summary>Sender's address.</summary>
    public required string From { get; init; }

    /// <summary>Receivers' addresses, at least one.</summary>
    public required ImmutableArray<string> To { get; init; }
}
