using System.Collections.Immutable;
using System.Net;
using Director.Configuration;

namespace Director.Cluster.Availability;

/// <summary>What a heartbeat says of its director.</summary>
internal sealed record HeartbeatBody
{
    /// <summary>A random number that a start which the director does not know yet must repeat: nobody can have recorded that.</summary>
    public required ulong Challenge { get; init; }

    /// <summary>As <see cref="HeartbeatConfiguration.Deadtime"/>, in milliseconds, from 1.</summary>
    public required int Deadtime { get; init; }

    /// <summary>As <see cref="HeardDirector.Started"/>, in whole milliseconds.</summary>
    public required DateTimeOffset Started { get; init; }

    /// <summary>As <see cref="HeardDirector.Priority"/>.</summary>
    public required byte Priority { get; init; }

    /// <summary>As <see cref="HeardDirector.PingNodes"/>.</summary>
    public byte PingNodes { get; init; }

    /// <summary>As <see cref="HeardDirector.PingNodesReached"/>.</summary>
    public byte PingNodesReached { get; init; }

    /// <summary>As <see cref="HeardDirector.Mode"/>.</summary>
    public AvailabilityMode Mode { get; init; }

    /// <summary>As <see cref="HeardDirector.IsEligible"/>.</summary>
    public bool IsEligible { get; init; }

    /// <summary>As <see cref="HeardDirector.IsSynchronised"/>.</summary>
    public bool IsSynchronised { get; init; }

    /// <summary>As <see cref="HeardDirector.IsStopping"/>.</summary>
    public bool IsStopping { get; init; }

    /// <summary>The last heartbeat of this start: the director has nothing any more and will not be heard again.</summary>
    public bool IsGoodbye { get; init; }

    /// <summary>As <see cref="HeardDirector.AkkaAddress"/>; at most <see cref="HeartbeatFormat.MaxAkkaAddressBytes"/>.</summary>
    public string AkkaAddress { get; init; } = "";

    /// <summary>As <see cref="HeardDirector.Cluster"/>.</summary>
    public ClusterIdentity? Cluster { get; init; }

    /// <summary>As <see cref="HeardDirector.Synchronisation"/>.</summary>
    public IPEndPoint? Synchronisation { get; init; }

    /// <summary>Starts of others that the director hears; at most <see cref="HeartbeatFormat.MaxContacts"/>.</summary>
    public ImmutableArray<HeartbeatContact> Contacts { get; init; } = [];

    /// <summary>The director's groups; at most <see cref="HeartbeatFormat.MaxGroups"/>.</summary>
    public ImmutableArray<HeartbeatGroup> Groups { get; init; } = [];
}

/// <summary>A start of another director that one hears.</summary>
/// <param name="Boot">Its number.</param>
/// <param name="Answer">The challenge that it last sent.</param>
/// <param name="IsAlive">Whether it has answered this director's challenge and is not dead.</param>
internal readonly record struct HeartbeatContact(ulong Boot, ulong Answer, bool IsAlive);

/// <summary>What a director does for a group.</summary>
/// <param name="Id">As <see cref="HeartbeatFormat.GroupId"/>.</param>
/// <param name="Role">What it does.</param>
/// <param name="Successor">Start of the director that it hands over to; 0 is none.</param>
internal readonly record struct HeartbeatGroup(ulong Id, GroupRole Role, ulong Successor);
