using Director.Health.Serving;

namespace Director.Cluster.Health;

/// <summary>How a service stands.</summary>
/// <param name="IsFirst">Nothing has been decided yet.</param>
/// <param name="HasQuorum">Whether enough real servers are up.</param>
/// <param name="IsInPanic">Whether too many have failed at once.</param>
/// <param name="Fallback">What the fallback does.</param>
/// <param name="HasRealServers">Whether it has any.</param>
internal readonly record struct ServiceStanding(bool IsFirst, bool HasQuorum, bool IsInPanic, FallbackStanding Fallback, bool HasRealServers);

/// <summary>What is worth telling of a service that stands otherwise than before.</summary>
internal static class ServiceNews
{
    /// <summary>A state and a sentence for each change.</summary>
    public static IEnumerable<(string State, string Text)> Between(ServiceStanding before, ServiceStanding now, ServicePlan plan)
    {
        if (before.IsInPanic != now.IsInPanic)
        {
            yield return now.IsInPanic
                ? ("panic", "too many real servers have failed at once: the last good ones are kept")
                : ("calm", "enough real servers are up again: only those get connections");
        }

        var (served, serves) = (before.Fallback == FallbackStanding.Serves, now.Fallback == FallbackStanding.Serves);
        if (served != serves)
        {
            yield return serves
                ? ("fallback", $"no real server is left: connections go to the fallback {ServerKey.Of(plan.Fallback!)}")
                : ("recovered", "real servers are up again: the fallback gets no more connections");
        }
        else if (before.HasQuorum != now.HasQuorum && !(before.IsFirst && now.HasQuorum) && plan.Fallback is null)
        {
            yield return now.HasQuorum ? ("quorum", "enough real servers are up")
                : ("no-quorum", now.HasRealServers ? "too few real servers are up" : "it has no real servers");
        }
    }
}

/// <summary>Tells people: every director its log, and who checks the service those that are named in <c>alerts</c>.</summary>
internal sealed class HealthNews(Alerts alerts, Action<string> log)
{
    /// <summary>Tells of a change.</summary>
    /// <param name="plan">The service.</param>
    /// <param name="server">The real server; empty: the service itself.</param>
    /// <param name="state">What it now is.</param>
    /// <param name="text">In one line.</param>
    /// <param name="isForPeople">Whether those named in <c>alerts</c> are told too.</param>
    /// <param name="isGood">Whether nobody has to look.</param>
    public void Of(ServicePlan plan, string server, string state, string text, bool isForPeople, bool isGood)
    {
        var alert = new Alert(plan.Name, plan.Key.ToString(), server, state, text);
        log(isGood ? alert.ToString() : $"warning: {alert}");
        if (isForPeople)
        {
            alerts.Raise(alert);
        }
    }
}
