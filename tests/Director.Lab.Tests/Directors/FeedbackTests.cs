using Director.Lab.Network;
using Director.Lab.Processes;
using Director.Lab.Software;
using Director.Lab.Topologies;

namespace Director.Lab.Tests.Directors;

/// <summary>Real servers whose weight follows what their agents say.</summary>
public class FeedbackTests
{
    private const string Key = "a secret of the lab, not of yours";
    private static readonly TimeSpan _within = TimeSpan.FromSeconds(30);

    [SkippableFact]
    public void A_real_server_joins_gets_fewer_clients_the_more_it_bears_and_leaves_with_its_agent()
    {
        Needs.Lab();
        using DirectorLab lab = new(Topology.Nat);
        AddressPlan plan = AddressPlan.IPv4;
        string[] servers = [.. Enumerable.Range(1, 3).Select(number => $"{lab.Net.RealServer(plan, number)}:80")];
        BuiltInPrograms.StartWebServers(lab.Net.RealServers, 80);

        // The first two stand in the file, the third joins.
        string service = $$"""
            www {
              address = "{{lab.Net.Vip(plan)}}:80", scheduler = wrr, forwarding = nat
              real-servers = [ { address = "{{servers[0]}}" }, { address = "{{servers[1]}}" } ]
            }
            """;
        lab.BalanceServices([service], $$"""feedback { listen = "0.0.0.0:2553", key = "{{Key}}", smoothing = 0s, dead-band = 0, slew = 1000, stale = 4s, remove-after = 8s }""");
        string load = lab.Net.RealServers[0].Write("load", "50");
        using HostProcess first = StartAgent(lab, 1, $"cat {load}");
        using HostProcess third = StartAgent(lab, 3, "echo 0");

        Weights(lab, (servers[0], 50), (servers[1], 100), (servers[2], 100));
        var figures = lab.Load(1000, clients: 1);
        Assert.Equal(0, figures.Failed);
        Assert.InRange(figures.Share("rs1"), 0.17, 0.23);
        Assert.Contains($"load of {servers[0]} of www: 50 % of its weight, ready", lab.Director.TryStatus().Output, StringComparison.Ordinal);

        File.WriteAllText(load, "drain");
        Weights(lab, (servers[0], 0), (servers[1], 100), (servers[2], 100));
        Assert.Equal(0, lab.Load(100).Share("rs1"));

        // Killed: of the file's the weight comes back, the other is removed; and who asks with another key gets nothing.
        first.Signal(Signals.Kill);
        third.Signal(Signals.Kill);
        using HostProcess liar = StartAgent(lab, 2, "drain", "another secret than that");
        Weights(lab, (servers[0], 1), (servers[1], 1));
        liar.WaitUntil(() => liar.Output.Contains("it has another key", StringComparison.Ordinal), _within, "it is refused");
    }

    private static HostProcess StartAgent(DirectorLab lab, int number, string script, string key = Key)
    {
        AddressPlan plan = AddressPlan.IPv4;
        LabHost host = lab.Net.RealServers[number - 1];
        return host.Start(DirectorProgram.With("agent", "--config", host.Write("agent.conf", $$"""
            agent {
              name = rs{{number}}, directors = ["{{plan.Inside}}{{AddressPlan.Director}}:2553"], key = "{{key}}", interval = 200ms
              load { measure = [script], script = "{{script}}" }
              services { www { address = "{{lab.Net.RealServer(plan, number)}}:80" } }
            }
            """)));
    }

    private static void Weights(DirectorLab lab, params (string Server, int Weight)[] weights)
    {
        Dictionary<string, (int Weight, int Active, int Inactive)> table = [];
        Eventually.Holds(
            () => (table = lab.Table()).Count == weights.Length && weights.All(one => table.TryGetValue(one.Server, out var row) && row.Weight == one.Weight),
            _within,
            () => $"weights are {string.Join(", ", weights)}; they are {string.Join(", ", table.Select(row => (row.Key, row.Value.Weight)))}");
    }
}
