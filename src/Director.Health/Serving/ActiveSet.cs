using System.Collections.Immutable;
using Director.Health.Feedback;

namespace Director.Health.Serving;

/// <summary>What a real server does for its service.</summary>
public enum Standing
{
    /// <summary>It gets new connections, by its weight.</summary>
    Serves,

    /// <summary>It keeps its connections and gets no new ones: weight 0.</summary>
    Quiet,

    /// <summary>It is out of the table.</summary>
    Removed,
}

/// <summary>What the fallback does for its service.</summary>
public enum FallbackStanding
{
    /// <summary>It is out of the table.</summary>
    Absent,

    /// <summary>It stands in the table at weight 0, as ldirectord shows it with <c>quiescent</c>.</summary>
    Waits,

    /// <summary>It gets the connections.</summary>
    Serves,
}

/// <summary>A real server as the decision needs it.</summary>
/// <param name="Id">What identifies it within its service.</param>
/// <param name="Weight">Its configured weight, 0 to 65535; 0 is an operator's wish that it gets nothing new.</param>
/// <param name="IsUp">Whether its checks say that it can serve; unknown is what the configuration makes of it.</param>
public readonly record struct ServerState<TId>(TId Id, int Weight, bool IsUp)
{
    /// <summary>An operator has taken it out for a while.</summary>
    public bool IsInMaintenance { get; init; }

    /// <summary>Share of its weight that its load leaves it, 0 to 100 percent.</summary>
    public int Percent { get; init; } = 100;
}

/// <summary>How a service wants the failure of its real servers met.</summary>
public sealed record ServingPolicy
{
    /// <summary>A failed real server keeps its connections at weight 0; false: it is removed.</summary>
    public bool Quiescent { get; init; } = true;

    /// <summary>Whether there is a fallback.</summary>
    public bool HasFallback { get; init; }

    /// <summary>Sum of weights of real servers that are up, from which the service is well: from 1 (keepalived's quorum).</summary>
    public int Quorum { get; init; } = 1;

    /// <summary>How far above the quorum it is gained and below it is lost: 0 to <see cref="Quorum"/> - 1.</summary>
    public int Hysteresis { get; init; }

    /// <summary>Part of the real servers in percent, 0 to 100; when more than this have failed, the last known good ones are kept. 100 is never.</summary>
    public int PanicPercent { get; init; } = 100;
}

/// <summary>What a decision needs to remember of the one before.</summary>
/// <param name="HasQuorum">Whether the quorum was there.</param>
/// <param name="IsInPanic">Whether too many had failed.</param>
/// <param name="LastGood">Real servers that were up when last not too many had failed; null: nothing is known, all count.</param>
public sealed record ServingMemory<TId>(bool HasQuorum, bool IsInPanic, ImmutableHashSet<TId>? LastGood)
{
    /// <summary>Before the first decision.</summary>
    public static ServingMemory<TId> Start { get; } = new(false, false, null);
}

/// <summary>What a service forwards to.</summary>
/// <param name="Servers">For each real server, in the order asked about: its standing and its weight in the table (0 unless it serves).</param>
/// <param name="Fallback">What the fallback does.</param>
/// <param name="Memory">For the next decision.</param>
public readonly record struct ServingDecision<TId>(ImmutableArray<(Standing Standing, int Weight)> Servers, FallbackStanding Fallback, ServingMemory<TId> Memory);

/// <summary>The active set of a service: one total function of what is known of its real servers and how the service wants it met.</summary>
public static class ActiveSet
{
    /// <summary>
    /// Decides. In this order: maintenance takes a real server out whatever else is true; when more than <see cref="ServingPolicy.PanicPercent"/> of the others have failed, those that were good last
    /// count as up; the quorum (<c>update_quorum_state()</c> in keepalived's <c>ipwrapper.c</c>) is gained at <c>quorum + hysteresis</c>, and lost below <c>quorum - hysteresis</c> or with nobody up;
    /// without it the fallback serves alone, where there is one; load takes its part of the weights of those that serve (<see cref="WeightScale"/>), and is ignored where it would leave nobody.
    /// </summary>
    public static ServingDecision<TId> Decide<TId>(ServingPolicy policy, IReadOnlyList<ServerState<TId>> servers, ServingMemory<TId> before)
        where TId : notnull
    {
        ArgumentNullException.ThrowIfNull(policy);
        ArgumentNullException.ThrowIfNull(servers);
        ArgumentNullException.ThrowIfNull(before);
        var isInPanic = IsTooMuch(policy.PanicPercent, servers);
        var lastGood = isInPanic ? before.LastGood : [.. servers.Where(server => IsWanted(server) && server.IsUp).Select(server => server.Id)];
        var isUp = servers.Select(server => IsWanted(server) && (server.IsUp || (isInPanic && (lastGood is null || lastGood.Contains(server.Id))))).ToArray();
        var sum = servers.Where((_, i) => isUp[i]).Sum(server => (long)server.Weight);
        var hasQuorum = before.HasQuorum
            ? sum > 0 && sum >= policy.Quorum - policy.Hysteresis
            : sum > 0 && sum >= (long)policy.Quorum + policy.Hysteresis;
        var fallbackServes = policy.HasFallback && !hasQuorum;
        var isLoadIgnored = !servers.Where((server, i) => isUp[i] && server.Percent > 0).Any();
        var scale = servers.Any(server => server.Percent < 100) ? WeightScale.Of(servers.Select(server => server.Weight)) : 1;
        ImmutableArray<(Standing, int)> standings = [.. servers.Select((server, i) => Stand(server, isUp[i]))];
        var fallback = fallbackServes ? FallbackStanding.Serves : policy is { HasFallback: true, Quiescent: true } ? FallbackStanding.Waits : FallbackStanding.Absent;
        return new(standings, fallback, new(hasQuorum, isInPanic, lastGood));

        (Standing, int) Stand(ServerState<TId> server, bool up)
        {
            if (!IsWanted(server))
            {
                return (Standing.Quiet, 0);
            }

            if (!up || fallbackServes)
            {
                return (policy.Quiescent ? Standing.Quiet : Standing.Removed, 0);
            }

            var weight = WeightScale.Weight(server.Weight, isLoadIgnored ? 100 : server.Percent, scale);
            return weight > 0 ? (Standing.Serves, weight) : (Standing.Quiet, 0);
        }
    }

    private static bool IsTooMuch<TId>(int percent, IReadOnlyList<ServerState<TId>> servers)
    {
        var wanted = servers.Count(IsWanted);
        var failed = servers.Count(server => IsWanted(server) && !server.IsUp);
        return (long)failed * 100 > (long)wanted * percent;
    }

    private static bool IsWanted<TId>(ServerState<TId> server) => !server.IsInMaintenance && server.Weight > 0;
}
