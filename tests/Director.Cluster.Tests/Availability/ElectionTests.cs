using System.Collections.Immutable;
using Director.Cluster.Availability;
using Director.Configuration;
using Xunit;

namespace Director.Cluster.Tests.Availability;

/// <summary>Each rule by itself. This director is <c>m</c>, started at second 5; initdead 5 s, deadtime 350 ms, keepalive 100 ms, hold-off 1 s.</summary>
public sealed class ElectionTests
{
    private static readonly ElectionSettings Defaults = new()
    {
        Name = "m",
        Started = DateTimeOffset.UnixEpoch.AddSeconds(5),
        Keepalive = 100,
        Warntime = 200,
        Deadtime = 350,
        Initdead = 5000,
        HoldOff = 1000,
        Groups = [new ElectionGroup("g", "")],
    };

    private readonly List<ElectionOutput> _outputs = [];
    private readonly Dictionary<string, string> _gone = [];
    private Election _election = new(Defaults, 0);
    private ElectionSettings _settings = Defaults;
    private ImmutableArray<HeardDirector> _others = [];
    private bool _isSynchronised = true;
    private int _reached;
    private long _now;

    private GroupState State => _election.Groups[0].State;

    [Fact]
    public void Nothing_is_taken_before_initdead_and_everything_after_when_nobody_is_heard()
    {
        Assert.Empty(Step(4999));
        Assert.Equal([new ElectionOutput.Take("g", "no other director was heard for 5000 ms")], Step(5000));
        Assert.Empty(Step(5001));
    }

    [Fact]
    public void What_a_living_director_holds_is_left_to_it_and_taken_when_it_dies()
    {
        _others = [Other("a", GroupRole.Holds)];
        Assert.Empty(Step(9000));
        _others = [];
        _gone["a"] = "was silent for 352 ms";
        Assert.Equal([new ElectionOutput.Take("g", "a, which had it, was silent for 352 ms")], Step(9001));
    }

    [Fact]
    public void Of_two_that_wait_who_started_first_takes_it()
    {
        _others = [Other("z") with { Started = Defaults.Started.AddSeconds(-1) }];
        Assert.Empty(Step(9000));
        Assert.Empty(Step(20_000));
        _others = [Other("a") with { Started = Defaults.Started.AddSeconds(1) }];
        Assert.IsType<ElectionOutput.Take>(Assert.Single(Step(20_001)));
    }

    [Theory]
    [InlineData("priority")]
    [InlineData("preferred")]
    [InlineData("synchronised")]
    [InlineData("ping nodes")]
    public void Before_age_counts(string what)
    {
        Use(_settings with { PingNodes = 2, Groups = [new ElectionGroup("g", what == "preferred" ? "b" : "")] });
        _reached = 1;
        _isSynchronised = what != "synchronised";
        _others = [Other("b") with { Started = Defaults.Started.AddSeconds(1), Priority = what == "priority" ? 101 : 100, PingNodes = 2, PingNodesReached = what == "ping nodes" ? 2 : 1 }];
        Assert.Empty(Step(9000));
        Assert.Empty(Step(20_000));
    }

    [Fact]
    public void One_that_is_not_synchronised_takes_nothing_unless_it_is_alone()
    {
        _isSynchronised = false;
        _others = [Other("b")];
        Assert.Empty(Step(20_000));
        _others = [];
        Assert.IsType<ElectionOutput.Take>(Assert.Single(Step(20_001)));
    }

    [Fact]
    public void One_that_has_just_become_better_waits_until_the_others_must_have_heard_of_it()
    {
        _others = [Other("b") with { Started = Defaults.Started.AddSeconds(1) }];
        _isSynchronised = false;
        Assert.Empty(Step(9000));
        _isSynchronised = true;
        Assert.Empty(Step(9001));
        Assert.Empty(Step(9000 + 700));
        Assert.IsType<ElectionOutput.Take>(Assert.Single(Step(9001 + 700)));
    }

    [Fact]
    public void With_nice_failback_a_better_director_that_comes_back_gets_nothing()
    {
        Step(5000);
        _others = [Other("a") with { Priority = 255, Started = DateTimeOffset.UnixEpoch }];
        Assert.Empty(Step(6000));
        Assert.Empty(Step(60_000));
    }

    [Theory]
    [InlineData("priority", "a has the higher priority, 255")]
    [InlineData("preferred", "a is preferred")]
    public void Without_nice_failback_it_is_handed_over_after_the_hold_off(string what, string reason)
    {
        Use(_settings with { NiceFailback = false, Groups = [new ElectionGroup("g", what == "preferred" ? "a" : "")] });
        Step(5000);
        _others = [Other("a") with { Priority = what == "priority" ? 255 : 100 }];
        Assert.Empty(Step(6000));
        Assert.Empty(Step(6999));
        Assert.Equal([new ElectionOutput.HandOver("g", "a", reason)], Step(7000));
    }

    [Fact]
    public void Without_nice_failback_age_alone_moves_nothing()
    {
        Use(_settings with { NiceFailback = false });
        Step(5000);
        _others = [Other("a") with { Started = DateTimeOffset.UnixEpoch }];
        Assert.Empty(Step(6000));
        Assert.Empty(Step(60_000));
    }

    [Fact]
    public void Nothing_is_handed_over_to_one_that_is_not_synchronised()
    {
        Use(_settings with { NiceFailback = false });
        Step(5000);
        _others = [Other("a") with { Priority = 255, IsSynchronised = false }];
        Assert.Empty(Step(6000));
        Assert.Empty(Step(60_000));
    }

    [Fact]
    public void Who_reaches_fewer_ping_nodes_gives_up_to_who_reaches_more_if_that_lasts()
    {
        Use(_settings with { PingNodes = 2 });
        _reached = 2;
        Step(5000);
        _others = [Other("b") with { PingNodes = 2, PingNodesReached = 2 }];
        _reached = 1;
        Assert.Empty(Step(6000));
        // The other loses it too, a moment later.
        _others = [Other("b") with { PingNodes = 2, PingNodesReached = 1 }];
        Assert.Empty(Step(6900));
        Assert.Empty(Step(7900));
        _others = [Other("b") with { PingNodes = 2, PingNodesReached = 2 }];
        Assert.Empty(Step(8000));
        Assert.Equal([new ElectionOutput.HandOver("g", "b", "b reaches 2 ping nodes, this director 1")], Step(9000));
    }

    [Fact]
    public void Alone_without_any_ping_node_nothing_is_held_and_all_is_taken_back_with_one()
    {
        Use(_settings with { PingNodes = 2 });
        _reached = 1;
        Step(5000);
        _reached = 0;
        Assert.Equal([new ElectionOutput.Release("g", "this director reaches none of its ping nodes")], Step(6000));
        Assert.False(_election.IsEligible);
        _reached = 1;
        Assert.IsType<ElectionOutput.Take>(Assert.Single(Step(7000)));
    }

    [Fact]
    public void When_no_director_reaches_a_ping_node_everything_stays_where_it_is()
    {
        Use(_settings with { PingNodes = 1 });
        _reached = 1;
        Step(5000);
        _reached = 0;
        _others = [Other("b") with { PingNodes = 1 }];
        Assert.Empty(Step(6000));
        Assert.Empty(Step(60_000));
        Assert.True(_election.IsEligible);
    }

    [Fact]
    public void A_stop_hands_over_and_goes_on_forwarding_until_all_must_have_heard_of_the_successor()
    {
        Step(5000);
        _others = [Other("b"), Other("c") with { Priority = 120 }];
        _election.Stop();
        Assert.Equal([new ElectionOutput.HandOver("g", "c", "this director stops")], Step(6000));
        Assert.Equal(new GroupState(GroupRole.HandsOver, "c"), State);
        _others = [Other("b"), Other("c", GroupRole.Holds) with { Priority = 120 }];
        Assert.Equal([new ElectionOutput.Leave("g", "this director stops")], Step(6100));
        Assert.Empty(Step(6449));
        Assert.False(_election.HasStopped);
        Assert.Equal([new ElectionOutput.Release("g", "this director stops")], Step(6450));
        Assert.True(_election.HasStopped);
    }

    [Fact]
    public void A_successor_that_does_not_take_it_is_passed_over()
    {
        Step(5000);
        _others = [Other("b"), Other("c") with { Priority = 120 }];
        _election.HandOver("g");
        Assert.Equal("c", Assert.IsType<ElectionOutput.HandOver>(Assert.Single(Step(6000))).Successor);
        Assert.Empty(Step(6699));
        Assert.Equal("b", Assert.IsType<ElectionOutput.HandOver>(Assert.Single(Step(6700))).Successor);
        _others = [Other("c") with { Priority = 120 }];
        Assert.Equal([new ElectionOutput.Alert("g", "c and b did not take it"), new ElectionOutput.Take("g", "c and b did not take it")], Step(6800));
    }

    [Fact]
    public void What_is_offered_is_taken_at_once_by_who_is_named_only()
    {
        _others = [Other("a", GroupRole.HandsOver, "b"), Other("b") with { Started = DateTimeOffset.MaxValue }];
        Assert.Empty(Step(20_000));
        _others = [Other("a", GroupRole.HandsOver, "m"), _others[1]];
        Assert.Equal([new ElectionOutput.Take("g", "a hands it over")], Step(20_001));
    }

    [Fact]
    public void While_the_last_holder_says_who_has_it_nobody_else_takes_it()
    {
        _others = [Other("z", GroupRole.Leaves, "b"), Other("b") with { Started = DateTimeOffset.MaxValue }];
        Assert.Empty(Step(9000));
        Assert.Empty(Step(20_000));
        // That one has died.
        _others = [_others[0]];
        Assert.IsType<ElectionOutput.Take>(Assert.Single(Step(20_001)));
    }

    [Fact]
    public void Of_two_that_hold_the_first_in_order_keeps_and_announces_again_the_other_leaves()
    {
        Step(5000);
        _others = [Other("z", GroupRole.Holds) with { Started = Defaults.Started.AddSeconds(1) }];
        var settled = Step(6000);
        Assert.Equal(2, settled.Length);
        Assert.Equal(new ElectionOutput.Alert("g", "z has it too: they did not hear each other"), settled[0]);
        Assert.IsType<ElectionOutput.AnnounceAgain>(settled[1]);
        _others = [Other("z", GroupRole.Leaves, "m") with { Started = Defaults.Started.AddSeconds(1) }];
        Assert.Equal([new ElectionOutput.AnnounceAgain("g", "z no longer has it")], Step(6100));

        _others = [Other("a", GroupRole.Holds) with { Started = Defaults.Started.AddSeconds(-1) }];
        Assert.Equal(new ElectionOutput.Leave("g", "a has it too and comes first"), Step(7000)[^1]);
        Assert.Equal(new GroupState(GroupRole.Leaves, "a"), State);
        Assert.IsType<ElectionOutput.Release>(Assert.Single(Step(7350)));
    }

    [Fact]
    public void When_one_is_heard_again_that_may_have_had_it_the_addresses_are_announced_again()
    {
        _others = [Other("z")];
        Step(8000);
        Assert.IsType<ElectionOutput.Take>(Assert.Single(Step(9000)));
        _others = [];
        Assert.Empty(Step(9100));
        _others = [Other("z")];
        Assert.Equal([new ElectionOutput.AnnounceAgain("g", "z is heard again and may have had it")], Step(9200));
        Assert.Empty(Step(9300));
    }

    [Fact]
    public void Another_host_that_announces_an_address_raises_an_alert_once_a_second()
    {
        Step(5000);
        _election.Contested("g", "a stranger", 6000, _outputs);
        _election.Contested("g", "a stranger", 6500, _outputs);
        _election.Contested("other", "a stranger", 6500, _outputs);
        Assert.Equal([new ElectionOutput.Alert("g", "a stranger"), new ElectionOutput.AnnounceAgain("g", "a stranger")], _outputs);
    }

    [Fact]
    public void One_that_stood_still_lets_go_and_takes_nothing_before_it_has_heard_all()
    {
        Step(5000);
        _others = [Other("b")];
        Step(5100);
        _election.StoodStill(9000, 3900, _outputs);
        Assert.IsType<ElectionOutput.Release>(Assert.Single(_outputs));
        _outputs.Clear();
        Assert.Empty(Step(9099, hasHeardAll: false));
        Assert.True(_election.IsListening);
        Assert.Empty(Step(9200, hasHeardAll: false));
        _others = [Other("b", GroupRole.Holds)];
        Assert.Empty(Step(9201));
        Assert.False(_election.IsListening);
        Assert.Equal(GroupRole.Waits, State.Role);
    }

    [Fact]
    public void A_new_configuration_moves_nothing_that_it_does_not_name()
    {
        Use(_settings with { Groups = [new ElectionGroup("g", ""), new ElectionGroup("old", "")] });
        Assert.Equal(2, Step(5000).Length);
        _settings = _settings with { Priority = 7, NiceFailback = false, Groups = [new ElectionGroup("new", ""), new ElectionGroup("g", "m")] };
        _election.Change(_settings, _outputs, 6000);
        Assert.Equal([new ElectionOutput.Release("old", "the group is no longer configured"), new ElectionOutput.Take("new", "no other director was heard for 5000 ms")], Step(6000));
        Assert.Equal(GroupRole.Holds, _election.Groups.Single(group => group.Name == "g").State.Role);
    }

    [Fact]
    public void One_that_does_not_have_the_group_is_no_successor()
    {
        Step(5000);
        _others = [Other("b") with { Groups = ImmutableSortedDictionary<string, GroupState>.Empty }];
        _election.HandOver(null);
        Assert.Equal([new ElectionOutput.Alert("g", "it cannot be handed over: no other director can take it")], Step(6000));
        _election.Stop();
        Assert.IsType<ElectionOutput.Release>(Assert.Single(Step(6100)));
    }

    [Fact]
    public void In_active_active_mode_all_hold_and_who_is_not_synchronised_waits_for_the_join_wait()
    {
        Use(_settings with { Mode = AvailabilityMode.ActiveActive, JoinWait = 30_000 });
        _isSynchronised = false;
        _others = [Other("b", GroupRole.Holds)];
        Assert.Empty(Step(5000));
        Assert.Empty(Step(34_999));
        Assert.Equal([new ElectionOutput.Take("g", "this director takes part")], Step(35_000));
    }

    [Fact]
    public void In_active_active_mode_a_stop_forwards_on_until_its_part_is_empty()
    {
        Use(_settings with { Mode = AvailabilityMode.ActiveActive });
        _others = [Other("b", GroupRole.Holds)];
        Step(5000);
        Assert.Equal(GroupRole.Holds, State.Role);
        _election.Stop();
        Assert.IsType<ElectionOutput.HandOver>(Assert.Single(Step(6000)));
        Assert.Empty(Step(6100));
        _election.Groups[0].IsEmpty = true;
        Assert.IsType<ElectionOutput.Release>(Assert.Single(Step(6200)));
        Assert.True(_election.HasStopped);
    }

    private static HeardDirector Other(string name, GroupRole role = GroupRole.Waits, string? successor = null) => new()
    {
        Name = name,
        Boot = 1,
        Started = Defaults.Started,
        Priority = 100,
        IsEligible = true,
        IsSynchronised = true,
        Groups = ImmutableSortedDictionary<string, GroupState>.Empty.Add("g", new GroupState(role, successor)),
    };

    private void Use(ElectionSettings settings)
    {
        _settings = settings;
        _election = new Election(settings, 0);
    }

    private ElectionOutput[] Step(long now, bool hasHeardAll = true)
    {
        Assert.True(now >= _now);
        _now = now;
        _election.Decide(now, _others, hasHeardAll, name => _gone.GetValueOrDefault(name), _isSynchronised, _reached, _outputs);
        var outputs = _outputs.ToArray();
        _outputs.Clear();
        return outputs;
    }
}
