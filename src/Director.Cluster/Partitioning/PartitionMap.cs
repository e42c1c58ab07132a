using System.Collections.Immutable;
using Director.Forwarding;

namespace Director.Cluster.Partitioning;

/// <summary>Which director owns each block of a group's clients. All directors obey the highest one that they know.</summary>
/// <param name="Epoch">Grows with every change, from 1.</param>
/// <param name="Owners">For each of the 512 blocks, its owner's name; null is nobody.</param>
public sealed record PartitionMap(long Epoch, ImmutableArray<string?> Owners) : IComparable<PartitionMap>
{
    /// <summary>Nobody owns anything.</summary>
    public static PartitionMap Empty { get; } = new(0, [.. new string?[PartitionShare.BlockCount]]);

    /// <summary>Directors whose blocks were divided among the others because they were silent, not because they gave them up. A map in which they own blocks comes from the other side of a split.</summary>
    public ImmutableSortedSet<string> Lost { get; init; } = ImmutableSortedSet.Create<string>(StringComparer.Ordinal);

    /// <summary>The directors that own blocks.</summary>
    public ImmutableSortedSet<string> Directors { get; } = Owners.OfType<string>().ToImmutableSortedSet(StringComparer.Ordinal);

    /// <summary>The director whose kernel forwards what goes through the shared MAC and is nobody's connection; null when there is none.</summary>
    public string? GatewayOwner => Owners[0];

    /// <summary>How many blocks a director owns.</summary>
    public int CountOf(string director) => Owners.Count(owner => owner == director);

    /// <summary>The order in which maps are obeyed: a total one, so that of two maps of one epoch all directors choose the same.</summary>
    public int CompareTo(PartitionMap? other)
    {
        if (other is null)
            return 1;
        var order = Epoch.CompareTo(other.Epoch);
        for (var block = 0; order == 0 && block < Owners.Length; block++)
            order = string.CompareOrdinal(Owners[block], other.Owners[block]);
        return order != 0 ? order : string.CompareOrdinal(string.Join(',', Lost), string.Join(',', other.Lost));
    }

    /// <inheritdoc/>
    public bool Equals(PartitionMap? other) => other is not null && CompareTo(other) == 0;

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Epoch, Directors.Count);

    /// <summary>Whether this map and another come from the two sides of a split: each gave away what the other's directors own, believing them dead.</summary>
    public bool IsOtherSideOf(PartitionMap other) => Lost.Overlaps(other.Directors) && other.Lost.Overlaps(Directors);
}
