using System.Collections.Immutable;
using Akka.Actor;
using Akka.Event;

namespace Akka.Cluster.Sharding;

/// <summary>A node's region of a type: takes messages for entities anywhere in the cluster, and has shards of its own unless it is a proxy.</summary>
internal sealed class ShardRegionActor : UntypedActor, IWithTimers, IRegionWork
{
    private static readonly TimeSpan QueryTimeout = TimeSpan.FromSeconds(3);

    private readonly Cluster _cluster = Cluster.Get(Context.System);
    private readonly ILoggingAdapter _log = Context.GetLogger();
    private readonly Dictionary<string, IActorRef> _shards = [];
    private readonly string _typeName;
    private readonly Func<string, Props> _entityProps;
    private readonly ClusterShardingSettings _settings;
    private readonly EntityMessages _messages;
    private readonly TaskCompletionSource _ended;
    private readonly RoleMembers _members;
    private readonly RegionState _state;
    private int _dropped;

    /// <param name="entityProps">By the entity's id; null for a proxy.</param>
    /// <param name="ended">Completed when the region has handed over its shards and stops.</param>
    public ShardRegionActor(string typeName, Func<string, Props> entityProps, ClusterShardingSettings settings, IMessageExtractor extractor, TaskCompletionSource ended)
    {
        _typeName = typeName;
        _entityProps = entityProps;
        _settings = settings;
        _messages = new EntityMessages(extractor);
        _ended = ended;
        _members = new RoleMembers(settings.Role);
        _state = new RegionState(Self, _cluster.SelfUniqueAddress, entityProps is null, settings.Tuning.BufferSize, this);
    }

    private enum Tick
    {
        Retry,
    }

    public ITimerScheduler Timers { get; set; }

    protected override void PreStart()
    {
        _cluster.Subscribe(Self, ClusterEvent.InitialStateAsSnapshot, typeof(ClusterEvent.IMemberEvent), typeof(ClusterEvent.IReachabilityEvent));
        Timers.StartPeriodicTimer(Tick.Retry, Tick.Retry, _settings.Tuning.RetryInterval);
    }

    protected override void PostStop() => _cluster.Unsubscribe(Self);

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case IShardingMessage order:
                Obey(order);
                break;
            case { } when RoleMembers.IsMembership(message):
                FollowMembership(message);
                break;
            case Terminated terminated:
                HandleEnd(terminated.ActorRef);
                break;
            case Tick.Retry:
                _state.Retry();
                WarnOfDropped();
                break;
            case GracefulShutdown:
                _log.Debug("{0}: handing over {1} shards before this region stops", _typeName, _state.Hosted.Count);
                _state.Stop();
                break;
            case GetShardRegionState:
                TellState();
                break;
            case GetCurrentRegions when _state.Coordinator is { } coordinator:
                coordinator.Forward(message);
                break;
            case GetCurrentRegions:
                Sender.Tell(new CurrentRegions(ImmutableHashSet<Address>.Empty));
                break;
            default:
                Route(message);
                break;
        }

        if (_state.IsDone)
        {
            End();
        }
    }

    void IRegionWork.Register(UniqueAddress coordinator, RegisterRegion message) => ShardingPaths.At(Context, coordinator.Address, ShardingPaths.CoordinatorOf(_typeName)).Tell(message, Self);

    void IRegionWork.Tell(IActorRef recipient, IShardingMessage message) => recipient.Tell(message, Self);

    void IRegionWork.Forward(IActorRef region, Message message) => region.Tell(message.Content, message.Sender);

    void IRegionWork.StartShard(string shard)
    {
        var actor = Context.ActorOf(Props.Create(() => new ShardActor(shard, _entityProps, _settings, _messages)), Uri.EscapeDataString(shard));
        _shards.Add(shard, Context.Watch(actor));
    }

    void IRegionWork.StopShard(string shard) => _shards[shard].Tell(ShardActor.StopEntities.Instance, Self);

    void IRegionWork.Deliver(string shard, Message message) => _shards[shard].Tell(message.Content, message.Sender);

    void IRegionWork.Drop(Message message)
    {
        _dropped++;
        Context.System.DeadLetters.Tell(new DeadLetter(message.Content, message.Sender ?? Context.System.DeadLetters, Self), Self);
    }

    /// <summary>A shard that fails stops, and gets a home again with the next message for it: after a restart it would not know that it was told to stop.</summary>
    protected override SupervisorStrategy SupervisorStrategy() => Actor.SupervisorStrategy.StoppingStrategy;

    private void Obey(IShardingMessage message)
    {
        switch (message)
        {
            case RegionInvited invitation:
                _state.Invited(invitation.Number);
                break;
            case RegionRegistered registered:
                _state.Registered(Sender, registered.Node);
                break;
            case { } when !_state.Obeys(Sender):
                _log.Debug("{0}: not from the coordinator of this region, {1}: {2} from {3}", _typeName, _state.Coordinator, message, Sender);
                break;
            case ShardHome home:
                if (!home.Region.Equals(Self))
                {
                    // Whoever forgets to tell that it is gone must not get messages for ever.
                    Context.Watch(home.Region);
                }

                _state.HomeIs(home.Shard, home.Region);
                break;
            case BeginHandOff begin:
                _state.BeginHandOff(begin.Shard, begin.Number);
                break;
            case HandOff handOff:
                _state.HandOff(handOff.Shard, handOff.Number);
                break;
        }
    }

    private void FollowMembership(object message)
    {
        if (message is ClusterEvent.MemberRemoved removed)
        {
            if (removed.Member.UniqueAddress == _cluster.SelfUniqueAddress)
            {
                // Others have its shards now.
                End();
                return;
            }

            _state.RegionGone(region => region.Path.Address == removed.Member.Address);
        }

        _members.Apply(message);
        _state.CoordinatorIsAt(_members.Oldest);
    }

    private void HandleEnd(IActorRef actor)
    {
        if (_shards.FirstOrDefault(shard => shard.Value.Equals(actor)).Key is { } ended)
        {
            _shards.Remove(ended);
            _state.ShardEnded(ended);
        }
        else
        {
            _state.RegionGone(actor.Equals);
        }
    }

    private void Route(object message)
    {
        var entityId = _messages.EntityId(message);
        if (string.IsNullOrEmpty(entityId))
        {
            _log.Warning("{0}: a message of type {1} names no entity", _typeName, message.GetType());
            Unhandled(message);
            return;
        }

        _state.Route(_messages.ShardId(entityId, message), new Message(message, Sender));
    }

    private void TellState()
    {
        var asked = _shards.Select(async shard =>
        {
            try
            {
                return (shard.Key, State: await shard.Value.Ask<ShardState>(GetShardRegionState.Instance, QueryTimeout).ConfigureAwait(false));
            }
            catch (AskTimeoutException)
            {
                return (shard.Key, State: null);
            }
        }).ToArray();
        Task.WhenAll(asked).PipeTo(Sender, Self, success: answers => new CurrentShardRegionState(
            answers.Where(answer => answer.State is not null).Select(answer => answer.State).ToImmutableHashSet(),
            answers.Where(answer => answer.State is null).Select(answer => answer.Key).ToImmutableHashSet()));
    }

    private void WarnOfDropped()
    {
        if (_dropped > 0)
        {
            _log.Warning("{0}: {1} messages were dropped: {2} wait for shards without a home, and buffer-size is {3}", _typeName, _dropped, _state.WaitingCount, _settings.Tuning.BufferSize);
            _dropped = 0;
        }
    }

    private void End()
    {
        _state.DropAll();
        _ended.TrySetResult();
        Context.Stop(Self);
    }
}
