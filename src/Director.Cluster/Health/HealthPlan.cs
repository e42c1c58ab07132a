using System.Collections.Immutable;
using Director.Forwarding;
using Director.Health;
using Director.Health.Probing;
using Director.Health.Serving;

namespace Director.Cluster.Health;

/// <summary>A check of a real server, with when it is made and by whom.</summary>
/// <param name="Check">The question.</param>
/// <param name="Timing">When it is asked.</param>
internal sealed record PlannedCheck(HealthCheck Check, ProbeTiming Timing)
{
    /// <summary>Whether a real server counts as up while nothing is known.</summary>
    public bool UnknownIsUp { get; init; } = true;

    /// <summary>Every director asks for itself and uses its own view.</summary>
    public bool FromAll { get; init; }
}

/// <summary>How the real servers of a service are checked and what becomes of one that fails.</summary>
/// <param name="Key">The service.</param>
/// <param name="Name">Its name in the file.</param>
internal sealed record ServicePlan(ServiceKey Key, string Name)
{
    /// <summary>How failure is met.</summary>
    public ServingPolicy Policy { get; init; } = new();

    /// <summary>Where connections go when no real server is left; null is nowhere.</summary>
    public RealServerSpec? Fallback { get; init; }

    /// <summary>How long connections of a real server that left the file, or is in maintenance, may go on.</summary>
    public TimeSpan DrainTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Real servers that the file has in maintenance.</summary>
    public ImmutableHashSet<ServerKey> InMaintenance { get; init; } = [];

    /// <summary>Real servers that the file names, with their checks.</summary>
    public ImmutableDictionary<ServerKey, ImmutableArray<PlannedCheck>> Servers { get; init; } = ImmutableDictionary<ServerKey, ImmutableArray<PlannedCheck>>.Empty;

    /// <summary>The service's own checks, of a real server that the file does not name.</summary>
    public Func<RealServerSpec, ImmutableArray<PlannedCheck>> ChecksOfOther { get; init; } = _ => [];

    /// <summary>The checks of a real server, all of which must pass.</summary>
    public ImmutableArray<PlannedCheck> ChecksOf(RealServerSpec server) => Servers.TryGetValue(ServerKey.Of(server), out var checks) ? checks : ChecksOfOther(server);
}

/// <summary>What a director's file says of health.</summary>
internal sealed record HealthPlan
{
    /// <summary>Nothing is checked.</summary>
    public static HealthPlan Empty { get; } = new();

    /// <summary>The services of the file.</summary>
    public ImmutableDictionary<ServiceKey, ServicePlan> Services { get; init; } = ImmutableDictionary<ServiceKey, ServicePlan>.Empty;

    /// <summary>Folder whose files take real servers into maintenance by their names (ldirectord's <c>maintenancedir</c>); empty is none.</summary>
    public string MaintenanceDirectory { get; init; } = "";

    /// <summary>Who is told of changes.</summary>
    public AlertPlan Alerts { get; init; } = new();
}
