using Director.Lab.Processes;
using Director.Lab.Software;
using Director.Lab.Topologies;
using Director.Lab.Witness;
using Xunit.Abstractions;

namespace Director.Lab.Tests.Clusters;

/// <summary>What clients notice when the director that holds the VIP is killed, stopped or frozen. Times are printed; they are asserted only against each other.</summary>
[Collection(LabCollection.Name)]
public class FailoverTests(ITestOutputHelper output)
{
    private const int Streams = 1000;
    private static readonly TimeSpan _calm = TimeSpan.FromSeconds(3);

    [SkippableFact]
    public void A_thousand_connections_survive_three_kills_with_the_killed_director_back_in_between()
    {
        Needs.Lab("nft");
        using ClusterLab lab = new(Topology.Nat);
        int holder = lab.WaitForHolder();
        using LabWitness witness = lab.Watch(Streams);
        lab.WaitUntilSynchronised(3 - holder);
        for (int kill = 1; kill <= 3; kill++)
        {
            witness.BeginPhase();
            lab.Kill(holder);
            WitnessFigures seen = witness.Watch(_calm);
            output.WriteLine($"kill {kill}: {seen.ToJson()}");
            AssertNothingBroke(witness, seen, lab);
            Assert.True(seen.ProbesAnswered > 0 && seen.ProbeGap > 0, seen.ToJson());

            int next = lab.WaitForHolder(now => now == 3 - holder);
            lab.StartAgain(holder);
            lab.WaitUntilSynchronised(holder);
            holder = next;

            // nice-failback: one that comes back takes nothing.
            lab.WaitForHolder(now => now == holder);
            Assert.Equal(0, lab.Takes(3 - holder));
        }

        AssertNothingBroke(witness, witness.Watch(_calm), lab);
    }

    [SkippableFact]
    public void A_director_that_is_asked_to_stop_hands_over_first()
    {
        Needs.Lab("nft");
        using ClusterLab lab = new(Topology.Nat);
        int holder = lab.WaitForHolder();
        using LabWitness witness = lab.Watch(200);
        lab.WaitUntilSynchronised(3 - holder);

        // What the machine does to clients by itself, with directors that have just started, is not the hand-over's.
        witness.Watch(_calm);
        witness.BeginPhase();
        WitnessFigures before = witness.Watch(_calm);
        witness.BeginPhase();
        lab.Director(holder).Process.Signal(Signals.Terminate);
        Assert.True(lab.Director(holder).Process.WaitForEnd(TimeSpan.FromSeconds(20)) == 0, lab.Said);
        WitnessFigures seen = witness.Watch(_calm);

        output.WriteLine($"before {before.ToJson()}");
        output.WriteLine($"hand-over {seen.ToJson()}");
        AssertNothingBroke(witness, seen, lab);
        lab.WaitForHolder(now => now == 3 - holder);

        // The other was told, and did not find out by itself.
        Assert.Contains("hands group vips over to", lab.Director(holder).Process.Output + lab.Director(holder).Process.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("is dead", lab.Director(3 - holder).Process.Output + lab.Director(3 - holder).Process.Error, StringComparison.Ordinal);
    }

    [SkippableFact]
    public void A_director_that_was_frozen_finds_its_place_taken()
    {
        Needs.Lab("nft");
        using ClusterLab lab = new(Topology.Nat);
        int holder = lab.WaitForHolder();
        using LabWitness witness = lab.Watch(200);
        lab.WaitUntilSynchronised(3 - holder);

        witness.BeginPhase();
        lab.Director(holder).Process.Signal(Signals.Stop);
        lab.WaitForHolder(now => now == 3 - holder);
        WitnessFigures frozen = witness.Watch(TimeSpan.FromSeconds(4));
        lab.Director(holder).Process.Signal(Signals.Continue);
        WitnessFigures seen = witness.Watch(_calm);

        output.WriteLine($"frozen {frozen.ToJson()}");
        output.WriteLine($"after {seen.ToJson()}");
        AssertNothingBroke(witness, seen, lab);
        lab.WaitForHolder();
        lab.WaitUntilSynchronised(holder);
        Assert.Single(Enumerable.Range(1, 2), lab.Holds);
    }

    private static void AssertNothingBroke(LabWitness witness, WitnessFigures seen, ClusterLab lab) =>
        Assert.True(witness.IsWhole && seen is { Broken: 0, Refused: 0, Open: > 0 }, $"{seen.ToJson()} {lab.Said}");
}
