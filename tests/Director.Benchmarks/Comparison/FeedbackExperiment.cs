using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Director.Lab;
using Director.Lab.Load;
using Director.Lab.Network;
using Director.Lab.Processes;
using Director.Lab.Software;
using Director.Lab.Topologies;

namespace Director.Benchmarks.Comparison;

/// <summary>
/// The experiment of feedbackd (Kerr, linux.conf.au 2003): three equal real servers, one of which has something else to do (processes that take all they can get, beside the web server); with and without agents. Each real
/// server has a fixed part of a processor, and each request costs some of it. Clients ask for a part of what the three can do: where they ask for all of it, nobody has anything left to give.
/// Prints shares, weights, what was used of each part, requests and response times.
/// </summary>
internal static partial class FeedbackExperiment
{
    private const int Port = 80;
    private const int ProcessorPercent = 20;
    private const int Work = 10_000;
    private const int Clients = 48;
    private const double PauseSeconds = 0.75;
    private const int Hogs = 3;
    private const string Key = "a secret of the experiment";
    private static readonly TimeSpan _settling = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(60);
    private static readonly AddressPlan _plan = AddressPlan.IPv4;

    /// <summary>Runs it.</summary>
    /// <param name="seconds">How long each measurement takes.</param>
    /// <param name="schedulers">With which schedulers.</param>
    public static void Run(double seconds, IEnumerable<string> schedulers)
    {
        // The director and the clients too, who inherit it, have to come before whatever else the machine does: its load is not what response times are to show.
        using Process self = Process.GetCurrentProcess();
        self.PriorityClass = ProcessPriorityClass.RealTime;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"three real servers with {ProcessorPercent} % of a processor each; {Clients} clients that wait {PauseSeconds} s between requests, so {Clients / PauseSeconds:0} requests/s at most; {seconds:0} s each; {Hogs} hogs on rs1"));
        Console.WriteLine("| scheduler | hogs | agents | rs1 | rs2 | rs3 | weights at the end | used, % | requests/s | median ms | 99 % ms | failed |");
        Console.WriteLine("|---|---|---|---:|---:|---:|---|---|---:|---:|---:|---:|");
        foreach (string scheduler in schedulers)
        {
            foreach ((bool hasHogs, bool hasAgents) in new[] { (false, false), (true, false), (true, true) })
            {
                (LoadFigures seen, string weights, string used) = Measure(scheduler, hasHogs, hasAgents, seconds);
                Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"| {scheduler} | {(hasHogs ? "yes" : "no")} | {(hasAgents ? "yes" : "no")} | {seen.Share("rs1"):0.00} | {seen.Share("rs2"):0.00} | {seen.Share("rs3"):0.00} | {weights} | {used} | {seen.Answered / seen.Seconds:0} | {seen.Median:0.0} | {seen.Percentile99:0} | {seen.Failed} |"));
            }
        }
    }

    private static (LoadFigures Seen, string Weights, string Used) Measure(string scheduler, bool hasHogs, bool hasAgents, double seconds)
    {
        List<ProcessorShare> shares = [];
        try
        {
            using LabTopology lab = new(Topology.Nat);
            foreach (LabHost host in lab.RealServers)
            {
                ProcessorShare share = new($"director-{host.Namespace}", ProcessorPercent);
                shares.Add(share);
                HostProcess server = host.Start(share.Within(DirectorProgram.With("lab", BuiltInPrograms.WebServer, host.Name, $"{Port}", "--work", $"{Work}")));
                server.WaitUntil(() => Listeners.Has(host, Port), _patience, "it listens");
            }

            string more = hasAgents ? $$"""feedback { listen = "0.0.0.0:2553", key = "{{Key}}" }""" : "";
            using LabDirector director = LabDirector.Start(lab.Director, ServiceConfiguration.Director([new ServiceConfiguration { Scheduler = scheduler }.For(lab, _plan)], more));
            for (int hog = 0; hasHogs && hog < Hogs; hog++)
                lab.RealServers[0].Start(shares[0].Within(["sh", "-c", "while :; do :; done"]));
            HostProcess[] agents = hasAgents ? [.. lab.RealServers.Select((host, i) => StartAgent(lab, host, i + 1, shares[i]))] : [];
            for (int i = 0; i < agents.Length; i++)
                WaitForReport(agents[i], director, lab.RealServer(_plan, i + 1));

            LoadOptions load = new(_plan.WithPort(lab.Vip(_plan), Port))
            {
                From = lab.ClientAddresses(_plan),
                Clients = Clients,
                PauseSeconds = PauseSeconds,
                Seconds = _settling.TotalSeconds,
            };
            BuiltInPrograms.RunLoad(lab.Client, load, TimeSpan.FromMinutes(2));
            long start = TimeProvider.System.GetTimestamp();
            TimeSpan[] before = [.. shares.Select(share => share.Used)];
            LoadFigures seen = BuiltInPrograms.RunLoad(lab.Client, load with { Seconds = seconds }, TimeSpan.FromMinutes(5));
            TimeSpan passed = TimeProvider.System.GetElapsedTime(start);
            IEnumerable<string> used = shares.Zip(before, (share, used) => $"{100 * 100 * (share.Used - used) / passed / share.Percent:0}");
            return (seen, string.Join(", ", Weight().Matches(director.Ipvsadm("-L", "-n")).Select(row => row.Groups[1].Value)), string.Join(", ", used));
        }
        finally
        {
            shares.ForEach(share => share.Dispose());
        }
    }

    private static HostProcess StartAgent(LabTopology lab, LabHost host, int number, ProcessorShare share)
    {
        string script = host.Write("load.sh", share.LoadScript(host.File("load.state")));
        return host.Start(DirectorProgram.With("agent", "--config", host.Write("agent.conf", $$"""
            agent {
              name = {{host.Name}}, directors = ["{{_plan.Inside}}{{AddressPlan.Director}}:2553"], key = "{{Key}}"
              load { measure = [script], script = "sh {{script}}" }
              services { www { address = "{{lab.RealServer(_plan, number)}}:{{Port}}" } }
            }
            """)));
    }

    /// <summary>An agent that has nothing to say leaves the weights as they are: a run with silent agents would show that agents change nothing.</summary>
    private static void WaitForReport(HostProcess agent, LabDirector director, string realServer) =>
        agent.WaitUntil(
            () => director.TryStatus().Output.Split('\n').Any(line => line.StartsWith($"load of {realServer}:{Port} ", StringComparison.Ordinal) && !line.Contains("never heard", StringComparison.Ordinal)),
            _patience,
            "the director hears its load");

    [GeneratedRegex(@"^\s+->\s+\S+:\d+\s+\S+\s+(\d+)\s", RegexOptions.Multiline)]
    private static partial Regex Weight();
}
