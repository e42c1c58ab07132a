using System.Collections.Immutable;
using Director.Forwarding;
using Director.Health.Probing;
using Director.Health.Serving;

namespace Director.Cluster.Health;

/// <summary>A real server as its service's health has it.</summary>
/// <param name="State">up, down, unknown, maintenance, unchecked.</param>
/// <param name="IsUp">Whether it counts as up.</param>
/// <param name="Percent">Share of its weight that it asks for.</param>
/// <param name="Detail">For people.</param>
/// <param name="Since">When a verdict last changed.</param>
/// <param name="CheckedBy">Who checks it.</param>
internal readonly record struct ServerHealth(string State, bool IsUp, int Percent, string Detail, DateTimeOffset? Since, string CheckedBy);

/// <summary>A service's table in force: what is wished for, and what health makes of it. It remembers one decision for the next.</summary>
internal sealed class ServiceHealth
{
    private readonly Dictionary<ServerKey, Drain> _drains = [];
    private ServingMemory<ServerKey> _memory = ServingMemory<ServerKey>.Start;
    private FallbackStanding _fallback;
    private VirtualServiceSpec? _last;
    private bool _hasRealServers;

    /// <summary>Connections of a real server that may go on until a time.</summary>
    private sealed record Drain(RealServerSpec Spec, TimeSpan Until, bool HasLeft);

    /// <summary>Whether enough real servers are up.</summary>
    public bool HasQuorum => _memory.HasQuorum;

    /// <summary>Whether too many have failed at once.</summary>
    public bool IsInPanic => _memory.IsInPanic;

    /// <summary>What the fallback does.</summary>
    public FallbackStanding Fallback => _fallback;

    /// <summary>The service as it is in force; null before the first decision.</summary>
    public VirtualServiceSpec? InForce => _last;

    /// <summary>How it stands, for people.</summary>
    public ServiceStanding ForPeople => new(_last is null, HasQuorum, IsInPanic, _fallback, _hasRealServers);

    /// <summary>Until when a real server's connections may go on; null: it does not drain.</summary>
    public TimeSpan? DrainsUntil(ServerKey server) => _drains.TryGetValue(server, out var drain) ? drain.Until : null;

    /// <summary>Real servers that left the file and still have time.</summary>
    public IEnumerable<RealServerSpec> Leaving => _drains.Values.Where(drain => drain.HasLeft).Select(drain => drain.Spec);

    /// <summary>A real server left the file: its connections may go on for a while.</summary>
    public void Leave(RealServerSpec server, TimeSpan until) => _drains[ServerKey.Of(server)] = new(server, until, HasLeft: true);

    /// <summary>A real server that left the file is done with.</summary>
    public void Gone(ServerKey server) => _drains.Remove(server);

    /// <summary>Decides what is in force.</summary>
    /// <param name="wanted">What is wished for.</param>
    /// <param name="plan">How the service wants failure met.</param>
    /// <param name="healthOf">What is known of a real server.</param>
    /// <param name="now">Monotonic time.</param>
    /// <returns>The same object as last time when nothing changed.</returns>
    public VirtualServiceSpec Decide(VirtualServiceSpec wanted, ServicePlan plan, Func<RealServerSpec, ServerHealth> healthOf, TimeSpan now)
    {
        var fallback = plan.Fallback;
        // A fallback may stand among the real servers, too; it then is the fallback while it serves as one.
        ImmutableArray<ServerHealth> health = [.. wanted.RealServers.Select(healthOf)];
        var states = wanted.RealServers.Select((server, i) => new ServerState<ServerKey>(ServerKey.Of(server), server.Weight, health[i].IsUp)
        {
            IsInMaintenance = health[i].State == "maintenance",
            Percent = health[i].Percent,
        }).ToArray();
        var decision = ActiveSet.Decide(plan.Policy with { HasFallback = fallback is not null }, states, _memory);
        _memory = decision.Memory;
        _hasRealServers = !wanted.RealServers.IsEmpty;
        _fallback = decision.Fallback;
        var servers = ImmutableArray.CreateBuilder<RealServerSpec>(wanted.RealServers.Length + 1);
        for (var i = 0; i < wanted.RealServers.Length; i++)
        {
            var (server, state) = (wanted.RealServers[i], states[i]);
            if (fallback is not null && _fallback == FallbackStanding.Serves && state.Id == ServerKey.Of(fallback))
            {
                continue;
            }

            FollowMaintenance(server, state.IsInMaintenance, plan.DrainTimeout, now);
            var (standing, weight) = decision.Servers[i];
            if (standing != Standing.Removed)
            {
                servers.Add(server with { Weight = weight, Fate = FateOf(state, standing, now) });
            }
        }

        foreach (var (key, drain) in _drains.Where(drain => drain.Value.HasLeft).ToArray())
        {
            if (plan.Servers.ContainsKey(key))
            {
                // It is back.
                _drains.Remove(key);
            }
            else if (!states.Any(state => state.Id == key))
            {
                // Until the file's new table is in force it still stands among the others.
                servers.Add(drain.Spec with { Weight = 0, Fate = drain.Until <= now ? ConnectionFate.Ended : ConnectionFate.Kept });
            }
        }

        if (fallback is not null && _fallback != FallbackStanding.Absent && !servers.Any(server => ServerKey.Of(server) == ServerKey.Of(fallback)))
        {
            servers.Add(fallback with { Weight = _fallback == FallbackStanding.Serves ? 1 : 0 });
        }

        var result = wanted with { RealServers = servers.ToImmutable() };
        if (_last is not null && _last with { RealServers = result.RealServers } == result && _last.RealServers.SequenceEqual(result.RealServers))
        {
            return _last;
        }

        return _last = result;
    }

    private void FollowMaintenance(RealServerSpec server, bool isOn, TimeSpan timeout, TimeSpan now)
    {
        var key = ServerKey.Of(server);
        var isNoted = _drains.TryGetValue(key, out var drain) && !drain.HasLeft;
        if (isOn && !isNoted)
        {
            _drains[key] = new(server, now + timeout, HasLeft: false);
        }
        else if (!isOn && isNoted)
        {
            _drains.Remove(key);
        }
    }

    private ConnectionFate FateOf(ServerState<ServerKey> state, Standing standing, TimeSpan now)
    {
        if (state.IsInMaintenance)
        {
            return _drains[state.Id].Until <= now ? ConnectionFate.Ended : ConnectionFate.Kept;
        }

        return standing == Standing.Quiet && !state.IsUp ? ConnectionFate.Moved : ConnectionFate.Kept;
    }
}
