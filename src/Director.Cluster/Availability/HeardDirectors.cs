using System.Collections.Immutable;
using System.Net;
using Director.Configuration;

namespace Director.Cluster.Availability;

/// <summary>Who is alive by heartbeat: an immutable snapshot. A director is in it from its first accepted heartbeat until it is silent for <c>deadtime</c> or says goodbye.</summary>
/// <param name="Self">This director, as its own heartbeats tell of it.</param>
/// <param name="Others">The others, by name.</param>
public sealed record HeardDirectors(HeardDirector Self, ImmutableArray<HeardDirector> Others)
{
    /// <summary>This director and the others, oldest first.</summary>
    public IEnumerable<HeardDirector> OldestFirst => Others.Add(Self).Order();
}

/// <summary>A director as its heartbeats tell of it. Ordered by age, oldest first; the order is the same on every director.</summary>
public sealed record HeardDirector : IComparable<HeardDirector>
{
    /// <summary>Its name, unique in the cluster.</summary>
    public required string Name { get; init; }

    /// <summary>A random number that it drew when it started: another one is another start.</summary>
    public required ulong Boot { get; init; }

    /// <summary>When it started, by its own clock, read once. A wrong clock makes a wrong order, but the same one on every director.</summary>
    public required DateTimeOffset Started { get; init; }

    /// <summary>As <see cref="HeartbeatConfiguration.Priority"/>.</summary>
    public int Priority { get; init; }

    /// <summary>As <see cref="AvailabilityConfiguration.Mode"/>.</summary>
    public AvailabilityMode Mode { get; init; }

    /// <summary>Ping nodes that it asks, 0 to 255.</summary>
    public int PingNodes { get; init; }

    /// <summary>How many of them answer.</summary>
    public int PingNodesReached { get; init; }

    /// <summary>Whether it has waited <c>initdead</c>, is not stopping, and its ping nodes let it hold addresses.</summary>
    public bool IsEligible { get; init; }

    /// <summary>Whether it has the connections of the others.</summary>
    public bool IsSynchronised { get; init; }

    /// <summary>Whether it is handing over and will be gone.</summary>
    public bool IsStopping { get; init; }

    /// <summary>What it does for each group; only groups that this director is configured with too.</summary>
    public ImmutableSortedDictionary<string, GroupState> Groups { get; init; } = ImmutableSortedDictionary<string, GroupState>.Empty;

    /// <summary>Names of the directors that it hears, of those that this director hears.</summary>
    public ImmutableArray<string> Hears { get; init; } = [];

    /// <summary>Where its Akka listens (<c>akka.tls://director@10.0.0.1:2551</c>); empty while it has none.</summary>
    public string AkkaAddress { get; init; } = "";

    /// <summary>The Akka cluster that it is in; null while it is in none.</summary>
    public ClusterIdentity? Cluster { get; init; }

    /// <summary>Where it takes connections of the others; null when it takes none.</summary>
    public IPEndPoint? Synchronisation { get; init; }

    /// <summary>The last address that a heartbeat of it came from; null while it is heard by Ethernet only.</summary>
    public IPAddress? Address { get; init; }

    /// <summary>What other features tell each other by <see cref="IHeardDirectors.SetPayload"/>.</summary>
    public ImmutableSortedDictionary<int, ImmutableArray<byte>> Payloads { get; init; } = ImmutableSortedDictionary<int, ImmutableArray<byte>>.Empty;

    /// <inheritdoc/>
    public int CompareTo(HeardDirector? other) => other is null ? 1
        : Started != other.Started ? Started.CompareTo(other.Started)
        : string.CompareOrdinal(Name, other.Name);
}

/// <summary>What tells one Akka cluster from another.</summary>
/// <param name="Id">Drawn by the director that made it; never empty.</param>
/// <param name="Formed">When, by that director's clock, in whole milliseconds. The older of two clusters is the one that stays.</param>
public sealed record ClusterIdentity(Guid Id, DateTimeOffset Formed);
