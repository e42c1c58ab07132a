using System.Globalization;
using Director.Lab;
using Director.Lab.Network;
using Director.Lab.Processes;
using Director.Lab.Software;
using Director.Lab.Topologies;

namespace Director.Benchmarks.Comparison;

/// <summary>What telling the standby of every connection costs: new connections a second through a pair of directors that does, beside the same pair that tells of persistence templates alone.</summary>
internal static class SetUpComparison
{
    private static readonly AddressPlan _plan = AddressPlan.IPv4;

    /// <summary>Compares them in turn and prints a table.</summary>
    /// <param name="rounds">How often each.</param>
    /// <param name="seconds">How long each.</param>
    public static void Run(int rounds, double seconds)
    {
        List<double> ratios = [];
        Console.WriteLine("| round | without, connections/s | while synchronising | ratio | connections that the standby has then |");
        Console.WriteLine("|---|---:|---:|---:|---:|");
        for (int round = 1; round <= rounds; round++)
        {
            (double without, _) = Measure("templates", seconds);
            (double with, int known) = Measure("full", seconds);
            ratios.Add(with / without);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {round} | {without:#,##0} | {with:#,##0} | {with / without:0.00} | {known:#,##0} |"));
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"median of the ratios: {ratios.Order().ElementAt(ratios.Count / 2):0.00}"));
    }

    private static (double Rate, int Known) Measure(string mode, double seconds)
    {
        using LabTopology lab = new(Topology.Nat, realServers: 1, directors: 2);
        Nginx.Start(lab.RealServers[0], [Contender.WebPort]);
        ClusterConfiguration cluster = new() { More = $"synchronisation {{ mode = {mode} }}" };
        string web = new ServiceConfiguration { Name = "web", Port = Contender.WebPort }.For(lab, _plan);
        List<LabDirector> directors = [];
        for (int number = 1; number <= 2; number++)
        {
            directors.Add(LabDirector.Start(lab.Directors[number - 1], cluster.For(lab, number, [web])));
        }

        int holder = 0;
        Eventually.Holds(() => (holder = lab.Holder(_plan)) != 0, TimeSpan.FromSeconds(40), () => "a director holds the VIP");
        // Directors that have just started compile while they work.
        Measurement.NewConnections(lab.Client, lab.Vip(_plan), 8);
        double rate = Measurement.NewConnections(lab.Client, lab.Vip(_plan), seconds);
        int known = directors[2 - holder].Ipvsadm("-L", "-c", "-n").Split('\n').Count(line => line.StartsWith("TCP", StringComparison.Ordinal));
        return (rate, known);
    }
}
