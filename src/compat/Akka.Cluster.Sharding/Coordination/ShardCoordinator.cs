using System.Diagnostics;
using Akka.Actor;
using Akka.Event;

namespace Akka.Cluster.Sharding;

/// <summary>
/// The coordinator of a type, at work while its node is the oldest member of the role. There is one on each of them; the others are silent.
/// </summary>
internal sealed class ShardCoordinator : UntypedActor, IWithTimers
{
    private readonly Cluster _cluster = Cluster.Get(Context.System);
    private readonly ILoggingAdapter _log = Context.GetLogger();
    private readonly long _started = Stopwatch.GetTimestamp();
    private readonly ShardingTuning _tuning;
    private readonly string _regionPath;
    private readonly RoleMembers _members;
    private CoordinatorState _state;

    public ShardCoordinator(string typeName, ClusterShardingSettings settings)
    {
        _tuning = settings.Tuning;
        _regionPath = ShardingPaths.RegionOf(typeName);
        _members = new RoleMembers(settings.Role);
    }

    private enum Tick
    {
        Retry,
        Rebalance,
    }

    public ITimerScheduler Timers { get; set; }

    private TimeSpan Now => Stopwatch.GetElapsedTime(_started);

    protected override void PreStart()
    {
        _cluster.Subscribe(Self, ClusterEvent.InitialStateAsSnapshot, typeof(ClusterEvent.IMemberEvent), typeof(ClusterEvent.IReachabilityEvent));
        Timers.StartPeriodicTimer(Tick.Retry, Tick.Retry, _tuning.RetryInterval);
        Timers.StartPeriodicTimer(Tick.Rebalance, Tick.Rebalance, _tuning.RebalanceInterval);
    }

    protected override void PostStop() => _cluster.Unsubscribe(Self);

    protected override void OnReceive(object message)
    {
        if (RoleMembers.IsMembership(message))
        {
            _members.Apply(message);
            FollowMembership();
        }
        else if (_state is not null)
        {
            Coordinate(message);
        }

        // Whoever takes this node for the coordinator's when it is not asks again.
    }

    private void FollowMembership()
    {
        if (_members.Oldest != _cluster.SelfUniqueAddress)
        {
            _state = null;
            return;
        }

        _state ??= new CoordinatorState(_cluster.SelfUniqueAddress, Random.Shared.NextInt64(1, long.MaxValue), _tuning, (region, message) => region.Tell(message, Self), Invite);
        _state.MembersAre(_members.Hosts);
    }

    private void Coordinate(object message)
    {
        switch (message)
        {
            case RegisterRegion registration:
                if (_state.Register(Sender, registration))
                {
                    Context.Watch(Sender);
                }

                break;
            case ActorIdentity { Subject: null, MessageId: int uid }:
                if (_members.Hosts.FirstOrDefault(host => host.Node.Uid == uid).Node is { } node)
                {
                    _state.HasNoRegion(node);
                }

                break;
            case ActorIdentity { Subject: { } region }:
                region.Tell(_state.Invitation, Self);
                break;
            case GetShardHome get:
                _state.Asked(Sender, get.Shard);
                break;
            case BeginHandOffAck ack:
                _state.BeginHandOffAcknowledged(Sender, ack.Shard, ack.Number);
                break;
            case ShardStopped stopped:
                _state.ShardStopped(Sender, stopped.Shard, stopped.Number, Now);
                break;
            case ShutDownRegion:
                _state.ShutDownRequested(Sender, Now);
                break;
            case Terminated terminated:
                _state.RegionGone(terminated.ActorRef, terminated.AddressTerminated);
                break;
            case GetCurrentRegions:
                Sender.Tell(new CurrentRegions(_state.RegionAddresses));
                break;
            case Tick.Retry:
                _state.Retry(Now);
                if (_state.Awaited is { Count: > 0 } awaited)
                {
                    _log.Info("{0}: shards wait for a home until the regions at {1} have registered or their members are removed", _regionPath, string.Join(", ", awaited.Select(node => node.Address)));
                }

                break;
            case Tick.Rebalance:
                _state.Rebalance(Now);
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    private void Invite(UniqueAddress node) => ShardingPaths.At(Context, node.Address, _regionPath).Tell(new Identify(node.Uid), Self);
}
