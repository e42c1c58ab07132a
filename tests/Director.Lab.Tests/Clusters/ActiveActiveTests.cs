using Director.Lab.Load;
using Director.Lab.Processes;
using Director.Lab.Software;
using Director.Lab.Topologies;
using Director.Lab.Witness;
using Xunit.Abstractions;

namespace Director.Lab.Tests.Clusters;

/// <summary>Three directors share the clients: each its part, and a part that loses its director loses no connection. Times are printed, not asserted.</summary>
[Collection(LabCollection.Name)]
public class ActiveActiveTests(ITestOutputHelper output)
{
    // So many that chance alone, which hands each its block, hardly ever makes a share 5 % too large or too small.
    private const int Connections = 15_000;

    private const int Streams = 300;
    private static readonly TimeSpan _calm = TimeSpan.FromSeconds(3);

    [SkippableTheory]
    [InlineData(false, 100, 100, 100)]
    [InlineData(true, 200, 100, 100)]
    public void Each_forwards_its_share_and_one_that_is_killed_and_comes_back_breaks_nothing(bool isMasterKilled, params int[] weights)
    {
        Needs.Lab("nft", "tcpdump", "curl");
        using SharedLab lab = new(Topology.Nat, weights);
        AssertShares(lab, weights);

        int killed = isMasterKilled ? lab.Master() : lab.Master() % weights.Length + 1;
        using LabWitness witness = lab.Cluster.Watch(Streams);
        using HostProcess load = lab.StartLoad();
        witness.BeginPhase();
        IReadOnlyList<double> taken = lab.Kill(killed);
        WitnessFigures lost = witness.Watch(_calm);
        output.WriteLine($"director{killed} killed; the others had its blocks after {string.Join(" and ", taken.Select(time => $"{time:0}"))} ms; {lost.ToJson()}");
        AssertNothingBroke(witness, lost, lab);

        witness.BeginPhase();
        lab.Cluster.StartAgain(killed);
        lab.WaitUntilDivided();
        WitnessFigures back = witness.Watch(_calm);
        output.WriteLine($"director{killed} back; {back.ToJson()}");
        AssertNothingBroke(witness, back, lab);

        load.Stop(TimeSpan.FromSeconds(30));
        LoadFigures all = LoadFigures.FromJson(load.Output.TrimEnd().Split('\n')[^1]);
        output.WriteLine($"load: {all.ToJson()}");
        Assert.True(all is { Failed: 0, Answered: > 0 }, $"{all.ToJson()} {lab.Cluster.Said}");
        lab.AssertNoFrameFromSharedMac();
    }

    [SkippableFact]
    public void Each_forwards_its_share_with_direct_routing()
    {
        Needs.Lab("nft", "tcpdump", "curl");
        using SharedLab lab = new(Topology.Direct, 100, 100, 100);
        AssertShares(lab, 100, 100, 100);
        lab.AssertNoFrameFromSharedMac();
    }

    private void AssertShares(SharedLab lab, params int[] weights)
    {
        long[] shares = lab.Share(Connections);
        output.WriteLine($"shares of {Connections} connections: {string.Join(", ", shares)}");

        // With direct routing a SYN on ports that were used a minute ago goes on with the connection that is there (ip_vs_core.c, conn_reuse_mode 1), which counts as none.
        // A client's repeated SYN may count twice.
        Assert.InRange(shares.Sum(), Connections * 0.97, Connections * 1.01);
        Assert.All(shares.Zip(weights), one => Assert.InRange(one.First / ((double)shares.Sum() * one.Second / weights.Sum()), 0.95, 1.05));
    }

    private static void AssertNothingBroke(LabWitness witness, WitnessFigures seen, SharedLab lab) =>
        Assert.True(witness.IsWhole && seen is { Broken: 0, Refused: 0, ProbesAnswered: > 0 }, $"{seen.ToJson()} {lab.Cluster.Said}");
}
