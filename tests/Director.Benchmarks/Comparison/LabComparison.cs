using System.Globalization;
using Director.Lab.Network;
using Director.Lab.Processes;
using Director.Lab.Software;
using Director.Lab.Topologies;

namespace Director.Benchmarks.Comparison;

/// <summary>
/// The director beside the plain kernel, nftables and HAProxy, in turn in the same run: clients, what carries the traffic, and one real server (nginx, iperf3) in namespaces of this machine. Prints Markdown tables of
/// medians and of ratios to the plain kernel's forwarding in the same topology. Absolute figures say more about the machine than about the contenders.
/// </summary>
internal static class LabComparison
{
    /// <summary>Runs it.</summary>
    /// <param name="rounds">How often each figure is taken of each contender.</param>
    /// <param name="seconds">How long each takes.</param>
    public static void Run(int rounds, double seconds)
    {
        foreach (IGrouping<Topology, Contender> group in Contender.All.GroupBy(contender => contender.Topology))
        {
            Dictionary<(Contender, Measurement), List<double>> figures = [];
            for (int round = 1; round <= rounds; round++)
            {
                foreach (Contender contender in group)
                {
                    Console.Error.WriteLine($"{group.Key}, round {round} of {rounds}: {contender.Name}");
                    foreach ((Measurement measurement, double? figure) in Take(contender, seconds))
                    {
                        if (figure is { } value)
                            (figures.TryGetValue((contender, measurement), out List<double>? list) ? list : figures[(contender, measurement)] = []).Add(value);
                    }
                }
            }

            Print(group.Key, [.. group], figures);
        }
    }

    private static IEnumerable<(Measurement, double?)> Take(Contender contender, double seconds)
    {
        using LabTopology lab = new(contender.Topology, realServers: 1);
        LabHost server = lab.RealServers[0];
        Nginx.Start(server, [Contender.WebPort]);
        HostProcess iperf = server.Start("iperf3", "-s", "-p", $"{Contender.ThroughputPort}");
        iperf.WaitUntil(() => Listeners.Has(server, Contender.ThroughputPort), TimeSpan.FromSeconds(10), "it listens");
        using IDisposable running = contender.Start(lab);
        foreach (Measurement measurement in Measurement.All)
        {
            double? figure = measurement.Take(lab, contender.Target(lab), seconds);
            Console.Error.WriteLine($"  {measurement.Name}: {figure?.ToString("0.##", CultureInfo.InvariantCulture) ?? "-"}");
            yield return (measurement, figure);
        }
    }

    private static void Print(Topology topology, IReadOnlyList<Contender> contenders, Dictionary<(Contender, Measurement), List<double>> figures)
    {
        Console.WriteLine($"\n### {topology}\n");
        Console.WriteLine($"| |{string.Concat(contenders.Select(contender => $" {contender.Name} |"))}");
        Console.WriteLine($"|---|{string.Concat(contenders.Select(_ => "---:|"))}");
        foreach (Measurement measurement in Measurement.All)
        {
            double? first = Median(figures.GetValueOrDefault((contenders[0], measurement)));
            Console.Write($"| {measurement.Name} |");
            foreach (Contender contender in contenders)
            {
                double? median = Median(figures.GetValueOrDefault((contender, measurement)));
                Console.Write(median is { } value ? string.Create(CultureInfo.InvariantCulture, $" {Short(value)} ({value / first:0.00}) |") : " - |");
            }

            Console.WriteLine();
        }
    }

    private static double? Median(List<double>? values) => values is null ? null : values.Order().ElementAt(values.Count / 2);

    private static string Short(double value) => value.ToString(value >= 100 ? "#,##0" : "0.00", CultureInfo.InvariantCulture);
}
