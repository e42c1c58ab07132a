using System.Collections.Immutable;
using Akka.Actor;

namespace Akka.Cluster.Membership;

/// <summary>What cluster nodes send each other.</summary>
internal interface IClusterWireMessage : Akka.Event.IDeadLetterSuppression
{
}

/// <summary>May I join through you? Asked of seeds, since one that is in no cluster itself cannot let anybody in.</summary>
internal sealed record InitJoin(Address From) : IClusterWireMessage;

internal sealed record InitJoinAck(Address From) : IClusterWireMessage;

internal sealed record InitJoinNack(Address From) : IClusterWireMessage;

/// <summary>Let me in.</summary>
internal sealed record Join(UniqueAddress Node, ImmutableHashSet<string> Roles) : IClusterWireMessage;

/// <summary>You are in; this is the cluster.</summary>
internal sealed record Welcome(UniqueAddress From, Gossip Gossip) : IClusterWireMessage;

/// <summary>The version that a node has, and who else has seen it: asks for the rest if the other has more.</summary>
internal sealed record GossipStatus(UniqueAddress From, VectorClock Version, ImmutableSortedSet<UniqueAddress> Seen) : IClusterWireMessage;

/// <summary>All that a node knows.</summary>
/// <param name="From">Who tells it.</param>
/// <param name="To">The incarnation it is meant for.</param>
/// <param name="Gossip">What it knows.</param>
internal sealed record GossipEnvelope(UniqueAddress From, UniqueAddress To, Gossip Gossip) : IClusterWireMessage;

/// <summary>I am through with leaving: remove me without waiting for me.</summary>
internal sealed record ExitingConfirmed(UniqueAddress Node) : IClusterWireMessage;

internal sealed record Heartbeat(UniqueAddress From, long Number) : IClusterWireMessage;

internal sealed record HeartbeatAnswer(UniqueAddress From, long Number) : IClusterWireMessage;
