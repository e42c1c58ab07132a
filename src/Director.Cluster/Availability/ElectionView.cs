namespace Director.Cluster.Availability;

/// <summary>What all groups are decided by at one moment.</summary>
/// <param name="Now">Milliseconds.</param>
/// <param name="Settings">What to go by.</param>
/// <param name="Self">This director.</param>
/// <param name="Others">Who else is alive.</param>
/// <param name="WhyGone">Why a director that was heard before is not heard any more, if it is not.</param>
/// <param name="IsStopping">Whether this director is to end.</param>
/// <param name="IsReady">Whether it has waited <c>initdead</c>.</param>
/// <param name="ReadyFor">For how many milliseconds.</param>
internal readonly record struct ElectionView(
    long Now, ElectionSettings Settings, SelfFacts Self, IReadOnlyList<HeardDirector> Others, Func<string, string?> WhyGone, bool IsStopping, bool IsReady, long ReadyFor);
