using System.Collections.Immutable;
using Director.Forwarding;

namespace Director.Cluster.Partitioning;

/// <summary>A director that blocks may be given to.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Weight">Its share beside the others, from 1.</param>
/// <param name="IsReady">Whether it may be given more blocks: it has the connections, or has waited for them for long enough.</param>
internal readonly record struct BlockTaker(string Name, int Weight, bool IsReady);

/// <summary>Divides the blocks in proportion to weights and moves as few as it can. The same inputs give the same answer on every director.</summary>
internal static class BlockAllocation
{
    /// <summary>Who owns each block from now on.</summary>
    /// <param name="owners">Who owns each block.</param>
    /// <param name="takers">Who may own blocks.</param>
    /// <param name="keepers">Others that keep what they own: they live, and nobody here can tell how they are.</param>
    /// <param name="mayMove">Whether blocks are taken from takers that own too many. Without, only blocks of those that are neither takers nor keepers change hands.</param>
    public static ImmutableArray<string?> Divide(ImmutableArray<string?> owners, IReadOnlyCollection<BlockTaker> takers, IReadOnlySet<string> keepers, bool mayMove)
    {
        if (takers.Count == 0)
            return [.. owners.Select(owner => owner is not null && keepers.Contains(owner) ? owner : null)];
        var targets = Targets(owners, takers, keepers);
        var left = new Dictionary<string, int>(targets, StringComparer.Ordinal);
        var divided = new string?[owners.Length];
        for (var block = 0; block < owners.Length; block++)
        {
            if (owners[block] is not { } owner)
                continue;
            if (!left.TryGetValue(owner, out var room))
            {
                divided[block] = keepers.Contains(owner) ? owner : null;
            }
            else if (!mayMove || room > 0)
            {
                divided[block] = owner;
                left[owner] = room - 1;
            }
        }

        var receivers = takers.Where(taker => targets[taker.Name] > 0).Select(taker => taker.Name).Order(StringComparer.Ordinal).ToArray();
        for (var block = 0; block < divided.Length; block++)
        {
            if (divided[block] is not null)
                continue;
            var receiver = receivers.MaxBy(name => left[name])!;
            divided[block] = receiver;
            left[receiver]--;
        }

        return [.. divided];
    }

    /// <summary>How many blocks each taker is to own. One that is not ready gets no more than it has.</summary>
    private static Dictionary<string, int> Targets(ImmutableArray<string?> owners, IReadOnlyCollection<BlockTaker> takers, IReadOnlySet<string> keepers)
    {
        var owned = owners.OfType<string>().GroupBy(owner => owner, StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.Count(), StringComparer.Ordinal);
        var blocks = owners.Length - owned.Where(each => keepers.Contains(each.Key) && takers.All(taker => taker.Name != each.Key)).Sum(each => each.Value);
        var open = takers.OrderBy(taker => taker.Name, StringComparer.Ordinal).ToList();
        Dictionary<string, int> targets = new(StringComparer.Ordinal);
        if (open.Any(taker => taker.IsReady))
        {
            // Who may not be given more is held at what it has, as long as that is less than its share; then the others share the rest.
            while (open.FirstOrDefault(taker => !taker.IsReady && owned.GetValueOrDefault(taker.Name) < Floor(taker, blocks, open)) is { Name: not null } held)
            {
                targets[held.Name] = owned.GetValueOrDefault(held.Name);
                blocks -= targets[held.Name];
                open.Remove(held);
            }
        }

        foreach (var taker in open)
            targets[taker.Name] = Floor(taker, blocks, open);
        var spare = blocks - open.Sum(taker => targets[taker.Name]);
        long weights = open.Sum(taker => (long)taker.Weight);
        // The odd blocks stay where they are if they can.
        foreach (var taker in open
            .Where(taker => taker.IsReady || owned.GetValueOrDefault(taker.Name) > targets[taker.Name] || !open.Any(other => other.IsReady))
            .OrderByDescending(taker => owned.GetValueOrDefault(taker.Name) > targets[taker.Name])
            .ThenByDescending(taker => (long)blocks * taker.Weight % weights)
            .Take(spare).ToArray())
        {
            targets[taker.Name]++;
            spare--;
        }

        for (var ready = open.Where(taker => taker.IsReady).ToArray(); spare > 0; spare--)
            targets[ready[spare % ready.Length].Name]++;
        return targets;
    }

    private static int Floor(BlockTaker taker, int blocks, List<BlockTaker> among) => (int)((long)blocks * taker.Weight / among.Sum(each => (long)each.Weight));
}
