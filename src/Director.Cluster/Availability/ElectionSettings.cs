using System.Collections.Immutable;
using Director.Configuration;

namespace Director.Cluster.Availability;

/// <summary>What an election goes by; times in milliseconds.</summary>
internal sealed record ElectionSettings
{
    /// <summary>This director.</summary>
    public required string Name { get; init; }

    /// <summary>As <see cref="HeardDirector.Started"/>.</summary>
    public required DateTimeOffset Started { get; init; }

    /// <summary>As <see cref="HeartbeatConfiguration.Keepalive"/>.</summary>
    public required long Keepalive { get; init; }

    /// <summary>As <see cref="HeartbeatConfiguration.Warntime"/>.</summary>
    public required long Warntime { get; init; }

    /// <summary>As <see cref="HeartbeatConfiguration.Deadtime"/>.</summary>
    public required long Deadtime { get; init; }

    /// <summary>As <see cref="HeartbeatConfiguration.Initdead"/>.</summary>
    public required long Initdead { get; init; }

    /// <summary>How long another director must have been the better one before a group is handed over to it: directors notice the loss of a ping node at different moments.</summary>
    public required long HoldOff { get; init; }

    /// <summary>In active-active mode, how long a director that is not synchronised stays outside while others are (<see cref="PartitionConfiguration.JoinWait"/>).</summary>
    public long JoinWait { get; init; } = 30_000;

    /// <summary>As <see cref="HeartbeatConfiguration.NiceFailback"/>.</summary>
    public bool NiceFailback { get; init; } = true;

    /// <summary>As <see cref="HeartbeatConfiguration.Priority"/>.</summary>
    public int Priority { get; init; } = 100;

    /// <summary>As <see cref="AvailabilityConfiguration.Mode"/>.</summary>
    public AvailabilityMode Mode { get; init; }

    /// <summary>Ping nodes that are asked.</summary>
    public int PingNodes { get; init; }

    /// <summary>The groups.</summary>
    public required ImmutableArray<ElectionGroup> Groups { get; init; }
}

/// <summary>A group as an election knows it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Preferred">As <see cref="GroupConfiguration.Preferred"/>.</param>
internal sealed record ElectionGroup(string Name, string Preferred)
{
    /// <summary>What heartbeats call it.</summary>
    public ulong Id { get; } = HeartbeatFormat.GroupId(Name);
}
