using System.Globalization;
using Director.Lab;
using Director.Lab.Load;
using Director.Lab.Network;
using Director.Lab.Processes;
using Director.Lab.Software;
using Director.Lab.Topologies;

namespace Director.Benchmarks.Comparison;

/// <summary>
/// The experiment of feedbackd (Kerr, linux.conf.au 2003): three equal real servers, one of which has something else to do that takes all the processor it can get; with and without agents. Each real
/// server has a fixed part of a processor, and each request costs some of it. Prints shares, requests and response times.
/// </summary>
internal static class FeedbackExperiment
{
    private const int Port = 80;
    private const int ProcessorPercent = 20;
    private const int Work = 4000;
    private const int Clients = 6;
    private const string Key = "a secret of the experiment";
    private static readonly TimeSpan _settling = TimeSpan.FromSeconds(20);
    private static readonly AddressPlan _plan = AddressPlan.IPv4;

    /// <summary>Runs it.</summary>
    /// <param name="seconds">How long each measurement takes.</param>
    public static void Run(double seconds)
    {
        Console.WriteLine($"three real servers with {ProcessorPercent} % of a processor each, {Clients} clients, {seconds:0} s each; rs1 has the hog");
        Console.WriteLine("| scheduler | hog | agents | rs1 | rs2 | rs3 | requests/s | median ms | 99 % ms | failed |");
        Console.WriteLine("|---|---|---|---:|---:|---:|---:|---:|---:|---:|");
        foreach (string scheduler in new[] { "wrr", "wlc" })
        {
            foreach ((bool hasHog, bool hasAgents) in new[] { (false, false), (true, false), (true, true) })
            {
                LoadFigures seen = Measure(scheduler, hasHog, hasAgents, seconds);
                Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"| {scheduler} | {(hasHog ? "yes" : "no")} | {(hasAgents ? "yes" : "no")} | {seen.Share("rs1"):0.00} | {seen.Share("rs2"):0.00} | {seen.Share("rs3"):0.00} | {seen.Answered / seen.Seconds:0} | {seen.Median:0.0} | {seen.Percentile99:0} | {seen.Failed} |"));
            }
        }
    }

    private static LoadFigures Measure(string scheduler, bool hasHog, bool hasAgents, double seconds)
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
                server.WaitUntil(() => Listeners.Has(host, Port), TimeSpan.FromSeconds(60), "it listens");
            }

            string more = hasAgents ? $$"""feedback { listen = "0.0.0.0:2553", key = "{{Key}}" }""" : "";
            using LabDirector director = LabDirector.Start(lab.Director, ServiceConfiguration.Director([new ServiceConfiguration { Scheduler = scheduler }.For(lab, _plan)], more));
            if (hasHog)
                lab.RealServers[0].Start(shares[0].Within(["sh", "-c", "while :; do :; done"]));
            if (hasAgents)
            {
                foreach ((LabHost host, int i) in lab.RealServers.Select((host, i) => (host, i)))
                    StartAgent(lab, host, i + 1, shares[i]);
            }

            LoadOptions load = new(_plan.WithPort(lab.Vip(_plan), Port)) { From = lab.ClientAddresses(_plan), Clients = Clients, Seconds = _settling.TotalSeconds };
            BuiltInPrograms.RunLoad(lab.Client, load, TimeSpan.FromMinutes(2));
            return BuiltInPrograms.RunLoad(lab.Client, load with { Seconds = seconds }, TimeSpan.FromMinutes(5));
        }
        finally
        {
            shares.ForEach(share => share.Dispose());
        }
    }

    private static void StartAgent(LabTopology lab, LabHost host, int number, ProcessorShare share)
    {
        string script = host.Write("load.sh", share.LoadScript(host.File("load.state")));
        host.Start(DirectorProgram.With("agent", "--config", host.Write("agent.conf", $$"""
            agent {
              name = {{host.Name}}, directors = ["{{_plan.Inside}}{{AddressPlan.Director}}:2553"], key = "{{Key}}"
              load { measure = [script], script = "sh {{script}}" }
              services { www { address = "{{lab.RealServer(_plan, number)}}:{{Port}}" } }
            }
            """)));
    }
}
