using System.Diagnostics;
using Director.Lab.Load;
using Director.Lab.Processes;
using Director.Lab.Topologies;

namespace Director.Lab.Tests.Directors;

/// <summary>A flood of SYNs never fills the table with half-open entries.</summary>
[Collection(LabCollection.Name)]
public class FloodTests
{
    private const int Capacity = 4096;

    [SkippableFact]
    public void Clients_are_served_during_a_flood_and_the_table_does_not_fill()
    {
        Needs.Lab("nginx", "hping3");
        using DirectorLab lab = new(Topology.Nat);
        lab.Serve().Balance(new(), more: $"engine {{ workers = 2, connections = {Capacity} }}");
        string vip = lab.Net.Vip(AddressPlan.IPv4);

        // From sources that nobody answers for: every SYN leaves a half-open entry.
        using HostProcess flood = lab.Client.Start("hping3", "--syn", "--destport", "80", "--rand-source", "--interval", "u200", "--quiet", vip);
        Eventually.Holds(() => HalfOpen(lab) > Capacity / 8, TimeSpan.FromSeconds(10), () => $"the flood comes through: {HalfOpen(lab)}");
        long start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(6))
        {
            Assert.InRange(HalfOpen(lab), 0, Capacity - 1);
            LoadFigures figures = lab.Load(50, clients: 4);
            Assert.Equal((50, 0), (figures.Answered, figures.Failed));
        }

        flood.Stop(TimeSpan.FromSeconds(2));
    }

    private static int HalfOpen(DirectorLab lab) =>
        lab.Director.Ipvsadm("-L", "-n", "-c").Split('\n')
            .Count(line => line.Contains(" SYN_RECV ", StringComparison.Ordinal) || line.Contains(" SYNACK ", StringComparison.Ordinal));
}
