using Director.Lab.Load;
using Director.Lab.Software;
using Director.Lab.Topologies;

namespace Director.Lab.Tests.Directors;

/// <summary>Real servers on the director itself, fallbacks, and source NAT for the real servers' own connections.</summary>
public class LocalTests
{
    [SkippableTheory]
    [InlineData("127.0.0.1:8080")]
    [InlineData("192.168.50.1:8080")]
    public void A_local_real_server_takes_its_share(string local)
    {
        Needs.Lab("nginx");
        using DirectorLab lab = new(Topology.Nat, realServers: 1);
        lab.Serve();
        Nginx.Start(lab.Net.Director, [8080]);
        lab.BalanceServices([$$"""
            www {
              protocol = tcp, address = "{{lab.Net.Vip(AddressPlan.IPv4)}}:80", scheduler = rr, forwarding = nat
              real-servers = [ { address = "{{lab.Net.RealServer(AddressPlan.IPv4, 1)}}:80" }, { address = "{{local}}", forwarding = local } ]
            }
            """]);

        LoadFigures figures = lab.Load(400);

        Assert.Equal((400, 0, 0), (figures.Answered, figures.Failed, figures.Disguised));
        Assert.Equal(new() { ["director"] = 200, ["rs1"] = 200 }, figures.RealServers);
    }

    [SkippableFact]
    public void The_fallback_answers_where_no_real_server_takes_connections()
    {
        Needs.Lab("nginx");
        using DirectorLab lab = new(Topology.Nat, realServers: 1);
        lab.Serve();
        Nginx.Start(lab.Net.Director, [8080]);
        lab.Balance(new() { Weights = [0], More = """fallback = "127.0.0.1:8080" """ });

        LoadFigures figures = lab.Load(50);

        Assert.Equal((50, 0, 0), (figures.Answered, figures.Failed, figures.Disguised));
        Assert.Equal(["director"], figures.RealServers.Keys);
    }

    [SkippableFact]
    public void Masqueraded_connections_of_real_servers_come_from_the_address_of_the_rule()
    {
        Needs.Lab("nginx", "curl");
        using DirectorLab lab = new(Topology.Nat);
        Nginx world = Nginx.Start(lab.Client, [8000]);

        // The world has no way back to the real servers' own addresses.
        lab.Client.Ip("route delete default");
        string address = AddressPlan.IPv4.Outside + "101";
        lab.Serve().Balance(new(), more: $$"""masquerade = [ { source = "{{AddressPlan.IPv4.Inside}}0/24", address = "{{address}}" } ]""");

        foreach (var server in lab.Net.RealServers)
        {
            Assert.StartsWith(
                "client ", server.Run("curl", "-sS", "--max-time", "20", $"http://{AddressPlan.IPv4.Outside}{AddressPlan.Client(0)}:8000/"), StringComparison.Ordinal);
        }

        Assert.Equal([address, address, address], world.WaitForClients(3));
        Assert.Equal(30, lab.Load(30).Answered);
    }
}
