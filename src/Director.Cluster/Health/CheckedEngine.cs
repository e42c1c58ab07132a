using System.Collections.Immutable;
using Director.Forwarding;

namespace Director.Cluster.Health;

/// <summary>
/// An engine as those see it who say what is wished for: its table is the wished one, and what it puts in force is what health makes of that. So nobody but this class has to tell the two apart, and a
/// weight that an operator sets is not lost when the real server fails and comes back.
/// </summary>
internal sealed class CheckedEngine : IForwardingEngine
{
    private static readonly TimeSpan s_again = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly IForwardingEngine _engine;
    private readonly HealthService _health;
    private readonly Action<string> _log;
    private ForwardingTable _wanted;
    private readonly HashSet<ServiceKey> _touched = [];
    private bool _isBusy;
    private string _lastRefusal = "";

    public CheckedEngine(IForwardingEngine engine, HealthService health, Action<string> log)
    {
        _engine = engine;
        _health = health;
        _log = log;
        _wanted = engine.Table;
        health.Changed += Touch;
    }

    /// <summary>The table that is wished for.</summary>
    public ForwardingTable Table => Volatile.Read(ref _wanted);

    /// <inheritdoc/>
    public ISynchronisation? Synchronisation => _engine.Synchronisation;

    /// <inheritdoc/>
    public IIpvsSynchronisation Ipvs => _engine.Ipvs;

    /// <inheritdoc/>
    public event Action<AddressClaim>? AddressClaimed
    {
        add => _engine.AddressClaimed += value;
        remove => _engine.AddressClaimed -= value;
    }

    /// <inheritdoc/>
    public void Apply(ForwardingTable table)
    {
        ArgumentNullException.ThrowIfNull(table);
        lock (_lock)
        {
            var before = _wanted;
            _health.SetTable(table);
            try
            {
                _engine.Apply(InForce(table));
            }
            catch
            {
                _health.SetTable(before);
                throw;
            }

            Volatile.Write(ref _wanted, table);
        }
    }

    /// <inheritdoc/>
    public void Hold(Holdings holdings) => _engine.Hold(holdings);

    /// <inheritdoc/>
    public void Lend(TimeSpan duration) => _engine.Lend(duration);

    /// <summary>What the engine has done and holds: real servers as they are in force.</summary>
    public EngineReport Report() => _engine.Report();

    /// <inheritdoc/>
    public ImmutableArray<ConnectionReport> Connections() => _engine.Connections();

    /// <inheritdoc/>
    public bool Zero(ServiceKey? service) => _engine.Zero(service);

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _health.Changed -= Touch;
        return _engine.DisposeAsync();
    }

    private ForwardingTable InForce(ForwardingTable table) => table with { Services = [.. table.Services.Select(_health.Serve)] };

    /// <summary>Services whose health changed are put in force together: a thousand real servers that fail at once are a few tables, not a thousand.</summary>
    private void Touch(IReadOnlyCollection<ServiceKey> services)
    {
        lock (_touched)
        {
            _touched.UnionWith(services);
            if (_isBusy || _touched.Count == 0)
            {
                return;
            }

            _isBusy = true;
        }

        Task.Run(PutInForce);
    }

    private async Task PutInForce()
    {
        while (true)
        {
            HashSet<ServiceKey> touched;
            lock (_touched)
            {
                touched = [.. _touched];
                _touched.Clear();
                if (touched.Count == 0)
                {
                    _isBusy = false;
                    return;
                }
            }

            try
            {
                lock (_lock)
                {
                    var inForce = _engine.Table.Services.ToDictionary(service => service.Key);
                    ImmutableArray<VirtualServiceSpec> services =
                        [.. _wanted.Services.Select(service => touched.Contains(service.Key) || !inForce.TryGetValue(service.Key, out var now) ? _health.Serve(service) : now)];
                    if (!services.All(service => inForce.TryGetValue(service.Key, out var now) && ReferenceEquals(now, service)))
                    {
                        _engine.Apply(_wanted with { Services = services });
                    }
                }
            }
            catch (ObjectDisposedException)
            {
                // The director is stopping: nothing will be in force any more.
                return;
            }
            catch (Exception refusal)
            {
                // What the engine cannot do now it may be able to do soon, and nothing but this would try it.
                Say(refusal is EngineException ? refusal.Message : $"{refusal.GetType().Name}: {refusal.Message}");
                lock (_touched)
                {
                    _touched.UnionWith(touched);
                }

                await Task.Delay(s_again).ConfigureAwait(false);
                continue;
            }

            _lastRefusal = "";
        }
    }

    private void Say(string refusal)
    {
        if (refusal != _lastRefusal)
        {
            _log($"error: health: what is to be in force cannot be, and is tried again every second: {refusal}");
        }

        _lastRefusal = refusal;
    }
}
