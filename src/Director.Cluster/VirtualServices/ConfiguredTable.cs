using System.Collections.Immutable;
using Director.Cluster.Synchronisation;
using Director.Configuration;
using Director.Forwarding;

namespace Director.Cluster.VirtualServices;

/// <summary>What the engine is to do as a configuration says it.</summary>
public static class ConfiguredTable
{
    /// <summary>The table of a configuration, without what health makes of it: no fallbacks, and every real server at its weight.</summary>
    public static ForwardingTable From(DirectorConfiguration configuration) => new()
    {
        Services = [.. configuration.VirtualServices.Select(Service)],
        Marks = [.. configuration.Marks.Select(mark => new MarkRule(mark.Mark, Protocol(mark.Protocol), mark.Destination, mark.Ports, mark.Source))],
        Masquerade = [.. configuration.Masquerade.Select(rule => new MasqueradeRule(rule.Source, rule.Address))],
        Timeouts = new Timeouts(Seconds(configuration.Timeouts.Tcp), Seconds(configuration.Timeouts.TcpFin), Seconds(configuration.Timeouts.Udp)),
        Options = new ForwardingOptions
        {
            DropEntry = Mode(configuration.Defence.DropEntry),
            SecureTcp = Mode(configuration.Defence.SecureTcp),
            ExpireNoDestination = configuration.ExpireNoDestination,
            ExpireQuiescentTemplate = configuration.ExpireQuiescentTemplate,
            SloppyTcp = configuration.SloppyTcp,
            PathMtuDiscovery = configuration.PathMtuDiscovery,
        },
    };

    /// <summary>How a configuration sets the engine up.</summary>
    public static EngineOptions EngineOptions(DirectorConfiguration configuration) => new()
    {
        Interfaces = configuration.Interfaces,
        Workers = configuration.Engine.Workers,
        Connections = configuration.Engine.Connections,
        Immediate = configuration.Engine.Immediate,
        ReceiveBufferBytes = configuration.Engine.BufferBytes,
        BypassQueueingDiscipline = configuration.Engine.QueueingDisciplineBypass,
        SpinMicroseconds = (int)configuration.Engine.Spin.TotalMicroseconds,
        Synchronisation = SynchronisedPeers.Options(configuration),
        Ipvs = ConfiguredIpvs.Options(configuration.Synchronisation.Ipvs),
    };

    private static VirtualServiceSpec Service(VirtualServiceConfiguration service) => new(Key(service))
    {
        Name = service.Name,
        Scheduler = service.Scheduler,
        SchedulerFlags = (SchedulerFlags)service.SchedulerFlags,
        Persistence = service.Persistence is { } persistence ? new Persistence(Seconds(persistence.Timeout), persistence.PrefixLength) : null,
        OnePacket = service.OnePacket,
        Access = service.Allow.IsEmpty && service.Deny.IsEmpty ? AccessList.Open : new AccessList(service.Allow, service.Deny),
        RealServers = [.. service.RealServers.Select(Server)],
    };

    internal static ServiceKey Key(VirtualServiceConfiguration service) => service.Address is { } address
        ? ServiceKey.ForAddress(Protocol(service.Protocol) ?? Forwarding.Protocol.Tcp, address, service.Port)
        : ServiceKey.ForMark(service.Mark, service.IsIPv6);

    internal static RealServerSpec Server(RealServerConfiguration server) => new(server.Address, server.Port)
    {
        Method = server.Forwarding switch
        {
            PacketForwarding.Nat => ForwardingMethod.Nat,
            PacketForwarding.Direct => ForwardingMethod.Direct,
            PacketForwarding.Tunnel => ForwardingMethod.Tunnel,
            _ => ForwardingMethod.Local,
        },
        Tunnel = server.Tunnel is { } tunnel ? new TunnelOptions((TunnelType)tunnel.Type, tunnel.Port, (TunnelChecksum)tunnel.Checksum) : default,
        Weight = server.Weight,
        UpperThreshold = server.UpperThreshold,
        LowerThreshold = server.LowerThreshold,
    };

    private static Protocol? Protocol(ServiceProtocol? protocol) => protocol switch
    {
        ServiceProtocol.Tcp => Forwarding.Protocol.Tcp,
        ServiceProtocol.Udp => Forwarding.Protocol.Udp,
        _ => null,
    };

    private static DefenceMode Mode(DefenceChoice choice) => choice switch
    {
        DefenceChoice.Auto => DefenceMode.Auto,
        DefenceChoice.Always => DefenceMode.Always,
        _ => DefenceMode.Off,
    };

    private static int Seconds(TimeSpan span) => (int)span.TotalSeconds;
}
