using System.Collections.Immutable;

namespace Akka.Cluster.Membership;

/// <summary>Which members a node watches: the next ones of a ring in which each has a place of its own, so that each is watched by as many as it watches.</summary>
internal static class HeartbeatRing
{
    /// <param name="self">The node that watches.</param>
    /// <param name="members">All members, itself too.</param>
    /// <param name="unreachable">Who counts for nothing in the number: more are watched beyond them.</param>
    /// <param name="count">How many: <c>monitored-by-nr-of-members</c>.</param>
    public static ImmutableSortedSet<UniqueAddress> Watched(UniqueAddress self, IEnumerable<UniqueAddress> members, IReadOnlySet<UniqueAddress> unreachable, int count)
    {
        // Uids are random: members with neighbouring addresses, which may well fail together, stand apart.
        UniqueAddress[] ring = [.. members.Append(self).Distinct().OrderBy(node => node.Uid).ThenBy(node => node)];
        var own = Array.IndexOf(ring, self);
        var watched = ImmutableSortedSet.CreateBuilder<UniqueAddress>();
        var reachable = 0;
        for (var i = 1; i < ring.Length && reachable < count; i++)
        {
            var node = ring[(own + i) % ring.Length];
            var isReachable = !unreachable.Contains(node);
            if (isReachable || watched.Count < count)
            {
                watched.Add(node);
                reachable += isReachable ? 1 : 0;
            }
        }

        return watched.ToImmutable();
    }
}
