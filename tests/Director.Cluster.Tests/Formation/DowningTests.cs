using System.Collections.Immutable;
using Director.Cluster.Formation;
using Xunit;

namespace Director.Cluster.Tests.Formation;

public sealed class DowningTests
{
    private readonly Downing _downing = new();
    private readonly Dictionary<Downing, double> _asked = [];

    [Fact]
    public void Dead_by_heartbeat_too_is_given_up_after_a_second_whoever_is_older()
    {
        Assert.Empty(Until(0.75, Peer("a", HeartbeatStanding.Dead, isOlder: true), Peer("b", HeartbeatStanding.Dead)));
        Assert.Equal(
            [new("a", false, "it is silent by heartbeat too"), new DowningVerdict("b", false, "it is silent by heartbeat too")],
            Until(1, Peer("a", HeartbeatStanding.Dead, isOlder: true), Peer("b", HeartbeatStanding.Dead)).ToArray());
    }

    [Fact]
    public void Without_heartbeats_it_takes_longer_and_both_of_a_pair_serve_on()
    {
        Assert.Empty(Until(4.75, Peer("a", HeartbeatStanding.Unknown, isOlder: true)));
        Assert.False(Assert.Single(Until(5, Peer("a", HeartbeatStanding.Unknown, isOlder: true))).IsOwn);
        Downing other = new();
        Assert.Empty(Until(other, 4.75, Peer("b", HeartbeatStanding.Unknown)));
        Assert.False(Assert.Single(Until(other, 5, Peer("b", HeartbeatStanding.Unknown))).IsOwn);
    }

    [Fact]
    public void Alive_but_cut_off_the_older_stays()
    {
        Assert.Empty(Until(9.75, Peer("a", HeartbeatStanding.Alive, isOlder: true)));
        Assert.Equal(new("a", true, "the two have lost each other, and it is the older"), Assert.Single(Until(10, Peer("a", HeartbeatStanding.Alive, isOlder: true))));
        Downing older = new();
        Assert.Empty(Until(older, 9.75, Peer("b", HeartbeatStanding.Alive)));
        Assert.Equal(new("b", false, "the two have lost each other, and it is the younger"), Assert.Single(Until(older, 10, Peer("b", HeartbeatStanding.Alive))));
    }

    [Theory]
    [InlineData(HeartbeatStanding.Alive)]
    [InlineData(HeartbeatStanding.Unknown)]
    internal void One_that_answers_is_waited_for_longer(HeartbeatStanding heartbeat)
    {
        Assert.Empty(Until(29.75, Peer("a", heartbeat, answers: true)));
        Assert.False(Assert.Single(Until(30, Peer("a", heartbeat, answers: true))).IsOwn);
    }

    [Fact]
    public void One_that_comes_back_in_time_is_kept_and_its_time_begins_anew()
    {
        Assert.Empty(Until(0.75, Peer("a", HeartbeatStanding.Dead)));
        Assert.Empty(Until(1));
        Assert.Empty(Until(1.75, Peer("a", HeartbeatStanding.Dead)));
    }

    [Fact]
    public void Heartbeats_that_come_again_are_a_reason_to_wait()
    {
        Assert.Empty(Until(0.75, Peer("a", HeartbeatStanding.Dead)));
        Assert.Empty(Until(10.5, Peer("a", HeartbeatStanding.Alive)));
        Assert.Single(Until(11, Peer("a", HeartbeatStanding.Alive)));
    }

    [Fact]
    public void A_director_that_was_frozen_itself_does_not_judge_by_what_it_knew_before()
    {
        Assert.Empty(Until(0.75, Peer("a", HeartbeatStanding.Dead)));
        Assert.Empty(_downing.Decide([Peer("a", HeartbeatStanding.Dead)], TimeSpan.FromSeconds(8)));
        Assert.Empty(_downing.Decide([Peer("a", HeartbeatStanding.Dead)], TimeSpan.FromSeconds(8.75)));
        Assert.Single(_downing.Decide([Peer("a", HeartbeatStanding.Dead)], TimeSpan.FromSeconds(9)));
    }

    private static UnreachablePeer Peer(string node, HeartbeatStanding heartbeat, bool answers = false, bool isOlder = false) => new(node, heartbeat, answers, isOlder);

    private ImmutableArray<DowningVerdict> Until(double second, params UnreachablePeer[] peers) => Until(_downing, second, peers);

    /// <summary>Asks four times a second, as the actor does.</summary>
    /// <returns>The last verdicts; those before are none.</returns>
    private ImmutableArray<DowningVerdict> Until(Downing downing, double second, params UnreachablePeer[] peers)
    {
        var at = _asked.GetValueOrDefault(downing);
        for (; at < second; at += 0.25)
        {
            Assert.Empty(downing.Decide(peers, TimeSpan.FromSeconds(at)));
        }

        _asked[downing] = at + 0.25;
        return downing.Decide(peers, TimeSpan.FromSeconds(at));
    }
}
