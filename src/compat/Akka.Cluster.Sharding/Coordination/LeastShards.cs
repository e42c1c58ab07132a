namespace Akka.Cluster.Sharding;

/// <summary>New shards go to the region with the fewest, and shards move from regions with the most to those with the fewest.</summary>
internal static class LeastShards
{
    /// <summary>Which shards are to move. <paramref name="moving"/> are on their way already and count for no region.</summary>
    public static IReadOnlyList<string> ToMove<TRegion>(IReadOnlyDictionary<TRegion, List<string>> shardsOf, IReadOnlyCollection<string> moving, ShardingTuning tuning)
    {
        var total = shardsOf.Values.Sum(shards => shards.Count);
        var (limit, tolerated) = tuning.AbsoluteLimit > 0
            ? (Math.Max(1, Math.Min(tuning.AbsoluteLimit, (int)(tuning.RelativeLimit * total))), 1)
            : (tuning.MaxSimultaneous, Math.Max(1, tuning.Threshold));
        var resting = shardsOf.Values.Select(shards => shards.Except(moving).Order(StringComparer.Ordinal).ToList()).ToArray();
        var counts = resting.Select(shards => shards.Count).ToArray();
        var toMove = new List<string>();
        while (counts.Length > 1 && toMove.Count + moving.Count < limit)
        {
            var most = Array.IndexOf(counts, counts.Max());
            var least = Array.IndexOf(counts, counts.Min());
            if (counts[most] - counts[least] <= tolerated)
            {
                break;
            }

            // Only what was there from the start moves: a region that takes one in this round is never the fullest in it.
            counts[most]--;
            counts[least]++;
            toMove.Add(resting[most][^1]);
            resting[most].RemoveAt(resting[most].Count - 1);
        }

        return toMove;
    }
}
