using Director.Forwarding;
using Director.Health.Probing;

namespace Director.Cluster.Health;

/// <summary>What all sources together say of a real server: an operator, its agent, its checks, in this order.</summary>
/// <param name="probes">Which checks it has.</param>
/// <param name="board">What they found.</param>
/// <param name="maintenance">Who is taken out.</param>
/// <param name="feedback">What agents ask for.</param>
internal sealed class KnownHealth(ProbePlan probes, VerdictBoard board, Maintenance maintenance, Func<ServiceKey, ServerKey, (int Percent, string? State)> feedback)
{
    /// <summary>The health of a real server of a service.</summary>
    public ServerHealth Of(ServicePlan plan, RealServerSpec server)
    {
        var key = ServerKey.Of(server);
        var (percent, state) = feedback(plan.Key, key);
        if (maintenance.IsOn(plan.Name, key, plan.InMaintenance.Contains(key)))
        {
            return new("maintenance", false, percent, "taken out by an operator", null, "");
        }

        if (state is not null)
        {
            return new(state, false, percent, "its agent says so", null, "");
        }

        var checks = probes.Of(plan.Key, key);
        return checks.IsEmpty ? new("unchecked", true, percent, "", null, "") : ByChecks(checks, percent);
    }

    private ServerHealth ByChecks(IEnumerable<(SharedProbe Probe, bool UnknownIsUp)> checks, int percent)
    {
        var (isUp, state, detail, since, by) = (true, "up", "", (DateTimeOffset?)null, "");
        foreach (var (probe, unknownIsUp) in checks)
        {
            var told = board.Of(probe.Name);
            var verdict = told?.Verdict ?? Verdict.Unknown;
            by = by.Length == 0 ? board.ProberOf(probe.Name) : by;
            since = told is not null && (since is null || told.Since > since) ? told.Since : since;
            percent = told?.Percent is { } share ? Math.Min(percent, share) : percent;
            // The worst of several is told: down, then unknown.
            if (verdict == Verdict.Down || (verdict == Verdict.Unknown && state != "down") || detail.Length == 0)
            {
                detail = told is null ? "not checked yet" : $"{probe.Check.Check.Type}: {told.Detail}";
            }

            state = verdict == Verdict.Down ? "down" : verdict == Verdict.Unknown && state != "down" ? "unknown" : state;
            isUp &= verdict == Verdict.Up || (verdict == Verdict.Unknown && unknownIsUp);
        }

        return new(state, isUp, percent, detail, since, by);
    }
}
