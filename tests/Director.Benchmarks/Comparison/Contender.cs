using Director.Lab.Network;
using Director.Lab.Processes;
using Director.Lab.Software;
using Director.Lab.Topologies;

namespace Director.Benchmarks.Comparison;

/// <summary>What carries the traffic in a comparison.</summary>
/// <param name="Name">Its name in the table.</param>
/// <param name="Topology">The network that it works in. Those of one topology are compared with each other.</param>
/// <param name="Target">The address that clients use.</param>
/// <param name="Start">Starts it on the director's host; what is returned ends it.</param>
internal sealed record Contender(string Name, Topology Topology, Func<LabTopology, string> Target, Func<LabTopology, IDisposable> Start)
{
    /// <summary>Real servers' ports: web, iperf3, and one for UDP that nobody listens on.</summary>
    public const int WebPort = 80, ThroughputPort = 5201, DatagramPort = 9;

    private static readonly AddressPlan _plan = AddressPlan.IPv4;

    /// <summary>All of them, the plain kernel first.</summary>
    public static IReadOnlyList<Contender> All { get; } =
    [
        new("kernel forwarding", Topology.Nat, lab => lab.RealServer(_plan, 1), _ => Ending.Nothing),
        new("nftables NAT", Topology.Nat, lab => lab.Vip(_plan), StartNftables),
        new("HAProxy (TCP)", Topology.Nat, lab => lab.Vip(_plan), StartHaProxy),
        new("director NAT", Topology.Nat, lab => lab.Vip(_plan), StartDirector),
        new("kernel forwarding", Topology.DirectThroughGateway, lab => lab.RealServer(_plan, 1), _ => Ending.Nothing),
        new("director direct", Topology.DirectThroughGateway, lab => lab.Vip(_plan), StartDirector),
        new("director tunnel", Topology.Tunnel, lab => lab.Vip(_plan), StartTunnel),
    ];

    private static LabDirector StartDirector(LabTopology lab) => LabDirector.Start(lab.Director, ServiceConfiguration.Director(
    [
        new ServiceConfiguration { Name = "web", Port = WebPort }.For(lab, _plan),
        new ServiceConfiguration { Name = "throughput", Port = ThroughputPort }.For(lab, _plan),
        new ServiceConfiguration { Name = "datagrams", Protocol = "udp", Port = DatagramPort }.For(lab, _plan),
    ]));

    private static Ending StartTunnel(LabTopology lab)
    {
        HostProcess decapsulation = BuiltInPrograms.StartDecapsulation(lab.RealServers[0], [lab.Vip(_plan)]);
        LabDirector director = StartDirector(lab);
        return new(() =>
        {
            director.Dispose();
            decapsulation.Dispose();
        });
    }

    private static Ending StartNftables(LabTopology lab)
    {
        string real = lab.RealServer(_plan, 1);
        string vip = lab.Vip(_plan);
        LabHost host = lab.Director;
        host.Ip($"address add {vip}/32 dev eth0");
        string rules = host.Write("nat.nft", $$"""
            table ip comparison {
              chain prerouting {
                type nat hook prerouting priority dstnat;
                ip daddr {{vip}} meta l4proto { tcp, udp } dnat to {{real}}
              }
            }
            """);
        host.Run("nft", "-f", rules);
        return new(() =>
        {
            host.Run("nft", "delete", "table", "ip", "comparison");
            host.Ip($"address del {vip}/32 dev eth0");
        });
    }

    private static Ending StartHaProxy(LabTopology lab)
    {
        string real = lab.RealServer(_plan, 1);
        string vip = lab.Vip(_plan);
        LabHost host = lab.Director;
        host.Ip($"address add {vip}/32 dev eth0");
        string Listen(string name, int port) => $"listen {name}\n  bind {vip}:{port}\n  server real {real}:{port}\n";
        string configuration = host.Write("haproxy.cfg", $$"""
            global
              maxconn 4096
            defaults
              mode tcp
              timeout connect 5s
              timeout client 60s
              timeout server 60s
            {{Listen("web", WebPort)}}
            {{Listen("throughput", ThroughputPort)}}

            """);
        HostProcess process = host.Start("haproxy", "-db", "-f", configuration);
        process.WaitUntil(() => Listeners.Has(host, WebPort), TimeSpan.FromSeconds(10), "it listens");
        return new(() =>
        {
            process.Dispose();
            host.Ip($"address del {vip}/32 dev eth0");
        });
    }
}

/// <summary>What has to be done at the end.</summary>
internal sealed class Ending(Action end) : IDisposable
{
    /// <summary>Nothing.</summary>
    public static Ending Nothing { get; } = new(() => { });

    /// <inheritdoc/>
    public void Dispose() => end();
}
