using System.Collections.Immutable;
using Akka.Actor;

namespace Akka.Cluster.Membership;

/// <summary>What subscribers are told of a view: its state, and what happened between two.</summary>
internal static class MembershipChanges
{
    public static ClusterEvent.CurrentClusterState StateOf(Gossip gossip, UniqueAddress self) => new(
        [.. gossip.Members.Values],
        [.. Unreachable(gossip, self)],
        [.. gossip.Seen.Select(node => node.Address)],
        gossip.Leader(self)?.Address,
        RoleLeaders(gossip, self));

    public static IEnumerable<ClusterEvent.IClusterDomainEvent> Between(Gossip before, Gossip after, UniqueAddress self)
    {
        var (unreachableBefore, unreachable) = (Unreachable(before, self), Unreachable(after, self));
        foreach (var member in unreachable.Except(unreachableBefore))
        {
            yield return new ClusterEvent.UnreachableMember(member);
        }

        foreach (var member in unreachableBefore.Except(unreachable).Where(member => after.Find(member.UniqueAddress) is not null))
        {
            yield return new ClusterEvent.ReachableMember(after.Find(member.UniqueAddress));
        }

        foreach (var member in after.Members.Values.Where(member => before.Find(member.UniqueAddress)?.Status != member.Status))
        {
            yield return member.Status switch
            {
                MemberStatus.Joining => new ClusterEvent.MemberJoined(member),
                MemberStatus.WeaklyUp => new ClusterEvent.MemberWeaklyUp(member),
                MemberStatus.Up => new ClusterEvent.MemberUp(member),
                MemberStatus.Leaving => new ClusterEvent.MemberLeft(member),
                MemberStatus.Exiting => new ClusterEvent.MemberExited(member),
                _ => new ClusterEvent.MemberDowned(member),
            };
        }

        foreach (var member in before.Members.Values.Where(member => after.Find(member.UniqueAddress) is null))
        {
            yield return new ClusterEvent.MemberRemoved(member.Copy(MemberStatus.Removed), member.Status);
        }

        if (after.Leader(self) is var leader && leader != before.Leader(self))
        {
            yield return new ClusterEvent.LeaderChanged(leader?.Address);
        }

        var (leadersBefore, leaders) = (RoleLeaders(before, self), RoleLeaders(after, self));
        foreach (var role in leadersBefore.Keys.Union(leaders.Keys).Where(role => leadersBefore.GetValueOrDefault(role) != leaders.GetValueOrDefault(role)))
        {
            yield return new ClusterEvent.RoleLeaderChanged(role, leaders.GetValueOrDefault(role));
        }
    }

    /// <summary>Never this node itself: it is there.</summary>
    private static Member[] Unreachable(Gossip gossip, UniqueAddress self)
    {
        var reachability = gossip.TrustedReachability;
        return [.. gossip.Members.Values.Where(member => member.UniqueAddress != self && !reachability.IsReachable(member.UniqueAddress))];
    }

    private static ImmutableDictionary<string, Address> RoleLeaders(Gossip gossip, UniqueAddress self) =>
        gossip.Members.Values.SelectMany(member => member.Roles).Distinct().ToImmutableDictionary(role => role, role => gossip.RoleLeader(role, self)?.Address);
}
