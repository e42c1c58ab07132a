using System.Collections.Immutable;
using System.Net;
using Director.Cluster.VirtualServices;
using Director.Configuration;
using Director.Forwarding;
using Director.Health.Serving;

namespace Director.Cluster.Health;

/// <summary>What the file says of health.</summary>
internal static class ConfiguredHealth
{
    /// <summary>The plan of a configuration.</summary>
    public static HealthPlan Plan(DirectorConfiguration configuration) => new()
    {
        Services = configuration.VirtualServices.Select(service => Plan(service, configuration.Health)).ToImmutableDictionary(plan => plan.Key),
        MaintenanceDirectory = configuration.Health.MaintenanceDirectory,
        Alerts = new AlertPlan
        {
            Command = configuration.Alerts.Command,
            Webhook = configuration.Alerts.Webhook,
            Mail = configuration.Alerts.Mail,
            Limit = configuration.Alerts.Limit,
        },
    };

    private static ServicePlan Plan(VirtualServiceConfiguration service, HealthConfiguration health) => new(ConfiguredTable.Key(service), service.Name)
    {
        Policy = new ServingPolicy { Quiescent = service.Quiescent, Quorum = service.Quorum, Hysteresis = service.Hysteresis, PanicPercent = service.Panic },
        Fallback = service.FallbackIsPage ? Page(service, health) : service.Fallback is { } fallback ? ConfiguredTable.Server(fallback) with { Weight = 1 } : null,
        DrainTimeout = service.DrainTimeout,
        InMaintenance = [.. service.RealServers.Where(server => server.Maintenance).Select(Key)],
        Servers = service.RealServers.ToImmutableDictionary(Key, server => Checks(server.Checks, server, service)),
        ChecksOfOther = server => Checks(service.Checks, Other(server), service),
    };

    /// <summary>A real server that the file does not have, as it would have it.</summary>
    private static RealServerConfiguration Other(RealServerSpec server) => new(server.Address, server.Port)
    {
        Forwarding = Forwarding(server.Method),
        Tunnel = server.Method == ForwardingMethod.Tunnel
            ? new TunnelConfiguration { Type = (Encapsulation)server.Tunnel.Type, Port = server.Tunnel.Port, Checksum = (EncapsulationChecksum)server.Tunnel.Checksum }
            : null,
    };

    private static ServerKey Key(RealServerConfiguration server) => new(server.Address, server.Port);

    private static RealServerSpec Page(VirtualServiceConfiguration service, HealthConfiguration health) =>
        new(service.IsIPv6 ? IPAddress.IPv6Loopback : IPAddress.Loopback, (ushort)health.PagePort) { Method = ForwardingMethod.Local };

    private static ImmutableArray<PlannedCheck> Checks(ImmutableArray<CheckConfiguration> checks, RealServerConfiguration server, VirtualServiceConfiguration service) =>
    [
        .. checks.Select(check => new PlannedCheck(ConfiguredChecks.Question(check, server, service), ConfiguredChecks.Timing(check))
        {
            UnknownIsUp = check.UnknownIsUp,
            FromAll = check.From == CheckFrom.All,
        }),
    ];

    private static PacketForwarding Forwarding(ForwardingMethod method) => method switch
    {
        ForwardingMethod.Nat => PacketForwarding.Nat,
        ForwardingMethod.Direct => PacketForwarding.Direct,
        ForwardingMethod.Tunnel => PacketForwarding.Tunnel,
        _ => PacketForwarding.Local,
    };
}
