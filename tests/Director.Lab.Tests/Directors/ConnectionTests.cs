using System.Globalization;
using Director.Lab.Load;
using Director.Lab.Software;
using Director.Lab.Topologies;

namespace Director.Lab.Tests.Directors;

/// <summary>Many connections through every forwarding method and topology.</summary>
[Collection(LabCollection.Name)]
public class ConnectionTests
{
    private const int Connections = 10_000;

    [SkippableTheory]
    [InlineData(Topology.Nat, false)]
    [InlineData(Topology.NatOneArmed, false)]
    [InlineData(Topology.Direct, false)]
    [InlineData(Topology.DirectThroughGateway, false)]
    [InlineData(Topology.Tunnel, false)]
    [InlineData(Topology.Nat, true)]
    [InlineData(Topology.Direct, true)]
    [InlineData(Topology.Tunnel, true)]
    public void Ten_thousand_connections_are_answered_with_the_clients_address_in_the_logs_and_the_schedulers_shares(Topology topology, bool isIPv6)
    {
        Needs.Lab("nginx");
        AddressPlan plan = isIPv6 ? AddressPlan.IPv6 : AddressPlan.IPv4;
        using DirectorLab lab = new(topology);
        lab.Serve().Balance(new() { Scheduler = "wrr", Weights = [1, 2, 3] }, plan);

        LoadFigures figures = lab.Load(Connections, plan);

        Assert.Equal("", string.Join("; ", figures.Failures.Select(failure => $"{failure.Value} x {failure.Key}")));
        Assert.Equal((Connections, 0, 0), (figures.Answered, figures.Failed, figures.Disguised));
        // nginx logs what it has answered.
        Eventually.Holds(() => lab.WebServers.Sum(server => server.ClientAddresses.Count) >= Connections, TimeSpan.FromSeconds(20), () => $"{Connections} requests are logged");
        Assert.Equal(Connections, lab.WebServers.Sum(server => server.ClientAddresses.Count));
        Assert.All(lab.WebServers, server => Assert.Subset(lab.Net.ClientAddresses(plan).ToHashSet(), server.ClientAddresses.ToHashSet()));

        // wrr is exact for new connections. The few that come from a port whose last connection is still in the table may stay where that one went.
        double[] expected = [1.0 / 6, 2.0 / 6, 3.0 / 6];
        Assert.All(expected, (share, number) => Assert.InRange(figures.Share($"rs{number + 1}"), share - 0.005, share + 0.005));
    }

    [SkippableTheory]
    [InlineData(Topology.Nat)]
    [InlineData(Topology.Direct)]
    [InlineData(Topology.Tunnel)]
    public void Keep_alive_connections_carry_thousands_of_requests(Topology topology)
    {
        Needs.Lab("nginx", "wrk");
        using DirectorLab lab = new(topology);
        lab.Serve().Balance(new() { Scheduler = "lc" });

        string report = lab.Client.Run("wrk", "-t", "2", "-c", "64", "-d", "2s", $"http://{lab.Net.Vip(AddressPlan.IPv4)}/");

        Assert.DoesNotContain("Socket errors", report, StringComparison.Ordinal);
        Assert.DoesNotContain("Non-2xx", report, StringComparison.Ordinal);
        int requests = int.Parse(report.Split('\n').Single(line => line.Contains("requests in", StringComparison.Ordinal)).Trim().Split(' ')[0], CultureInfo.InvariantCulture);
        Assert.True(requests > 1000, report);
    }

    [SkippableFact]
    public void A_port_of_the_real_servers_other_than_the_services_is_rewritten()
    {
        Needs.Lab("nginx");
        using DirectorLab lab = new(Topology.Nat);
        lab.Serve(null, 8080).Balance(new() { RealServerPort = 8080 });

        LoadFigures figures = lab.Load(300);

        Assert.Equal((300, 0, 0), (figures.Answered, figures.Failed, figures.Disguised));
        Assert.Equal([100L, 100L, 100L], figures.RealServers.Values);
    }

    [SkippableFact]
    public void Real_servers_with_IPv6_addresses_serve_an_IPv4_VIP_through_tunnels()
    {
        Needs.Lab("nginx");
        using DirectorLab lab = new(Topology.Tunnel);
        IEnumerable<string> realServers = Enumerable.Range(1, 3).Select(number => $$"""{ address = "[{{lab.Net.RealServer(AddressPlan.IPv6, number)}}]:80" }""");
        lab.Serve().BalanceServices([$$"""
            www {
              protocol = tcp, address = "{{lab.Net.Vip(AddressPlan.IPv4)}}:80", scheduler = rr, forwarding = tunnel
              real-servers = [ {{string.Join(", ", realServers)}} ]
            }
            """]);

        LoadFigures figures = lab.Load(300);

        Assert.Equal((300, 0, 0), (figures.Answered, figures.Failed, figures.Disguised));
        Assert.Equal([100L, 100L, 100L], figures.RealServers.Values);
    }
}
