using Akka.Actor;
using Akka.Cluster.Sharding;
using Director.Cluster.Membership;
using Director.Forwarding;

namespace Director.Cluster.VirtualServices;

/// <summary>Who owns the parts of the table.</summary>
/// <param name="Region">Takes what is <see cref="IToOwner"/>, wherever the owner is.</param>
/// <param name="Engines">The cluster's engines.</param>
internal sealed record PartOwners(IActorRef Region, IMemberActors Engines)
{
    /// <summary>The region's name; directors of one cluster have to agree on it and on <see cref="Shards"/>.</summary>
    private const string TypeName = "virtual-service";

    /// <summary>Ten for each of ten directors.</summary>
    private const int Shards = 100;

    /// <summary>Needed by <see cref="Start"/>.</summary>
    public const string Configuration = """
        akka.cluster.sharding {
          state-store-mode = ddata
          remember-entities = off
          role = director
        }
        """;

    /// <summary>Starts the region on a system of the cluster.</summary>
    /// <param name="system">The actor system, with <see cref="Configuration"/> and <see cref="TableSerializer.Configuration"/>.</param>
    /// <param name="owner">This director in versions.</param>
    /// <param name="owns">Told when this director begins and ends to own a service.</param>
    public static PartOwners Start(ActorSystem system, string owner, Action<ServiceKey, bool>? owns = null)
    {
        var engines = new MemberActors(system, "engine");
        var sharding = ClusterSharding.Get(system);
        // Changes that a director makes without an owner are told apart from those of the owners that it runs.
        var entity = Props.Create(() => new ServiceOwnerActor(engines, $"{owner}/owner", owns));
        var extractor = HashCodeMessageExtractor.Create(Shards, message => (message as IToOwner)?.Key.ToString());
        return new(sharding.Start(TypeName, entity, ClusterShardingSettings.Create(system), extractor), engines);
    }
}
