using Director.Cluster.Availability;

namespace Director.Cluster.Formation;

/// <summary>
/// When two clusters meet: a split of Akka's never heals by itself, and directors may have started without hearing each other. The younger cluster's directors leave it and join the older. Pure: times are since any moment.
/// </summary>
internal sealed class Meeting
{
    /// <summary>How long a director must have been in another cluster: while the oldest member goes, directors differ for a moment.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>A silence of this length ends what was seen before.</summary>
    internal static readonly TimeSpan Silence = TimeSpan.FromSeconds(15);

    private readonly Dictionary<string, (Guid Own, TimeSpan Since, TimeSpan Last)> _strangers = [];

    /// <summary>A director has answered.</summary>
    /// <param name="answer">What it said.</param>
    /// <param name="own">The cluster that this director is in.</param>
    /// <param name="now">Now.</param>
    /// <returns>Whether this director is to give its own cluster up for that one.</returns>
    public bool GivesUp(DirectorAnswer answer, ClusterIdentity own, TimeSpan now)
    {
        if (answer.Cluster is null || answer.Cluster.Id == own.Id)
        {
            _strangers.Remove(answer.Address);
            return false;
        }

        var isKnown = _strangers.TryGetValue(answer.Address, out var stranger) && stranger.Own == own.Id && now - stranger.Last <= Silence;
        var since = isKnown ? stranger.Since : now;
        _strangers[answer.Address] = (own.Id, since, now);
        return now - since >= Patience && Formations.IsOlder(answer.Cluster, own);
    }
}
