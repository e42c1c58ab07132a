using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Director.Lab.Network;
using Director.Lab.Topologies;

namespace Director.Benchmarks.Comparison;

/// <summary>A figure that is taken of every contender.</summary>
/// <param name="Name">What it is, with its unit.</param>
/// <param name="Take">Takes it, with traffic to an address for some seconds; null where the contender cannot carry such traffic.</param>
internal sealed partial record Measurement(string Name, Func<LabTopology, string, double, double?> Take)
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<Measurement> All { get; } =
    [
        new("download, Gbit/s", (lab, target, seconds) => Throughput(lab.Client, target, seconds, "-R")),
        new("upload, Gbit/s", (lab, target, seconds) => Throughput(lab.Client, target, seconds)),
        new("keep-alive requests/s (64 clients)", (lab, target, seconds) => Requests(lab.Client, target, seconds, 64)),
        new("new connections/s (64 clients)", (lab, target, seconds) => NewConnections(lab.Client, target, seconds)),
        new("60-byte packets/s", Packets),
        new("latency of one client, median us", (lab, target, seconds) => Latency(lab.Client, target, seconds)),
    ];

    private static double? Throughput(LabHost client, string target, double seconds, params string[] more)
    {
        string output = client.Run(["iperf3", "-c", target, "-p", Text(Contender.ThroughputPort), "-t", Text(seconds), "-J", .. more]);
        using JsonDocument document = JsonDocument.Parse(output);
        return document.RootElement.GetProperty("end").GetProperty("sum_received").GetProperty("bits_per_second").GetDouble() / 1e9;
    }

    /// <summary>New connections a second, with 64 clients.</summary>
    public static double NewConnections(LabHost client, string target, double seconds) => Requests(client, target, seconds, 64, "-H", "Connection: close");

    private static double Requests(LabHost client, string target, double seconds, int clients, params string[] more)
    {
        string output = client.Run(["wrk", "-t1", $"-c{clients}", $"-d{Text(seconds)}s", .. more, $"http://{target}/"]);
        if (SocketErrors().Match(output) is { Success: true } errors)
            Console.Error.WriteLine($"  {errors.Value.Trim()}");
        return double.Parse(RequestRate().Match(output).Groups[1].Value, CultureInfo.InvariantCulture);
    }

    private static double? Latency(LabHost client, string target, double seconds)
    {
        string output = client.Run("wrk", "-t1", "-c1", $"-d{Text(seconds)}s", "--latency", $"http://{target}/");
        Match median = MedianLatency().Match(output);
        double value = double.Parse(median.Groups[1].Value, CultureInfo.InvariantCulture);
        return median.Groups[2].Value switch { "us" => value, "ms" => value * 1e3, _ => value * 1e6 };
    }

    // One flow as fast as the client sends it, counted where it arrives.
    private static double? Packets(LabTopology lab, string target, double seconds)
    {
        LabHost server = lab.RealServers[0];
        long before = Received(server);
        DateTime start = DateTime.UtcNow;
        lab.Client.Try("timeout", Text(seconds), "hping3", "--udp", "-p", Text(Contender.DatagramPort), "-s", "5555", "-k", "-d", "18", "--flood", "-q", target);
        double rate = (Received(server) - before) / (DateTime.UtcNow - start).TotalSeconds;
        // HAProxy carries no UDP: what little arrives is not the flood.
        return rate < 1000 ? null : rate;
    }

    private static long Received(LabHost host) => long.Parse(host.Run("cat", "/sys/class/net/eth0/statistics/rx_packets"), CultureInfo.InvariantCulture);

    private static string Text(double number) => number.ToString(CultureInfo.InvariantCulture);

    [GeneratedRegex(@"Requests/sec:\s+([\d.]+)")]
    private static partial Regex RequestRate();

    [GeneratedRegex(@"Socket errors:.*")]
    private static partial Regex SocketErrors();

    [GeneratedRegex(@"50%\s+([\d.]+)(us|ms|s)")]
    private static partial Regex MedianLatency();
}
