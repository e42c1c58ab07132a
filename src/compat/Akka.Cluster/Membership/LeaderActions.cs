using System.Collections.Immutable;

namespace Akka.Cluster.Membership;

/// <summary>What the leader changes: it lets members in, out, and removes those that are gone.</summary>
/// <param name="Gossip">The view after it; the same object if nothing was to do.</param>
/// <param name="Moved">Members with their new status.</param>
/// <param name="Removed">Members as they last were.</param>
internal sealed record LeaderActions(Gossip Gossip, ImmutableList<Member> Moved, ImmutableList<Member> Removed)
{
    /// <summary>With convergence: Joining to Up, Leaving to Exiting; exited ones and those that are down or exiting and unreachable are removed.</summary>
    public static LeaderActions OnConvergence(Gossip gossip, UniqueAddress self, IReadOnlySet<UniqueAddress> exited, Quorum quorum, DateTimeOffset now)
    {
        var reachability = gossip.TrustedReachability;
        var removed = gossip.Members.Values.Where(member =>
            member.Status is MemberStatus.Down or MemberStatus.Exiting
            && member.UniqueAddress != self
            && (exited.Contains(member.UniqueAddress) || !reachability.IsReachable(member.UniqueAddress))).ToImmutableList();
        var ages = gossip.Members.Values.Select(member => member.UpNumber).Where(number => number != Member.NotYetUp);
        var youngest = ages.DefaultIfEmpty(0).Max();
        var isEnough = quorum.IsMet(gossip.Members.Values);
        var moved = ImmutableList.CreateBuilder<Member>();
        foreach (var member in gossip.Members.Values)
        {
            switch (member.Status)
            {
                case MemberStatus.Joining or MemberStatus.WeaklyUp when isEnough:
                    moved.Add(member.CopyUp(++youngest));
                    break;
                case MemberStatus.Leaving:
                    moved.Add(member.Copy(MemberStatus.Exiting));
                    break;
            }
        }

        return Changed(gossip, self, moved.ToImmutable(), removed, now);
    }

    /// <summary>Without convergence: reachable members that join are let in weakly.</summary>
    public static LeaderActions WithoutConvergence(Gossip gossip, UniqueAddress self, Quorum quorum, DateTimeOffset now)
    {
        var reachability = gossip.TrustedReachability;
        var moved = !quorum.IsMet(gossip.Members.Values)
            ? []
            : gossip.Members.Values
                .Where(member => member.Status == MemberStatus.Joining && reachability.IsReachable(member.UniqueAddress))
                .Select(member => member.Copy(MemberStatus.WeaklyUp))
                .ToImmutableList();
        return Changed(gossip, self, moved, [], now);
    }

    private static LeaderActions Changed(Gossip gossip, UniqueAddress self, ImmutableList<Member> moved, ImmutableList<Member> removed, DateTimeOffset now) =>
        moved.IsEmpty && removed.IsEmpty
            ? new LeaderActions(gossip, moved, removed)
            : new LeaderActions(
                moved.Aggregate(gossip, (at, member) => at.With(member)).Remove([.. removed.Select(member => member.UniqueAddress)], now).ChangedBy(self), moved, removed);

    /// <summary><c>min-nr-of-members</c> and <c>role.x.min-nr-of-members</c>: how many must have joined before the first is up.</summary>
    internal sealed record Quorum(int Members, ImmutableDictionary<string, int> OfRole)
    {
        public bool IsMet(IEnumerable<Member> members)
        {
            Member[] all = [.. members];
            return all.Length >= Members && OfRole.All(role => all.Count(member => member.HasRole(role.Key)) >= role.Value);
        }
    }
}
