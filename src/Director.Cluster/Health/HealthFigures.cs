using System.Collections.Immutable;
using Director.Forwarding;
using Director.Health.Serving;

namespace Director.Cluster.Health;

/// <summary>A service's health for people and machines.</summary>
internal static class HealthFigures
{
    /// <summary>That of a service.</summary>
    /// <param name="service">As it is wished for.</param>
    /// <param name="plan">What the file says of it.</param>
    /// <param name="health">What was decided; null: nothing yet.</param>
    /// <param name="known">What is known of real servers.</param>
    /// <param name="now">Monotonic time.</param>
    public static ServiceHealthFigures Of(VirtualServiceSpec service, ServicePlan plan, ServiceHealth? health, KnownHealth known, TimeSpan now)
    {
        var inForce = health?.InForce?.RealServers.ToDictionary(ServerKey.Of, server => server.Weight) ?? [];
        ImmutableArray<ServerHealthFigures> servers =
        [
            .. service.RealServers.Select(server =>
            {
                var (key, one) = (ServerKey.Of(server), known.Of(plan, server));
                return new ServerHealthFigures(key.ToString(), one.State, inForce.GetValueOrDefault(key), server.Weight, one.Percent, one.Detail, one.CheckedBy)
                {
                    Since = one.Since,
                    DrainSeconds = Left(health?.DrainsUntil(key), now),
                };
            }),
            .. (health?.Leaving ?? []).Select(server => new ServerHealthFigures(ServerKey.Of(server).ToString(), "draining", 0, server.Weight, 100, "left the file", "")
            {
                DrainSeconds = Left(health?.DrainsUntil(ServerKey.Of(server)), now),
            }),
        ];
        var fallback = (health?.Fallback ?? FallbackStanding.Absent).ToString().ToLowerInvariant();
        return new(service.Key.ToString(), service.Name, health?.HasQuorum ?? false, health?.IsInPanic ?? false, fallback, servers);
    }

    private static double? Left(TimeSpan? until, TimeSpan now) => until is { } end ? Math.Max(0, Math.Round((end - now).TotalSeconds, 1)) : null;
}
