using System.Collections.Immutable;
using System.Net;
using System.Runtime.Serialization;
using Akka.Actor;
using Akka.Serialization;
using Director.Cluster.VirtualServices;
using Director.Forwarding;
using Google.Protobuf;

namespace Director.Cluster.Telemetry;

/// <summary>Figures on the wire: Protobuf (<c>figures.proto</c>).</summary>
internal sealed class FiguresSerializer(ExtendedActorSystem system) : SerializerWithStringManifest(system)
{
    /// <summary>Binds the messages to this serializer.</summary>
    public const string Configuration = """
        akka.actor {
          serializers.director-figures = "Director.Cluster.Telemetry.FiguresSerializer, Director.Cluster"
          serialization-bindings."Director.Cluster.Telemetry.FiguresPart, Director.Cluster" = director-figures
        }
        """;

    private const string Part = "director-figures/1 FiguresPart";

    /// <inheritdoc/>
    public override int Identifier => 7302;

    /// <inheritdoc/>
    public override string Manifest(object o) => Part;

    /// <inheritdoc/>
    public override byte[] ToBinary(object obj)
    {
        var (figures, index, count) = (FiguresPart)obj;
        var engine = figures.Engine;
        return new Wire.Figures
        {
            Name = figures.Name,
            Program = figures.Program,
            Started = figures.Started.ToUnixTimeMilliseconds(),
            Timeouts = new() { Tcp = figures.Timeouts.Tcp, TcpFin = figures.Timeouts.TcpFin, Udp = figures.Timeouts.Udp },
            Address = figures.Address,
            Connections = engine.ConnectionCount,
            Capacity = engine.ConnectionCapacity,
            Workers = engine.Workers,
            Links = { engine.Links },
            Counters = { engine.Counters.ToDictionary() },
            Services = { engine.Services.Select(ToWire) },
            Groups = { figures.Groups.Select(ToWire) },
            Heartbeat = figures.Heartbeat is { } heartbeat
                ? new()
                {
                    Eligible = heartbeat.IsEligible,
                    PingNodes = heartbeat.PingNodes,
                    PingNodesReached = heartbeat.PingNodesReached,
                    Hears = { heartbeat.Hears },
                    LongestPauseSeconds = heartbeat.LongestPauseSeconds,
                    Counters = { heartbeat.Counters.ToDictionary() },
                }
                : null,
            Synchronisation = figures.Synchronisation is { } synchronisation
                ? new() { Synchronised = synchronisation.IsSynchronised, Peers = { synchronisation.Peers.Select(ToWire) }, Counters = { synchronisation.Counters.ToDictionary() } }
                : null,
            Vrrp = { figures.Vrrp.ToDictionary() },
            Feedback = figures.Feedback is { } feedback ? new() { Servers = { feedback.Servers.Select(ToWire) }, Counters = { feedback.Counters.ToDictionary() } } : null,
            Differences = { figures.Differences },
            Part = index,
            Parts = count,
        }.ToByteArray();
    }

    /// <inheritdoc/>
    public override object FromBinary(byte[] bytes, string manifest)
    {
        if (manifest != Part)
        {
            throw new SerializationException($"a message '{manifest}' where this director understands '{Part}': the directors are of different versions");
        }

        try
        {
            var wire = Wire.Figures.Parser.ParseFrom(bytes);
            return wire.Parts > 0 && wire.Part >= 0 && wire.Part < wire.Parts && wire.Parts < 1_000_000
                ? new FiguresPart(FromWire(wire), wire.Part, wire.Parts)
                : throw new SerializationException($"part {wire.Part} of {wire.Parts}");
        }
        catch (Exception broken) when (broken is InvalidProtocolBufferException or NullReferenceException or ArgumentOutOfRangeException)
        {
            throw new SerializationException($"a message '{manifest}' cannot be read: {broken.Message}", broken);
        }
    }

    private static DirectorFigures FromWire(Wire.Figures wire)
    {
        var engine = new EngineReport(
            [.. wire.Services.Select(FromWire)], wire.Connections, wire.Capacity, wire.Counters.ToImmutableSortedDictionary(StringComparer.Ordinal), wire.Workers, [.. wire.Links]);
        var timeouts = new Timeouts(wire.Timeouts.Tcp, wire.Timeouts.TcpFin, wire.Timeouts.Udp);
        return new(wire.Name, wire.Program, DateTimeOffset.FromUnixTimeMilliseconds(wire.Started), timeouts, engine)
        {
            Address = wire.Address,
            Groups = [.. wire.Groups.Select(FromWire)],
            Heartbeat = wire.Heartbeat is { } heartbeat
                ? new(heartbeat.Eligible, heartbeat.PingNodes, heartbeat.PingNodesReached, [.. heartbeat.Hears])
                {
                    LongestPauseSeconds = heartbeat.LongestPauseSeconds,
                    Counters = heartbeat.Counters.ToImmutableSortedDictionary(StringComparer.Ordinal),
                }
                : null,
            Synchronisation = wire.Synchronisation is { } synchronisation
                ? new(synchronisation.Synchronised, [.. synchronisation.Peers.Select(FromWire)]) { Counters = synchronisation.Counters.ToImmutableSortedDictionary(StringComparer.Ordinal) }
                : null,
            Vrrp = wire.Vrrp.ToImmutableSortedDictionary(StringComparer.Ordinal),
            Feedback = wire.Feedback is { } feedback
                ? new([.. feedback.Servers.Select(FromWire)]) { Counters = feedback.Counters.ToImmutableSortedDictionary(StringComparer.Ordinal) }
                : null,
            Differences = [.. wire.Differences],
        };
    }

    private static Wire.Service ToWire(VirtualServiceReport service) => new()
    {
        Spec = TableWire.ToWire(service.Spec),
        Totals = ToWire(service.Totals),
        Rates = ToWire(service.Rates),
        RealServers = { service.RealServers.Select(ToWire) },
    };

    private static VirtualServiceReport FromWire(Wire.Service service) =>
        new(TableWire.FromWire(service.Spec), [.. service.RealServers.Select(FromWire)], Totals(service.Totals), Rates(service.Rates));

    private static Wire.RealServer ToWire(RealServerReport server) => new()
    {
        Spec = TableWire.ToWire(server.Spec),
        Active = server.ActiveConnections,
        Inactive = server.InactiveConnections,
        Persistent = server.PersistentConnections,
        Overloaded = server.IsOverloaded,
        Totals = ToWire(server.Totals),
        Rates = ToWire(server.Rates),
    };

    private static RealServerReport FromWire(Wire.RealServer server) =>
        new(TableWire.FromWire(server.Spec), server.Active, server.Inactive, server.Persistent, server.Overloaded, Totals(server.Totals), Rates(server.Rates));

    private static Wire.Group ToWire(GroupFigures group) => new()
    {
        Name = group.Name,
        Addresses = { group.Addresses.Select(address => ByteString.CopyFrom(address.GetAddressBytes())) },
        Role = group.Role,
        Takes = group.Takes,
        Partition = group.Partition is { } partition
            ? new() { Blocks = partition.Blocks, Ranges = partition.Ranges, Epoch = partition.Epoch, Master = partition.Master, Weight = partition.Weight }
            : null,
        Vrrp = group.Vrrp is { } vrrp
            ? new()
            {
                State = vrrp.State,
                Priority = vrrp.Priority,
                Reason = vrrp.Reason,
                Sent = vrrp.Sent,
                Received = vrrp.Received,
                Routers = { vrrp.Routers.Select(router => new Wire.VirtualRouter { Interface = router.Interface, RouterId = router.RouterId, Master = router.Master, MasterPriority = router.MasterPriority }) },
            }
            : null,
    };

    private static GroupFigures FromWire(Wire.Group group) => new(group.Name, [.. group.Addresses.Select(TableWire.Address)], group.Role)
    {
        Takes = group.Takes,
        Partition = group.Partition is { } partition
            ? new(partition.Blocks, partition.Ranges) { Epoch = partition.Epoch, Master = partition.Master, Weight = partition.Weight }
            : null,
        Vrrp = group.Vrrp is { } vrrp
            ? new(vrrp.State, vrrp.Priority, vrrp.Reason, [.. vrrp.Routers.Select(router => new VirtualRouterFigures(router.Interface, router.RouterId, router.Master, router.MasterPriority))])
            {
                Sent = vrrp.Sent,
                Received = vrrp.Received,
            }
            : null,
    };

    private static Wire.SynchronisationPeer ToWire(SynchronisationPeerFigures peer) =>
        new() { Name = peer.Name, Stage = peer.Stage, Records = peer.Records, Behind = peer.Behind, Lost = peer.Lost };

    private static SynchronisationPeerFigures FromWire(Wire.SynchronisationPeer peer) => new(peer.Name, peer.Stage, peer.Records, peer.Behind, peer.Lost);

    private static Wire.FedServer ToWire(FedServerFigures server) => new()
    {
        Service = server.Service,
        Address = ByteString.CopyFrom(server.Address.GetAddressBytes()),
        Port = server.Port,
        Percent = server.Percent,
        State = server.State,
        AgeSeconds = server.AgeSeconds,
        Agent = server.Agent,
    };

    private static FedServerFigures FromWire(Wire.FedServer server) =>
        new(server.Service, TableWire.Address(server.Address), (ushort)server.Port, server.Percent, server.State, server.AgeSeconds, server.Agent);

    private static Wire.Traffic ToWire(TrafficTotals totals) =>
        new() { Connections = totals.Connections, InPackets = totals.InPackets, OutPackets = totals.OutPackets, InBytes = totals.InBytes, OutBytes = totals.OutBytes };

    private static Wire.Traffic ToWire(TrafficRates rates) =>
        new() { Connections = rates.Connections, InPackets = rates.InPackets, OutPackets = rates.OutPackets, InBytes = rates.InBytes, OutBytes = rates.OutBytes };

    private static TrafficTotals Totals(Wire.Traffic wire) => new(wire.Connections, wire.InPackets, wire.OutPackets, wire.InBytes, wire.OutBytes);

    private static TrafficRates Rates(Wire.Traffic wire) => new(wire.Connections, wire.InPackets, wire.OutPackets, wire.InBytes, wire.OutBytes);
}
