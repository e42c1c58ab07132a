using System.Collections.Immutable;
using System.Diagnostics;
using Akka.Actor;
using Akka.Event;

namespace Akka.Cluster.Sharding;

/// <summary>A shard: the parent of its entities. An entity is made by the first message for it; one that is being passivated gets what comes meanwhile in its next incarnation.</summary>
internal sealed class ShardActor : UntypedActor, IWithTimers
{
    private readonly ILoggingAdapter _log = Context.GetLogger();
    private readonly Dictionary<string, Entity> _entities = [];
    private readonly string _shard;
    private readonly Func<string, Props> _entityProps;
    private readonly ClusterShardingSettings _settings;
    private readonly EntityMessages _messages;
    private int _waiting;
    private bool _stops;

    public ShardActor(string shard, Func<string, Props> entityProps, ClusterShardingSettings settings, EntityMessages messages)
    {
        _shard = shard;
        _entityProps = entityProps;
        _settings = settings;
        _messages = messages;
    }

    private enum Tick
    {
        LookForIdle,
        GiveUpWaiting,
    }

    public ITimerScheduler Timers { get; set; }

    protected override void PreStart()
    {
        if (_settings.PassivateIdleEntityAfter > TimeSpan.Zero)
        {
            Timers.StartPeriodicTimer(Tick.LookForIdle, Tick.LookForIdle, _settings.PassivateIdleEntityAfter / 2);
        }
    }

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case Passivate passivate:
                if (Find(Sender) is { } entity)
                {
                    BeginPassivation(entity, passivate.StopMessage);
                }

                break;
            case Terminated terminated:
                HandleEnd(terminated.ActorRef);
                break;
            case StopEntities:
                Stop();
                break;
            case GetShardRegionState:
                Sender.Tell(new ShardState(_shard, _entities.Keys.ToImmutableHashSet()));
                break;
            case Tick.LookForIdle:
                foreach (var idle in _entities.Values.Where(entity => !entity.IsPassivating && Stopwatch.GetElapsedTime(entity.LastMessage) >= _settings.PassivateIdleEntityAfter).ToArray())
                {
                    BeginPassivation(idle, PoisonPill.Instance);
                }

                break;
            case Tick.GiveUpWaiting:
                _log.Warning("Shard {0}: stopping {1} entities that did not end within {2}", _shard, _entities.Count, _settings.Tuning.HandOffTimeout);
                foreach (var late in _entities.Values)
                {
                    Context.Stop(late.Reference);
                }

                break;
            default:
                Deliver(message, Sender);
                break;
        }
    }

    private void Deliver(object message, IActorRef sender)
    {
        var id = _messages.EntityId(message);
        if (!_entities.TryGetValue(id, out var entity))
        {
            _entities.Add(id, entity = new Entity(id, Create(id)));
        }

        if (!entity.IsPassivating)
        {
            entity.LastMessage = Stopwatch.GetTimestamp();
            entity.Reference.Tell(_messages.Content(message), sender);
        }
        else if (_waiting < _settings.Tuning.BufferSize)
        {
            entity.Waiting.Enqueue(new Message(message, sender));
            _waiting++;
        }
        else
        {
            _log.Warning("Shard {0}: a message for {1}, which is stopping, was dropped: {2} wait already", _shard, id, _waiting);
            Context.System.DeadLetters.Tell(new DeadLetter(message, sender, entity.Reference), Self);
        }
    }

    private IActorRef Create(string id) => Context.Watch(Context.ActorOf(_entityProps(id), Uri.EscapeDataString(id)));

    private void BeginPassivation(Entity entity, object stopMessage)
    {
        if (!entity.IsPassivating)
        {
            entity.IsPassivating = true;
            entity.Reference.Tell(stopMessage, Self);
        }
    }

    private void HandleEnd(IActorRef actor)
    {
        if (Find(actor) is { } entity)
        {
            _entities.Remove(entity.Id);
            _waiting -= entity.Waiting.Count;
            foreach (var message in entity.Waiting)
            {
                if (_stops)
                {
                    // The region knows where the shard moves to.
                    Context.Parent.Tell(message.Content, message.Sender);
                }
                else
                {
                    Deliver(message.Content, message.Sender);
                }
            }
        }

        StopIfEmpty();
    }

    private void Stop()
    {
        _stops = true;
        Timers.Cancel(Tick.LookForIdle);
        Timers.StartSingleTimer(Tick.GiveUpWaiting, Tick.GiveUpWaiting, _settings.Tuning.HandOffTimeout);
        foreach (var entity in _entities.Values)
        {
            BeginPassivation(entity, PoisonPill.Instance);
        }

        StopIfEmpty();
    }

    private void StopIfEmpty()
    {
        if (_stops && _entities.Count == 0)
        {
            Context.Stop(Self);
        }
    }

    private Entity Find(IActorRef actor) => _entities.Values.FirstOrDefault(entity => entity.Reference.Equals(actor));

    /// <summary>The shard moves: stops its entities, then itself.</summary>
    public sealed class StopEntities
    {
        public static readonly StopEntities Instance = new();
    }

    private sealed class Entity(string id, IActorRef reference)
    {
        public string Id => id;

        public IActorRef Reference => reference;

        public bool IsPassivating { get; set; }

        /// <summary>When it last got a message from its region, by <see cref="Stopwatch.GetTimestamp"/>.</summary>
        public long LastMessage { get; set; }

        /// <summary>Messages for its next incarnation.</summary>
        public Queue<Message> Waiting { get; } = new();
    }
}
