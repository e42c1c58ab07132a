using Director.Lab.Load;
using Director.Lab.Network;
using Director.Lab.Processes;
using Director.Lab.Software;
using Director.Lab.Topologies;

namespace Director.Lab.Tests.Directors;

/// <summary>What a director leaves in the kernel when it stops, and what the next one does with what a killed one left.</summary>
public class LifecycleTests
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(40);

    [SkippableTheory]
    [InlineData(Topology.Nat)]
    [InlineData(Topology.NatOneArmed)]
    [InlineData(Topology.Direct)]
    [InlineData(Topology.Tunnel)]
    public void A_director_that_is_asked_to_stop_leaves_the_kernel_as_it_found_it(Topology topology)
    {
        Needs.Lab("nginx", "nft");
        using DirectorLab lab = new(topology);
        string before = State(lab.Net.Director);
        lab.Serve().Balance(new(), more: """masquerade = [ { source = "10.1.0.0/24", address = "192.168.50.101" } ]""");
        Assert.Equal(30, lab.Load(30).Answered);
        Assert.NotEqual(before, State(lab.Net.Director));

        Assert.True(lab.Director.Process.Stop(_patience), "it ended by itself");

        Assert.Equal(0, lab.Director.Process.ExitCode);
        Assert.Equal(before, State(lab.Net.Director));
        Assert.False(File.Exists(lab.Director.Socket));
    }

    [SkippableTheory]
    [InlineData(Topology.Nat)]
    [InlineData(Topology.Direct)]
    public void The_next_director_takes_over_what_a_killed_one_left(Topology topology)
    {
        Needs.Lab("nginx", "nft");
        using DirectorLab lab = new(topology);
        string before = State(lab.Net.Director);
        lab.Serve().Balance(new());
        Assert.Equal(30, lab.Load(30).Answered);
        lab.Director.Process.Signal(Signals.Kill);
        Assert.Equal(128 + Signals.Kill, lab.Director.Process.WaitForEnd(_patience));

        lab.Balance(new());

        LoadFigures figures = lab.Load(300);
        Assert.Equal((300, 0, 0), (figures.Answered, figures.Failed, figures.Disguised));
        lab.Director.Process.Stop(_patience);
        Assert.Equal(before, State(lab.Net.Director));
    }

    [SkippableFact]
    public void A_director_whose_VIP_is_on_a_NIC_says_so_and_does_not_start()
    {
        Needs.Lab();
        using DirectorLab lab = new(Topology.Nat);
        lab.Net.Director.Ip($"address add {lab.Net.Vip(AddressPlan.IPv4)}/32 dev eth0");

        LabException problem = Assert.Throws<LabException>(() => lab.Balance(new()));

        Assert.Contains(lab.Net.Vip(AddressPlan.IPv4), problem.Message, StringComparison.Ordinal);
        Assert.Contains("eth0", problem.Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public void Reverse_path_filtering_that_would_drop_the_real_servers_answers_is_said_at_start()
    {
        Needs.Lab();
        using DirectorLab lab = new(Topology.DirectThroughGateway);
        lab.Net.Director.Set("ipv4.conf.eth1.rp_filter=1");

        lab.Balance(new());

        Eventually.Holds(
            () => (lab.Director.Process.Output + lab.Director.Process.Error).Contains("rp_filter", StringComparison.Ordinal),
            _patience,
            () => lab.Director.Process.Output + lab.Director.Process.Error);
    }

    /// <summary>Everything in the kernel that a director could leave: rules, devices, routes, addresses, neighbours of its own, sysctls.</summary>
    private static string State(LabHost host) => host.Run("sh", "-c", """
        nft list ruleset
        ip -o link | cut -d: -f2
        ip -4 rule; ip -6 rule
        ip -4 route show table all | sort; ip -6 route show table all | sort
        ip -o address | awk '{ print $2, $3, $4 }' | sort
        for f in /proc/sys/net/ipv4/conf/*/send_redirects /proc/sys/net/ipv4/conf/*/rp_filter /proc/sys/net/ipv4/conf/*/route_localnet /proc/sys/net/ipv4/ip_forward; do echo $f $(cat $f); done
        """);
}
