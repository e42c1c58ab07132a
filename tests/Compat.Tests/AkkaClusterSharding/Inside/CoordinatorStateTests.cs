using Akka.Actor;
using Akka.Cluster;
using Akka.Cluster.Sharding;
using Xunit;

namespace Compat.Tests.AkkaClusterSharding.Inside;

public sealed class CoordinatorStateTests
{
    private const long Term = 7;

    private static readonly UniqueAddress[] Nodes = [.. Enumerable.Range(0, 4).Select(number => new UniqueAddress(new Address("akka.tcp", "sim", "host", 1000 + number), number))];
    private static readonly IActorRef[] Regions = [.. Nodes.Select(node => new SimulatedReference(node, "region"))];

    private readonly List<(IActorRef To, object Message)> _told = [];
    private readonly List<UniqueAddress> _invited = [];
    private readonly CoordinatorState _coordinator;

    public CoordinatorStateTests() => _coordinator = new CoordinatorState(
        Nodes[0], Term, new ShardingTuning(TimeSpan.FromSeconds(1), 100, TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(1), 0, 0.1, 1, 3), (region, message) => _told.Add((region, message)), _invited.Add);

    [Fact]
    public void A_new_coordinator_gives_no_home_before_every_member_has_registered_has_no_region_or_is_removed()
    {
        MembersAre(0, 1, 2, 3);
        Assert.Equal(Nodes, _invited);
        Register(0);
        _coordinator.Asked(Regions[0], "a");
        Register(1);
        _coordinator.HasNoRegion(Nodes[2]);
        Assert.Empty(Homes("a"));
        _invited.Clear();
        _coordinator.Retry(TimeSpan.FromSeconds(1));
        Assert.Equal([Nodes[3]], _invited);

        _coordinator.MembersAre([.. Nodes[..3].Select(Up), new HostNode(Nodes[3], TakesShards: false, IsReachable: false)]);
        Assert.Empty(Homes("a"));
        MembersAre(0, 1, 2);
        Assert.Equal([(Regions[0], Regions[0])], Homes("a"));
    }

    [Fact]
    public void What_a_region_has_at_its_registration_stays_there()
    {
        MembersAre(0, 1);
        Register(0);
        _coordinator.Asked(Regions[0], "a");
        Register(1, "a");
        Assert.Equal([(Regions[1], Regions[1]), (Regions[0], Regions[1])], Homes("a"));
    }

    [Fact]
    public void A_registration_that_answers_no_invitation_of_this_term_is_answered_with_one()
    {
        MembersAre(0, 1);
        Assert.False(_coordinator.Register(Regions[1], new RegisterRegion(Nodes[1], false, [], 0)));
        Assert.False(_coordinator.Register(Regions[1], new RegisterRegion(Nodes[1], false, [], Term + 1)));
        Assert.Equal([(Regions[1], new RegionInvited(Term)), (Regions[1], new RegionInvited(Term))], _told);
        _coordinator.Asked(Regions[1], "a");
        Assert.Equal((Regions[1], new RegionInvited(Term)), _told[^1]);
    }

    [Fact]
    public void A_region_of_a_node_that_is_no_member_is_not_heard_until_it_is()
    {
        MembersAre(0);
        Assert.False(Register(1));
        Assert.Empty(_told);
        _invited.Clear();
        MembersAre(0, 1);
        Assert.Equal([Nodes[1]], _invited);
        Assert.True(Register(1));
    }

    [Fact]
    public void Shards_of_a_member_that_cannot_be_reached_stay_with_it_until_it_is_removed()
    {
        Begin(0, 1);
        _coordinator.Asked(Regions[0], "a");
        _coordinator.Asked(Regions[0], "b");
        Assert.Equal(Regions[1], Homes("b")[0].Home);

        _coordinator.MembersAre([Up(Nodes[0]), new HostNode(Nodes[1], TakesShards: true, IsReachable: false)]);
        _coordinator.RegionGone(Regions[1], isNodeGivenUp: true);
        _told.Clear();
        _coordinator.Asked(Regions[0], "b");
        Assert.Equal([(Regions[0], Regions[1])], Homes("b"));
        _coordinator.Asked(Regions[0], "c");
        Assert.Equal([(Regions[0], Regions[0])], Homes("c"));

        MembersAre(0);
        _told.Clear();
        _coordinator.Asked(Regions[0], "b");
        Assert.Equal([(Regions[0], Regions[0])], Homes("b"));
    }

    [Fact]
    public void Of_two_regions_with_the_same_shard_the_later_one_gives_it_up()
    {
        MembersAre(0, 1);
        Register(0, "a");
        Register(1, "a");
        var order = Assert.IsType<HandOff>(_told[^1].Message);
        Assert.Equal((Regions[1], "a"), (_told[^1].To, order.Shard));
        _coordinator.ShardStopped(Regions[1], "a", order.Number, TimeSpan.Zero);
        _told.Clear();
        _coordinator.Asked(Regions[1], "a");
        Assert.Equal([(Regions[1], Regions[0])], Homes("a"));
    }

    [Fact]
    public void New_shards_go_where_the_fewest_are_among_regions_that_stay_and_can_be_reached()
    {
        Begin(0, 1, 2, 3);
        _coordinator.MembersAre([Up(Nodes[0]), Up(Nodes[1]), new HostNode(Nodes[2], TakesShards: true, IsReachable: false), new HostNode(Nodes[3], TakesShards: false, IsReachable: true)]);
        foreach (var shard in new[] { "a", "b", "c", "d" })
        {
            _coordinator.Asked(Regions[3], shard);
        }

        Assert.Equal([Regions[0], Regions[1], Regions[0], Regions[1]], new[] { "a", "b", "c", "d" }.Select(shard => Homes(shard)[0].Home));
        _coordinator.ShutDownRequested(Regions[1], TimeSpan.Zero);
        _coordinator.Asked(Regions[3], "e");
        Assert.Equal(Regions[0], Homes("e")[0].Home);
    }

    [Fact]
    public void A_shard_moves_when_all_regions_keep_its_messages_and_its_host_has_stopped_it()
    {
        Begin(0, 1);
        Register(0, "a", "b", "c");
        _told.Clear();
        _coordinator.Rebalance(TimeSpan.Zero);
        var begin = new BeginHandOff("c", 1);
        Assert.Equal([(Regions[0], begin), (Regions[1], begin)], _told);

        _coordinator.Asked(Regions[1], "c");
        _coordinator.BeginHandOffAcknowledged(Regions[0], "c", 1);
        _coordinator.BeginHandOffAcknowledged(Regions[1], "c", 99);
        Assert.Equal(2, _told.Count);
        _coordinator.BeginHandOffAcknowledged(Regions[1], "c", 1);
        Assert.Equal((Regions[0], new HandOff("c", 1)), _told[^1]);

        _coordinator.ShardStopped(Regions[0], "c", 99, TimeSpan.Zero);
        Assert.Empty(Homes("c"));
        _coordinator.ShardStopped(Regions[0], "c", 1, TimeSpan.Zero);
        Assert.Equal([(Regions[1], Regions[1])], Homes("c"));
    }

    [Fact]
    public void What_has_no_answer_is_asked_again_and_a_region_that_does_not_acknowledge_holds_nothing_up_for_ever()
    {
        Begin(0, 1);
        Register(0, "a", "b", "c");
        _coordinator.Rebalance(TimeSpan.Zero);
        _coordinator.BeginHandOffAcknowledged(Regions[0], "c", 1);
        _told.Clear();
        _coordinator.Retry(TimeSpan.FromSeconds(4));
        Assert.Equal([(Regions[1], new BeginHandOff("c", 1))], _told);
        _told.Clear();
        _coordinator.Retry(TimeSpan.FromSeconds(5));
        _coordinator.Retry(TimeSpan.FromSeconds(6));
        Assert.Equal([(Regions[0], new HandOff("c", 1)), (Regions[0], new HandOff("c", 1))], _told);
    }

    [Fact]
    public void Nothing_is_moved_while_a_member_cannot_be_reached()
    {
        Begin(0, 1, 2);
        Register(0, "a", "b", "c");
        _coordinator.MembersAre([Up(Nodes[0]), Up(Nodes[1]), new HostNode(Nodes[2], TakesShards: true, IsReachable: false)]);
        _told.Clear();
        _coordinator.Rebalance(TimeSpan.Zero);
        Assert.Empty(_told);
        MembersAre(0, 1, 2);
        _coordinator.Rebalance(TimeSpan.Zero);
        Assert.NotEmpty(_told);
    }

    [Fact]
    public void A_shard_that_ended_by_itself_has_a_home_until_its_host_has_confirmed_that_it_has_it_no_more()
    {
        Begin(0, 1);
        Register(0, "a");
        _told.Clear();
        _coordinator.ShardStopped(Regions[0], "a", 0, TimeSpan.Zero);
        Assert.Equal([(Regions[0], new HandOff("a", 1))], _told);
        _coordinator.Asked(Regions[1], "a");
        Assert.Empty(Homes("a"));
        _coordinator.ShardStopped(Regions[0], "a", 1, TimeSpan.Zero);
        Assert.Single(Homes("a").Select(told => told.Home).Distinct());
    }

    [Fact]
    public void A_proxy_learns_homes_acknowledges_moves_and_never_has_a_shard()
    {
        Begin(0);
        var proxy = new SimulatedReference(Nodes[3], "proxy");
        Assert.True(_coordinator.Register(proxy, new RegisterRegion(Nodes[3], IsProxy: true, [], Term)));
        foreach (var shard in new[] { "a", "b", "c" })
        {
            _coordinator.Asked(proxy, shard);
            Assert.Equal([(Regions[0], Regions[0]), (proxy, Regions[0])], Homes(shard));
        }

        Assert.Equal([Nodes[0].Address], _coordinator.RegionAddresses);
        _coordinator.ShutDownRequested(Regions[0], TimeSpan.Zero);
        Assert.Contains((proxy, new BeginHandOff("a", 1)), _told);
        _coordinator.RegionGone(proxy, isNodeGivenUp: true);
        _coordinator.BeginHandOffAcknowledged(Regions[0], "a", 1);
        Assert.Contains((Regions[0], new HandOff("a", 1)), _told);
    }

    private static HostNode Up(UniqueAddress node) => new(node, TakesShards: true, IsReachable: true);

    private void MembersAre(params int[] nodes) => _coordinator.MembersAre([.. nodes.Select(node => Up(Nodes[node]))]);

    private bool Register(int node, params string[] shards) => _coordinator.Register(Regions[node], new RegisterRegion(Nodes[node], IsProxy: false, shards, Term));

    /// <summary>All of these are members and have registered.</summary>
    private void Begin(params int[] nodes)
    {
        MembersAre(nodes);
        Assert.All(nodes, node => Register(node));
        _told.Clear();
    }

    /// <summary>Who was told where a shard is, in order.</summary>
    private List<(IActorRef To, IActorRef Home)> Homes(string shard) => [.. _told.Where(told => told.Message is ShardHome home && home.Shard == shard).Select(told => (told.To, ((ShardHome)told.Message).Region))];
}
