using Director.Lab.Software;
using Director.Lab.Topologies;
using Director.Lab.Witness;
using Xunit.Abstractions;

namespace Director.Lab.Tests.Clusters;

/// <summary>Cables that are pulled and put in again: who holds the VIP, and what clients saw.</summary>
[Collection(LabCollection.Name)]
public class SplitTests(ITestOutputHelper output)
{
    private const int Streams = 100;
    private static readonly TimeSpan _calm = TimeSpan.FromSeconds(3);

    [SkippableFact]
    public void Without_the_directors_own_LAN_heartbeats_on_the_others_keep_the_holder()
    {
        Needs.Lab("nft");
        using ClusterLab lab = new(Topology.Nat);
        int holder = lab.WaitForHolder();
        using LabWitness witness = lab.Watch(Streams);
        lab.WaitUntilSynchronised(3 - holder);
        (int, int) takes = (lab.Takes(holder), lab.Takes(3 - holder));

        witness.BeginPhase();
        lab.Net.Network.SetCable(lab.Net.Directors[holder - 1], "eth2", isPlugged: false);
        WitnessFigures cut = witness.Watch(_calm);
        lab.WaitForHolder(now => now == holder);
        lab.Net.Network.SetCable(lab.Net.Directors[holder - 1], "eth2", isPlugged: true);
        WitnessFigures healed = witness.Watch(_calm);

        output.WriteLine($"cut {cut.ToJson()}");
        output.WriteLine($"healed {healed.ToJson()}");
        AssertNothingBroke(witness, healed, lab);
        lab.WaitForHolder(now => now == holder);
        Assert.Equal(takes, (lab.Takes(holder), lab.Takes(3 - holder)));
    }

    [SkippableFact]
    public void Directors_that_hear_nothing_of_each_other_both_serve_and_agree_again_when_they_do()
    {
        Needs.Lab("nft");
        using ClusterLab lab = new(Topology.Nat, configuration: new() { Ethernet = false });
        int holder = lab.WaitForHolder();
        using LabWitness witness = lab.Watch(Streams);
        lab.WaitUntilSynchronised(3 - holder);

        witness.BeginPhase();
        lab.Net.Network.SetCable(lab.Net.Directors[0], "eth2", isPlugged: false);
        lab.WaitForHolder(now => now == 3 - holder);
        WitnessFigures cut = witness.Watch(_calm);
        lab.Net.Network.SetCable(lab.Net.Directors[0], "eth2", isPlugged: true);
        WitnessFigures healed = witness.Watch(TimeSpan.FromSeconds(8));

        output.WriteLine($"cut {cut.ToJson()}");
        output.WriteLine($"healed {healed.ToJson()}");

        // While both serve, a new connection whose second packet reaches the other director is refused by it; what was open before the cut is known to both.
        Assert.True(witness.IsWhole, $"{healed.ToJson()} {lab.Said}");
        int winner = lab.WaitForHolder();
        output.WriteLine($"held by {holder}, then by both, then by {winner}");
        WitnessFigures settled = witness.Watch(_calm);
        lab.WaitForHolder(now => now == winner);
        Assert.True(witness.IsWhole && settled.Refused == healed.Refused && settled.Answered > healed.Answered, $"{settled.ToJson()} {lab.Said}");
    }

    [SkippableFact]
    public void A_holder_that_loses_the_clients_LAN_and_its_ping_node_with_it_gives_up_to_the_other()
    {
        Needs.Lab("nft");
        using ClusterLab lab = new(
            Topology.Nat,
            configuration: new()
            {
                Availability = $"ping-nodes = [\"{AddressPlan.IPv4.Outside}{AddressPlan.Client(0)}\"], ping-interval = 200ms, ping-timeout = 700ms",
            });
        int holder = lab.WaitForHolder();
        using LabWitness witness = lab.Watch(Streams);
        lab.WaitUntilSynchronised(3 - holder);

        witness.BeginPhase();
        lab.Net.Network.SetCable(lab.Net.Directors[holder - 1], "eth0", isPlugged: false);
        lab.WaitForHolder(now => now == 3 - holder);
        WitnessFigures cut = witness.Watch(_calm);
        lab.Net.Network.SetCable(lab.Net.Directors[holder - 1], "eth0", isPlugged: true);
        WitnessFigures healed = witness.Watch(_calm);

        output.WriteLine($"cut {cut.ToJson()}");
        output.WriteLine($"healed {healed.ToJson()}");
        AssertNothingBroke(witness, healed, lab);
        lab.WaitForHolder(now => now == 3 - holder);
    }

    private static void AssertNothingBroke(LabWitness witness, WitnessFigures seen, ClusterLab lab) =>
        Assert.True(witness.IsWhole && seen is { Broken: 0, Refused: 0, Open: > 0 }, $"{seen.ToJson()} {lab.Said}");
}
