using Director.Cluster.Availability;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using Xunit;

namespace Director.Cluster.Tests.Availability;

/// <summary>What holds whatever happens.</summary>
public sealed class ElectionPropertyTests
{
    private const long Settled = SimulatedCluster.Initdead + 4 * SimulatedCluster.Deadtime;

    /// <summary>What an accident does.</summary>
    public enum Accident
    {
        Kill,
        Restart,
        Stop,
        HandOver,
        LoseSynchronisation,
        Synchronise,
        LosePingNode,
        ReachPingNode,
    }

    [Property(MaxTest = 1000, EndSize = 30)]
    public void Never_do_two_answer_while_fewer_heartbeats_in_a_row_are_lost_than_deadtime_allows(int seed, byte size, bool niceFailback, (Accident What, byte Who, ushort Then)[] accidents)
    {
        var cluster = new SimulatedCluster(2 + (size % 3), seed, lossPercent: 40, settings => settings with { NiceFailback = niceFailback, PingNodes = 2 });
        foreach (var director in cluster.Directors)
            director.PingNodesReached = 2;
        cluster.Check = () => Assert.True(cluster.AnsweringCount <= 1, $"seed {seed}, two answer: {string.Join('\n', cluster.Log.TakeLast(60))}");
        cluster.Run(accidents.Length == 0 ? 0 : accidents[0].Then % Settled);
        foreach (var (what, who, then) in accidents)
        {
            Do(what, cluster.Directors[who % cluster.Directors.Length]);
            cluster.Run(then % 1000);
        }

        cluster.Run(Settled);
    }

    [Property(MaxTest = 500, EndSize = 30)]
    public void One_answers_within_deadtime_and_an_interval_of_the_death_of_who_did(int seed, byte size, ushort[] moments)
    {
        var cluster = new SimulatedCluster(2 + (size % 3), seed, lossPercent: 40);
        cluster.Run(Settled);
        foreach (var moment in moments)
        {
            var holder = Assert.Single(cluster.Answering);
            cluster.Run(moment % 300);
            holder.Kill();
            var took = cluster.RunUntil(() => cluster.AnsweringCount == 1, 2 * SimulatedCluster.Deadtime);
            Assert.True(took <= SimulatedCluster.Deadtime + SimulatedCluster.Keepalive, $"seed {seed}: took {took} ms\n{string.Join('\n', cluster.Log.TakeLast(40))}");
            holder.Start();
            cluster.Run(Settled);
        }
    }

    [Property(MaxTest = 300, EndSize = 30)]
    public void Each_side_of_a_cut_has_one_and_one_is_left_when_it_heals(int seed, byte size, (byte Sides, ushort Then)[] cuts)
    {
        var cluster = new SimulatedCluster(2 + (size % 3), seed, lossPercent: 40);
        cluster.Run(Settled);
        foreach (var (sides, then) in cuts)
        {
            for (var i = 0; i < cluster.Directors.Length; i++)
                cluster.Sides[i] = (sides >> i) & 1;
            cluster.Run(then % 1000);
            cluster.Run(2 * SimulatedCluster.Deadtime);
            foreach (var side in cluster.Directors.GroupBy(director => cluster.Sides[int.Parse(director.Name[1..])]))
                Assert.Single(side, director => director.Answers);
            cluster.Sides.AsSpan().Clear();
            cluster.Run(3 * SimulatedCluster.Deadtime);
            var winner = Assert.Single(cluster.Answering);
            Assert.True(winner.Done[^1] is ElectionOutput.AnnounceAgain or ElectionOutput.Take or ElectionOutput.Alert, $"{winner.Done[^1]}");
        }
    }

    [Property(MaxTest = 500, EndSize = 30)]
    public void One_answers_when_all_is_calm_again_whatever_happened(int seed, byte size, bool niceFailback, (Accident What, byte Who, ushort Then, bool IsFreeze, byte Sides)[] accidents)
    {
        var cluster = new SimulatedCluster(2 + (size % 3), seed, lossPercent: 70, settings => settings with { NiceFailback = niceFailback, PingNodes = 2 }) { IsLossUnbounded = true };
        foreach (var (what, who, then, isFreeze, sides) in accidents)
        {
            var director = cluster.Directors[who % cluster.Directors.Length];
            if (isFreeze && director.IsFrozen)
                director.Thaw();
            else if (isFreeze)
                director.Freeze();
            else
                Do(what, director);
            for (var i = 0; i < cluster.Directors.Length; i++)
                cluster.Sides[i] = then % 4 == 0 ? (sides >> i) & 1 : 0;
            cluster.Run(then % 1000);
        }

        cluster.Sides.AsSpan().Clear();
        cluster.IsLossUnbounded = false;
        foreach (var director in cluster.Directors)
        {
            director.Thaw();
            director.PingNodesReached = 2;
            if (!director.IsAlive || director.Machine!.Election.IsStopping)
                director.Start();
        }

        cluster.Run(2 * Settled);
        Assert.True(cluster.Answering.Length == 1, $"seed {seed}: {cluster.Answering.Length} answer\n{string.Join('\n', cluster.Log.TakeLast(60))}");
    }

    [Property(MaxTest = 300, EndSize = 30)]
    public void A_director_that_stood_still_touches_nothing_before_it_has_listened(int seed, (ushort Still, ushort Then)[] freezes)
    {
        var cluster = new SimulatedCluster(2, seed, lossPercent: 0);
        cluster.Run(Settled);
        foreach (var (still, then) in freezes)
        {
            var frozen = Assert.Single(cluster.Answering);
            var other = cluster.Directors.Single(director => director != frozen);
            frozen.Freeze();
            cluster.Run(SimulatedCluster.Deadtime + SimulatedCluster.Keepalive + (still % 5000));
            Assert.True(other.Answers);
            frozen.Thaw();
            cluster.Check = () => Assert.False(frozen.Answers, string.Join('\n', cluster.Log.TakeLast(30)));
            cluster.Run(then % 3000);
            Assert.True(other.Answers);
            cluster.Check = () => { };
            cluster.Run(Settled);
        }
    }

    private static void Do(Accident what, SimulatedCluster.SimulatedDirector director)
    {
        switch (what)
        {
            case Accident.Kill:
                director.Kill();
                break;
            case Accident.Restart:
                director.Start();
                break;
            case Accident.Stop:
                director.Machine?.Election.Stop();
                break;
            case Accident.HandOver:
                director.Machine?.Election.HandOver(null);
                break;
            case Accident.LoseSynchronisation:
                director.IsSynchronised = false;
                break;
            case Accident.Synchronise:
                director.IsSynchronised = true;
                break;
            case Accident.LosePingNode:
                director.PingNodesReached = Math.Max(0, director.PingNodesReached - 1);
                break;
            case Accident.ReachPingNode:
                director.PingNodesReached = Math.Min(2, director.PingNodesReached + 1);
                break;
        }
    }
}
