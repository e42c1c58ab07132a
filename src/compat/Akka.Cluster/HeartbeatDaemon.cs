using Akka.Actor;
using Akka.Cluster.Membership;
using Akka.Remote;

namespace Akka.Cluster;

/// <summary>Exchanges heartbeats with the members that this node watches, and tells the <see cref="ClusterDaemon"/> which of them it hears.</summary>
internal sealed class HeartbeatDaemon : ReceiveActor, IWithTimers
{
    private readonly UniqueAddress _self;
    private readonly ClusterSettings _settings;
    private readonly ActorSystem _system;
    private readonly Dictionary<UniqueAddress, FailureDetector> _watched = [];
    private readonly Func<Address, IActorRef> _peer;
    private Gossip _gossip = Gossip.Empty;
    private long _number;

    public HeartbeatDaemon(UniqueAddress self, ClusterSettings settings)
    {
        _self = self;
        _settings = settings;
        _system = Context.System;
        var provider = ((ExtendedActorSystem)_system).Provider;
        string[] path = [.. Self.Path.Elements];
        _peer = address => provider.ResolveActorRef(new RootActorPath(address) / path);
        Receive<Commands.Watch>(message => Watch(message.Gossip));
        Receive<Heartbeat>(message => _peer(message.From.Address).Tell(new HeartbeatAnswer(_self, message.Number), Self));
        Receive<HeartbeatAnswer>(message => Heard(message.From));
        Receive<Commands.Tick>(tick => tick == Commands.Tick.Heartbeat, _ => Beat());
        Receive<Commands.Tick>(tick => tick == Commands.Tick.Reap, _ => Reap());
        Receive<ExpectedFirstHeartbeat>(message => FirstIsDue(message.Node));
    }

    public ITimerScheduler Timers { get; set; }

    protected override void PreStart()
    {
        Timers.StartPeriodicTimer(Commands.Tick.Heartbeat, Commands.Tick.Heartbeat, Shorter(_settings.HeartbeatInterval), _settings.HeartbeatInterval);
        Timers.StartPeriodicTimer(Commands.Tick.Reap, Commands.Tick.Reap, Shorter(_settings.UnreachableNodesReaperInterval), _settings.UnreachableNodesReaperInterval);
    }

    /// <summary>Restarted it would not know whom to watch, and would call nobody unreachable any more.</summary>
    protected override void PreRestart(Exception reason, object message)
    {
        Context.Parent.Tell(new Status.Failure(reason));
        base.PreRestart(reason, message);
    }

    private TimeSpan Shorter(TimeSpan interval) => interval < _settings.PeriodicTasksInitialDelay ? interval : _settings.PeriodicTasksInitialDelay;

    private void Watch(Gossip gossip)
    {
        _gossip = gossip;
        var watched = HeartbeatRing.Watched(_self, gossip.Members.Keys, gossip.Reachability.AllUnreachable, _settings.MonitoredByNrOfMembers)
            // Whom this node called unreachable it alone can call reachable again.
            .Union(gossip.Members.Keys.Where(node => node != _self && gossip.Reachability.StatusOf(node, _self) == Observation.Unreachable));
        foreach (var node in _watched.Keys.Except(watched).ToArray())
        {
            _watched.Remove(node);
            Timers.Cancel(node);
        }

        foreach (var node in watched.Except(_watched.Keys))
        {
            _watched.Add(node, FailureDetectorLoader.Load(_settings.FailureDetectorClass, _settings.FailureDetectorConfig, _system));
            // Whoever never answers must be found out too.
            Timers.StartSingleTimer(node, new ExpectedFirstHeartbeat(node), _settings.HeartbeatInterval + _settings.HeartbeatExpectedResponseAfter);
        }
    }

    private void Beat()
    {
        _number++;
        foreach (var node in _watched.Keys)
        {
            _peer(node.Address).Tell(new Heartbeat(_self, _number), Self);
        }
    }

    private void Heard(UniqueAddress from)
    {
        if (_watched.TryGetValue(from, out var detector))
        {
            detector.HeartBeat();
        }
    }

    private void FirstIsDue(UniqueAddress node)
    {
        if (_watched.TryGetValue(node, out var detector) && !detector.IsMonitoring)
        {
            detector.HeartBeat();
        }
    }

    private void Reap()
    {
        foreach (var (node, detector) in _watched)
        {
            var wasReachable = _gossip.Reachability.StatusOf(node, _self) == Observation.Reachable;
            if (detector.IsMonitoring && detector.IsAvailable != wasReachable)
            {
                Context.Parent.Tell(new Commands.Observed(node, detector.IsAvailable));
            }
        }
    }

    private sealed record ExpectedFirstHeartbeat(UniqueAddress Node);
}
