using System.Collections.Immutable;
using System.Net;
using Director.Cluster.Health;
using Director.Forwarding;

namespace Director.Cluster.Telemetry;

/// <summary>A director at a glance.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Program">Version of the program and the packages that it stands on.</param>
/// <param name="Started">When it started.</param>
/// <param name="Timeouts">Idle timeouts in force.</param>
/// <param name="Engine">What the engine has done and holds.</param>
public sealed record DirectorFigures(string Name, string Program, DateTimeOffset Started, Timeouts Timeouts, EngineReport Engine)
{
    /// <summary>Where its actors are reached: <c>akka.tls://director@lb1:2551</c>; empty without a cluster.</summary>
    public string Address { get; init; } = "";

    /// <summary>How old these figures are, in seconds: 0 for the director that is asked.</summary>
    public double AgeSeconds { get; init; }

    /// <summary>Groups of addresses and what it does for them.</summary>
    public ImmutableArray<GroupFigures> Groups { get; init; } = [];

    /// <summary>What it hears of others; null: it holds everything and hears nobody.</summary>
    public HeartbeatFigures? Heartbeat { get; init; }

    /// <summary>How far it has the connections of others; null: they are not synchronised.</summary>
    public SynchronisationFigures? Synchronisation { get; init; }

    /// <summary>VRRP packets that it did not take, by why: <c>drop-checksum</c>, <c>drop-router-id</c>.</summary>
    public ImmutableSortedDictionary<string, ulong> Vrrp { get; init; } = ImmutableSortedDictionary<string, ulong>.Empty;

    /// <summary>What real servers report of themselves; null: none is heard or asked.</summary>
    public FeedbackFigures? Feedback { get; init; }

    /// <summary>How its table in force differs from its configuration file, a line each.</summary>
    public ImmutableArray<string> Differences { get; init; } = [];

    /// <summary>The health of real servers as it sees it. All directors know the same verdicts, so it is not sent to others: empty in theirs.</summary>
    public ImmutableArray<ServiceHealthFigures> Health { get; init; } = [];

    /// <summary>What it does to know that; null in the figures of others.</summary>
    public CheckingFigures? Checking { get; init; }
}

/// <summary>What a director does for a group of addresses.</summary>
/// <param name="Name">The group.</param>
/// <param name="Addresses">Its addresses.</param>
/// <param name="Role">waits, holds, hands-over, leaves.</param>
public sealed record GroupFigures(string Name, ImmutableArray<IPAddress> Addresses, string Role)
{
    /// <summary>How often it has taken the group since it started.</summary>
    public long Takes { get; init; }

    /// <summary>Its share of the clients; null where a group has one holder.</summary>
    public PartitionFigures? Partition { get; init; }

    /// <summary>How it is held by VRRP; null where it is held by heartbeats.</summary>
    public VrrpFigures? Vrrp { get; init; }
}

/// <summary>A group held by VRRP.</summary>
/// <param name="State">initialize, backup, master.</param>
/// <param name="Priority">The priority in force.</param>
/// <param name="Reason">Why the state is what it is.</param>
/// <param name="Routers">Its virtual routers.</param>
public sealed record VrrpFigures(string State, int Priority, string Reason, ImmutableArray<VirtualRouterFigures> Routers)
{
    /// <summary>Advertisements sent.</summary>
    public long Sent { get; init; }

    /// <summary>Advertisements taken.</summary>
    public long Received { get; init; }
}

/// <summary>A virtual router of a group.</summary>
/// <param name="Interface">Its interface.</param>
/// <param name="RouterId">Its VRID.</param>
/// <param name="Master">Address of the master that was heard last, or that this director has while it is the master; empty: nobody yet.</param>
/// <param name="MasterPriority">Its priority.</param>
public sealed record VirtualRouterFigures(string Interface, int RouterId, string Master, int MasterPriority);

/// <summary>A director's share of a partition.</summary>
/// <param name="Blocks">Blocks that are its own, 0 to 512.</param>
/// <param name="Ranges">Which: <c>0-127 256-300 511</c>.</param>
public sealed record PartitionFigures(int Blocks, string Ranges)
{
    /// <summary>Number of the map that it obeys; 0 is none.</summary>
    public ulong Epoch { get; init; }

    /// <summary>The director that moves blocks: the oldest that all hear; empty is none.</summary>
    public string Master { get; init; } = "";

    /// <summary>Its weight beside the others.</summary>
    public int Weight { get; init; }

    /// <summary>Names the blocks of a share.</summary>
    public static PartitionFigures Of(ImmutableArray<bool> blocks)
    {
        var ranges = new List<string>();
        for (var from = 0; from < blocks.Length; from++)
        {
            if (!blocks[from])
            {
                continue;
            }

            var to = from;
            while (to + 1 < blocks.Length && blocks[to + 1])
            {
                to++;
            }

            ranges.Add(from == to ? $"{from}" : $"{from}-{to}");
            from = to;
        }

        return new(blocks.Count(isOwn => isOwn), string.Join(' ', ranges));
    }
}

/// <summary>What a director hears by heartbeat.</summary>
/// <param name="IsEligible">Whether it may hold addresses.</param>
/// <param name="PingNodes">Ping nodes that it asks.</param>
/// <param name="PingNodesReached">How many of them answer.</param>
/// <param name="Hears">Names of the directors that it hears.</param>
public sealed record HeartbeatFigures(bool IsEligible, int PingNodes, int PingNodesReached, ImmutableArray<string> Hears)
{
    /// <summary>The longest time between two heartbeats that it sent, in seconds: near deadtime, a false takeover is near.</summary>
    public double LongestPauseSeconds { get; init; }

    /// <summary>Datagrams at the heartbeat's port that were not taken, by why: <c>drop-forged</c>, <c>drop-replayed</c>.</summary>
    public ImmutableSortedDictionary<string, ulong> Counters { get; init; } = ImmutableSortedDictionary<string, ulong>.Empty;
}

/// <summary>How far a director has the connections of the others.</summary>
/// <param name="IsSynchronised">Whether it has caught up with all.</param>
/// <param name="Peers">The others.</param>
public sealed record SynchronisationFigures(bool IsSynchronised, ImmutableArray<SynchronisationPeerFigures> Peers)
{
    /// <summary>What was sent again, and every reason why a datagram or a snapshot's reader was not taken, by name.</summary>
    public ImmutableSortedDictionary<string, ulong> Counters { get; init; } = ImmutableSortedDictionary<string, ulong>.Empty;
}

/// <summary>How far a director has another one's connections.</summary>
/// <param name="Name">The other director.</param>
/// <param name="Stage">behind, snapshot, caught-up.</param>
/// <param name="Records">Records received.</param>
/// <param name="Behind">Datagrams sent by the other one and not here yet.</param>
/// <param name="Lost">Datagrams given up, after which a snapshot is asked for.</param>
public sealed record SynchronisationPeerFigures(string Name, string Stage, long Records, long Behind, long Lost);

/// <summary>What real servers report of themselves.</summary>
/// <param name="Servers">Those that somebody speaks for.</param>
public sealed record FeedbackFigures(ImmutableArray<FedServerFigures> Servers)
{
    /// <summary>What came in, and every reason why something was not taken, by name.</summary>
    public ImmutableSortedDictionary<string, ulong> Counters { get; init; } = ImmutableSortedDictionary<string, ulong>.Empty;
}

/// <summary>What a real server reports.</summary>
/// <param name="Service">Name of its service.</param>
/// <param name="Address">Its address.</param>
/// <param name="Port">Its port.</param>
/// <param name="Percent">Of its configured weight: 0 to 100.</param>
/// <param name="State">ready, drain, maintenance, down; stale: not heard for too long, so it is on its way to its configured weight; left: its agent has taken its leave.</param>
/// <param name="AgeSeconds">Seconds since its last report; -1: none yet.</param>
/// <param name="Agent">Name of the agent that speaks for it; <c>agent-check</c>: it is asked.</param>
public sealed record FedServerFigures(string Service, IPAddress Address, ushort Port, int Percent, string State, double AgeSeconds, string Agent);
