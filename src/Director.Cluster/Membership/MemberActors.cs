using System.Collections.Immutable;
using Akka.Actor;
using Akka.Cluster;

namespace Director.Cluster.Membership;

/// <summary>As the cluster's membership is at the moment of the question.</summary>
/// <param name="system">An actor system of the cluster.</param>
/// <param name="name">The actor's name below <c>/user</c>.</param>
internal sealed class MemberActors(ActorSystem system, string name) : IMemberActors
{
    /// <summary>The role of every director.</summary>
    public const string Role = "director";

    private readonly Akka.Cluster.Cluster _cluster = Akka.Cluster.Cluster.Get(system);

    /// <inheritdoc/>
    public bool IsMember => _cluster.SelfMember.Status == MemberStatus.Up;

    /// <inheritdoc/>
    public ImmutableArray<ICanTell> All => [.. Addresses.Select(Actor)];

    /// <inheritdoc/>
    public ImmutableArray<ICanTell> Others => [.. Addresses.Where(address => address != _cluster.SelfAddress).Select(Actor)];

    private IEnumerable<Address> Addresses =>
        _cluster.State.Members.Where(member => member.Status == MemberStatus.Up && member.HasRole(Role)).Select(member => member.Address);

    private ICanTell Actor(Address address) => system.ActorSelection(new RootActorPath(address) / "user" / name);
}
