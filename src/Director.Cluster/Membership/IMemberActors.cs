using System.Collections.Immutable;
using Akka.Actor;

namespace Director.Cluster.Membership;

/// <summary>The actor of one name on each director of the cluster.</summary>
internal interface IMemberActors
{
    /// <summary>Whether this director is a member that is Up.</summary>
    bool IsMember { get; }

    /// <summary>Those of all members that are Up.</summary>
    ImmutableArray<ICanTell> All { get; }

    /// <summary>The same without this director's own.</summary>
    ImmutableArray<ICanTell> Others { get; }
}
