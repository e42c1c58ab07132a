namespace Akka.Cluster.Sharding;

/// <summary>The members with a role, as this node's cluster events tell. A role of null or "" is every member's.</summary>
internal sealed class RoleMembers(string role)
{
    private readonly Dictionary<UniqueAddress, Member> _members = [];
    private readonly HashSet<UniqueAddress> _unreachable = [];

    /// <summary>Where the coordinator is: on the oldest member that is Up or Leaving. Null: there is none.</summary>
    public UniqueAddress Oldest => _members.Values.Where(member => member.Status is MemberStatus.Up or MemberStatus.Leaving).Order(Member.AgeOrdering).FirstOrDefault()?.UniqueAddress;

    public IReadOnlyCollection<HostNode> Hosts =>
    [
        .. _members.Values
            .Where(member => member.Status is MemberStatus.Up or MemberStatus.Leaving or MemberStatus.Exiting or MemberStatus.Down)
            .Select(member => new HostNode(member.UniqueAddress, member.Status == MemberStatus.Up, !_unreachable.Contains(member.UniqueAddress))),
    ];

    public static bool IsMembership(object message) => message is ClusterEvent.CurrentClusterState or ClusterEvent.IMemberEvent or ClusterEvent.IReachabilityEvent;

    public void Apply(object membership)
    {
        switch (membership)
        {
            case ClusterEvent.CurrentClusterState state:
                foreach (var member in state.Members)
                {
                    Set(member);
                }

                foreach (var member in state.Unreachable)
                {
                    // Among them may be members that are not in Members.
                    Set(member);
                    _unreachable.Add(member.UniqueAddress);
                }

                break;
            case ClusterEvent.MemberRemoved removed:
                _members.Remove(removed.Member.UniqueAddress);
                _unreachable.Remove(removed.Member.UniqueAddress);
                break;
            case ClusterEvent.IMemberEvent changed:
                Set(changed.Member);
                break;
            case ClusterEvent.UnreachableMember unreachable:
                _unreachable.Add(unreachable.Member.UniqueAddress);
                break;
            case ClusterEvent.ReachableMember reachable:
                _unreachable.Remove(reachable.Member.UniqueAddress);
                break;
        }
    }

    private void Set(Member member)
    {
        if (string.IsNullOrEmpty(role) || member.HasRole(role))
        {
            _members[member.UniqueAddress] = member;
        }
    }
}
