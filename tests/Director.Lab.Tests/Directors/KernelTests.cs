using Director.Lab.Load;
using Director.Lab.Network;
using Director.Lab.Processes;
using Director.Lab.Software;
using Director.Lab.Topologies;

namespace Director.Lab.Tests.Directors;

/// <summary>The kernel beside the director gets back what is not the director's.</summary>
public class KernelTests
{
    [SkippableTheory]
    [InlineData(Topology.Nat)]
    [InlineData(Topology.NatOneArmed)]
    [InlineData(Topology.DirectThroughGateway)]
    public void Real_servers_reach_the_world_and_are_reached_under_their_own_addresses_through_the_directors_kernel(Topology topology)
    {
        Needs.Lab("nginx", "curl");
        using DirectorLab lab = new(topology);
        Nginx world = Nginx.Start(lab.Client, [8000]);
        lab.Serve().Balance(new());
        Assert.Equal(30, lab.Load(30).Answered);

        foreach (LabHost server in lab.Net.RealServers)
        {
            string answer = server.Run("curl", "-sS", "--max-time", "20", $"http://{AddressPlan.IPv4.Outside}{AddressPlan.Client(0)}:8000/");

            Assert.StartsWith("client ", answer, StringComparison.Ordinal);
        }

        Assert.Equal(Enumerable.Range(1, 3).Select(number => lab.Net.RealServer(AddressPlan.IPv4, number)), world.WaitForClients(3));
        foreach (int number in Enumerable.Range(1, 3))
        {
            Assert.StartsWith($"rs{number} ", lab.Curl($"{lab.Net.RealServer(AddressPlan.IPv4, number)}:80/"), StringComparison.Ordinal);
        }
    }

    [SkippableFact]
    public void A_client_reaches_the_VIP_and_a_real_server_from_the_same_port()
    {
        Needs.Lab("nginx", "curl");
        using DirectorLab lab = new(Topology.Nat, realServers: 1);
        lab.Serve().Balance(new());

        // With one port to connect from, the balanced connection's entry is still in the table when the other one comes.
        lab.Client.Set("ipv4.ip_local_port_range=40000 40000", "ipv4.tcp_tw_reuse=1");
        string balanced = lab.Curl($"{lab.Net.Vip(AddressPlan.IPv4)}:80/", "--header", "Connection: close");
        Assert.Contains(":40000 ", lab.Director.Ipvsadm("-L", "-n", "-c"), StringComparison.Ordinal);
        string straight = lab.Curl($"{lab.Net.RealServer(AddressPlan.IPv4, 1)}:80/");

        Assert.Equal(balanced, straight);
    }

    [SkippableFact]
    public void The_director_itself_stays_reachable_under_its_own_address()
    {
        Needs.Lab("nginx", "curl");
        using DirectorLab lab = new(Topology.Nat);
        Nginx own = Nginx.Start(lab.Net.Director, [80]);
        lab.Serve().Balance(new());

        Assert.StartsWith("director ", lab.Curl($"{lab.Net.DirectorAddress(AddressPlan.IPv4)}:80/"), StringComparison.Ordinal);
        Assert.Single(own.WaitForClients(1));
        lab.Client.Run("ping", "-c", "2", "-i", "0.2", "-W", "2", lab.Net.DirectorAddress(AddressPlan.IPv4));
    }

    [SkippableTheory]
    [InlineData(Topology.Nat, false)]
    [InlineData(Topology.Direct, false)]
    [InlineData(Topology.Nat, true)]
    public void The_VIP_answers_pings(Topology topology, bool isIPv6)
    {
        Needs.Lab("ping");
        AddressPlan plan = isIPv6 ? AddressPlan.IPv6 : AddressPlan.IPv4;
        using DirectorLab lab = new(topology);
        lab.Balance(new(), plan);

        string report = lab.Client.Run("ping", "-c", "3", "-i", "0.2", "-W", "2", lab.Net.Vip(plan));

        Assert.Contains("3 received", report, StringComparison.Ordinal);
    }

    [SkippableFact]
    public void A_port_of_the_VIP_without_a_service_stays_silent_or_is_refused_but_is_never_forwarded()
    {
        Needs.Lab("nginx", "curl");
        using DirectorLab lab = new(Topology.Nat);
        lab.Serve(null, 80, 81).Balance(new());

        Assert.NotEqual(0, lab.Client.Try("curl", "-sS", "--max-time", "1", $"http://{lab.Net.Vip(AddressPlan.IPv4)}:81/").ExitCode);
        Assert.All(lab.WebServers, server => Assert.Empty(server.ClientAddresses));
    }
}
