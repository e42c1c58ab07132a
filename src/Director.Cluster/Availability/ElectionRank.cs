namespace Director.Cluster.Availability;

/// <summary>How good a director is for a group. The greater one is to have it; no two are equal, and every director that has heard the same ranks them alike.</summary>
/// <param name="IsEligible">Who may hold groups comes before who may not.</param>
/// <param name="IsSynchronised">Who has the connections comes before who has not.</param>
/// <param name="PingNodesReached">Who reaches more comes first.</param>
/// <param name="IsPreferred">The group's preferred director comes first.</param>
/// <param name="Priority">The higher comes first.</param>
/// <param name="Started">Who started first comes first.</param>
/// <param name="Name">The last resort, in ordinal order.</param>
internal readonly record struct ElectionRank(
    bool IsEligible, bool IsSynchronised, int PingNodesReached, bool IsPreferred, int Priority, DateTimeOffset Started, string Name) : IComparable<ElectionRank>
{
    /// <summary>The rank of a director that is heard.</summary>
    public static ElectionRank Of(HeardDirector director, ElectionGroup group) =>
        new(director.IsEligible, director.IsSynchronised, director.PingNodesReached, director.Name == group.Preferred, director.Priority, director.Started, director.Name);

    /// <inheritdoc/>
    public int CompareTo(ElectionRank other)
    {
        var order = IsEligible.CompareTo(other.IsEligible);
        if (order == 0)
            order = IsSynchronised.CompareTo(other.IsSynchronised);
        if (order == 0)
            order = PingNodesReached.CompareTo(other.PingNodesReached);
        if (order == 0)
            order = ComparePreference(other);
        if (order == 0)
            order = other.Started.CompareTo(Started);
        return order != 0 ? order : string.CompareOrdinal(other.Name, Name);
    }

    /// <summary>By preference and priority only: what moves a group back without <c>nice-failback</c>.</summary>
    public int ComparePreference(in ElectionRank other) =>
        IsPreferred != other.IsPreferred ? IsPreferred.CompareTo(other.IsPreferred) : Priority.CompareTo(other.Priority);
}
