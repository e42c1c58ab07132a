using Director.Lab.Load;
using Director.Lab.Topologies;

namespace Director.Lab.Tests.Directors;

/// <summary>Persistence, also across the ports of a mark.</summary>
public class PersistenceTests
{
    [SkippableFact]
    public void A_persistent_client_stays_on_one_real_server()
    {
        Needs.Lab("nginx");
        using DirectorLab lab = new(Topology.Nat);
        lab.Serve().Balance(new() { More = "persistence { timeout = 60s }" });

        LoadFigures figures = lab.Load(400);

        Assert.Equal((400, 0, 0), (figures.Answered, figures.Failed, figures.Scattered));
        Assert.Equal(3, figures.RealServers.Count);
    }

    [SkippableFact]
    public void A_mark_keeps_a_client_on_one_real_server_across_ports_80_and_443()
    {
        Needs.Lab("nginx", "curl");
        using DirectorLab lab = new(Topology.Nat);
        string vip = lab.Net.Vip(AddressPlan.IPv4);
        lab.Serve(null, 80, 443).BalanceServices(
            [$$"""
            shop {
              mark = 1, scheduler = rr, forwarding = nat
              persistence { timeout = 60s }
              real-servers = [ {{string.Join(", ", Enumerable.Range(1, 3).Select(number => $$"""{ address = "{{lab.Net.RealServer(AddressPlan.IPv4, number)}}:0" }"""))}} ]
            }
            """],
            $$"""marks = [ { mark = 1, protocol = tcp, destination = "{{vip}}/32", ports = [80, 443] } ]""");

        HashSet<string> servers = [];
        foreach (string client in lab.Net.ClientAddresses(AddressPlan.IPv4))
        {
            string plain = lab.Curl($"{vip}:80/", "--interface", client);
            string secure = lab.Curl($"{vip}:443/", "--interface", client);

            Assert.Equal(plain, secure);
            servers.Add(plain.Split(' ')[0]);
        }

        Assert.Equal(3, servers.Count);
    }
}
