using Akka.Actor;
using Akka.Event;

namespace Akka.Remote;

/// <summary>
/// Watches actors of other systems on behalf of actors of this one, and exchanges heartbeats with those systems: when one falls silent, its actors are taken for dead and it is quarantined.
/// </summary>
internal class RemoteWatcher : UntypedActor, IWithTimers
{
    private readonly RemoteActorRefProvider _provider;
    private readonly TimeSpan _expectedResponseAfter;
    private readonly DefaultFailureDetectorRegistry<Address> _detectors;

    /// <summary>The watched, each with those who watch it.</summary>
    private readonly Dictionary<IInternalActorRef, HashSet<IInternalActorRef>> _watching = [];

    /// <summary>The systems that heartbeats are exchanged with, each with its uid once known.</summary>
    private readonly Dictionary<Address, int?> _nodes = [];

    private readonly TimeSpan _heartbeatInterval;
    private readonly TimeSpan _reaperInterval;

    public RemoteWatcher(RemoteActorRefProvider provider)
    {
        _provider = provider;
        var config = provider.Settings.Config.GetConfig("akka.remote.watch-failure-detector");
        _heartbeatInterval = config.GetTimeSpan("heartbeat-interval");
        _reaperInterval = config.GetTimeSpan("unreachable-nodes-reaper-interval");
        _expectedResponseAfter = config.GetTimeSpan("expected-response-after");
        _detectors = new(() => FailureDetectorLoader.Load(config.GetString("implementation-class"), config, provider.System));
    }

    public ITimerScheduler Timers { get; set; }

    protected override void PreStart()
    {
        Timers.StartPeriodicTimer(HeartbeatTick.Instance, HeartbeatTick.Instance, _heartbeatInterval);
        Timers.StartPeriodicTimer(ReapUnreachableTick.Instance, ReapUnreachableTick.Instance, _reaperInterval);
    }

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case Heartbeat:
                Sender.Tell(new HeartbeatRsp(AddressUidExtension.Uid(Context.System)), Self);
                break;
            case HeartbeatRsp response:
                Heard(Sender.Path.Address, response.Uid);
                break;
            case WatchRemote watch:
                Add(watch.Watchee, watch.Watcher);
                break;
            case UnwatchRemote unwatch:
                Remove(unwatch.Watchee, unwatch.Watcher);
                break;
            case Terminated terminated:
                Ended(terminated);
                break;
            case HeartbeatTick:
                SendHeartbeats();
                break;
            case ReapUnreachableTick:
                Reap();
                break;
            case ExpectedFirstHeartbeat expected:
                // Whoever never answers must be found out too: from here on the estimate of the first interval counts.
                if (_nodes.ContainsKey(expected.From) && !_detectors.IsMonitoring(expected.From))
                {
                    _detectors.Heartbeat(expected.From);
                }

                break;
            default:
                Unhandled(message);
                break;
        }
    }

    /// <summary>Begins to exchange heartbeats with a system. The cluster's watcher does not with its members.</summary>
    protected virtual void WatchNode(Address address) => _nodes.TryAdd(address, null);

    /// <summary>Ends the exchange of heartbeats; the watches stay.</summary>
    protected void UnwatchNode(Address address)
    {
        _nodes.Remove(address);
        _detectors.Remove(address);
        Timers.Cancel(address);
    }

    protected void Quarantine(Address address, int? uid) => _provider.Quarantine(address, uid);

    /// <summary>Tells all who watch actors at the address of their end.</summary>
    protected void PublishAddressTerminated(Address address) => _provider.System.AddressTerminations.Publish(address);

    private void Add(IInternalActorRef watchee, IInternalActorRef watcher)
    {
        if (!_watching.TryGetValue(watchee, out var watchers))
        {
            _watching.Add(watchee, watchers = []);
        }

        watchers.Add(watcher);
        WatchNode(watchee.Path.Address);
        Context.Watch(watchee);
    }

    private void Remove(IInternalActorRef watchee, IInternalActorRef watcher)
    {
        if (_watching.TryGetValue(watchee, out var watchers) && watchers.Remove(watcher) && watchers.Count == 0)
        {
            Context.Unwatch(watchee);
            Forget(watchee);
        }
    }

    private void Ended(Terminated terminated)
    {
        if (terminated.ActorRef is not IInternalActorRef watchee || !_watching.TryGetValue(watchee, out var watchers))
        {
            return;
        }

        // Of an address's end every watcher hears by itself.
        if (!terminated.AddressTerminated)
        {
            foreach (var watcher in watchers)
            {
                watcher.SendSystemMessage(new ActorDied(watchee, terminated.ExistenceConfirmed));
            }
        }

        Forget(watchee);
    }

    private void Forget(IInternalActorRef watchee)
    {
        _watching.Remove(watchee);
        var address = watchee.Path.Address;
        if (!_watching.Keys.Any(other => other.Path.Address == address))
        {
            UnwatchNode(address);
        }
    }

    private void Heard(Address from, int uid)
    {
        if (!_nodes.TryGetValue(from, out var before) || !_detectors.IsAvailable(from))
        {
            return;
        }

        _detectors.Heartbeat(from);
        if (before == uid)
        {
            return;
        }

        // A new incarnation does not know who watches: it says of each actor of the old one that it is gone.
        _nodes[from] = uid;
        foreach (var watchee in _watching.Keys.Where(watchee => watchee.Path.Address == from))
        {
            watchee.SendSystemMessage(new WatchActor(watchee, (IInternalActorRef)Self));
        }
    }

    private void SendHeartbeats()
    {
        foreach (var address in _nodes.Keys.Where(_detectors.IsAvailable))
        {
            if (!_detectors.IsMonitoring(address) && !Timers.IsTimerActive(address))
            {
                Timers.StartSingleTimer(address, new ExpectedFirstHeartbeat(address), _expectedResponseAfter);
            }

            Context.ActorSelection(new RootActorPath(address) / Self.Path.Elements).Tell(new Heartbeat(), Self);
        }
    }

    private void Reap()
    {
        foreach (var (address, uid) in _nodes.ToArray())
        {
            if (!_detectors.IsAvailable(address))
            {
                Context.GetLogger().Warning("Detected unreachable: [{0}]", address);
                Quarantine(address, uid);
                PublishAddressTerminated(address);
                UnwatchNode(address);
            }
        }
    }

    internal sealed record WatchRemote(IInternalActorRef Watchee, IInternalActorRef Watcher);

    internal sealed record UnwatchRemote(IInternalActorRef Watchee, IInternalActorRef Watcher);

    internal sealed record Heartbeat : IDeadLetterSuppression;

    internal sealed record HeartbeatRsp(int Uid) : IDeadLetterSuppression;

    private sealed record ExpectedFirstHeartbeat(Address From);

    private sealed record HeartbeatTick
    {
        public static readonly HeartbeatTick Instance = new();
    }

    private sealed record ReapUnreachableTick
    {
        public static readonly ReapUnreachableTick Instance = new();
    }
}
