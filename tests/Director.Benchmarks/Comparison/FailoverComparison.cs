using System.Globalization;
using Director.Lab;
using Director.Lab.Network;
using Director.Lab.Processes;
using Director.Lab.Software;
using Director.Lab.Topologies;
using Director.Lab.Witness;

namespace Director.Benchmarks.Comparison;

/// <summary>
/// What the death of the host that holds the VIP costs clients: a pair of directors beside a pair of keepalived with nftables NAT, both with the same time until a silent one is missed.
/// The host dies by losing all its cables at once.
/// </summary>
internal static class FailoverComparison
{
    private const int Port = 7000;
    private const int Streams = 200;

    // keepalived's: three times 0.1 s and the skew of priority 100, 156/256 of 0.1 s (RFC 5798, 6.1).
    private const int DetectionMilliseconds = 361;

    private static readonly AddressPlan _plan = AddressPlan.IPv4;

    /// <summary>Compares them in turn and prints a table.</summary>
    /// <param name="rounds">How often each.</param>
    public static void Run(int rounds)
    {
        (string Name, Action<LabTopology> Start)[] contenders = [("director", StartDirectors), ("keepalived and nftables NAT", StartKeepalived)];
        Console.WriteLine($"detection {DetectionMilliseconds} ms, {Streams} streams (a piece each 200 ms), a new connection each 10 ms, a UDP datagram each 5 ms");
        Console.WriteLine("| pair | round | UDP gap ms | longest stall ms | slowest new ms | broken | refused |");
        Console.WriteLine("|---|---|---|---|---|---|---|");
        for (int round = 1; round <= rounds; round++)
        {
            foreach ((string name, Action<LabTopology> start) in contenders)
            {
                WitnessFigures seen = Measure(start);
                Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"| {name} | {round} | {seen.ProbeGap:0} | {seen.LongestStall:0} | {seen.SlowestNew:0} | {seen.Broken} | {seen.Refused} |"));
            }
        }
    }

    private static WitnessFigures Measure(Action<LabTopology> start)
    {
        using LabTopology lab = new(Topology.Nat, realServers: 1, directors: 2);
        BuiltInPrograms.StartStreamServer(lab.RealServers[0], Port);
        start(lab);
        int holder = 0;
        Eventually.Holds(() => (holder = lab.Holder(_plan)) != 0, TimeSpan.FromSeconds(30), () => "somebody holds the VIP");
        string target = _plan.WithPort(lab.Vip(_plan), Port);
        using LabWitness witness = LabWitness.Start(lab.Client, new(target) { From = lab.ClientAddresses(_plan), Streams = Streams, ProbeTarget = target });
        witness.Watch(TimeSpan.FromSeconds(2));
        witness.BeginPhase();
        lab.Network.SetCables(lab.Directors[holder - 1], ["eth0", "eth1", "eth2"], isPlugged: false);
        return witness.Watch(TimeSpan.FromSeconds(10));
    }

    private static void StartDirectors(LabTopology lab)
    {
        ClusterConfiguration cluster = new() { DeadtimeMilliseconds = DetectionMilliseconds };
        string[] services =
            [.. new[] { "tcp", "udp" }.Select(protocol => new ServiceConfiguration { Name = protocol, Protocol = protocol, Port = Port }.For(lab, _plan))];
        for (int number = 1; number <= 2; number++)
        {
            LabDirector.Start(lab.Directors[number - 1], cluster.For(lab, number, services));
        }
    }

    private static void StartKeepalived(LabTopology lab)
    {
        for (int number = 1; number <= 2; number++)
        {
            LabHost host = lab.Directors[number - 1];
            host.Run("nft", "-f", host.Write("nat.nft", $$"""
                table ip failover {
                  chain prerouting {
                    type nat hook prerouting priority dstnat;
                    ip daddr {{lab.Vip(_plan)}} meta l4proto { tcp, udp } dnat to {{lab.RealServer(_plan, 1)}}
                  }
                }
                """));
            string Instance(string nic, string address, int id) => $$"""
                vrrp_instance {{nic}} {
                  state {{(number == 1 ? "MASTER" : "BACKUP")}}
                  interface {{nic}}
                  virtual_router_id {{id}}
                  priority {{(number == 1 ? 150 : 100)}}
                  advert_int 0.1
                  virtual_ipaddress { {{address}}/24 }
                }
                """;
            string configuration = host.Write("keepalived.conf", $$"""
                global_defs { vrrp_version 3 }
                vrrp_sync_group pair { group { eth0 eth1 } }
                {{Instance("eth0", lab.Vip(_plan), 50)}}
                {{Instance("eth1", lab.Gateway(_plan), 51)}}
                """);
            host.Start("keepalived", "-n", "-l", "-f", configuration, "-p", host.File("keepalived.pid"), "-r", host.File("vrrp.pid"), "-c", host.File("checkers.pid"));
        }
    }
}
