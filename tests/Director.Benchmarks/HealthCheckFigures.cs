using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Director.Lab;
using Director.Lab.Network;
using Director.Lab.Processes;
using Director.Lab.Software;
using Director.Lab.Topologies;

namespace Director.Benchmarks;

/// <summary>
/// What it costs a pair of directors to check 1,000 real servers in 200 services every two seconds, and what becomes of the checks when the one that makes most of them is killed. The real servers are 1,000 addresses of
/// one host with one program that listens.
/// </summary>
internal static partial class HealthCheckFigures
{
    private const int Services = 200;
    private const int ServersOfAService = 5;
    private const int ServersOfAnAddressBlock = 100;
    private const int Checks = Services * ServersOfAService;
    private const int Port = 7000;
    private const int FirstPort = 8000;

    private static readonly AddressPlan _plan = AddressPlan.IPv4;
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(60);

    /// <summary>Takes the figures and prints them.</summary>
    /// <param name="seconds">How long CPU is measured without and with checks.</param>
    public static void Print(double seconds)
    {
        using LabTopology lab = new(Topology.Nat, realServers: 1, directors: 2);
        LabHost server = lab.RealServers[0];
        server.Ip("route add local 10.2.0.0/16 dev lo");
        foreach (LabHost director in lab.Directors)
            director.Ip($"route add 10.2.0.0/16 via {lab.RealServer(_plan, 1)}");
        BuiltInPrograms.StartStreamServer(server, Port);

        Console.WriteLine("| | without checks | with checks |");
        Console.WriteLine("|---|---:|---:|");
        Usage[] without;
        using (Pair pair = Pair.Start(lab, ""))
        {
            without = pair.Measure(seconds);
        }

        using Pair checking = Pair.Start(lab, "check { type = connect, interval = 2s, timeout = 2s }");
        Eventually.Holds(() => checking.Probes.Sum() == Checks, _patience, () => $"each check is made once: {string.Join(", ", checking.Probes)}; {checking.Said}");
        (long Answers, long At)[] before = checking.Answers;
        Usage[] with = checking.Measure(seconds);
        (long Answers, long At)[] after = checking.Answers;
        int[] probes = checking.Probes;
        for (int i = 0; i < 2; i++)
        {
            Say($"director{i + 1}, {probes[i]} of the checks: CPU of one core", $"{without[i].Cpu:P1}", $"{with[i].Cpu:P1}");
            Say($"director{i + 1}: resident memory", $"{without[i].Memory:0} MB", $"{with[i].Memory:0} MB");
            Say($"director{i + 1}: answers a second", "", $"{(after[i].Answers - before[i].Answers) / Stopwatch.GetElapsedTime(before[i].At, after[i].At).TotalSeconds:0}");
            Say($"director{i + 1}: longest lateness of a question (interval 2 s)", "", $"{1000 * checking.Late[i]:0} ms");
        }

        TellVerdicts(server, checking);
        Kill(server, checking, probes[0] >= probes[1] ? 1 : 2);
    }

    /// <summary>Lets real servers fail one by one, and compares when the two directors say so.</summary>
    private static void TellVerdicts(LabHost server, Pair pair)
    {
        List<double> between = [];
        server.Run("nft", "add table ip ill; add chain ip ill input { type filter hook input priority 0; }; add set ip ill who { type ipv4_addr; }; add rule ip ill input ip daddr @who tcp dport 7000 reject with tcp reset");
        for (int i = 0; i < 10; i++)
        {
            string address = Address(i * 97);
            server.Run("nft", "add", "element", "ip", "ill", "who", $"{{ {address} }}");
            DateTime?[] said = [];
            Eventually.Holds(
                () => (said = [.. pair.Directors.Select(director => WhenDown(director, address))]).All(when => when is not null), _patience, () => $"both say that {address} is down; {pair.Said}");
            between.Add(Math.Abs((said[0]!.Value - said[1]!.Value).TotalMilliseconds));
        }

        server.Run("nft", "delete", "table", "ip", "ill");
        Eventually.Holds(() => pair.Quiet.All(quiet => quiet == 0), _patience, () => $"all real servers are back; {pair.Said}");
        Say("from a verdict on one director to the other's knowing it, 10 real servers: median, longest", "", $"{between.Order().ElementAt(5):0} ms, {between.Max():0} ms");
    }

    /// <summary>Kills a director, and sees on the wire how long each real server goes without a question.</summary>
    private static void Kill(LabHost server, Pair pair, int number)
    {
        using HostProcess wire = server.Start("tcpdump", "-n", "-l", "-tt", "-B", "8192", "-i", "eth0", $"dst net 10.2.0.0/16 and dst port {Port} and tcp[tcpflags] == tcp-syn");
        wire.WaitUntil(() => wire.Error.Contains("listening on", StringComparison.Ordinal), _patience, "it listens");
        Thread.Sleep(TimeSpan.FromSeconds(3));
        LabDirector other = pair.Directors[2 - number];
        int downs = Downs(other);
        double killed = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1000.0;
        pair.Directors[number - 1].Process.Signal(Signals.Kill);
        Thread.Sleep(TimeSpan.FromSeconds(20));
        JsonElement figures = pair.Figures(2 - number);
        double[] first = [.. Syns(wire.Output).Where(syn => syn.Time > killed).GroupBy(syn => syn.Address).Select(group => group.Min(syn => syn.Time) - killed)];
        double[] gaps = [.. Syns(wire.Output).GroupBy(syn => syn.Address).Select(group => LongestGap([.. group.Select(syn => syn.Time).Order()]))];
        Say($"director{number} killed: real servers that the other asked within 20 s", "", $"{first.Length}");
        Say("longest time without a question, of all real servers: median, longest", "", $"{gaps.Order().ElementAt(gaps.Length / 2):0.0} s, {gaps.Max():0.0} s");
        Say("checks that the other makes 20 s after the kill; its longest lateness", "", $"{Probes(figures)}; {1000 * figures.GetProperty("checking").GetProperty("lateSeconds").GetDouble():0} ms");
        Say("real servers that it took out (lines 'is down'; weight 0 at the end)", "", $"{Downs(other) - downs}; {Quiet(figures)}");
    }

    private static double LongestGap(double[] times) => times.Zip(times.Skip(1), (one, next) => next - one).DefaultIfEmpty(double.PositiveInfinity).Max();

    private static IEnumerable<(double Time, string Address)> Syns(string output) =>
        Syn().Matches(output).Select(match => (double.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture), match.Groups[2].Value));

    [GeneratedRegex(@"^(\d+\.\d+) IP .* > (10\.2\.\d+\.\d+)\.\d+:", RegexOptions.Multiline)]
    private static partial Regex Syn();

    private static string Address(int number) => $"10.2.{number / ServersOfAnAddressBlock}.{(number % ServersOfAnAddressBlock) + 1}";

    private static int Downs(LabDirector director) => director.Process.Output.Split('\n').Count(line => line.Contains(" is down: ", StringComparison.Ordinal));

    private static DateTime? WhenDown(LabDirector director, string address) =>
        director.Process.Output.Split('\n').LastOrDefault(line => line.Contains($" real server {address}:{Port} is down", StringComparison.Ordinal)) is { } line
            ? DateTime.Parse(line.Split(' ')[0], CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal)
            : null;

    private static int Probes(JsonElement figures) => figures.GetProperty("checking").GetProperty("probes").GetInt32();

    private static int Quiet(JsonElement figures) => figures.GetProperty("health").EnumerateArray()
        .SelectMany(service => service.GetProperty("servers").EnumerateArray()).Count(server => server.GetProperty("weight").GetInt32() == 0);

    private static void Say(string what, string without, string with) => Console.WriteLine($"| {what} | {without} | {with} |");

    /// <summary>What a process took: part of one core, and memory in MB.</summary>
    private readonly record struct Usage(double Cpu, double Memory);

    /// <summary>Two directors that are a cluster.</summary>
    private sealed class Pair(LabTopology lab, IReadOnlyList<LabDirector> directors) : IDisposable
    {
        private const double TicksPerSecond = 100;

        public IReadOnlyList<LabDirector> Directors => directors;

        public int[] Probes => [.. All.Select(HealthCheckFigures.Probes)];

        /// <summary>Answers so far, each with the time at which it was known: on a busy machine asking takes a while.</summary>
        public (long Answers, long At)[] Answers => [.. All.Select(figures => (figures.GetProperty("checking").GetProperty("answers").GetInt64(), Stopwatch.GetTimestamp()))];

        public double[] Late => [.. All.Select(figures => figures.GetProperty("checking").GetProperty("lateSeconds").GetDouble())];

        /// <summary>Real servers at weight 0, which are checked.</summary>
        public int[] Quiet => [.. All.Select(HealthCheckFigures.Quiet)];

        public string Said => string.Join(" | ", directors.Select(director => director.Process.Output is { Length: > 1000 } text ? text[^1000..] : director.Process.Output));

        private IEnumerable<JsonElement> All => Enumerable.Range(0, directors.Count).Select(Figures);

        public static Pair Start(LabTopology lab, string check)
        {
            string[] services =
            [
                .. Enumerable.Range(0, Services).Select(service => $$"""
                    s{{service}} {
                      protocol = tcp, address = "{{_plan.WithPort(lab.Vip(_plan), FirstPort + service)}}", scheduler = rr, forwarding = nat
                      real-servers = [{{string.Join(", ", Enumerable.Range(service * ServersOfAService, ServersOfAService).Select(number => $"{{ address = \"{Address(number)}:{Port}\" }}"))}}]
                      {{check}}
                    }
                    """),
            ];
            Pair pair = new(lab, [.. Enumerable.Range(1, 2).Select(number => LabDirector.Start(lab.Directors[number - 1], new ClusterConfiguration().For(lab, number, services)))]);
            Eventually.Holds(() => lab.Holder(_plan) != 0 && pair.IsWhole, _patience, () => $"they are a cluster; {pair.Said}");

            // Each has told the other of its parts, and compiled what it does often.
            Thread.Sleep(TimeSpan.FromSeconds(15));
            return pair;
        }

        /// <summary>A director's own figures.</summary>
        public JsonElement Figures(int index)
        {
            using JsonDocument cluster = Cluster(index);
            return cluster.RootElement.GetProperty("directors").EnumerateArray().Single(director => director.GetProperty("ageSeconds").GetDouble() == 0).Clone();
        }

        public Usage[] Measure(double seconds)
        {
            double[] before = [.. directors.Select(Cpu)];
            long start = Stopwatch.GetTimestamp();
            Thread.Sleep(TimeSpan.FromSeconds(seconds));
            double passed = Stopwatch.GetElapsedTime(start).TotalSeconds;
            return [.. directors.Select((director, i) => new Usage((Cpu(director) - before[i]) / passed, Memory(director)))];
        }

        public void Dispose()
        {
            foreach (LabDirector director in directors)
                director.Dispose();
        }

        private bool IsWhole => Enumerable.Range(0, 2).All(index =>
        {
            using JsonDocument cluster = Cluster(index);
            return cluster.RootElement.GetProperty("members").EnumerateArray().Count(member => member.GetProperty("status").GetString() == "up") == 2;
        });

        private JsonDocument Cluster(int index) => JsonDocument.Parse(lab.Directors[index].Run(
            "curl", "-sS", "--retry", "20", "--retry-connrefused", "--retry-delay", "1", "--max-time", "30", "http://127.0.0.1:9090/cluster"));

        // proc(5): the name may hold spaces; utime and stime are the 14th and 15th field.
        private static double Cpu(LabDirector director)
        {
            string stat = File.ReadAllText($"/proc/{director.Process.Id}/stat");
            string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return (long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture)) / TicksPerSecond;
        }

        private static double Memory(LabDirector director) => long.Parse(
            File.ReadLines($"/proc/{director.Process.Id}/status").Single(line => line.StartsWith("VmRSS:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1],
            CultureInfo.InvariantCulture) / 1024.0;
    }
}
