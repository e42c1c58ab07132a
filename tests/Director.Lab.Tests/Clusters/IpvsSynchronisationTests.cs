using Director.Lab.Processes;
using Director.Lab.Software;
using Director.Lab.Topologies;
using Director.Lab.Witness;
using Xunit.Abstractions;

namespace Director.Lab.Tests.Clusters;

/// <summary>Two directors that tell each other their connections in the kernel's words alone: what a director beside a Linux IPVS director lives by.</summary>
[Collection(LabCollection.Name)]
public class IpvsSynchronisationTests(ITestOutputHelper output)
{
    private const int Streams = 200;
    private static readonly TimeSpan _calm = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(60);

    [SkippableFact]
    public void Connections_survive_a_kill_and_the_way_back()
    {
        Needs.Lab("nft");
        using ClusterLab lab = new(Topology.Nat, configuration: new()
        {
            Workers = 2,
            More = """
                synchronisation {
                  mode = off
                  ipvs { master = on, interface = eth2, sync-id = 51, threshold = [3, 10] }
                }
                """,
        });
        foreach (LabDirector director in lab.Directors)
        {
            director.Ipvsadm("--start-daemon", "backup", "--mcast-interface", "eth2", "--syncid", "51");
            Assert.Equal(
                "master sync daemon (mcast=eth2, syncid=51, maxlen=1472, group=224.0.0.81, port=8848, ttl=1)\nbackup sync daemon (mcast=eth2, syncid=51, maxlen=1472, group=224.0.0.81, port=8848, ttl=1)\n",
                director.Ipvsadm("-L", "--daemon"));
            CommandResult again = director.TryIpvsadm("--start-daemon", "backup", "--mcast-interface", "eth2");
            Assert.Equal((255, "Daemon has already run\n"), (again.ExitCode, again.Error));
        }

        int holder = lab.WaitForHolder();
        using LabWitness witness = lab.Watch(Streams);
        WaitForConnections(lab, 3 - holder);
        witness.BeginPhase();
        lab.Kill(holder);
        WitnessFigures seen = witness.Watch(_calm);
        output.WriteLine($"kill: {seen.ToJson()}");
        Assert.True(witness.IsWhole, $"{seen.ToJson()} {lab.Said}");
        int next = lab.WaitForHolder(now => now == 3 - holder);

        // The one that comes back knows nothing but what the other tells from now on.
        lab.StartAgain(holder);
        lab.Director(holder).Ipvsadm("--start-daemon", "backup", "--mcast-interface", "eth2", "--syncid", "51");
        WaitForConnections(lab, holder);
        witness.BeginPhase();
        lab.Director(next).Process.Signal(Signals.Terminate);
        Assert.True(lab.Director(next).Process.WaitForEnd(TimeSpan.FromSeconds(20)) == 0, lab.Said);
        seen = witness.Watch(_calm);
        output.WriteLine($"back: {seen.ToJson()}");
        Assert.True(witness.IsWhole, $"{seen.ToJson()} {lab.Said}");
        lab.WaitForHolder(now => now == holder);
    }

    private static void WaitForConnections(ClusterLab lab, int number)
    {
        int known = 0;
        Eventually.Holds(
            () => (known = lab.Director(number).Ipvsadm("-L", "-c", "-n").Split('\n').Count(line => line.Contains("ESTABLISHED", StringComparison.Ordinal))) >= Streams,
            _patience,
            () => $"director{number} has {Streams} connections, it has {known}; {lab.Said}");
    }
}
