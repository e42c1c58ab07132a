using System.Collections.Immutable;
using Akka.Actor;
using Akka.Cluster.Membership;
using Akka.Configuration;
using Akka.Event;
using Akka.Remote;

namespace Akka.Cluster;

/// <summary>The membership of this actor system in its cluster.</summary>
public class Cluster : IExtension
{
    private readonly TaskCompletionSource _up = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _leaving = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _exiting = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lazy<IDowningProvider> _downingProvider;
    private readonly ILoggingAdapter _log;
    private readonly IActorRef _daemon;
    private volatile ClusterEvent.CurrentClusterState _state = new();
    private volatile Member _selfMember;
    private volatile bool _isTerminated;

    internal Cluster(ActorSystemImpl system)
    {
        System = system;
        if (system.Provider is not ClusterActorRefProvider)
        {
            throw new ConfigurationException(
                $"ActorSystem [{system}] needs to have a 'ClusterActorRefProvider' enabled in the configuration, currently uses [{system.Provider.GetType().FullName}]: set akka.actor.provider = cluster");
        }

        Settings = new ClusterSettings(system.Settings.Config);
        SelfUniqueAddress = new UniqueAddress(system.Provider.DefaultAddress, AddressUidExtension.Uid(system));
        _selfMember = new Member(SelfUniqueAddress, Member.NotYetUp, MemberStatus.Removed, SelfRoles);
        _log = Logging.GetLogger(system, "Cluster");
        var downing = DowningProviderType();
        _downingProvider = new Lazy<IDowningProvider>(() => (IDowningProvider)Activator.CreateInstance(downing, System, this));
        Log(LogLevel.InfoLevel, "Starting up...");
        AddShutdownTasks();
        _daemon = system.SystemActorOf(Props.Create(() => new ClusterDaemon(this)), "cluster");
    }

    public UniqueAddress SelfUniqueAddress { get; }

    public Address SelfAddress => SelfUniqueAddress.Address;

    public ImmutableHashSet<string> SelfRoles => Settings.Roles;

    /// <summary>As of the last change; also after the end.</summary>
    public ClusterEvent.CurrentClusterState State => _state;

    /// <summary>Removed while not yet in a cluster.</summary>
    public Member SelfMember => _selfMember;

    public bool IsTerminated => _isTerminated;

    public bool IsUp => !IsTerminated && SelfMember.Status == MemberStatus.Up;

    public ExtendedActorSystem System { get; }

    public IDowningProvider DowningProvider => _downingProvider.Value;

    internal ClusterSettings Settings { get; }

    public static Cluster Get(ActorSystem system) => new ClusterExtension().Get(system);

    public void Subscribe(IActorRef subscriber, params Type[] to) => Subscribe(subscriber, ClusterEvent.InitialStateAsSnapshot, to);

    public void Subscribe(IActorRef subscriber, ClusterEvent.SubscriptionInitialStateMode initialStateMode, params Type[] to)
    {
        if (to.Length == 0)
        {
            throw new ArgumentException($"At least one `{nameof(ClusterEvent.IClusterDomainEvent)}` class is required", nameof(to));
        }

        if (to.FirstOrDefault(kind => !typeof(ClusterEvent.IClusterDomainEvent).IsAssignableFrom(kind)) is { } foreign)
        {
            throw new ArgumentException($"Subscribe to `{nameof(ClusterEvent.IClusterDomainEvent)}` or subclasses, was [{foreign.Name}]", nameof(to));
        }

        _daemon.Tell(new Commands.Subscribe(subscriber, initialStateMode, [.. to]));
    }

    public void Unsubscribe(IActorRef subscriber) => Unsubscribe(subscriber, null);

    public void Unsubscribe(IActorRef subscriber, Type to) => _daemon.Tell(new Commands.Unsubscribe(subscriber, to));

    public void SendCurrentClusterState(IActorRef receiver) => _daemon.Tell(new Commands.SendState(receiver));

    public void Join(Address address) => _daemon.Tell(new Commands.JoinTo(address));

    public Task JoinAsync(Address address, CancellationToken token = default) => JoinAsync(() => Join(address), address.ToString(), token);

    public void JoinSeedNodes(IEnumerable<Address> seedNodes) => _daemon.Tell(new Commands.JoinSeeds([.. seedNodes]));

    public Task JoinSeedNodesAsync(IEnumerable<Address> seedNodes, CancellationToken token = default)
    {
        Address[] seeds = [.. seedNodes];
        return JoinAsync(() => JoinSeedNodes(seeds), string.Join(", ", seeds.Select(seed => seed.ToString())), token);
    }

    public void Leave(Address address) => _daemon.Tell(new Commands.Leave(address));

    public Task LeaveAsync() => LeaveAsync(CancellationToken.None);

    public Task LeaveAsync(CancellationToken cancellationToken)
    {
        if (!IsTerminated)
        {
            Leave(SelfAddress);
        }

        return _ended.Task.WaitAsync(cancellationToken);
    }

    public void Down(Address address) => _daemon.Tell(new Commands.Down(address));

    public void RegisterOnMemberUp(Action callback) => RunAfter(_up.Task, callback);

    public void RegisterOnMemberRemoved(Action callback) => RunAfter(_ended.Task, callback);

    /// <summary>From the daemon, before any subscriber hears of it.</summary>
    internal void Publish(Gossip gossip)
    {
        if (gossip.Find(SelfUniqueAddress) is { } self)
        {
            _selfMember = self;
        }

        _state = MembershipChanges.StateOf(gossip, SelfUniqueAddress);
        switch (_selfMember.Status)
        {
            case MemberStatus.Up:
                _up.TrySetResult();
                break;
            case MemberStatus.Leaving:
                _leaving.TrySetResult();
                break;
            case MemberStatus.Exiting:
                _leaving.TrySetResult();
                _exiting.TrySetResult();
                break;
        }
    }

    /// <summary>Stops the daemon.</summary>
    internal void Shutdown()
    {
        if (!_isTerminated)
        {
            _isTerminated = true;
            Log(LogLevel.InfoLevel, "Shutting down...");
            System.Stop(_daemon);
        }
    }

    /// <summary>The daemon has stopped, whyever.</summary>
    internal void Ended()
    {
        _isTerminated = true;
        Log(LogLevel.InfoLevel, "Successfully shut down");
        _ended.TrySetResult();
        if (Settings.RunCoordinatedShutdownWhenDown)
        {
            CoordinatedShutdown.Get(System).Run(CoordinatedShutdown.ClusterDowningReason.Instance);
        }
    }

    internal void Log(LogLevel level, string message)
    {
        if (level != LogLevel.InfoLevel || Settings.LogInfo)
        {
            _log.Log(level, null, $"Cluster Node [{SelfAddress}] - {message}");
        }
    }

    private Type DowningProviderType()
    {
        if (Settings.DowningProviderClass.Length == 0)
        {
            return typeof(NoDowning);
        }

        var type = Type.GetType(Settings.DowningProviderClass, throwOnError: false);
        return type is not null && typeof(IDowningProvider).IsAssignableFrom(type)
            ? type
            : throw new ConfigurationException($"Downing provider class [{Settings.DowningProviderClass}] in akka.cluster.downing-provider-class is no {nameof(IDowningProvider)}");
    }

    private async Task JoinAsync(Action join, string through, CancellationToken token)
    {
        if (IsTerminated)
        {
            throw new ClusterJoinFailedException("Cluster has already been terminated");
        }

        join();
        var failed = $"Node has not managed to join the cluster using provided address: {through}";
        try
        {
            await Task.WhenAny(_up.Task, _ended.Task).WaitAsync(token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            throw new ClusterJoinFailedException(failed);
        }

        if (!_up.Task.IsCompleted)
        {
            throw new ClusterJoinFailedException(failed);
        }
    }

    private void RunAfter(Task task, Action callback) => task.ContinueWith(
        _ =>
        {
            try
            {
                callback();
            }
            catch (Exception cause)
            {
                _log.Error(cause, "a callback of the cluster failed");
            }
        },
        TaskScheduler.Default);

    /// <summary>A system that shuts down leaves its cluster first, and one that the cluster let go shuts down.</summary>
    private void AddShutdownTasks()
    {
        var shutdown = CoordinatedShutdown.Get(System);
        shutdown.AddTask(CoordinatedShutdown.PhaseClusterLeave, "leave", async () =>
        {
            if (IsMember)
            {
                Leave(SelfAddress);
                await Task.WhenAny(_leaving.Task, _ended.Task).ConfigureAwait(false);
            }

            return Done.Instance;
        });
        shutdown.AddTask(CoordinatedShutdown.PhaseClusterExiting, "wait-exiting", async () =>
        {
            if (IsMember)
            {
                await Task.WhenAny(_exiting.Task, _ended.Task).ConfigureAwait(false);
            }

            return Done.Instance;
        });
        shutdown.AddTask(CoordinatedShutdown.PhaseClusterExitingDone, "exiting-completed", async () =>
        {
            if (IsMember)
            {
                await Task.WhenAny(_daemon.Ask<Done>(Commands.ConfirmExit.Instance), _ended.Task).ConfigureAwait(false);
            }

            return Done.Instance;
        });
        shutdown.AddTask(CoordinatedShutdown.PhaseClusterShutdown, "wait-shutdown", async () =>
        {
            Shutdown();
            await _ended.Task.ConfigureAwait(false);
            return Done.Instance;
        });
    }

    private bool IsMember => !IsTerminated && SelfMember.Status is not (MemberStatus.Removed or MemberStatus.Down);
}
