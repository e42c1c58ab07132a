using System.Collections.Immutable;
using Akka.Actor;
using Akka.Cluster.Membership;

namespace Akka.Cluster;

/// <summary>What this system's own actors and callers ask of its <see cref="ClusterDaemon"/>.</summary>
internal static class Commands
{
    public sealed record JoinTo(Address Address);

    public sealed record JoinSeeds(ImmutableArray<Address> Seeds);

    public sealed record Leave(Address Address);

    public sealed record Down(Address Address);

    public sealed record Subscribe(IActorRef Subscriber, ClusterEvent.SubscriptionInitialStateMode Mode, ImmutableArray<Type> To);

    /// <param name="Subscriber">Who no longer wants events.</param>
    /// <param name="To">Of which kind; null: of any.</param>
    public sealed record Unsubscribe(IActorRef Subscriber, Type To);

    public sealed record SendState(IActorRef Receiver);

    /// <summary>From the failure detectors.</summary>
    public sealed record Observed(UniqueAddress Node, bool IsReachable);

    /// <summary>What the failure detectors are to watch.</summary>
    public sealed record Watch(Gossip Gossip);

    /// <summary>This node's shutdown has come so far that the others may forget it. Answered with <see cref="Done"/>.</summary>
    public sealed record ConfirmExit
    {
        public static readonly ConfirmExit Instance = new();
    }

    public enum Tick
    {
        Join,
        Gossip,
        Leader,
        Heartbeat,
        Reap,
    }
}
