using System.Collections.Immutable;

namespace Akka.Cluster.Membership;

/// <summary>How two versions relate.</summary>
internal enum VersionOrder
{
    Same,

    /// <summary>The other holds all that this one does, and more.</summary>
    Before,

    /// <summary>This one holds all that the other does, and more.</summary>
    After,

    /// <summary>Each holds a change that the other has not.</summary>
    Concurrent,
}

/// <summary>A version of something that several nodes change: how many changes of each node it holds.</summary>
internal sealed class VectorClock
{
    public static readonly VectorClock Zero = new(ImmutableSortedDictionary<UniqueAddress, long>.Empty);

    public VectorClock(ImmutableSortedDictionary<UniqueAddress, long> changes) => Changes = changes;

    public ImmutableSortedDictionary<UniqueAddress, long> Changes { get; }

    public VectorClock Increment(UniqueAddress node) => new(Changes.SetItem(node, Changes.GetValueOrDefault(node) + 1));

    /// <summary>All changes of both.</summary>
    public VectorClock Merge(VectorClock other)
    {
        var merged = Changes.ToBuilder();
        foreach (var (node, count) in other.Changes)
        {
            merged[node] = Math.Max(count, merged.TryGetValue(node, out var own) ? own : 0);
        }

        return new VectorClock(merged.ToImmutable());
    }

    public VectorClock Without(IEnumerable<UniqueAddress> nodes) => new(Changes.RemoveRange(nodes));

    public VersionOrder CompareTo(VectorClock other)
    {
        var ahead = Changes.Any(own => own.Value > other.Changes.GetValueOrDefault(own.Key));
        var behind = other.Changes.Any(theirs => theirs.Value > Changes.GetValueOrDefault(theirs.Key));
        return (ahead, behind) switch
        {
            (false, false) => VersionOrder.Same,
            (false, true) => VersionOrder.Before,
            (true, false) => VersionOrder.After,
            (true, true) => VersionOrder.Concurrent,
        };
    }

    public override string ToString() => $"VectorClock({string.Join(", ", Changes.Select(one => $"{one.Key} -> {one.Value}"))})";
}
