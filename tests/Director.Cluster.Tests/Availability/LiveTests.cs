using Director.Cluster.Availability;
using Xunit;
using Xunit.Abstractions;

namespace Director.Cluster.Tests.Availability;

/// <summary>Whole heartbeats between processes.</summary>
public sealed class LiveTests(ITestOutputHelper output)
{
    [SkippableFact]
    public void When_the_holder_is_killed_the_next_oldest_takes_over()
    {
        using var cluster = new LiveCluster(3, hasSeeds: true);
        var holder = cluster.Holder();
        cluster.Eventually(() => cluster.Directors.All(director => director.Lines.Count(line => line.Contains(" hears ", StringComparison.Ordinal)) >= 2), "all hear all");
        cluster.Eventually(() => holder.Says("akka://d1 sent payload of d1") || holder.Says("akka://d2 sent payload of d2"), "payloads come with heartbeats");
        var killed = SystemCalls.Now;
        holder.Signal("KILL");
        cluster.Eventually(() => cluster.Answering is [var next] && next != holder, "another answers");
        var next = cluster.Answering[0];
        var took = next.First("vips:answers", killed) - killed;
        output.WriteLine($"taken {took} ms after the kill; deadtime is 350 ms");
        Assert.True(took >= 350 - 110, "before the holder was dead");
        cluster.Eventually(() => next.Says($"took group vips (10.9.0.100): {holder.Name}, which had it, was silent for"), "it says why");
        cluster.Eventually(() => next.Says("script take vips 10.9.0.100"), "it runs the script");
    }

    [SkippableFact]
    public void A_clean_stop_hands_over_first_by_Ethernet_alone()
    {
        using var cluster = new LiveCluster(2, hasSeeds: false);
        var holder = cluster.Holder();
        var other = cluster.Directors.Single(director => director != holder);
        cluster.Eventually(() => holder.Says($"hears {other.Name}") && other.Says($"hears {holder.Name}"), "both hear each other");
        var stopped = SystemCalls.Now;
        holder.Stop();
        cluster.Eventually(() => holder.HasEnded && other.Answers, "the other answers");
        cluster.Eventually(() => holder.Says("ended"), "its last line is here");
        var yielded = holder.First("vips:forwards", stopped);
        var taken = other.First("vips:answers", stopped);
        var released = holder.First("vips:nothing", stopped);
        output.WriteLine($"taken {taken - yielded} ms after it was offered, released {released - taken} ms later; {holder.Lines.First(line => line.Contains("report", StringComparison.Ordinal))}");
        Assert.True(yielded <= taken, "it answered until the other did");
        Assert.True(taken < released, "it let go before the other had it");
        cluster.Eventually(() => other.Says($"{holder.Name} has stopped"), "it said goodbye");
    }

    [SkippableFact]
    public void Links_follow_an_interface_that_goes_and_comes_back()
    {
        using var cluster = new LiveCluster(2, hasSeeds: false);
        var holder = cluster.Holder();
        var other = cluster.Directors.Single(director => director != holder);
        cluster.Eventually(() => holder.Says($"hears {other.Name}") && other.Says($"hears {holder.Name}"), "both hear each other");
        cluster.RemoveLink(2);
        cluster.Eventually(() => cluster.Directors[1].Says("no heartbeats by Ethernet on eth0: there is no interface 'eth0'"), "it notices");
        cluster.Eventually(() => cluster.Answering.Length == 2, "both are alone");
        cluster.AddLink(2);
        cluster.Eventually(() => cluster.Directors[1].Says("heartbeats go by Ethernet on eth0 again"), "it opens the new one");
        cluster.Eventually(() => cluster.Answering.Length == 1, "they hear each other again");
        Assert.True(holder.Answers);
    }

    [SkippableFact]
    public void A_director_that_stood_still_does_not_take_back()
    {
        using var cluster = new LiveCluster(2, hasSeeds: true);
        var holder = cluster.Holder();
        var other = cluster.Directors.Single(director => director != holder);
        cluster.Eventually(() => holder.Says($"hears {other.Name}") && other.Says($"hears {holder.Name}"), "both hear each other");
        holder.Signal("STOP");
        cluster.Eventually(() => other.Answers, "the other answers");
        holder.Signal("CONT");
        cluster.Eventually(() => holder.Says("this director stood still for"), "it notices");
        cluster.Eventually(() => !holder.Answers, "it lets go");
        cluster.Eventually(() => other.Lines.Count(line => line.EndsWith($" hears {holder.Name}", StringComparison.Ordinal)) >= 2, "it is heard again");
        Assert.True(other.Answers);
        Assert.False(holder.Answers);
    }

    [SkippableFact]
    public void Both_sides_of_a_cut_hold_and_the_older_keeps_when_it_heals()
    {
        using var cluster = new LiveCluster(2, hasSeeds: true);
        var older = cluster.Holder();
        var younger = cluster.Directors.Single(director => director != older);
        cluster.Eventually(() => older.Says($"hears {younger.Name}") && younger.Says($"hears {older.Name}"), "both hear each other");
        cluster.SetLink(1, up: false);
        cluster.Eventually(() => cluster.Answering.Length == 2, "both answer");
        cluster.SetLink(1, up: true);
        cluster.Eventually(() => cluster.Answering.Length == 1 && younger.Says("vips:nothing"), "one answers");
        Assert.True(older.Answers);
        cluster.Eventually(() => older.Says("announces group vips again"), "it announces again");
        cluster.Eventually(() => younger.Says($"no longer answers for group vips: {older.Name} has it too and comes first"), "it says why");
    }

    [SkippableFact]
    public void Who_does_not_reach_the_ping_node_gives_up_to_who_does()
    {
        using var cluster = new LiveCluster(2, hasSeeds: true, pingNode: "10.9.0.254");
        var holder = cluster.Holder();
        var other = cluster.Directors.Single(director => director != holder);
        cluster.Eventually(() => holder.Says($"hears {other.Name}") && other.Says("ping node 10.9.0.254 is reached"), "both are up");
        cluster.Run(int.Parse(holder.Name[1..]), "ip route add blackhole 10.9.0.254/32");
        cluster.Eventually(() => other.Answers && !holder.Answers, "the other answers");
        cluster.Eventually(() => holder.Says("ping node 10.9.0.254 is not reached"), "it says so");
        cluster.Eventually(() => holder.Says($"hands group vips over to {other.Name}: {other.Name} reaches 1 ping nodes, this director 0"), "it says why");
    }
}
