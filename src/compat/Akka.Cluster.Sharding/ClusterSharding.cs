using Akka.Actor;

namespace Akka.Cluster.Sharding;

/// <summary>The shard regions of an actor system.</summary>
public class ClusterSharding : IExtension
{
    private readonly Lock _starting = new();
    private readonly ExtendedActorSystem _system;
    private readonly LocalActorRef _guardian;

    public ClusterSharding(ExtendedActorSystem system)
    {
        _system = system;
        var serializer = new ShardingMessageSerializer(system);
        system.Serialization.AddSerializer("akka-sharding", serializer);
        system.Serialization.AddSerializationMap(typeof(IClusterShardingSerializable), serializer);
        _guardian = (LocalActorRef)system.SystemActorOf(Props.Create(() => new Guardian()), ShardingPaths.Guardian);
    }

    public static ClusterSharding Get(ActorSystem system) => new ClusterShardingProvider().Get(system);

    /// <summary>Starts this node's region of a type of entities; on a node without the role, a proxy. One that was started before is returned as it is.</summary>
    public IActorRef Start(string typeName, Props entityProps, ClusterShardingSettings settings, IMessageExtractor messageExtractor) =>
        Start(typeName, _ => entityProps, settings, messageExtractor);

    public IActorRef Start(string typeName, Func<string, Props> entityPropsFactory, ClusterShardingSettings settings, IMessageExtractor messageExtractor)
    {
        if (!string.IsNullOrEmpty(settings.Role) && !Cluster.Get(_system).SelfRoles.Contains(settings.Role))
        {
            return StartProxy(typeName, settings.Role, messageExtractor);
        }

        lock (_starting)
        {
            if (Child(ShardingPaths.CoordinatorOf(typeName)) is null)
            {
                _guardian.Cell.ActorOf(Props.Create(() => new ShardCoordinator(typeName, settings)), ShardingPaths.CoordinatorOf(typeName));
            }

            return Child(ShardingPaths.RegionOf(typeName)) ?? StartRegion(ShardingPaths.RegionOf(typeName), typeName, entityPropsFactory, settings, messageExtractor);
        }
    }

    /// <summary>Starts a region that has no entities of its own and passes messages on.</summary>
    public IActorRef StartProxy(string typeName, string role, IMessageExtractor messageExtractor)
    {
        lock (_starting)
        {
            return Child(ShardingPaths.ProxyOf(typeName))
                ?? StartRegion(ShardingPaths.ProxyOf(typeName), typeName, null, ClusterShardingSettings.Create(_system).WithRole(role), messageExtractor);
        }
    }

    /// <summary>The region, or proxy, of a type that was started before.</summary>
    public IActorRef ShardRegion(string typeName) => Child(ShardingPaths.RegionOf(typeName)) ?? Child(ShardingPaths.ProxyOf(typeName))
        ?? throw new ArgumentException($"Shard type [{typeName}] must be started first", nameof(typeName));

    private LocalActorRef Child(string name) => _guardian.Cell.Child(name) as LocalActorRef;

    private IActorRef StartRegion(string name, string typeName, Func<string, Props> entityProps, ClusterShardingSettings settings, IMessageExtractor messageExtractor)
    {
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var region = _guardian.Cell.ActorOf(Props.Create(() => new ShardRegionActor(typeName, entityProps, settings, messageExtractor, ended)), name);
        CoordinatedShutdown.Get(_system).AddTask(CoordinatedShutdown.PhaseClusterShardingShutdownRegion, $"region-shutdown-{name}", async () =>
        {
            var cluster = Cluster.Get(_system);
            if (!cluster.IsTerminated && cluster.SelfMember.Status is not MemberStatus.Down and not MemberStatus.Removed)
            {
                region.Tell(GracefulShutdown.Instance, ActorRefs.NoSender);
                await ended.Task.ConfigureAwait(false);
            }

            return Done.Instance;
        });
        return region;
    }

    private sealed class ClusterShardingProvider : ExtensionIdProvider<ClusterSharding>
    {
        public override ClusterSharding CreateExtension(ExtendedActorSystem system) => new(system);
    }

    private sealed class Guardian : UntypedActor
    {
        protected override void OnReceive(object message) => Unhandled(message);
    }
}
