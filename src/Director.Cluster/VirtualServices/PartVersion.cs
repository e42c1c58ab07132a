namespace Director.Cluster.VirtualServices;

/// <summary>
/// Which of two states of a part is the later one, in a total order that all directors agree on: epoch, then owner, then number. A split has two owners, which both go on from the
/// same version; when it heals, one order decides everywhere.
/// </summary>
/// <param name="Epoch">From 1; one more than the highest known when another owner makes a change.</param>
/// <param name="Owner">Who made the change, unique to a process's life.</param>
/// <param name="Number">The owner's changes in this epoch, from 1.</param>
internal readonly record struct PartVersion(long Epoch, string Owner, long Number) : IComparable<PartVersion>
{
    /// <summary>Before the first change: what a director has from its own file before any owner spoke.</summary>
    public static PartVersion None => new(0, "", 0);

    /// <summary>Whether an owner made it.</summary>
    public bool IsOwned => Epoch > 0;

    /// <summary>The version of the next change.</summary>
    public PartVersion Next(string owner) => owner == Owner ? this with { Number = Number + 1 } : new(Epoch + 1, owner, 1);

    /// <inheritdoc/>
    public int CompareTo(PartVersion other)
    {
        var byEpoch = Epoch.CompareTo(other.Epoch);
        var byOwner = byEpoch != 0 ? byEpoch : string.CompareOrdinal(Owner, other.Owner);
        return byOwner != 0 ? byOwner : Number.CompareTo(other.Number);
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Epoch}.{Number} of {Owner}";

    /// <summary>Whether the left one is later.</summary>
    public static bool operator >(PartVersion left, PartVersion right) => left.CompareTo(right) > 0;

    /// <summary>Whether the left one is earlier.</summary>
    public static bool operator <(PartVersion left, PartVersion right) => left.CompareTo(right) < 0;
}
