using Director.Lab.Processes;
using Director.Lab.Software;
using Director.Lab.Tests.Directors;
using Director.Lab.Topologies;
using Director.Lab.Witness;

namespace Director.Lab.Tests.Witness;

/// <summary>That a witness sees what it is there to see.</summary>
[Collection(LabCollection.Name)]
public class WitnessTests
{
    private const int Port = 7000;

    [SkippableTheory]
    [InlineData(Topology.Nat)]
    [InlineData(Topology.Direct)]
    public void It_sees_a_director_that_is_frozen_and_one_that_is_gone(Topology topology)
    {
        Needs.Lab("nft");
        using DirectorLab lab = new(topology);
        BuiltInPrograms.StartStreamServers(lab.Net.RealServers, Port);
        lab.BalanceServices(
            new[] { "tcp", "udp" }.Select(protocol => new ServiceConfiguration { Name = protocol, Protocol = protocol, Port = Port }.For(lab.Net, AddressPlan.IPv4)));
        string target = AddressPlan.IPv4.WithPort(lab.Net.Vip(AddressPlan.IPv4), Port);
        using LabWitness witness = LabWitness.Start(
            lab.Client,
            new(target) { From = lab.Net.ClientAddresses(AddressPlan.IPv4), Streams = 20, ProbeTarget = target, TimeoutSeconds = 3 });

        WitnessFigures calm = witness.Watch(TimeSpan.FromSeconds(1));
        Assert.Equal((20, 0, 0L), (calm.Open, calm.Broken, calm.Refused));
        Assert.True(calm.Bytes > 20 * 3 * 100 && calm.Answered > 20 && calm.ProbesAnswered > 50, calm.ToJson());

        witness.BeginPhase();
        lab.Director.Process.Signal(Signals.Stop);
        Thread.Sleep(500); // how long it is frozen, not a wait for something
        lab.Director.Process.Signal(Signals.Continue);
        WitnessFigures frozen = witness.Watch(TimeSpan.FromSeconds(3));
        // With direct routing the real servers' bytes do not come through the director.
        Assert.True(frozen.ProbeGap >= 450 && frozen.LongestStall >= (topology == Topology.Nat ? 450 : 0), frozen.ToJson());
        Assert.True(witness.IsWhole, frozen.ToJson());

        lab.Director.Process.Signal(Signals.Kill);
        WitnessFigures dead = witness.Watch(TimeSpan.FromSeconds(8));
        Assert.True(dead is { Broken: 20, Open: 0, Refused: > 10 }, dead.ToJson());
    }
}
