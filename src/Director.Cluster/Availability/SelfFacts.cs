namespace Director.Cluster.Availability;

/// <summary>
/// What this director says of itself, and the worst of what it lately said. Another director may not have heard yet that this one has become better, and would not leave a group to it: so when
/// nobody holds a group, this director counts itself as the worst that it was during the time in which the others may have missed the news.
/// </summary>
internal sealed class SelfFacts
{
    private long _eligibleSince = long.MaxValue, _synchronisedSince = long.MaxValue;
    private readonly List<(long Until, int Reached)> _reachedBefore = [];

    /// <summary>That time in milliseconds.</summary>
    public required long Window { get; set; }

    /// <summary>As <see cref="HeardDirector.IsEligible"/>.</summary>
    public bool IsEligible { get; private set; }

    /// <summary>As <see cref="HeardDirector.IsSynchronised"/>.</summary>
    public bool IsSynchronised { get; private set; }

    /// <summary>As <see cref="HeardDirector.PingNodesReached"/>.</summary>
    public int PingNodesReached { get; private set; }

    /// <summary>Takes note of what holds now.</summary>
    public void Update(long now, bool isEligible, bool isSynchronised, int pingNodesReached)
    {
        _eligibleSince = !isEligible ? long.MaxValue : IsEligible ? _eligibleSince : now;
        _synchronisedSince = !isSynchronised ? long.MaxValue : IsSynchronised ? _synchronisedSince : now;
        if (pingNodesReached > PingNodesReached)
            _reachedBefore.Add((now + Window, PingNodesReached));
        _reachedBefore.RemoveAll(before => before.Until <= now);
        (IsEligible, IsSynchronised, PingNodesReached) = (isEligible, isSynchronised, pingNodesReached);
    }

    /// <summary>Whether it was eligible all the time.</summary>
    public bool WasEligible(long now) => IsEligible && now - _eligibleSince >= Window;

    /// <summary>Whether it was synchronised all the time.</summary>
    public bool WasSynchronised(long now) => IsSynchronised && now - _synchronisedSince >= Window;

    /// <summary>The fewest ping nodes that it reached.</summary>
    public int LeastReached()
    {
        var least = PingNodesReached;
        foreach (var (_, reached) in _reachedBefore)
            least = Math.Min(least, reached);
        return least;
    }
}
