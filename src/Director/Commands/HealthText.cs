using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Text;
using Director.Cluster.Health;
using Director.Forwarding;

namespace Director.Commands;

/// <summary>The health of real servers in <c>director status</c> for people.</summary>
internal static class HealthText
{
    /// <summary>A row for each real server that is checked, taken out, or about to go; nothing where all is unchecked.</summary>
    public static string Format(ImmutableArray<ServiceHealthFigures> services, EngineReport engine, DateTimeOffset now)
    {
        StringBuilder text = new();
        (ServiceHealthFigures Service, ServerHealthFigures Server)[] rows =
            [.. services.OrderBy(static service => service.Name, StringComparer.Ordinal).SelectMany(static service => service.Servers.Where(static server => server.State != "unchecked").Select(server => (service, server)))];
        if (rows.Length > 0)
        {
            int width = Math.Max("REAL SERVER".Length, rows.Max(static row => Name(row.Service, row.Server).Length));
            int weights = rows.Max(static row => Math.Max("WEIGHT".Length, Weight(row.Server).Length));
            int by = rows.Max(static row => Math.Max("BY".Length, row.Server.CheckedBy.Length));
            text.Append(CultureInfo.InvariantCulture, $"{"REAL SERVER".PadRight(width)} {"HEALTH",-11} {"WEIGHT".PadLeft(weights)} {"SINCE",7} {"BY".PadRight(by)} SAYS\n");
            foreach (var (service, server) in rows)
            {
                string who = $"{Name(service, server).PadRight(width)} {server.State,-11} {Weight(server).PadLeft(weights)} {Since(server, now),7}";
                text.Append($"{who} {(server.CheckedBy.Length == 0 ? "-" : server.CheckedBy).PadRight(by)} {Says(service, server, engine)}".TrimEnd()).Append('\n');
            }
        }

        foreach (ServiceHealthFigures service in services.Where(static service => service.IsInPanic || service.Fallback == "serves"))
        {
            text.Append(CultureInfo.InvariantCulture, $"{service.Name}: {(service.IsInPanic ? "too many real servers have failed at once, the last good ones are kept" : "the fallback serves")}\n");
        }

        return text.Length == 0 ? "" : text.Append('\n').ToString();
    }

    private static string Weight(ServerHealthFigures server) => server.Weight == server.ConfiguredWeight && server.Percent == 100
        ? server.Weight.ToString(CultureInfo.InvariantCulture)
        : string.Create(CultureInfo.InvariantCulture, $"{server.Weight} ({server.ConfiguredWeight}{(server.Percent == 100 ? "" : $" x {server.Percent}%")})");

    private static string Since(ServerHealthFigures server, DateTimeOffset now) => server.Since is { } changed ? Age(now - changed) : "-";

    private static string Says(ServiceHealthFigures service, ServerHealthFigures server, EngineReport engine) => server.DrainSeconds is > 0 and var left
        ? string.Create(CultureInfo.InvariantCulture, $"{server.Detail}; {Connections(service, server, engine)} connections left, ended in {left:0} s")
        : server.Detail;

    private static int Connections(ServiceHealthFigures service, ServerHealthFigures server, EngineReport engine) => engine.Services
        .Where(one => one.Spec.Key.ToString() == service.Service)
        .SelectMany(static one => one.RealServers)
        .Where(one => new IPEndPoint(one.Spec.Address, one.Spec.Port).ToString() == server.Server)
        .Sum(static one => one.ActiveConnections + one.InactiveConnections);

    private static string Name(ServiceHealthFigures service, ServerHealthFigures server) => $"{service.Name}/{server.Server}";

    private static string Age(TimeSpan age) => age switch
    {
        { TotalSeconds: < 100 } => $"{(int)Math.Max(0, age.TotalSeconds)} s",
        { TotalMinutes: < 100 } => $"{(int)age.TotalMinutes} min",
        { TotalHours: < 48 } => $"{(int)age.TotalHours} h",
        _ => $"{(int)age.TotalDays} d",
    };
}
