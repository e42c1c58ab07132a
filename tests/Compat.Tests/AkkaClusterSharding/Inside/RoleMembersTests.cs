using System.Collections.Immutable;
using Akka.Actor;
using Akka.Cluster;
using Akka.Cluster.Sharding;
using Xunit;

namespace Compat.Tests.AkkaClusterSharding.Inside;

public sealed class RoleMembersTests
{
    private readonly RoleMembers _members = new("host");

    [Fact]
    public void The_coordinator_is_on_the_oldest_that_is_Up_or_Leaving()
    {
        Assert.Null(_members.Oldest);
        _members.Apply(new ClusterEvent.CurrentClusterState(
            [Of(3, MemberStatus.Up), Of(2, MemberStatus.Leaving), Of(1, MemberStatus.Exiting), Of(4, MemberStatus.Joining), Of(5, MemberStatus.WeaklyUp)], [], [], null, ImmutableDictionary<string, Address>.Empty));
        Assert.Equal(Node(2), _members.Oldest);
        _members.Apply(new ClusterEvent.MemberExited(Of(2, MemberStatus.Exiting)));
        Assert.Equal(Node(3), _members.Oldest);
        _members.Apply(new ClusterEvent.MemberDowned(Of(3, MemberStatus.Down)));
        Assert.Null(_members.Oldest);
        _members.Apply(new ClusterEvent.MemberUp(Of(4, MemberStatus.Up)));
        Assert.Equal(Node(4), _members.Oldest);
    }

    [Fact]
    public void Whoever_has_been_Up_may_have_shards_until_it_is_removed_but_new_ones_only_while_it_stays()
    {
        foreach (var member in new[] { Of(1, MemberStatus.Up), Of(2, MemberStatus.Up), Of(4, MemberStatus.Up) })
        {
            _members.Apply(new ClusterEvent.MemberUp(member));
        }

        _members.Apply(new ClusterEvent.MemberJoined(Of(3, MemberStatus.Joining)));
        _members.Apply(new ClusterEvent.MemberLeft(Of(2, MemberStatus.Leaving)));
        _members.Apply(new ClusterEvent.UnreachableMember(Of(4, MemberStatus.Up)));
        Assert.Equal([new(Node(1), true, true), new(Node(2), false, true), new(Node(4), true, false)], Hosts);

        _members.Apply(new ClusterEvent.ReachableMember(Of(4, MemberStatus.Up)));
        _members.Apply(new ClusterEvent.MemberDowned(Of(1, MemberStatus.Down)));
        Assert.Equal([new(Node(1), false, true), new(Node(2), false, true), new(Node(4), true, true)], Hosts);
        _members.Apply(new ClusterEvent.MemberRemoved(Of(1, MemberStatus.Removed), MemberStatus.Down));
        Assert.Equal([new(Node(2), false, true), new(Node(4), true, true)], Hosts);
    }

    [Fact]
    public void Members_without_the_role_count_for_nothing_and_without_a_role_all_count()
    {
        var everybody = new RoleMembers("");
        foreach (var members in new[] { _members, everybody })
        {
            members.Apply(new ClusterEvent.MemberUp(Of(1, MemberStatus.Up, "guest")));
            members.Apply(new ClusterEvent.MemberUp(Of(2, MemberStatus.Up)));
        }

        Assert.Equal((Node(2), Node(1)), (_members.Oldest, everybody.Oldest));
        Assert.Equal((1, 2), (_members.Hosts.Count, everybody.Hosts.Count));
    }

    private HostNode[] Hosts => [.. _members.Hosts.OrderBy(host => host.Node)];

    private static UniqueAddress Node(int number) => new(new Address("akka.tcp", "sim", "host", 1000 + number), number);

    /// <summary>The number is the age too: 1 is the oldest.</summary>
    private static Member Of(int number, MemberStatus status, string role = "host") => new(Node(number), number, status, [role]);
}
