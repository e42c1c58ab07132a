using Director.Lab.Load;
using Director.Lab.Software;
using Director.Lab.Topologies;

namespace Director.Lab.Tests.Topologies;

/// <summary>The labs themselves, with the kernel's own NAT and routing where the director will be.</summary>
public class LabTopologyTests
{
    public static IEnumerable<object[]> All => Enum.GetValues<Topology>().SelectMany(topology => new object[][] { [topology, false], [topology, true] });

    [SkippableTheory]
    [MemberData(nameof(All))]
    public void Every_topology_carries_connections_to_every_real_server_with_the_clients_own_address(Topology topology, bool isIPv6)
    {
        Needs.Lab("nft");
        AddressPlan plan = isIPv6 ? AddressPlan.IPv6 : AddressPlan.IPv4;
        using LabTopology lab = new(topology);
        BuiltInPrograms.StartWebServers(lab.RealServers, 80);
        ForwardByKernel(lab, plan);

        LoadFigures figures = BuiltInPrograms.RunLoad(
            lab.Client,
            new(plan.WithPort(lab.Vip(plan), 80)) { From = lab.ClientAddresses(plan), Requests = 300, Clients = 8 },
            TimeSpan.FromSeconds(30));

        Assert.Equal((300, 0, 0), (figures.Answered, figures.Failed, figures.Disguised));
        Assert.Equal(["rs1", "rs2", "rs3"], figures.RealServers.Keys);
    }

    [SkippableFact]
    public void Without_a_director_nobody_answers_for_the_VIP()
    {
        Needs.Lab();
        using LabTopology lab = new(Topology.Direct);
        BuiltInPrograms.StartWebServer(lab.RealServers[0], 80);

        LoadFigures figures = BuiltInPrograms.RunLoad(
            lab.Client, new($"{lab.Vip(AddressPlan.IPv4)}:80") { Requests = 1, Clients = 1, TimeoutSeconds = 1 }, TimeSpan.FromSeconds(20));

        Assert.Equal((0, 1), (figures.Answered, figures.Failed));
    }

    private static void ForwardByKernel(LabTopology lab, AddressPlan plan)
    {
        string[] servers = [.. Enumerable.Range(1, 3).Select(number => lab.RealServer(plan, number))];
        string vip = lab.Vip(plan);
        string family = plan.IsIPv6 ? "ip6" : "ip";
        lab.Director.Ip($"address add {vip}/{plan.HostPrefixLength} dev eth0");
        if (lab.RealServersHoldVip)
        {
            // An address of lo would be delivered here: the VIP is only answered for, and routed to the real servers by flow.
            lab.Director.Ip($"address delete {vip}/{plan.HostPrefixLength} dev eth0", $"neighbour add proxy {vip} dev eth0");
            lab.Director.Ip($"route add {vip}/{plan.HostPrefixLength} {string.Join(' ', servers.Select(server => $"nexthop via {server}"))}");
            lab.Director.Set(
                "ipv4.fib_multipath_hash_policy=1",
                "ipv6.fib_multipath_hash_policy=1",
                "ipv4.conf.eth0.proxy_arp_pvlan=1",
                "ipv6.conf.all.proxy_ndp=1",
                "ipv4.conf.all.send_redirects=0",
                "ipv4.conf.eth0.send_redirects=0");
            return;
        }

        lab.Director.Run(
            "nft",
            $$"""
            table {{family}} lab {
              chain nat {
                type nat hook prerouting priority dstnat;
                {{family}} daddr {{vip}} dnat to numgen inc mod 3 map { 0 : {{servers[0]}}, 1 : {{servers[1]}}, 2 : {{servers[2]}} }
              }
            }
            """);
    }
}
