using System.Text.Json;
using Director.Lab.Network;
using Director.Lab.Processes;
using Director.Lab.Software;
using Director.Lab.Topologies;

namespace Director.Lab.Tests.Directors;

/// <summary>iperf3 through the director: its control and its data connections must reach one real server.</summary>
[Collection(LabCollection.Name)]
public class ThroughputTests
{
    private const int Port = 5201;

    [SkippableTheory]
    [InlineData(Topology.Nat, false)]
    [InlineData(Topology.Direct, false)]
    [InlineData(Topology.Tunnel, false)]
    [InlineData(Topology.Nat, true)]
    [InlineData(Topology.Tunnel, true)]
    public void Iperf3_runs_in_both_directions(Topology topology, bool isIPv6)
    {
        Needs.Lab("iperf3");
        AddressPlan plan = isIPv6 ? AddressPlan.IPv6 : AddressPlan.IPv4;
        using DirectorLab lab = new(topology);
        foreach (LabHost server in lab.Net.RealServers)
        {
            server.Start("iperf3", "--server", "--port", $"{Port}").WaitUntil(() => Listeners.Has(server, Port), TimeSpan.FromSeconds(5), "it listens");
        }

        lab.Balance(new() { Name = "iperf", Port = Port, More = "persistence { timeout = 60s }" }, plan);

        // At once, not one after the other: an iperf3 server opens its socket anew after each test and may reset who comes too soon.
        CommandResult iperf = lab.Client.Try(
            "timeout", "15", "iperf3", "--client", lab.Net.Vip(plan), "--port", $"{Port}", "--time", "3", "--parallel", "2", "--bidir", "--json");

        Assert.True(iperf.ExitCode == 0, iperf.Output + iperf.Error);
        using JsonDocument report = JsonDocument.Parse(iperf.Output);
        foreach (string direction in (string[])["sum_received", "sum_received_bidir_reverse"])
        {
            Assert.True(report.RootElement.GetProperty("end").TryGetProperty(direction, out JsonElement received), iperf.Output);
            double gigabits = received.GetProperty("bits_per_second").GetDouble() / 1e9;

            // Two shared cores do several; what fails to carry superframes or retransmits all the time is far below.
            Assert.True(gigabits > 0.1, $"{gigabits:0.000} Gbit/s {direction}");
        }
    }
}
