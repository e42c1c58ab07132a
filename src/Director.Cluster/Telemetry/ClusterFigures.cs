using System.Collections.Immutable;

namespace Director.Cluster.Telemetry;

/// <summary>The cluster as one director sees it.</summary>
/// <param name="Director">The director that is asked.</param>
/// <param name="Members">Members of the actors' cluster, by address; empty without one.</param>
/// <param name="Directors">Figures of this director and of all that it has heard from within a minute, by name.</param>
public sealed record ClusterFigures(string Director, ImmutableArray<MemberFigures> Members, ImmutableArray<DirectorFigures> Directors)
{
    /// <summary>Those of the director that is asked.</summary>
    public DirectorFigures Own() => Directors.First(director => director.Name == Director && director.AgeSeconds == 0);
}

/// <summary>A member of the actors' cluster.</summary>
/// <param name="Address">Where its actors are reached.</param>
/// <param name="Status">joining, up, leaving, exiting, down, weaklyup.</param>
/// <param name="IsReachable">Whether the failure detectors hear it.</param>
/// <param name="IsLeader">Whether it moves members on.</param>
/// <param name="Roles">Its roles.</param>
public sealed record MemberFigures(string Address, string Status, bool IsReachable, bool IsLeader, ImmutableArray<string> Roles);
