using Director.Lab.Load;
using Director.Lab.Network;
using Director.Lab.Processes;
using Director.Lab.Software;
using Director.Lab.Topologies;

namespace Director.Lab.Tests.Directors;

/// <summary>The kernel beside the director never acts on what the director forwards.</summary>
public class KernelSilenceTests
{
    [SkippableTheory]
    [InlineData(Topology.Nat, true)]
    [InlineData(Topology.Nat, false)]
    [InlineData(Topology.NatOneArmed, true)]
    [InlineData(Topology.NatOneArmed, false)]
    [InlineData(Topology.Direct, true)]
    [InlineData(Topology.Direct, false)]
    [InlineData(Topology.Tunnel, true)]
    [InlineData(Topology.Tunnel, false)]
    public void The_kernel_sends_nothing_of_its_own_for_a_forwarded_connection(Topology topology, bool isForwarding)
    {
        Needs.Lab("nginx", "tcpdump");
        using DirectorLab lab = new(topology);
        lab.Net.Director.Set($"ipv4.ip_forward={(isForwarding ? 1 : 0)}");
        lab.Serve().Balance(new());
        using HostProcess outside = Watch(lab.Client);
        using HostProcess inside = Watch(lab.Net.RealServers[0]);

        LoadFigures figures = lab.Load(300);

        Assert.Equal((300, 0), (figures.Answered, figures.Failed));
        outside.Stop(TimeSpan.FromSeconds(5));
        inside.Stop(TimeSpan.FromSeconds(5));
        Assert.Equal("", $"{outside.Output.Trim()}\n{inside.Output.Trim()}".Trim());
    }

    /// <summary>Prints every redirect, ICMP error and reset that a host gets, but for resets of the clients themselves, which are forwarded.</summary>
    private static HostProcess Watch(LabHost host)
    {
        HostProcess tcpdump = host.Start(
            "tcpdump", "-n", "-l", "-i", "eth0", "-Q", "in",
            $"(tcp[tcpflags] & tcp-rst != 0 and not src net {AddressPlan.IPv4.Outside}0/28) or (icmp and icmp[0] != 0 and icmp[0] != 8)");
        tcpdump.WaitUntil(() => tcpdump.Error.Contains("listening", StringComparison.Ordinal), TimeSpan.FromSeconds(40), "it listens");
        return tcpdump;
    }
}
