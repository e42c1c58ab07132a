using System.Collections.Concurrent;
using System.Collections.Immutable;
using Director.Forwarding;

namespace Director.Cluster.Tests;

/// <summary>Keeps a table and does nothing with it.</summary>
internal sealed class FakeEngine : IForwardingEngine
{
    private volatile ForwardingTable _table = ForwardingTable.Empty;
    private readonly ConcurrentQueue<Exception> _failures = new();

    public ForwardingTable Table => _table;

    public ISynchronisation? Synchronisation => null;

    public FakeIpvs Daemons { get; } = new();

    public IIpvsSynchronisation Ipvs => Daemons;

    public bool IsDisposed { get; private set; }

    public ServiceKey? Zeroed { get; private set; }

    /// <summary>Lets the next calls of <see cref="Apply"/> fail.</summary>
    public void FailNext(Exception failure, int times = 1)
    {
        for (var i = 0; i < times; i++)
        {
            _failures.Enqueue(failure);
        }
    }

    public void Apply(ForwardingTable table)
    {
        if (_failures.TryDequeue(out var failure))
        {
            throw failure;
        }

        _table = table;
    }

    public event Action<AddressClaim>? AddressClaimed;

    /// <summary>Has another host claim an address.</summary>
    public void Claim(AddressClaim claim) => AddressClaimed?.Invoke(claim);

    public Holdings Holdings { get; private set; } = Holdings.Everything;

    public TimeSpan Lent { get; private set; } = Timeout.InfiniteTimeSpan;

    public event Action<Holdings>? Held;

    public void Hold(Holdings holdings)
    {
        Holdings = holdings;
        Held?.Invoke(holdings);
    }

    public void Lend(TimeSpan duration) => Lent = duration;

    public EngineReport Report() => new(
        [.. _table.Services.Select(service => new VirtualServiceReport(service, [], default, default))], 0, 1024, ImmutableSortedDictionary<string, ulong>.Empty, 1, ["eth0"]);

    public ImmutableArray<ConnectionReport> Connections() =>
        [new ConnectionReport(6, "ESTABLISHED", 900_000, new(1, 1), new(2, 2), new(3, 3), ForwardingMethod.Nat, false, 0)];

    public bool Zero(ServiceKey? service)
    {
        Zeroed = service;
        return service is null || _table.Services.Any(one => one.Key == service);
    }

    public ValueTask DisposeAsync()
    {
        IsDisposed = true;
        return ValueTask.CompletedTask;
    }
}

/// <summary>Keeps daemons and does nothing with them.</summary>
internal sealed class FakeIpvs : IIpvsSynchronisation
{
    /// <summary>What configurations said, from and to.</summary>
    public ConcurrentQueue<(IpvsOptions From, IpvsOptions To)> Changes { get; } = new();

    public IReadOnlyList<IpvsDaemonOptions> Daemons { get; private set; } = [];

    public void Start(IpvsDaemonOptions daemon) => Daemons = [.. Daemons, daemon];

    public void Stop(IpvsRole role) => Daemons = [.. Daemons.Where(daemon => daemon.Role != role)];

    public void Change(IpvsOptions from, IpvsOptions to) => Changes.Enqueue((from, to));
}
