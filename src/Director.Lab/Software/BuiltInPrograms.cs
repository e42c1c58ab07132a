using System.Globalization;
using Director.Lab.Load;
using Director.Lab.Network;
using Director.Lab.Processes;
using Director.Lab.Witness;

namespace Director.Lab.Software;

/// <summary>The lab's own servers and clients, which are hidden commands of the <c>director</c> program so that they run on any host of the lab.</summary>
public static class BuiltInPrograms
{
    /// <summary>The command that is a web server: <c>director lab web-server NAME PORT</c>.</summary>
    public const string WebServer = "web-server";

    /// <summary>The command that is a load client; <c>director lab load-client OPTIONS</c>, with <see cref="LoadOptions.ToJson"/>.</summary>
    public const string LoadClient = "load-client";

    /// <summary>The command that serves streams: <c>director lab stream-server PORT</c>.</summary>
    public const string StreamServer = "stream-server";

    /// <summary>The command that is a witness: <c>director lab witness OPTIONS</c>, with <see cref="WitnessOptions.ToJson"/>.</summary>
    public const string Witness = "witness";

    /// <summary>Starts a server of streams on each host and waits until all listen.</summary>
    public static IReadOnlyList<HostProcess> StartStreamServers(IEnumerable<LabHost> hosts, int port) =>
        StartServers(hosts, port, _ => ["lab", StreamServer, port.ToString(CultureInfo.InvariantCulture)]);

    /// <summary>Starts a server of streams and waits until it listens.</summary>
    public static HostProcess StartStreamServer(LabHost host, int port) => StartStreamServers([host], port)[0];

    /// <summary>Starts a web server on each host and waits until all listen.</summary>
    public static IReadOnlyList<HostProcess> StartWebServers(IEnumerable<LabHost> hosts, int port) =>
        StartServers(hosts, port, host => ["lab", WebServer, host.Name, port.ToString(CultureInfo.InvariantCulture)]);

    /// <summary>Starts a web server and waits until it listens.</summary>
    public static HostProcess StartWebServer(LabHost host, int port) => StartWebServers([host], port)[0];

    /// <summary>Starts <c>director decapsulate</c> on each real server and waits until all are ready.</summary>
    public static IReadOnlyList<HostProcess> StartDecapsulations(IEnumerable<LabHost> hosts, IEnumerable<string> vips)
    {
        string[] command = ["decapsulate", .. vips.SelectMany(vip => (string[])["--vip", vip])];
        HostProcess[] processes = [.. hosts.Select(host => host.Start(DirectorProgram.With(command)))];
        foreach (HostProcess process in processes)
        {
            process.WaitUntil(() => process.Output.Length > 0, TimeSpan.FromSeconds(60), "it is ready");
        }

        return processes;
    }

    /// <summary>Starts <c>director decapsulate</c> on a real server and waits until it is ready.</summary>
    public static HostProcess StartDecapsulation(LabHost host, IEnumerable<string> vips) => StartDecapsulations([host], vips)[0];

    /// <summary>Starts a load client, which writes <see cref="LoadFigures"/> to its output, a line of JSON each.</summary>
    public static HostProcess StartLoad(LabHost host, LoadOptions options) => host.Start(DirectorProgram.With("lab", LoadClient, options.ToJson()));

    /// <summary>Runs a load client to its end and returns its last figures.</summary>
    public static LoadFigures RunLoad(LabHost host, LoadOptions options, TimeSpan within)
    {
        using HostProcess client = StartLoad(host, options);
        client.WaitForEnd(within);
        return LoadFigures.FromJson(client.Output.TrimEnd().Split('\n')[^1]);
    }

    private static IReadOnlyList<HostProcess> StartServers(IEnumerable<LabHost> hosts, int port, Func<LabHost, IEnumerable<string>> command)
    {
        (LabHost Host, HostProcess Process)[] servers = [.. hosts.Select(host => (host, host.Start(DirectorProgram.With(command(host)))))];
        foreach ((LabHost host, HostProcess server) in servers)
        {
            server.WaitUntil(() => Listeners.Has(host, port), TimeSpan.FromSeconds(60), $"it listens on port {port}");
        }

        return [.. servers.Select(server => server.Process)];
    }
}
