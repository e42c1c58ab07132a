using Akka.Actor;
using Akka.Remote;

namespace Akka.Cluster;

/// <summary><c>akka.actor.provider = cluster</c>: remoting, and the cluster started with the system.</summary>
internal sealed class ClusterActorRefProvider : RemoteActorRefProvider
{
    public ClusterActorRefProvider(ActorSystemImpl system)
        : base(system) => system.Settings.InjectTopLevelFallback(ClusterReference.Config);

    public override void Start()
    {
        base.Start();
        // Not by the watcher itself: it is there before the address by which the cluster knows this system.
        Cluster.Get(System).Subscribe(RemoteWatcher, ClusterEvent.InitialStateAsEvents, typeof(ClusterEvent.IMemberEvent));
    }

    protected override Props RemoteWatcherProps() => Props.Create(() => new ClusterRemoteWatcher(this));
}
