using Akka.Actor;
using Akka.Cluster;

namespace Compat.Tests.AkkaCluster;

/// <summary>Downs whoever is unreachable for half a second.</summary>
public sealed class EagerDowning : IDowningProvider
{
    /// <summary>With patience for a machine that does other things too: whom it downs does not come back.</summary>
    public const string Configuration =
        "akka.cluster.downing-provider-class = \"Compat.Tests.AkkaCluster.EagerDowning, Compat.Tests\"\nakka.cluster.failure-detector.acceptable-heartbeat-pause = 4s\n";

    public EagerDowning(ActorSystem system, Cluster cluster)
    {
        ArgumentNullException.ThrowIfNull(system);
        ArgumentNullException.ThrowIfNull(cluster);
    }

    public TimeSpan DownRemovalMargin => TimeSpan.Zero;

    public Props DowningActorProps => Props.Create(() => new Decider());

    public sealed class Decider : ReceiveActor, IWithTimers
    {
        public Decider()
        {
            var cluster = Cluster.Get(Context.System);
            Receive<ClusterEvent.UnreachableMember>(change => Timers.StartSingleTimer(change.Member, change.Member, TimeSpan.FromMilliseconds(500)));
            Receive<ClusterEvent.ReachableMember>(change => Timers.Cancel(change.Member));
            Receive<Member>(
                // Down goes by address: the next incarnation may have it by now.
                member => cluster.State.Unreachable.Contains(member),
                member => cluster.Down(member.Address));
            Receive<Member>(_ => { });
        }

        public ITimerScheduler Timers { get; set; } = null!;

        protected override void PreStart() =>
            Cluster.Get(Context.System).Subscribe(Self, ClusterEvent.InitialStateAsEvents, typeof(ClusterEvent.IReachabilityEvent));
    }
}
