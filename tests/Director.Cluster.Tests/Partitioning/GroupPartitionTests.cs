using Director.Cluster.Partitioning;
using Director.Forwarding;
using FsCheck.Xunit;
using Xunit;

namespace Director.Cluster.Tests.Partitioning;

/// <summary>Directors decide who serves which block, whatever happens to them.</summary>
public sealed class GroupPartitionTests
{
    private readonly SimulatedDirectors _all = new();

    [Fact]
    public void A_director_alone_serves_everything_at_once()
    {
        var a = _all.Start("a", 1);
        Assert.DoesNotContain(false, a.Partition.Begun);
        Assert.Equal(("a", 1L), (a.Partition.Map.GatewayOwner, a.Partition.Map.Epoch));
    }

    [Fact]
    public void One_that_is_not_eligible_yet_serves_nothing()
    {
        var a = _all.Start("a", 1);
        a.IsEligible = false;
        a.Update();
        Assert.DoesNotContain(true, a.Partition.Begun);
    }

    [Fact]
    public void Three_share_by_weight_and_one_of_weight_0_owns_nothing()
    {
        _all.Start("a", 1, 100);
        _all.Start("b", 2, 200);
        _all.Start("c", 3, 100);
        _all.Start("d", 4, 0);
        _all.Settle();
        _all.AssertAgreed("a", "b", "c");
        Assert.Equal((128, 256), (_all["a"].Partition.Map.CountOf("a"), _all["a"].Partition.Map.CountOf("b")));
        Assert.All(_all.Living, director => Assert.Equal("a", director.Partition.Master));
    }

    [Fact]
    public void A_joiner_is_given_blocks_when_it_is_ready_and_only_what_is_its()
    {
        Serve("a", "b");
        var before = _all["a"].Partition.Map;
        _all.Start("c", 3).IsReady = false;
        _all.Settle();
        _all.AssertAgreed("a", "b");
        Assert.Equal(before, _all["c"].Partition.Map);

        _all["c"].IsReady = true;
        _all.Settle();
        _all.AssertAgreed("a", "b", "c");
        Assert.All(before.Owners.Zip(_all["a"].Partition.Map.Owners), each => Assert.True(each.First == each.Second || each.Second == "c"));
    }

    [Fact]
    public void A_block_is_handed_over_in_steps_and_set_up_in_by_one_at_most()
    {
        Serve("a");
        var a = _all["a"];
        var b = _all.Start("b", 2, isEligible: false);
        _all.Hear("a", "b");
        b.IsEligible = true;
        _all.Hear("b", "a");
        var block = a.Partition.Map.Owners.IndexOf("b");
        Assert.True(block >= 0);
        Assert.Equal((false, true, false), (a.Partition.Begun[block], a.Partition.Ending[block], b.Partition.Begun[block]));
        _all.Hear("a", "b");
        Assert.Equal((false, true, true), (a.Partition.Begun[block], a.Partition.Ending[block], b.Partition.Begun[block]));
        _all.Hear("b", "a");
        Assert.Equal((false, false, true), (a.Partition.Begun[block], a.Partition.Ending[block], b.Partition.Begun[block]));
    }

    [Fact]
    public void A_dead_ones_blocks_are_served_as_soon_as_nobody_hears_it_without_waiting_for_anyone()
    {
        Serve("a", "b", "c");
        var before = _all["b"].Partition.Map;
        _all.Kill("a");
        _all.Hear("a", "b");
        // c still hears it: it may be a lost link.
        Assert.Equal(before, _all["b"].Partition.Map);
        _all.Hear("a", "c");
        _all.Hear("c", "b");
        Assert.Equal(before.Epoch + 1, _all["b"].Partition.Map.Epoch);
        _all.Hear("b", "c");
        Assert.Equal(_all["b"].Partition.Map, _all["c"].Partition.Map);
        Assert.All(Enumerable.Range(0, 512), block => Assert.Equal((1, 1), _all.Serving(block)));
    }

    /// <summary>The master dies: no round of election, no message.</summary>
    [Fact]
    public void Those_who_notice_a_death_at_the_same_time_compute_the_same_map()
    {
        Serve("a", "b", "c", "d");
        _all.Kill("a");
        foreach (var name in (string[])["b", "c", "d"])
            _all[name].Heard.Remove("a");
        foreach (var (from, to) in (ReadOnlySpan<(string, string)>)[("c", "b"), ("d", "b"), ("b", "c"), ("d", "c"), ("b", "d"), ("c", "d")])
            _all[to].Heard[from] = (_all[from].Facts, _all[from].Report);
        foreach (var node in _all.Living)
            node.Update();
        _all.AssertAgreed("b", "c", "d");
    }

    [Fact]
    public void One_that_leaves_serves_until_the_others_have_its_blocks()
    {
        Serve("a", "b");
        _all["b"].IsStopping = true;
        var random = new Random(7);
        for (var i = 0; i < 100; i++)
        {
            _all.Step(random);
            Assert.All(Enumerable.Range(0, 512), block => Assert.InRange(_all.Serving(block).Known, 1, 2));
        }

        _all.Settle();
        _all.AssertAgreed("a");
    }

    [Fact]
    public void One_that_reaches_no_ping_node_stops_at_once_and_its_blocks_are_divided()
    {
        Serve("a", "b", "c");
        _all["a"].PingNodesReached = 0;
        _all["a"].Update();
        Assert.DoesNotContain(true, _all["a"].Partition.Begun);
        _all.Settle();
        _all.AssertAgreed("b", "c");
        _all["a"].PingNodesReached = 1;
        _all.Settle();
        _all.AssertAgreed("a", "b", "c");
    }

    [Fact]
    public void A_director_that_one_other_does_not_hear_keeps_its_blocks()
    {
        Serve("a", "b", "c");
        var before = _all["a"].Partition.Map;
        _all.Cut("c", "a");
        _all.Settle();
        _all.AssertAgreed("a", "b", "c");
        Assert.Equal(before, _all["a"].Partition.Map);
    }

    [Fact]
    public void Without_anyone_who_hears_all_every_block_is_served_still()
    {
        _all.Split(["a"], ["c"]);
        _all.Split(["b"], ["d"]);
        foreach (var (name, started) in (ReadOnlySpan<(string, int)>)[("a", 1), ("b", 2), ("c", 3), ("d", 4)])
            _all.Start(name, started, isEligible: false);
        foreach (var node in _all.Living)
            node.IsEligible = true;
        _all.Settle();
        Assert.All(Enumerable.Range(0, 512), block => Assert.Equal(1, _all.Serving(block).Whole));
    }

    [Theory]
    [InlineData(1, 1, 1, "a b")] // the larger
    [InlineData(0, 0, 1, "c")] // the one that reaches ping nodes
    public void After_a_split_one_side_goes_on_undisturbed(int aReaches, int bReaches, int cReaches, string winners)
    {
        Serve("a", "b", "c");
        _all.Split(["a", "b"], ["c"]);
        _all.Settle();
        // Each side must take the other for dead.
        Assert.Equal(["c"], _all["c"].Partition.Map.Directors);
        Assert.Equal(["a", "b"], _all["a"].Partition.Map.Directors);
        (_all["a"].PingNodesReached, _all["b"].PingNodesReached, _all["c"].PingNodesReached) = (aReaches, bReaches, cReaches);
        // The losers have to catch up with the connections of the winners before they are given blocks.
        foreach (var node in _all.Living)
            node.IsReady = winners.Contains(node.Name, StringComparison.Ordinal);
        var served = _all.Living.Where(node => node.IsReady).ToDictionary(node => node.Name, node => node.Partition.Begun);

        _all.Heal();
        _all.Settle();
        _all.AssertAgreed(winners.Split(' '));
        Assert.All(served, each => Assert.Equal(each.Value.AsEnumerable(), _all[each.Key].Partition.Begun));
        foreach (var node in _all.Living)
            (node.IsReady, node.PingNodesReached) = (true, 1);
        _all.Settle();
        _all.AssertAgreed("a", "b", "c");
    }

    [Fact]
    public void After_a_split_into_halves_the_older_side_goes_on()
    {
        Serve("a", "b");
        _all.Split(["a"], ["b"]);
        _all.Settle();
        // The younger is ahead by epochs, which must not decide.
        _all["b"].IsEligible = false;
        _all["b"].Update();
        _all.Start("x", 9);
        _all.Split(["a"], ["x"]);
        _all["b"].IsEligible = true;
        _all.Settle();
        _all.Kill("x");
        _all.Settle();
        Assert.True(_all["b"].Partition.Map.Epoch > _all["a"].Partition.Map.Epoch);
        _all["b"].IsReady = false;
        _all.Heal();
        _all.Settle();
        _all.AssertAgreed("a");
    }

    /// <summary>While all hear each other, joins, leaves and readiness come as they like: no block has two directors that set up connections, and each block's known connections have one.</summary>
    [Property(MaxTest = 20)]
    public void While_all_hear_each_other_no_block_is_set_up_in_by_two_nor_left_alone(int seed)
    {
        var random = new Random(seed);
        var all = new SimulatedDirectors();
        string[] names = ["a", "b", "c", "d"];
        for (var i = 0; i < names.Length; i++)
            all.Start(names[i], random.Next(3), random.Next(1, 5) * 50, isEligible: false);
        all.Settle();
        foreach (var node in all.Living)
            node.IsEligible = true;
        all.Settle();
        for (var step = 0; step < 300; step++)
        {
            if (random.Next(12) == 0)
            {
                var node = all[names[random.Next(names.Length)]];
                if (random.Next(2) == 0)
                    node.IsReady = !node.IsReady;
                else if (node.IsStopping || all.Living.Count(each => !each.IsStopping) > 1)
                    node.IsStopping = !node.IsStopping;
            }

            all.Step(random);
            for (var block = 0; block < PartitionShare.BlockCount; block += 7)
            {
                var (whole, known) = all.Serving(block);
                Assert.True(whole <= 1, $"seed {seed}, step {step}: block {block} has {whole} owners");
                Assert.True(known >= 1, $"seed {seed}, step {step}: nobody forwards block {block}");
            }
        }
    }

    /// <summary>Deaths, starts, cuts and healings in any order: in the end all who hear each other obey one map, with each block served once.</summary>
    [Property(MaxTest = 200)]
    public void Whatever_happened_those_who_hear_each_other_agree(int seed)
    {
        var random = new Random(seed);
        var all = new SimulatedDirectors();
        string[] names = ["a", "b", "c", "d", "e"];
        all.Start("a", 0);
        for (var step = 1; step < 200; step++)
        {
            var name = names[random.Next(names.Length)];
            var other = names[random.Next(names.Length)];
            var isAlive = all.Living.Any(node => node.Name == name);
            switch (random.Next(20))
            {
                case 0 when !isAlive:
                    all.Start(name, step, random.Next(1, 4) * 100, isEligible: false);
                    break;
                case 1 when isAlive && all.Living.Count() > 1:
                    all.Kill(name);
                    break;
                case 2:
                    all.Cut(name, other);
                    break;
                case 3:
                    all.Split([name], [other]);
                    break;
                case 4:
                    all.Heal();
                    break;
                case 5 when isAlive:
                    all[name].IsEligible = true;
                    break;
                default:
                    all.Step(random);
                    break;
            }
        }

        all.Heal();
        foreach (var node in all.Living)
            node.IsEligible = true;
        all.Settle();
        all.AssertAgreed([.. all.Living.Select(node => node.Name)]);
    }

    private void Serve(params string[] names)
    {
        for (var i = 0; i < names.Length; i++)
            _all.Start(names[i], i + 1, isEligible: i == 0);
        _all.Settle();
        foreach (var node in _all.Living)
            node.IsEligible = true;
        _all.Settle();
        _all.AssertAgreed(names);
    }
}
