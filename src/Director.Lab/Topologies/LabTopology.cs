using Director.Lab.Network;

namespace Director.Lab.Topologies;

/// <summary>
/// Clients, one or several directors and real servers, each a host with addresses of both families, joined as one of the <see cref="Topology"/>s;
/// everything is set up except that the director forwards nothing yet.
/// </summary>
public sealed class LabTopology : IDisposable
{
    /// <summary>Addresses that the client has in each family.</summary>
    public const int Clients = 8;

    private const string OutsideLan = "outside";
    private const string InsideLan = "inside";
    private const string ClusterLan = "cluster";

    /// <summary>Makes it.</summary>
    /// <param name="topology">How hosts are joined.</param>
    /// <param name="realServers">How many real servers: 1 to 80.</param>
    /// <param name="directors">How many directors: 1 to 9. Several also have a LAN of their own.</param>
    /// <exception cref="LabException">It cannot be made here.</exception>
    public LabTopology(Topology topology, int realServers = 3, int directors = 1)
    {
        Topology = topology;
        Network = new LabNetwork();
        try
        {
            Network.AddLan(OutsideLan);
            Network.AddLan(InsideLan);
            Client = Network.AddHost("client");
            Directors = [.. Enumerable.Range(1, directors).Select(number => Network.AddHost(directors == 1 ? "director" : $"director{number}"))];
            if (directors > 1)
            {
                Network.AddLan(ClusterLan);
                Observer = Network.AddHost("observer");
            }

            RealServers = [.. Enumerable.Range(1, realServers).Select(number => Network.AddHost($"rs{number}"))];
            Router = topology == Topology.NatOneArmed ? Network.AddHost("router") : null;
            Join();
        }
        catch
        {
            Network.Dispose();
            throw;
        }
    }

    /// <summary>How hosts are joined.</summary>
    public Topology Topology { get; }

    /// <summary>What it is made of.</summary>
    public LabNetwork Network { get; }

    /// <summary>The host with all the clients' addresses on its eth0.</summary>
    public LabHost Client { get; }

    /// <summary>The hosts that directors run on: eth0 towards the clients, eth1 inside where there are two NICs, and eth2 on a LAN of their own where there are several.</summary>
    public IReadOnlyList<LabHost> Directors { get; }

    /// <summary>The first of them.</summary>
    public LabHost Director => Directors[0];

    /// <summary>A host on the VIP's LAN that only looks who answers for it, where there are several directors: to look from the client would disturb what the client does.</summary>
    public LabHost? Observer { get; }

    /// <summary>The real servers rs1, rs2, ...</summary>
    public IReadOnlyList<LabHost> RealServers { get; }

    /// <summary>Between clients and director in <see cref="Topology.NatOneArmed"/>; otherwise null.</summary>
    public LabHost? Router { get; }

    /// <summary>Whether real servers answer from the VIP themselves.</summary>
    public bool RealServersHoldVip => Topology is Topology.Direct or Topology.DirectThroughGateway or Topology.Tunnel;

    /// <summary>Whether the director's host is the real servers' way to everywhere.</summary>
    public bool DirectorIsGateway => Topology is Topology.Nat or Topology.NatOneArmed or Topology.DirectThroughGateway;

    /// <summary>The word of the configuration for how the director forwards here.</summary>
    public string ForwardingMethod => Topology switch
    {
        Topology.Nat or Topology.NatOneArmed => "nat",
        Topology.Direct or Topology.DirectThroughGateway => "direct",
        _ => "tunnel",
    };

    /// <summary>The VIP.</summary>
    public string Vip(AddressPlan plan) => (Topology == Topology.NatOneArmed ? plan.Inside : plan.Outside) + AddressPlan.Vip;

    /// <summary>The address by which the director reaches a real server.</summary>
    /// <param name="plan">The family.</param>
    /// <param name="number">From 1.</param>
    public string RealServer(AddressPlan plan, int number) =>
        (Topology == Topology.Direct ? plan.Outside : plan.Inside) + AddressPlan.RealServer(number);

    /// <summary>All addresses of the client.</summary>
    public IReadOnlyList<string> ClientAddresses(AddressPlan plan) => [.. Enumerable.Range(0, Clients).Select(number => plan.Outside + AddressPlan.Client(number))];

    /// <summary>The director's own address on its eth0.</summary>
    public string DirectorAddress(AddressPlan plan) => (Topology == Topology.NatOneArmed ? plan.Inside : plan.Outside) + AddressPlan.Director;

    /// <summary>A director's address on the directors' own LAN.</summary>
    /// <param name="number">From 1.</param>
    public static string ClusterAddress(int number) => $"10.9.0.{number}";

    /// <summary>The address that real servers route through: the director's own, or one that moves with the VIP where there are several.</summary>
    public string Gateway(AddressPlan plan) => plan.Inside + (Directors.Count == 1 ? AddressPlan.Director : AddressPlan.Gateway);

    /// <summary>What moves with the VIPs.</summary>
    public IEnumerable<string> MovingAddresses =>
        AddressPlan.Both.Select(Vip).Concat(DirectorIsGateway && Directors.Count > 1 ? AddressPlan.Both.Select(Gateway) : []);

    /// <summary>The number, from 1, of the director that answers for the VIP at this moment; 0 when none does, or all under a shared MAC.</summary>
    public int Holder(AddressPlan plan)
    {
        string vip = Vip(plan);
        Observer!.Try("ip", "neigh", "del", vip, "dev", "eth0");
        Observer.Try("ping", "-c", "1", "-W", "1", vip);
        string neighbour = Observer.Run("ip", "neigh", "show", vip, "dev", "eth0");
        return Directors.Select((director, i) => (director, Number: i + 1))
            .FirstOrDefault(one => neighbour.Contains(Mac(one.director, "eth0"), StringComparison.OrdinalIgnoreCase)).Number;
    }

    /// <summary>The MAC of a host's NIC, as <c>ip</c> writes it.</summary>
    public static string Mac(LabHost host, string nic) => host.Run("cat", $"/sys/class/net/{nic}/address").Trim();

    /// <inheritdoc/>
    public void Dispose() => Network.Dispose();

    private void Join()
    {
        Network.Connect(Client, "eth0", OutsideLan, Enumerable.Range(0, Clients).SelectMany(number => On(plan => plan.Outside, AddressPlan.Client(number))));
        Client.Set("ipv4.ip_local_port_range=1024 65535");
        switch (Topology)
        {
            case Topology.Nat or Topology.DirectThroughGateway when Directors.Count == 1:
                Route(Client, plan => plan.Outside + AddressPlan.Director);
                break;
            case Topology.NatOneArmed:
                Network.Connect(Router!, "eth0", OutsideLan, On(plan => plan.Outside, AddressPlan.Router));
                Network.Connect(Router!, "eth1", InsideLan, On(plan => plan.Inside, AddressPlan.Router));
                Forward(Router!);
                Route(Client, plan => plan.Outside + AddressPlan.Router);
                break;
        }

        if (Observer is not null)
        {
            Network.Connect(
                Observer, "eth0", Topology == Topology.NatOneArmed ? InsideLan : OutsideLan,
                On(plan => Topology == Topology.NatOneArmed ? plan.Inside : plan.Outside, AddressPlan.Observer));
        }

        for (int number = 1; number <= Directors.Count; number++)
        {
            JoinDirector(Directors[number - 1], number);
        }

        for (int number = 1; number <= RealServers.Count; number++)
        {
            JoinRealServer(RealServers[number - 1], AddressPlan.RealServer(number));
        }
    }

    private void JoinDirector(LabHost host, int number)
    {
        string address = AddressPlan.DirectorOf(number);
        Network.Connect(
            host, "eth0", Topology == Topology.NatOneArmed ? InsideLan : OutsideLan, On(plan => Topology == Topology.NatOneArmed ? plan.Inside : plan.Outside, address));
        if (Topology is not (Topology.NatOneArmed or Topology.Direct))
        {
            Network.Connect(host, "eth1", InsideLan, On(plan => plan.Inside, address));
        }

        if (Directors.Count > 1)
        {
            Network.Connect(host, "eth2", ClusterLan, $"{ClusterAddress(number)}/24");
        }

        if (Topology == Topology.NatOneArmed)
        {
            Route(host, plan => plan.Inside + AddressPlan.Router);
        }

        Forward(host);
    }

    private void JoinRealServer(LabHost host, string address)
    {
        if (Topology != Topology.Direct)
        {
            Network.Connect(host, "eth0", InsideLan, On(plan => plan.Inside, address));
        }

        if (Topology is Topology.Direct or Topology.Tunnel)
        {
            Network.Connect(host, Topology == Topology.Direct ? "eth0" : "eth1", OutsideLan, On(plan => plan.Outside, address));
        }

        if (DirectorIsGateway)
        {
            Route(host, Gateway);
        }

        if (RealServersHoldVip)
        {
            // The VIP must be neither answered for nor announced on the LAN (arp_ignore, arp_announce); IPv6 never answers for an address of lo.
            host.Set("ipv4.conf.all.arp_ignore=1", "ipv4.conf.all.arp_announce=2");
            host.Ip(AddressPlan.Both.Select(plan => $"address add {Vip(plan)}/{plan.HostPrefixLength} dev lo"));
        }
    }

    private static void Forward(LabHost host) => host.Set("ipv4.ip_forward=1", "ipv6.conf.all.forwarding=1");

    private static void Route(LabHost host, Func<AddressPlan, string> gateway) =>
        host.Ip(AddressPlan.Both.Select(plan => $"route add default via {gateway(plan)}"));

    private static IEnumerable<string> On(Func<AddressPlan, string> lan, string last) =>
        AddressPlan.Both.Select(plan => $"{lan(plan)}{last}/{plan.PrefixLength}");
}
