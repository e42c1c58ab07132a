using Akka.Actor;
using Akka.Cluster;

namespace Compat.Tests.AkkaClusterSharding.Inside;

/// <summary>Stands for a region or a coordinator; nothing can be told to it.</summary>
internal sealed class SimulatedReference(UniqueAddress node, string name) : IActorRef
{
    public UniqueAddress Node => node;

    public ActorPath Path { get; } = new RootActorPath(node.Address) / $"{name}{node.Uid}";

    public void Tell(object message, IActorRef sender) => throw new NotSupportedException();

    public bool Equals(IActorRef? other) => Path.Equals(other?.Path);

    public override bool Equals(object? obj) => Equals(obj as IActorRef);

    public override int GetHashCode() => Path.GetHashCode();

    public int CompareTo(IActorRef? other) => Path.CompareTo(other?.Path);

    public int CompareTo(object? obj) => CompareTo(obj as IActorRef);

    public override string ToString() => Path.ToString();
}
