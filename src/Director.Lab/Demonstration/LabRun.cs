using System.Diagnostics;
using System.Text.Json;
using Director.Lab.Load;
using Director.Lab.Processes;
using Director.Lab.Software;
using Director.Lab.Topologies;

namespace Director.Lab.Demonstration;

/// <summary>What <c>director lab</c> does: clients, one director or several, and three real servers on this machine.</summary>
/// <param name="options">What to show.</param>
/// <param name="output">Where the result goes, as JSON where that is asked for.</param>
/// <param name="screen">Where everything else goes.</param>
public sealed class LabRun(LabOptions options, TextWriter output, Screen screen)
{
    private const int Port = 80;
    private static readonly TimeSpan _grace = TimeSpan.FromSeconds(30);

    /// <summary>Shows it, and takes everything away again.</summary>
    /// <param name="stop">Ends it early; it still says what was seen.</param>
    /// <exception cref="LabException">Something could not be set up.</exception>
    /// <exception cref="OperationCanceledException">It was stopped before there was a result.</exception>
    public LabResult Run(CancellationToken stop)
    {
        AddressPlan plan = options.IPv6 ? AddressPlan.IPv6 : AddressPlan.IPv4;
        Topology topology = options.Forwarding switch { "nat" => Topology.Nat, "direct" => Topology.Direct, _ => Topology.Tunnel };
        screen.Step("network: a namespace for each host, joined by bridges");
        using LabTopology lab = new(topology, options.Weights.Count, options.Directors);
        screen.Say($"\n{Picture.Of(lab, plan)}\n");
        stop.ThrowIfCancellationRequested();

        screen.Step($"real servers: {(options.Nginx ? "nginx" : "the built-in web server")} on each, port {Port}{(topology == Topology.Tunnel ? ", and director decapsulate" : "")}");
        StartRealServers(lab, plan, stop);

        screen.Step($"{Directors}: {options.Forwarding}, scheduler {options.Scheduler}, weights {string.Join(' ', options.Weights)}");
        List<LabDirector> directors = StartDirectors(lab, plan, stop);
        DirectorLoss? loss = options.Directors > 1 ? new(lab, plan, directors, screen) : null;
        loss?.WaitForHolder();
        stop.ThrowIfCancellationRequested();

        screen.Step($"load: {options.Clients} clients for {options.Duration.TotalSeconds:0.#} s, {(options.KeepAlive ? "each keeps its connection" : "a new connection for each request")}");
        Task<FailoverFigures?> failover = loss is null ? Task.FromResult<FailoverFigures?>(null) : Task.Run(() => loss.RunAsync(options.Duration, stop), CancellationToken.None);
        LoadFigures figures = Load(lab, plan, stop);
        FailoverFigures? lost = failover.GetAwaiter().GetResult();
        screen.Step("clean up: processes, namespaces and files are removed");
        LabResult result = new(options, figures, ExpectedShares.Of(options.Scheduler, options.Weights), lost);
        if (options.Json)
        {
            output.WriteLine(JsonSerializer.Serialize(result, JsonSerializerOptions.Web));
        }

        screen.Show(result);
        return result;
    }

    private string Directors => options.Directors == 1 ? "director" : $"{options.Directors} directors, {options.Mode}";

    private List<LabDirector> StartDirectors(LabTopology lab, AddressPlan plan, CancellationToken stop)
    {
        List<LabDirector> directors = [];
        string service = new ServiceConfiguration { Scheduler = options.Scheduler, Weights = options.Weights }.For(lab, plan);
        ClusterConfiguration cluster = new() { Mode = options.Mode };
        long start = Stopwatch.GetTimestamp();
        for (int number = 1; number <= options.Directors; number++)
        {
            string configuration = options.Directors == 1
                ? ServiceConfiguration.Director([service])
                : cluster.For(lab, number, [service, .. DirectorLoss.Services(lab, plan)]);
            directors.Add(LabDirector.Begin(lab.Directors[number - 1], configuration));
        }

        foreach (LabDirector director in directors)
        {
            stop.ThrowIfCancellationRequested();
            director.WaitUntilReady();
            screen.Say($"    director run --config {director.Configuration}: ready after {Stopwatch.GetElapsedTime(start).TotalSeconds:0.0} s");
        }

        return directors;
    }

    private void StartRealServers(LabTopology lab, AddressPlan plan, CancellationToken stop)
    {
        if (!options.Nginx)
        {
            BuiltInPrograms.StartWebServers(lab.RealServers, Port);
        }

        if (options.Directors > 1)
        {
            BuiltInPrograms.StartStreamServers(lab.RealServers, DirectorLoss.Port);
        }

        if (lab.Topology == Topology.Tunnel)
        {
            BuiltInPrograms.StartDecapsulations(lab.RealServers, [lab.Vip(plan)]);
        }

        foreach (var server in lab.RealServers.Where(_ => options.Nginx))
        {
            stop.ThrowIfCancellationRequested();
            Nginx.Start(server, [Port]);
        }
    }

    private LoadFigures Load(LabTopology lab, AddressPlan plan, CancellationToken stop)
    {
        LoadOptions load = new(plan.WithPort(lab.Vip(plan), Port))
        {
            From = lab.ClientAddresses(plan),
            Clients = options.Clients,
            Seconds = options.Duration.TotalSeconds,
            KeepAlive = options.KeepAlive,
        };
        using HostProcess client = BuiltInPrograms.StartLoad(lab.Client, load);
        client.LineWritten += line => screen.Show(LoadFigures.FromJson(line));
        using CancellationTokenRegistration registration = stop.Register(() => client.Signal(Signals.Terminate));
        client.WaitForEnd(options.Duration + _grace);
        return LoadFigures.FromJson(client.Output.TrimEnd().Split('\n')[^1]);
    }
}
