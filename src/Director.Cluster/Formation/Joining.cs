using System.Collections.Immutable;
using Director.Cluster.Availability;

namespace Director.Cluster.Formation;

/// <summary>What to do next to be in a cluster.</summary>
internal abstract record JoinStep
{
    /// <summary>Make a cluster.</summary>
    internal sealed record Found(string Reason) : JoinStep;

    /// <summary>Join the cluster that these are in.</summary>
    internal sealed record Join(ImmutableArray<string> Addresses) : JoinStep;
}

/// <summary>
/// How a director that is in no cluster comes into one: it asks all that it knows of. Is one of them in a cluster, it joins the oldest. Is none, the first in order of address among those that answer makes one,
/// so that any of them may start first and any may be dead. Who hears nobody makes one alone after <c>seed-wait</c>; clusters that meet later become one (<see cref="Meeting"/>).
/// Pure: times are since any moment.
/// </summary>
/// <param name="self">This director's Akka address.</param>
/// <param name="seedWait">As <c>cluster.seed-wait</c>.</param>
/// <param name="start">Now.</param>
internal sealed class Joining(string self, TimeSpan seedWait, TimeSpan start)
{
    /// <summary>How long an answer counts.</summary>
    internal static readonly TimeSpan AnswerAge = TimeSpan.FromSeconds(3);

    /// <summary>How long the first in order waits for the others that it knows of, once one has answered.</summary>
    internal static readonly TimeSpan Settle = TimeSpan.FromSeconds(2);

    /// <summary>How long a join may take before it is asked for again.</summary>
    internal static readonly TimeSpan Retry = TimeSpan.FromSeconds(10);

    private readonly Dictionary<string, (DirectorAnswer Answer, TimeSpan At)> _answers = [];
    private TimeSpan? _heardSince;
    // What was decided last; no addresses: to make a cluster.
    private (ImmutableArray<string> Addresses, TimeSpan At)? _last;

    /// <summary>A director has answered.</summary>
    public void Heard(DirectorAnswer answer, TimeSpan now) => _answers[answer.Asked] = (answer, now);

    /// <summary>Decides; to be asked a few times a second for as long as this director is in no cluster.</summary>
    /// <param name="known">All that can be asked, as <see cref="DirectorAnswer.Asked"/>; this director may be among them.</param>
    /// <param name="now">Now.</param>
    /// <returns>Null: wait.</returns>
    public JoinStep? Decide(IReadOnlyCollection<string> known, TimeSpan now)
    {
        var fresh = _answers.Values.Where(heard => now - heard.At <= AnswerAge).Select(heard => heard.Answer).ToArray();
        var others = fresh.Where(answer => answer.Address != self).ToArray();
        if (others.Select(answer => answer.Cluster).OfType<ClusterIdentity>().ToArray() is { Length: > 0 } clusters)
        {
            return Join(clusters.Aggregate((one, other) => Formations.IsOlder(one, other) ? one : other), others, now);
        }

        if (_last is { Addresses.IsEmpty: false } join && now - join.At < Retry)
        {
            // There is a cluster, and it was asked to take this director in: it may be too busy to answer questions beside that.
            return null;
        }

        _heardSince = others.Length == 0 ? null : _heardSince ?? now;
        return WhyToFound(known, fresh, others, now) is { } reason && IsNew([], now) ? new JoinStep.Found(reason) : null;
    }

    private string? WhyToFound(IReadOnlyCollection<string> known, DirectorAnswer[] fresh, DirectorAnswer[] others, TimeSpan now)
    {
        var hasAllAnswered = known.All(asked => fresh.Any(answer => answer.Asked == asked));
        if (others.Any(answer => string.CompareOrdinal(answer.Address, self) < 0))
        {
            // It makes one, unless something keeps it from that; it waits no longer than this director would.
            return now - start > seedWait + seedWait + Retry ? "the directors that answer make none" : null;
        }

        if (hasAllAnswered)
        {
            return others.Length == 0 ? "there is no other" : "first of all directors";
        }

        if (now - _heardSince >= Settle)
        {
            return "first of the directors that answer";
        }

        return now - start >= seedWait ? $"no other director answered within {seedWait.TotalSeconds:0.###} s" : null;
    }

    private JoinStep.Join? Join(ClusterIdentity cluster, DirectorAnswer[] others, TimeSpan now)
    {
        ImmutableArray<string> addresses = [.. others.Where(answer => answer.Cluster?.Id == cluster.Id).Select(answer => answer.Address).Distinct().Order(StringComparer.Ordinal)];
        return IsNew(addresses, now) ? new(addresses) : null;
    }

    private bool IsNew(ImmutableArray<string> addresses, TimeSpan now)
    {
        if (_last is { } last && last.Addresses.SequenceEqual(addresses) && now - last.At < Retry)
        {
            return false;
        }

        _last = (addresses, now);
        return true;
    }
}
