using Akka.Actor;

namespace Akka.Remote;

/// <summary>Tells apart the systems that have an address one after the other.</summary>
public class AddressUidExtension : ExtensionIdProvider<AddressUid>
{
    public override AddressUid CreateExtension(ExtendedActorSystem system) => new();

    public static int Uid(ActorSystem system) => new AddressUidExtension().Get(system).Uid;
}

public class AddressUid : IExtension
{
    /// <summary>Random, never 0.</summary>
    public readonly int Uid = Random.Shared.Next(1, int.MaxValue);
}
