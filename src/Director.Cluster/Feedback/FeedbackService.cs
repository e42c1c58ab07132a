using System.Collections.Immutable;
using System.Net;
using Director.Cluster.Health;
using Director.Cluster.Telemetry;
using Director.Cluster.VirtualServices;
using Director.Configuration;
using Director.Forwarding;
using Director.Health.Feedback;
using Director.Health.Feedback.Protocol;

namespace Director.Cluster.Feedback;

/// <summary>Listens to agents and asks them, keeps the registry, and has the table changed where a real server joins or has gone. Members may be called from any thread.</summary>
internal sealed class FeedbackService : IWeightFeedback, IAgentSessions, IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan ShortestSilence = TimeSpan.FromSeconds(30);

    private readonly Lock _lock = new();
    private readonly FeedbackRegistry _registry;
    private readonly FeedbackSurroundings _around;
    private readonly FeedbackCounters _counters = new();
    private readonly TimeProvider _clock;
    private readonly Action<string> _log;
    private readonly long _start;
    private readonly AgentChecks _checks;
    private readonly FeedbackListener? _listener;
    private readonly ITimer _timer;
    private volatile ImmutableHashSet<FedServer> _inFile = [];
    private volatile ImmutableDictionary<ServiceKey, string> _names = ImmutableDictionary<ServiceKey, string>.Empty;
    private ImmutableDictionary<FedServer, FeedbackVerdict> _percentages = ImmutableDictionary<FedServer, FeedbackVerdict>.Empty;
    private int _isStepping;

    private FeedbackService(DirectorConfiguration configuration, FeedbackSurroundings around, TimeProvider clock, Action<string> log)
    {
        var feedback = configuration.Feedback;
        var rules = new FeedbackRules { Smoothing = feedback.Smoothing, DeadBand = feedback.DeadBand, Slew = feedback.Slew, Least = feedback.Least, Stale = feedback.Stale };
        _registry = new FeedbackRegistry(rules, feedback.RemoveAfter, RegistrationRules.Of(feedback));
        _around = around;
        _clock = clock;
        _log = log;
        _start = clock.GetTimestamp();
        var silence = feedback.Stale * 3 > ShortestSilence ? feedback.Stale * 3 : ShortestSilence;
        _listener = feedback.Listen is { } at ? FeedbackListener.Start(at, [.. feedback.Key], silence, this, _counters, clock, log) : null;
        _checks = new AgentChecks(Answered, _counters, clock, log);
        Reconfigure(configuration);
        _timer = clock.CreateTimer(_ => Step(), null, Interval, Interval);
    }

    /// <inheritdoc/>
    public event Action? Changed;

    /// <inheritdoc/>
    public ImmutableDictionary<FedServer, FeedbackVerdict> Percentages => Volatile.Read(ref _percentages);

    /// <summary>Where agents are listened to; null: nowhere.</summary>
    public IPEndPoint? EndPoint => _listener?.EndPoint;

    private TimeSpan Now => _clock.GetElapsedTime(_start);

    /// <summary>Starts it.</summary>
    /// <param name="configuration">The configuration in force.</param>
    /// <param name="around">What it needs of the director.</param>
    /// <param name="clock">Measures times.</param>
    /// <param name="log">Takes lines.</param>
    /// <exception cref="InvalidOperationException">The port for agents cannot be had.</exception>
    public static FeedbackService Start(DirectorConfiguration configuration, FeedbackSurroundings around, TimeProvider clock, Action<string> log) =>
        new(configuration, around, clock, log);

    /// <summary>Goes by another configuration from now on, as far as services and <c>agent-check</c> are concerned.</summary>
    public void Reconfigure(DirectorConfiguration configuration)
    {
        _inFile = [.. configuration.VirtualServices.SelectMany(service => service.RealServers.Select(server => new FedServer(service.Name, server.Address, server.Port)))];
        _names = configuration.VirtualServices.ToImmutableDictionary(ConfiguredTable.Key, service => service.Name);
        var asked = _checks.Follow(configuration);
        lock (_lock)
        {
            _registry.Ask(asked, Now);
        }
    }

    /// <summary>What a real server asks for: percent of its weight, and <c>maintenance</c> or <c>down</c> where it says so itself.</summary>
    public (int Percent, string? State) Of(ServiceKey service, ServerKey server) =>
        !_names.TryGetValue(service, out var name) || !Percentages.TryGetValue(new(name, server.Address, server.Port), out var verdict) ? (100, null) : verdict.State switch
        {
            ReportedState.Maintenance => (100, "maintenance"),
            ReportedState.Down => (100, "down"),
            _ => (verdict.Percent, null),
        };

    /// <summary>Who speaks for which real server; null where nobody can.</summary>
    public FeedbackFigures? Figures()
    {
        lock (_lock)
        {
            var servers = _registry.Figures(_inFile.Contains, Now);
            return _listener is null && servers.IsEmpty ? null : new(servers) { Counters = _counters.Names() };
        }
    }

    /// <inheritdoc/>
    public ImmutableArray<string> Register(long session, IPAddress from, Registration registration)
    {
        ImmutableArray<string> refusals;
        lock (_lock)
        {
            refusals = _registry.Register(session, from, registration, _around.Table(), Now);
        }

        var taken = registration.Services.Zip(refusals).Where(one => one.Second.Length == 0).Select(one => $"{new IPEndPoint(one.First.Address, one.First.Port)} of {one.First.Service}").ToArray();
        if (taken.Length > 0)
        {
            _log($"feedback: agent {registration.Agent} at {from} speaks for {string.Join(", ", taken)}");
        }

        return refusals;
    }

    /// <inheritdoc/>
    public bool Report(long session, Report report)
    {
        lock (_lock)
        {
            return _registry.Report(session, report, Now);
        }
    }

    /// <inheritdoc/>
    public void Leave(long session)
    {
        lock (_lock)
        {
            _registry.Leave(session, Now);
        }
    }

    /// <inheritdoc/>
    public void Lost(long session)
    {
        lock (_lock)
        {
            _registry.Lost(session);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _timer.DisposeAsync().ConfigureAwait(false);
        _checks.Dispose();
        if (_listener is not null)
        {
            await _listener.DisposeAsync().ConfigureAwait(false);
        }
    }

    private void Answered(FedServer server, AgentAnswer answer)
    {
        lock (_lock)
        {
            _registry.Answered(server, answer, Now);
        }
    }

    private void Step()
    {
        // A slow receiver of Changed must not meet itself.
        if (Interlocked.Exchange(ref _isStepping, 1) == 1)
        {
            return;
        }

        try
        {
            ImmutableArray<TableEdit> edits;
            ImmutableDictionary<FedServer, FeedbackVerdict> percentages;
            lock (_lock)
            {
                edits = _registry.Step(_around.Table(), _inFile.Contains, _around.IsOwnedHere, Now);
                percentages = _registry.Percentages(_inFile.Contains, Now);
            }

            foreach (var edit in edits)
            {
                _ = Make(edit);
            }

            if (!IsSame(percentages, _percentages))
            {
                Volatile.Write(ref _percentages, percentages);
                Changed?.Invoke();
            }
        }
        finally
        {
            Volatile.Write(ref _isStepping, 0);
        }
    }

    private async Task Make(TableEdit edit)
    {
        var what = edit switch
        {
            AddServer add => $"{new IPEndPoint(add.Server.Address, add.Server.Port)} joins {add.Service}",
            DeleteServer delete => $"{new IPEndPoint(delete.Address, delete.Port)}, whose agent is gone, leaves {delete.Service}",
            _ => $"{edit}",
        };
        try
        {
            // On the pool: what is asked for goes through actors and other directors.
            var error = await Task.Run(() => _around.Edit(edit, CancellationToken.None)).ConfigureAwait(false);
            // Another director was first.
            if (error is null or { Errno: EditErrno.Exists or EditErrno.NotFound })
            {
                _log($"feedback: {what}");
            }
            else
            {
                _log($"warning: feedback: {what}: refused: {error.Text}");
            }
        }
        catch (Exception failure) when (failure is TimeoutException or EngineException or InvalidOperationException)
        {
            _log($"warning: feedback: {what}: not done yet: {failure.Message}");
        }
    }

    private static bool IsSame(ImmutableDictionary<FedServer, FeedbackVerdict> one, ImmutableDictionary<FedServer, FeedbackVerdict> other) =>
        one.Count == other.Count && one.All(pair => other.TryGetValue(pair.Key, out var verdict) && verdict == pair.Value);
}

/// <summary>What feedback needs of the director around it. Each may be called from any thread.</summary>
/// <param name="Table">The table as it is wanted.</param>
/// <param name="Edit">Changes it: null, or why it was refused.</param>
/// <param name="IsOwnedHere">Whether this director is the one that changes a service; where that is not known, all may try.</param>
internal sealed record FeedbackSurroundings(Func<ForwardingTable> Table, Func<TableEdit, CancellationToken, Task<EditError?>> Edit, Func<ServiceKey, bool> IsOwnedHere);
