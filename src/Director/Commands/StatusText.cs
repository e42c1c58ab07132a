using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Text;
using Director.Cluster.Telemetry;
using Director.Forwarding;

namespace Director.Commands;

/// <summary><c>director status</c> for people.</summary>
internal static class StatusText
{
    private const string Row = "{0} {1,-7} {2,6} {3,9} {4,9} {5,8} {6,9} {7,9} {8,9} {9,9}\n";

    /// <summary>The director, its services and real servers, and its counters.</summary>
    public static string Format(DirectorFigures director, DateTimeOffset now)
    {
        EngineReport engine = director.Engine;
        StringBuilder text = new();
        text.Append(CultureInfo.InvariantCulture, $"{director.Name}: {director.Program}, up {Duration(now - director.Started)}\n");
        text.Append(CultureInfo.InvariantCulture, $"{engine.Workers} {(engine.Workers == 1 ? "worker" : "workers")} on {string.Join(' ', engine.Links)}\n");
        text.Append(CultureInfo.InvariantCulture, $"{engine.ConnectionCount} connections of {engine.ConnectionCapacity}; ");
        text.Append(CultureInfo.InvariantCulture, $"timeouts tcp {director.Timeouts.Tcp} s, tcp-fin {director.Timeouts.TcpFin} s, udp {director.Timeouts.Udp} s\n\n");
        AppendDetails(text, director);
        AppendServices(text, engine);
        text.Append(HealthText.Format(director.Health, engine, now));
        AppendCounters(text, engine);
        return text.ToString();
    }

    /// <summary>What only a director with others, or with an edited table, has to say.</summary>
    private static void AppendDetails(StringBuilder text, DirectorFigures director)
    {
        int before = text.Length;
        if (director.Heartbeat is { } heartbeat)
        {
            text.Append(CultureInfo.InvariantCulture, $"hears {(heartbeat.Hears.IsEmpty ? "nobody" : string.Join(' ', heartbeat.Hears))}");
            text.Append(heartbeat.PingNodes == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"; ping nodes {heartbeat.PingNodesReached} of {heartbeat.PingNodes}"));
            text.Append(heartbeat.IsEligible ? "\n" : "; not eligible to hold addresses\n");
        }

        foreach (GroupFigures group in director.Groups)
        {
            text.Append(CultureInfo.InvariantCulture, $"group {group.Name}: {group.Role} {string.Join(' ', group.Addresses)}");
            if (group.Partition is { } partition)
                text.Append(CultureInfo.InvariantCulture, $"; blocks {(partition.Blocks == 0 ? "none" : partition.Ranges)}, weight {partition.Weight}, map {partition.Epoch}{(partition.Master.Length == 0 ? "" : $", master {partition.Master}")}");
            if (group.Vrrp is { } vrrp)
            {
                string masters = string.Join("; ", vrrp.Routers.Select(static router =>
                    $"{router.Interface} {router.RouterId}: {(router.Master.Length == 0 ? "no master heard" : $"master {router.Master} priority {router.MasterPriority}")}"));
                text.Append(CultureInfo.InvariantCulture, $"; vrrp {vrrp.State}, priority {vrrp.Priority}, {masters}; {vrrp.Reason}");
            }

            text.Append('\n');
        }

        foreach (SynchronisationPeerFigures peer in director.Synchronisation?.Peers ?? [])
            text.Append(CultureInfo.InvariantCulture, $"connections of {peer.Name}: {peer.Stage}, {peer.Records} records, {peer.Behind} datagrams behind, {peer.Lost} lost\n");
        AppendDrops(text, "heartbeats", director.Heartbeat?.Counters);
        AppendDrops(text, "VRRP", director.Vrrp);
        AppendDrops(text, "synchronisation", director.Synchronisation?.Counters);
        foreach (FedServerFigures server in director.Feedback?.Servers ?? [])
        {
            text.Append(CultureInfo.InvariantCulture, $"load of {new IPEndPoint(server.Address, server.Port)} of {server.Service}: {server.Percent} % of its weight, {server.State}");
            text.Append(CultureInfo.InvariantCulture, $"{(server.AgeSeconds < 0 ? ", never heard" : $", {server.AgeSeconds:0.0} s ago")}, {server.Agent}\n");
        }

        AppendDrops(text, "agents", director.Feedback?.Counters, "connections, messages and answers");
        foreach (string difference in director.Differences)
            text.Append(CultureInfo.InvariantCulture, $"differs from the file: {difference}\n");
        if (text.Length > before)
            text.Append('\n');
    }

    /// <summary>What was not taken, if there was anything.</summary>
    private static void AppendDrops(StringBuilder text, string whose, ImmutableSortedDictionary<string, ulong>? counters, string what = "datagrams")
    {
        const string Drop = "drop-";
        string[] drops =
        [
            .. (counters ?? ImmutableSortedDictionary<string, ulong>.Empty).Where(static counter => counter.Value > 0 && counter.Key.StartsWith(Drop, StringComparison.Ordinal))
                .Select(static counter => $"{counter.Key[Drop.Length..]} {counter.Value}"),
        ];
        if (drops.Length > 0)
            text.Append(CultureInfo.InvariantCulture, $"{what} of {whose} not taken: {string.Join(", ", drops)}\n");
    }

    private static void AppendServices(StringBuilder text, EngineReport engine)
    {
        if (engine.Services.IsEmpty)
        {
            text.Append("no virtual services\n\n");
            return;
        }

        VirtualServiceReport[] services = [.. engine.Services.OrderBy(static service => service.Spec.Name, StringComparer.Ordinal).ThenBy(static service => Name(service.Spec), StringComparer.Ordinal)];
        int width = services.SelectMany(static service => service.RealServers.Select(Name).Append(Name(service.Spec))).Max(static name => name.Length);
        text.AppendFormat(
            CultureInfo.InvariantCulture, Row, "SERVICE".PadRight(width), "METHOD", "WEIGHT", "ACTIVE", "INACTIVE", "CONN/S", "IN PKT/S", "OUT PKT/S", "IN B/S", "OUT B/S");
        foreach (VirtualServiceReport service in services)
        {
            AppendRow(
                text, width, Name(service.Spec), service.Spec.Scheduler, "",
                service.RealServers.Sum(static server => server.ActiveConnections), service.RealServers.Sum(static server => server.InactiveConnections), service.Rates);
            foreach (RealServerReport server in service.RealServers.Reverse())
            {
                AppendRow(
                    text, width, Name(server), server.Spec.Method.ToString().ToLowerInvariant(), server.Spec.Weight.ToString(CultureInfo.InvariantCulture),
                    server.ActiveConnections, server.InactiveConnections, server.Rates);
            }
        }

        text.Append('\n');
    }

    private static void AppendRow(StringBuilder text, int width, string name, string method, string weight, long active, long inactive, TrafficRates rates) => text.AppendFormat(
        CultureInfo.InvariantCulture, Row, name.PadRight(width), method, weight, active, inactive,
        Short(rates.Connections), Short(rates.InPackets), Short(rates.OutPackets), Short(rates.InBytes), Short(rates.OutBytes));

    private static void AppendCounters(StringBuilder text, EngineReport engine)
    {
        int width = engine.Counters.Keys.Select(static name => name.Length).Append(0).Max();
        // Drops last: they are what one looks for when something is wrong.
        foreach ((string name, ulong count) in engine.Counters.OrderBy(static counter => counter.Key.StartsWith("drop-", StringComparison.Ordinal)))
            text.AppendFormat(CultureInfo.InvariantCulture, "{0} {1,12}\n", name.PadRight(width), count);
    }

    private static string Name(VirtualServiceSpec service) => service.Name.Length == 0 ? $"{service.Key}" : $"{service.Name} ({service.Key})";

    private static string Name(RealServerReport server) => $"  -> {new IPEndPoint(server.Spec.Address, server.Spec.Port)}{(server.IsOverloaded ? " (overloaded)" : "")}";

    private static string Short(ulong number) => number switch
    {
        < 100_000 => number.ToString(CultureInfo.InvariantCulture),
        < 10_000_000 => (number / 1e3).ToString("0.0k", CultureInfo.InvariantCulture),
        < 10_000_000_000 => (number / 1e6).ToString("0.0M", CultureInfo.InvariantCulture),
        _ => (number / 1e9).ToString("0.0G", CultureInfo.InvariantCulture),
    };

    private static string Duration(TimeSpan time) => time switch
    {
        { TotalMinutes: < 1 } => $"{(int)Math.Max(0, time.TotalSeconds)} s",
        { TotalHours: < 1 } => $"{time.Minutes} min {time.Seconds} s",
        { TotalDays: < 1 } => $"{time.Hours} h {time.Minutes} min",
        _ => $"{(int)time.TotalDays} d {time.Hours} h",
    };
}
