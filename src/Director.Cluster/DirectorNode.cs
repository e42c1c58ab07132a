using System.Collections.Immutable;
using Akka.Actor;
using Director.Cluster.Availability;
using Director.Cluster.Availability.Vrrp;
using Director.Cluster.Configuration;
using Director.Cluster.Feedback;
using Director.Cluster.Formation;
using Director.Cluster.Health;
using Director.Cluster.Partitioning;
using Director.Cluster.Synchronisation;
using Director.Cluster.Telemetry;
using Director.Cluster.VirtualServices;
using Director.Configuration;
using Director.Forwarding;
using Director.Health.Paths;

namespace Director.Cluster;

/// <summary>
/// A running director: availability and the actors around an engine. Engine and availability belong to the process and outlive a failure of the actors, which are then started again;
/// <see cref="Stop"/> ends all. Members may be called from any thread.
/// </summary>
public sealed class DirectorNode : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly IForwardingEngine _engine;
    private readonly AvailabilityService? _availability;
    private readonly VrrpService _vrrp;
    private readonly Partitions? _partitions;
    private readonly FeedbackService _feedback;
    private readonly VersionedTable _versions;
    private readonly HealthService _health;
    private readonly ConfigurationInForce _inForce;
    private readonly bool _isInCluster;
    private readonly ClusterSystem _system;
    private readonly Lazy<Task> _stop;
    private volatile IActorRef _engineActor = ActorRefs.Nobody;
    private volatile IActorRef _configurationActor = ActorRefs.Nobody;

    private DirectorNode(
        string path, ConfigurationResult configuration, DirectorConfiguration valid, CheckedEngine engine, HealthService health, VrrpService vrrp, AvailabilityService? availability, string program, Action<string> log)
    {
        _engine = engine;
        _health = health;
        _vrrp = vrrp;
        _availability = availability;
        var name = NameOf(valid);
        _versions = new VersionedTable(name, engine.Table, File.GetLastWriteTimeUtc(path));
        _inForce = new ConfigurationInForce(path, configuration);
        _isInCluster = !valid.Cluster.Seeds.IsEmpty;
        _partitions = availability is null || valid.Availability.Mode != AvailabilityMode.ActiveActive ? null : StartPartitions(valid, availability, log);
        _feedback = FeedbackService.Start(valid, new(() => engine.Table, Edit, health.Owns), TimeProvider.System, log);
        _inForce.Changed += _feedback.Reconfigure;
        health.SetFeedback(_feedback.Of);
        _feedback.Changed += health.FeedbackChanged;
        var figures = new AvailabilityFigures(availability, _partitions, vrrp);
        Telemetry = new ClusterTelemetry(new FigureSources(name, program, DateTimeOffset.UtcNow, engine)
        {
            Groups = figures.Groups,
            Vrrp = figures.Vrrp,
            Heartbeat = figures.Heartbeat,
            Synchronisation = () => engine.Synchronisation is { } synchronisation ? AvailabilityFigures.Of(synchronisation.Report()) : null,
            Feedback = _feedback.Figures,
            Differences = () => _versions.Differences(engine.Table),
            Health = health.Figures,
            Checking = () => health.Activity,
        });
        _stop = new(() => Task.Run(StopAll));
        _inForce.Changed += vrrp.Reconfigure;
        if (availability is not null)
        {
            FollowHeartbeats(availability);
            _inForce.Changed += changed => Reconfigure(availability, changed, log);
        }

        _inForce.Changed += changed => health.SetPlan(ConfiguredHealth.Plan(changed));
        FollowIpvs(valid);
        _system = ClusterSystem.Start(valid.Cluster, configuration.AkkaSection, availability, StartActors, log);
    }

    /// <summary>The kernel's connection synchronisation on this director.</summary>
    public IIpvsSynchronisation Ipvs => _engine.Ipvs;

    /// <summary>The figures of the whole cluster.</summary>
    public ClusterTelemetry Telemetry { get; }

    /// <summary>Puts the configuration's table in force, joins the other directors and starts the actors.</summary>
    /// <param name="path">The configuration file; watched from now on.</param>
    /// <param name="configuration">What was read from it, without errors.</param>
    /// <param name="engine">Set up as <see cref="ConfiguredTable.EngineOptions"/> says; disposed of by <see cref="Stop"/>.</param>
    /// <param name="log">Takes lines for the operator, one an event, from any thread.</param>
    /// <param name="program">The program's version, for the cluster's figures.</param>
    /// <exception cref="EngineException">The engine cannot put the table in force.</exception>
    /// <exception cref="InvalidOperationException">The <c>akka { }</c> section is refused, or something that the cluster needs cannot be had; the message says why in one line.</exception>
    public static DirectorNode Start(string path, ConfigurationResult configuration, IForwardingEngine engine, Action<string> log, string program = "")
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(engine);
        ArgumentNullException.ThrowIfNull(log);
        if (configuration.Configuration is not { } valid)
        {
            throw new ArgumentException("a configuration with errors cannot be started", nameof(configuration));
        }

        // First nothing is held, so that no address is announced that another director has.
        DataPath.Clear();
        var health = new HealthService(NameOf(valid), Guid.NewGuid().ToString("N"), TimeProvider.System, log);
        var vrrp = VrrpService.Start(valid, engine, () => engine.Synchronisation?.IsSynchronised ?? true, service => health.HasQuorum(service), log);
        AvailabilityService? availability = null;
        try
        {
            availability = StartAvailability(valid, engine, vrrp, log);
            var isAlone = valid.Cluster.Seeds.IsEmpty;
            health.SetAlone(isAlone);
            health.SetPlan(ConfiguredHealth.Plan(valid));
            var checkedEngine = new CheckedEngine(engine, health, log);
            checkedEngine.Apply(ConfiguredTable.From(valid));
            return new DirectorNode(path, configuration, valid, checkedEngine, health, vrrp, availability, program, log);
        }
        catch
        {
            Task.WhenAll(vrrp.DisposeAsync().AsTask(), availability?.DisposeAsync().AsTask() ?? Task.CompletedTask).Wait(Patience);
            health.Dispose();
            DataPath.Clear();
            throw;
        }
    }

    /// <summary>Changes the table in force.</summary>
    /// <returns>Null, or why it was refused.</returns>
    /// <exception cref="EngineException">The engine cannot do it; the table is as it was.</exception>
    /// <exception cref="TimeoutException">No answer within 10 seconds.</exception>
    public async Task<EditError?> Edit(TableEdit edit, CancellationToken cancellation = default) =>
        (await Ask<EngineActor.EditAnswer>(edit, cancellation).ConfigureAwait(false)).Error;

    /// <summary>Sets the totals of a service, or of all when null, to zero.</summary>
    /// <returns>Null, or why it was refused.</returns>
    public async Task<EditError?> Zero(ServiceKey? service, CancellationToken cancellation = default) =>
        (await Ask<EngineActor.EditAnswer>(new EngineActor.Zero(service), cancellation).ConfigureAwait(false)).Error;

    /// <summary>What the engine has done and holds, after all changes asked for before.</summary>
    public Task<EngineReport> Report(CancellationToken cancellation = default) => Ask<EngineReport>(new EngineActor.GetReport(), cancellation);

    /// <summary>Every connection and persistence template.</summary>
    public async Task<ImmutableArray<ConnectionReport>> Connections(CancellationToken cancellation = default) =>
        (await Ask<EngineActor.ConnectionsAnswer>(new EngineActor.GetConnections(), cancellation).ConfigureAwait(false)).Connections;

    /// <summary>Takes a real server into maintenance or back, on all directors.</summary>
    /// <param name="target"><c>ADDRESS:PORT</c>, <c>ADDRESS</c>, or either behind a service's name and a slash.</param>
    /// <param name="isOn">Whether it is taken out.</param>
    /// <returns>Null, or what is wrong.</returns>
    public string? SetMaintenance(string target, bool isOn) => _health.SetMaintenance(target, isOn);

    /// <summary>Reads the configuration file again now (SIGHUP). What comes of it is logged.</summary>
    public void Reload() => _configurationActor.Tell(ConfigurationActor.Reload.Instance, ActorRefs.NoSender);

    /// <summary>Hands over what this director holds, and stops forwarding, engine and actors. May be called again.</summary>
    public Task Stop() => _stop.Value;

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => new(Stop());

    private static string NameOf(DirectorConfiguration configuration) => configuration.Name.Length > 0 ? configuration.Name : Environment.MachineName;

    private static AvailabilityService? StartAvailability(DirectorConfiguration configuration, IForwardingEngine engine, VrrpService vrrp, Action<string> log)
    {
        if (configuration.Cluster.Key.IsEmpty)
        {
            return null;
        }

        try
        {
            return AvailabilityService.Start(configuration, engine, () => engine.Synchronisation?.IsSynchronised ?? true, log, vrrp);
        }
        catch (ArgumentException refused)
        {
            throw new InvalidOperationException(refused.Message, refused);
        }
    }

    private static void Reconfigure(AvailabilityService availability, DirectorConfiguration configuration, Action<string> log)
    {
        try
        {
            availability.Reconfigure(configuration);
        }
        catch (ArgumentException refused)
        {
            log($"error: configuration: {refused.Message}; groups stay as they are");
        }
    }

    private void FollowHeartbeats(AvailabilityService availability)
    {
        availability.Changed += heard => _health.SetLiving([.. heard.Others.Select(other => other.Name)]);
        if (_engine.Synchronisation is { } synchronisation)
        {
            availability.SetSynchronisation(synchronisation.EndPoint);
            availability.Changed += _ => Follow();
            Follow();

            // One that hears nobody has no change to tell of: it is alone, and knows all connections that there are.
            void Follow()
            {
                lock (synchronisation)
                    synchronisation.SetPeers(SynchronisedPeers.Of(availability.Heard));
            }
        }
    }

    // The difference of two files alone: what ipvsadm started or stopped stays.
    private void FollowIpvs(DirectorConfiguration started)
    {
        var before = ConfiguredIpvs.Options(started.Synchronisation.Ipvs);
        _inForce.Changed += changed =>
        {
            var after = ConfiguredIpvs.Options(changed.Synchronisation.Ipvs);
            if (after != before)
            {
                _engine.Ipvs.Change(before, after);
            }

            before = after;
        };
    }

    private Partitions StartPartitions(DirectorConfiguration configuration, AvailabilityService availability, Action<string> log)
    {
        ImmutableArray<PartitionedGroup> groups =
        [
            .. GroupAddresses.Of(configuration.Availability, ForwardingTable.Empty)
                .Select(group => PartitionedGroup.From(group.Name, group.Partition ?? configuration.Partition, configuration.Cluster.Name)),
        ];
        var partitions = new Partitions(availability, groups, _engine.Synchronisation is not null, TimeProvider.System, log);
        partitions.Changed += SetShares;
        SetShares();
        return partitions;

        void SetShares()
        {
            foreach (var group in groups)
            {
                availability.SetShare(group.Name, partitions.ShareOf(group.Name));
            }
        }
    }

    /// <summary>The actors of a new actor system.</summary>
    private void StartActors(ActorSystem system)
    {
        var (engine, versions, inForce) = (_engine, _versions, _inForce);
        var owners = _isInCluster ? PartOwners.Start(system, versions.Owner, _health.Own) : null;
        var engineActor = system.ActorOf(Props.Create(() => new EngineActor(engine, versions, owners, EngineActor.DefaultOwnersTime)), "engine");
        Func<string, ConfigurationResult> read = ConfigurationReader.Read;
        _configurationActor = system.ActorOf(
            Props.Create(() => new ConfigurationActor(inForce, engineActor, read, ConfigurationActor.DefaultQuietTime)), "configuration");
        _engineActor = engineActor;
        if (_isInCluster)
        {
            TelemetryActor.Start(system, Telemetry);
            HealthActor.Start(system, _health);
        }
    }

    // Clients first: what is held goes to the others while this director still forwards.
    private async Task StopAll()
    {
        await Task.WhenAll(_vrrp.DisposeAsync().AsTask(), _availability?.DisposeAsync().AsTask() ?? Task.CompletedTask).ConfigureAwait(false);
        _partitions?.Dispose();
        await _feedback.DisposeAsync().ConfigureAwait(false);
        _health.Dispose();
        DataPath.Clear();

        await _engine.DisposeAsync().ConfigureAwait(false);
        await _system.Stop().ConfigureAwait(false);
    }

    private async Task<T> Ask<T>(object message, CancellationToken cancellation)
    {
        try
        {
            return await _engineActor.Ask<T>(message, Patience, cancellation).ConfigureAwait(false);
        }
        catch (AskTimeoutException)
        {
            throw new TimeoutException($"the engine did not answer within {Patience.TotalSeconds} s");
        }
    }
}
