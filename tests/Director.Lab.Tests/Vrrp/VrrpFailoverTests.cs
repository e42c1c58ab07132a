using Director.Lab.Processes;
using Director.Lab.Software;
using Director.Lab.Tests.Clusters;
using Director.Lab.Topologies;
using Director.Lab.Witness;
using Xunit.Abstractions;

namespace Director.Lab.Tests.Vrrp;

/// <summary>What clients notice of two directors that hold the VIPs by VRRP, with synchronisation: as of two that hold them by heartbeat.</summary>
[Collection(LabCollection.Name)]
public class VrrpFailoverTests(ITestOutputHelper output)
{
    private static readonly TimeSpan _calm = TimeSpan.FromSeconds(3);

    [SkippableFact]
    public void Connections_survive_a_kill_and_a_stop_and_who_comes_back_takes_nothing()
    {
        Needs.Lab("nft");
        AddressPlan plan = AddressPlan.IPv4, plan6 = AddressPlan.IPv6;
        // One on each LAN, which move together.
        ClusterConfiguration configuration = new()
        {
            Availability = $$"""
                groups { vips {
                  protocol = vrrp
                  vrrp {
                    interval = 100ms
                    instances = [
                      { interface = eth0, router-id = 51, addresses = ["{{plan.Outside}}{{AddressPlan.Vip}}", "{{plan6.Outside}}{{AddressPlan.Vip}}"] }
                      { interface = eth1, router-id = 52 }
                    ]
                  }
                } }
                """,
        };
        using ClusterLab lab = new(Topology.Nat, configuration: configuration);
        int holder = lab.WaitForHolder();
        using LabWitness witness = lab.Watch(500);
        lab.WaitUntilSynchronised(3 - holder);

        witness.BeginPhase();
        lab.Kill(holder);
        WitnessFigures killed = witness.Watch(_calm);
        output.WriteLine($"killed: {killed.ToJson()}");
        AssertNothingBroke(witness, killed, lab);
        Assert.True(killed.ProbesAnswered > 0 && killed.ProbeGap > 0, killed.ToJson());
        int next = lab.WaitForHolder(now => now == 3 - holder);
        lab.StartAgain(holder);
        lab.WaitUntilSynchronised(holder);
        lab.WaitForHolder(now => now == next);
        Assert.Equal(0, lab.Takes(holder));

        witness.BeginPhase();
        lab.Director(next).Process.Signal(Signals.Terminate);
        Assert.True(lab.Director(next).Process.WaitForEnd(TimeSpan.FromSeconds(20)) == 0, lab.Said);
        WitnessFigures stopped = witness.Watch(_calm);
        output.WriteLine($"stopped: {stopped.ToJson()}");
        AssertNothingBroke(witness, stopped, lab);
        lab.WaitForHolder(now => now == holder);
    }

    private static void AssertNothingBroke(LabWitness witness, WitnessFigures seen, ClusterLab lab) =>
        Assert.True(witness.IsWhole && seen is { Broken: 0, Refused: 0, Open: > 0 }, $"{seen.ToJson()} {lab.Said}");
}
