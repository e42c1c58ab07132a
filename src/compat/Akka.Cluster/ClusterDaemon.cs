using Akka.Actor;
using Akka.Cluster.Membership;
using Akka.Event;
using Akka.Remote;

namespace Akka.Cluster;

/// <summary>The actor at <c>/system/cluster</c>: carries messages and ticks to this node's <see cref="MembershipNode"/>, and what comes of them to other nodes and to subscribers.</summary>
internal sealed class ClusterDaemon : ReceiveActor, IWithTimers, IMembershipPort
{
    private readonly Cluster _cluster;
    private readonly ClusterSettings _settings;
    private readonly MembershipNode _membership;
    private readonly EventStream _subscriptions = new(debug: false);
    private readonly Func<Address, IActorRef> _peer;
    private IActorRef _heartbeats;

    public ClusterDaemon(Cluster cluster)
    {
        _cluster = cluster;
        _settings = cluster.Settings;
        _membership = new MembershipNode(cluster.SelfUniqueAddress, cluster.SelfRoles, _settings, Random.Shared, TimeProvider.System, this);
        string[] path = [.. Self.Path.Elements];
        _peer = address => cluster.System.Provider.ResolveActorRef(new RootActorPath(address) / path);

        Receive<InitJoin>(_membership.OnInitJoin);
        Receive<InitJoinAck>(_membership.OnInitJoinAck);
        Receive<InitJoinNack>(_membership.OnInitJoinNack);
        Receive<Join>(_membership.OnJoin);
        Receive<Welcome>(_membership.OnWelcome);
        Receive<GossipStatus>(_membership.OnGossipStatus);
        Receive<GossipEnvelope>(_membership.OnGossip);
        Receive<ExitingConfirmed>(_membership.OnExitingConfirmed);

        Receive<Commands.JoinTo>(command => _membership.Join(command.Address));
        Receive<Commands.JoinSeeds>(command => _membership.JoinSeeds(command.Seeds));
        Receive<Commands.Leave>(command => _membership.Leave(command.Address));
        Receive<Commands.Down>(command => _membership.Down(command.Address));
        Receive<QuarantinedEvent>(quarantined => _membership.Terminate(new UniqueAddress(quarantined.Address, quarantined.Uid)));
        Receive<Status.Failure>(failure => throw new InvalidOperationException("the heartbeats failed", failure.Cause));
        Receive<Commands.Observed>(command => _membership.Observe(command.Node, command.IsReachable));
        Receive<Commands.ConfirmExit>(_ =>
        {
            _membership.ConfirmExit();
            Sender.Tell(Done.Instance);
        });

        Receive<Commands.Tick>(tick => tick == Commands.Tick.Join, _ => _membership.JoinTick());
        Receive<Commands.Tick>(tick => tick == Commands.Tick.Gossip, _ => _membership.GossipTick());
        Receive<Commands.Tick>(tick => tick == Commands.Tick.Leader, _ => _membership.LeaderTick());

        Receive<Commands.Subscribe>(Subscribe);
        Receive<Commands.Unsubscribe>(Unsubscribe);
        Receive<Commands.SendState>(command => command.Receiver.Tell(_cluster.State));
        Receive<Terminated>(ended => _subscriptions.Unsubscribe(ended.ActorRef));
    }

    public ITimerScheduler Timers { get; set; }

    protected override void PreStart()
    {
        _heartbeats = Context.ActorOf(Props.Create(() => new HeartbeatDaemon(_cluster.SelfUniqueAddress, _settings)), "heartbeat");
        if (_cluster.DowningProvider.DowningActorProps is { } downing)
        {
            Context.ActorOf(downing, "downingProvider");
        }

        _cluster.System.EventStream.Subscribe(Self, typeof(QuarantinedEvent));

        // Three gossip ticks an interval: the membership skips those it does not need.
        Every(Commands.Tick.Gossip, _settings.GossipInterval / 3);
        Every(Commands.Tick.Leader, _settings.LeaderActionsInterval);
        Every(Commands.Tick.Join, JoinInterval());
        if (!_settings.SeedNodes.IsEmpty)
        {
            Self.Tell(new Commands.JoinSeeds([.. _settings.SeedNodes]));
        }
        else
        {
            _cluster.Log(LogLevel.InfoLevel, "No seed-nodes configured, manual cluster join required");
        }
    }

    protected override bool AroundReceive(Receive receive, object message)
    {
        try
        {
            return base.AroundReceive(receive, message);
        }
        catch (Exception cause)
        {
            // With a view of the cluster that may be half changed it is no member any more.
            _cluster.Log(LogLevel.ErrorLevel, $"the cluster's daemon failed and leaves the cluster: {cause}");
            Context.Stop(Self);
            return true;
        }
    }

    protected override void PostStop()
    {
        _cluster.System.EventStream.Unsubscribe(Self);

        // For this node there is no cluster any more.
        _subscriptions.Publish(ClusterEvent.ClusterShuttingDown.Instance);
        PublishChanges(_membership.Gossip, Gossip.Empty);
        _cluster.Ended();
    }

    void IMembershipPort.Send(Address to, IClusterWireMessage message) => _peer(to).Tell(message, Self);

    void IMembershipPort.Changed(Gossip before, Gossip after)
    {
        _cluster.Publish(after);
        _heartbeats.Tell(new Commands.Watch(after));
        PublishChanges(before, after);
    }

    void IMembershipPort.Exiting()
    {
        _cluster.Log(LogLevel.InfoLevel, "Exiting, starting coordinated shutdown.");
        CoordinatedShutdown.Get(_cluster.System).Run(CoordinatedShutdown.ClusterLeavingReason.Instance);
    }

    void IMembershipPort.Downed() => _cluster.Shutdown();

    void IMembershipPort.GaveUpJoining() => CoordinatedShutdown.Get(_cluster.System).Run(CoordinatedShutdown.ClusterJoinUnsuccessfulReason.Instance);

    void IMembershipPort.Log(LogLevel level, string message) => _cluster.Log(level, message);

    private void PublishChanges(Gossip before, Gossip after)
    {
        foreach (var change in MembershipChanges.Between(before, after, _cluster.SelfUniqueAddress))
        {
            _subscriptions.Publish(change);
        }
    }

    private void Every(Commands.Tick tick, TimeSpan interval) =>
        Timers.StartPeriodicTimer(tick, tick, interval < _settings.PeriodicTasksInitialDelay ? interval : _settings.PeriodicTasksInitialDelay, interval);

    /// <summary>Often enough for the shortest of what joining waits for.</summary>
    private TimeSpan JoinInterval() =>
        new[] { TimeSpan.FromSeconds(1), _settings.SeedNodeTimeout, _settings.RetryUnsuccessfulJoinAfter ?? TimeSpan.MaxValue }.Min() / 2;

    private void Subscribe(Commands.Subscribe command)
    {
        if (command.Mode == ClusterEvent.InitialStateAsSnapshot)
        {
            command.Subscriber.Tell(_cluster.State);
        }
        else
        {
            foreach (var change in MembershipChanges.Between(Gossip.Empty, _membership.Gossip, _cluster.SelfUniqueAddress))
            {
                if (command.To.Any(kind => kind.IsInstanceOfType(change)))
                {
                    command.Subscriber.Tell(change);
                }
            }
        }

        foreach (var kind in command.To)
        {
            _subscriptions.Subscribe(command.Subscriber, kind);
        }

        Context.Watch(command.Subscriber);
    }

    private void Unsubscribe(Commands.Unsubscribe command)
    {
        if (command.To is null)
        {
            _subscriptions.Unsubscribe(command.Subscriber);
            Context.Unwatch(command.Subscriber);
        }
        else
        {
            _subscriptions.Unsubscribe(command.Subscriber, command.To);
        }
    }
}
