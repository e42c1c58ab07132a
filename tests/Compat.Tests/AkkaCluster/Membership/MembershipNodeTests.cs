using Akka.Cluster;
using Akka.Cluster.Membership;
using Xunit;

namespace Compat.Tests.AkkaCluster.Membership;

/// <summary>The membership protocol, second by second.</summary>
public sealed class MembershipNodeTests
{
    private const string Quick = "akka.cluster.seed-node-timeout = 3s\nakka.cluster.retry-unsuccessful-join-after = 2s\n";

    [Fact]
    public void Gossip_spreads_until_all_have_seen_the_same()
    {
        var cluster = Formed(7);
        Assert.Single(cluster.Living.Select(node => node.View.Version.ToString()).Distinct());
        Assert.All(cluster.Living, node => Assert.Equal(VirtualCluster.AddressOf(1), node.View.Leader(node.Self).Address));
        Assert.Equal(Enumerable.Range(1, 7), cluster.Nodes[0].View.Members.Values.Select(member => member.UpNumber).Order());
    }

    [Fact]
    public void Messages_may_be_lost()
    {
        var cluster = new VirtualCluster(5, Quick) { Loss = 5 };
        Join(cluster, 5);
        cluster.StepUntil(() => cluster.IsFormed(5), "five up", 2000);
    }

    [Fact]
    public void The_first_seed_waits_for_the_others_before_it_begins_alone()
    {
        var cluster = new VirtualCluster(1, Quick);
        var (first, second) = (cluster.Start(1), cluster.Start(2));
        first.Membership.JoinSeeds([first.Self.Address, second.Self.Address, VirtualCluster.AddressOf(3)]);
        cluster.Step();
        cluster.Step();
        Assert.Empty(first.View.Members);
        cluster.Step();
        Assert.Equal(MemberStatus.Up, first.StatusOf(first));
    }

    [Fact]
    public void The_first_seed_begins_at_once_when_all_others_say_they_have_no_cluster()
    {
        var cluster = new VirtualCluster(1, Quick);
        var (first, second) = (cluster.Start(1), cluster.Start(2));
        first.Membership.JoinSeeds([first.Self.Address, second.Self.Address]);
        cluster.Deliver();
        Assert.Equal(MemberStatus.Up, first.StatusOf(first));
    }

    [Fact]
    public void Another_seed_never_begins_alone()
    {
        var cluster = new VirtualCluster(1, Quick);
        var second = cluster.Start(2);
        second.Membership.JoinSeeds([VirtualCluster.AddressOf(1), second.Self.Address]);
        for (var i = 0; i < 60; i++)
        {
            cluster.Step();
        }

        Assert.Empty(second.View.Members);
    }

    [Fact]
    public void A_seed_that_let_in_and_died_is_not_waited_for()
    {
        var cluster = new VirtualCluster(1, Quick);
        var (first, second, third) = (cluster.Start(1), cluster.Start(2), cluster.Start(3));
        first.Membership.Join(first.Self.Address);
        second.Membership.Join(first.Self.Address);
        cluster.StepUntil(() => second.StatusOf(second) == MemberStatus.Up, "two up");

        // Whichever answered first is gone before it can let anybody in.
        third.Membership.OnInitJoinAck(new InitJoinAck(first.Self.Address));
        third.Membership.JoinSeeds([first.Self.Address, second.Self.Address]);
        third.Membership.OnInitJoinAck(new InitJoinAck(first.Self.Address));
        first.IsRunning = false;
        VirtualCluster.Observe([second], first, isReachable: false);
        second.Membership.Down(first.Self.Address);
        cluster.StepUntil(() => third.StatusOf(third) == MemberStatus.Up, "the third up");
    }

    [Fact]
    public void Joining_through_seeds_is_given_up_when_so_configured()
    {
        var cluster = new VirtualCluster(1, Quick + "akka.cluster.shutdown-after-unsuccessful-join-seed-nodes = 20s");
        var node = cluster.Start(2);
        node.Membership.JoinSeeds([VirtualCluster.AddressOf(1)]);
        for (var i = 0; i < 19; i++)
        {
            cluster.Step();
        }

        Assert.False(node.GaveUp);
        cluster.Step();
        Assert.True(node.GaveUp);
    }

    [Fact]
    public void Who_joins_while_somebody_is_missed_is_weakly_up_and_up_when_the_missed_one_is_gone()
    {
        var cluster = Formed(3);
        var missed = cluster.Nodes[2];
        missed.IsRunning = false;
        VirtualCluster.Observe(cluster.Living, missed, isReachable: false);
        var joining = cluster.Start(4);
        joining.Membership.Join(VirtualCluster.AddressOf(1));
        cluster.StepUntil(() => cluster.Living.All(node => node.StatusOf(joining) == MemberStatus.WeaklyUp), "weakly up", 20);
        Assert.Contains(joining.Events, change => change is ClusterEvent.MemberWeaklyUp);

        cluster.Nodes[1].Membership.Down(missed.Self.Address);
        cluster.StepUntil(() => cluster.IsFormed(3), "up", 20);
    }

    [Fact]
    public void A_member_that_is_heard_again_was_only_unreachable()
    {
        var cluster = Formed(3);
        VirtualCluster.Observe([cluster.Nodes[0], cluster.Nodes[1]], cluster.Nodes[2], isReachable: false);
        cluster.Step();
        Assert.False(cluster.Nodes[0].View.Reachability.IsReachable(cluster.Nodes[2].Self));

        // One observer's word does not do for the other's.
        VirtualCluster.Observe([cluster.Nodes[0]], cluster.Nodes[2], isReachable: true);
        cluster.Step();
        cluster.Step();
        Assert.False(cluster.Nodes[0].View.Reachability.IsReachable(cluster.Nodes[2].Self));
        VirtualCluster.Observe([cluster.Nodes[1]], cluster.Nodes[2], isReachable: true);
        cluster.StepUntil(() => cluster.IsFormed(3), "all reachable", 20);
        Assert.Single(cluster.Nodes[0].Events.OfType<ClusterEvent.ReachableMember>());
        Assert.Single(cluster.Nodes[0].Events.OfType<ClusterEvent.UnreachableMember>());
    }

    [Fact]
    public void A_member_that_remoting_broke_with_stays_unreachable()
    {
        var cluster = Formed(3);
        cluster.Nodes[0].Membership.Terminate(cluster.Nodes[2].Self);
        cluster.Nodes[0].Membership.Observe(cluster.Nodes[2].Self, isReachable: true);
        cluster.StepUntil(() => !cluster.Nodes[1].View.Reachability.IsReachable(cluster.Nodes[2].Self), "the word spread", 20);
        Assert.Equal(MemberStatus.Up, cluster.Nodes[1].StatusOf(cluster.Nodes[2]));
        cluster.Nodes[1].Membership.Down(cluster.Nodes[2].Self.Address);
        cluster.StepUntil(() => cluster.IsFormed(2), "two left", 20);
    }

    [Fact]
    public void A_new_incarnation_takes_the_old_ones_place()
    {
        var cluster = Formed(3);
        var old = cluster.Nodes[2];
        var again = cluster.Start(3);
        again.Membership.Join(VirtualCluster.AddressOf(1));

        // Its heartbeats come from the old one's address, so a failure detector may well vouch for the old one.
        VirtualCluster.Observe(cluster.Living, old, isReachable: true);
        cluster.StepUntil(() => cluster.IsFormed(3), "all up", 60);
        Assert.All(cluster.Living, node => Assert.Null(node.StatusOf(old)));
        Assert.Equal(again.Self, cluster.Nodes[0].View.Members.Values.Order(Member.AgeOrdering).Last().UniqueAddress);
    }

    [Fact]
    public void A_removed_incarnation_is_not_let_in_again()
    {
        var cluster = Formed(2);
        var removed = cluster.Nodes[1];
        removed.IsRunning = false;
        VirtualCluster.Observe([cluster.Nodes[0]], removed, isReachable: false);
        cluster.Nodes[0].Membership.Down(removed.Self.Address);
        cluster.StepUntil(() => cluster.IsFormed(1), "one left", 20);

        var view = removed.View;
        cluster.Nodes[0].Receive(new Join(removed.Self, []));
        cluster.Nodes[0].Receive(new GossipEnvelope(removed.Self, cluster.Nodes[0].Self, view));
        cluster.Step();
        Assert.Null(cluster.Nodes[0].StatusOf(removed));
        Assert.Null(cluster.Nodes[0].View.Merge(view).Find(removed.Self));
    }

    [Fact]
    public void A_node_that_learns_that_it_was_removed_ends()
    {
        var cluster = Formed(3);
        var cut = cluster.Nodes[2];
        cluster.CutOff.Add(cut);
        VirtualCluster.Observe([cluster.Nodes[0], cluster.Nodes[1]], cut, isReachable: false);
        cluster.Nodes[0].Membership.Down(cut.Self.Address);
        cluster.StepUntil(() => cluster.Nodes[0].View.Members.Count == 2, "two left", 20);
        Assert.False(cut.WasDowned);
        cluster.CutOff.Clear();
        cut.Receive(new GossipEnvelope(cluster.Nodes[0].Self, cut.Self, cluster.Nodes[0].View));
        Assert.True(cut.WasDowned);
    }

    [Fact]
    public void Tombstones_are_forgotten_after_their_time()
    {
        var cluster = Formed(2, "akka.cluster.prune-gossip-tombstones-after = 30s");
        cluster.Nodes[1].Membership.Leave(cluster.Nodes[1].Self.Address);
        cluster.StepUntil(() => cluster.IsFormed(1), "one left", 20);
        Assert.Single(cluster.Nodes[0].View.Tombstones);
        for (var i = 0; i < 32; i++)
        {
            cluster.Step();
        }

        Assert.Empty(cluster.Nodes[0].View.Tombstones);
    }

    [Fact]
    public void A_leaving_member_is_removed_without_being_missed_first()
    {
        var cluster = Formed(3);
        cluster.Nodes[0].Membership.Leave(cluster.Nodes[2].Self.Address);
        cluster.StepUntil(() => cluster.IsFormed(2), "two left", 30);
        Assert.Equal(
            [typeof(ClusterEvent.MemberLeft), typeof(ClusterEvent.MemberExited), typeof(ClusterEvent.MemberRemoved)],
            cluster.Nodes[1].Events.OfType<ClusterEvent.IMemberEvent>().Where(change => change.Member.UniqueAddress == cluster.Nodes[2].Self).Select(change => change.GetType()).TakeLast(3));
        Assert.DoesNotContain(cluster.Nodes[1].Events, change => change is ClusterEvent.UnreachableMember);
    }

    [Fact]
    public void What_a_downed_member_said_of_others_no_longer_counts()
    {
        var cluster = Formed(3);
        VirtualCluster.Observe([cluster.Nodes[2]], cluster.Nodes[1], isReachable: false);
        cluster.StepUntil(() => !cluster.Nodes[0].View.Reachability.IsReachable(cluster.Nodes[1].Self), "the word spread", 20);
        cluster.Nodes[2].IsRunning = false;
        VirtualCluster.Observe(cluster.Living, cluster.Nodes[2], isReachable: false);
        cluster.Nodes[0].Membership.Down(cluster.Nodes[2].Self.Address);
        Assert.Contains(cluster.Nodes[0].Events, change => change is ClusterEvent.ReachableMember one && one.Member.UniqueAddress == cluster.Nodes[1].Self);
        cluster.StepUntil(() => cluster.IsFormed(2), "two left", 20);
    }

    [Fact]
    public void Gossip_of_strangers_for_others_and_from_the_unreachable_is_ignored()
    {
        var (cluster, other) = (Formed(2), new VirtualCluster(99));
        var stranger = other.Start(9);
        stranger.Membership.Join(stranger.Self.Address);
        var (node, peer) = (cluster.Nodes[0], cluster.Nodes[1]);
        var before = node.View;
        node.Receive(new GossipEnvelope(stranger.Self, node.Self, stranger.View));
        node.Receive(new GossipEnvelope(peer.Self, node.Self, stranger.View));
        node.Receive(new GossipEnvelope(peer.Self, peer.Self, before.ChangedBy(peer.Self)));
        Assert.Same(before, node.View);
        VirtualCluster.Observe([node], peer, isReachable: false);
        before = node.View;
        node.Receive(new GossipEnvelope(peer.Self, node.Self, before.ChangedBy(peer.Self)));
        Assert.Same(before, node.View);
    }

    [Theory]
    [InlineData(9, 5, 5)]
    [InlineData(9, 20, 9)]
    [InlineData(3, 20, 3)]
    public void Each_member_is_watched_by_as_many_as_it_watches(int count, int members, int expected)
    {
        UniqueAddress[] nodes = [.. Enumerable.Range(1, members).Select(port => new UniqueAddress(VirtualCluster.AddressOf(port), port * 7919 % 1000))];
        var watched = nodes.Select(node => HeartbeatRing.Watched(node, nodes, new HashSet<UniqueAddress>(), count)).ToArray();
        Assert.All(watched, one => Assert.Equal(Math.Min(expected, members - 1), one.Count));
        Assert.All(nodes, node => Assert.Equal(Math.Min(expected, members - 1), watched.Count(one => one.Contains(node))));
    }

    [Fact]
    public void Beyond_unreachable_members_others_are_watched()
    {
        UniqueAddress[] nodes = [.. Enumerable.Range(0, 6).Select(port => new UniqueAddress(VirtualCluster.AddressOf(port), port))];
        var watched = HeartbeatRing.Watched(nodes[0], nodes, new HashSet<UniqueAddress> { nodes[1], nodes[3] }, 2);
        Assert.Equal([nodes[1], nodes[2], nodes[4]], watched);
    }

    private static VirtualCluster Formed(int count, string config = "")
    {
        var cluster = new VirtualCluster(count, Quick + config);
        Join(cluster, count);
        cluster.StepUntil(() => cluster.IsFormed(count), $"{count} up");
        return cluster;
    }

    private static void Join(VirtualCluster cluster, int count)
    {
        for (var port = 1; port <= count; port++)
        {
            cluster.Start(port).Membership.Join(VirtualCluster.AddressOf(1));
        }
    }
}
