using System.Collections.Immutable;
using System.Net;
using System.Runtime.Serialization;
using Director.Forwarding;
using Google.Protobuf;

namespace Director.Cluster.VirtualServices;

/// <summary>Between the records of this folder and the messages of <c>table.proto</c>. What no director would send is a <see cref="SerializationException"/>.</summary>
internal static class TableWire
{
    public static Wire.Key ToWire(this PartKey key) => key.Service is { } service ? ToWire(service) : new Wire.Key();

    public static Wire.Version ToWire(this PartVersion version) => new() { Epoch = version.Epoch, Owner = version.Owner, Number = version.Number };

    public static Wire.Part ToWire(this TablePart part) => new()
    {
        Key = part.Key.ToWire(),
        Version = part.Version.ToWire(),
        Content = ToWire(part.Content, part.Key),
        File = ToWire(part.File, part.Key, part.Content),
        By = part.By,
    };

    public static Wire.Change ToWire(this PartChange change, PartKey key) => change switch
    {
        PartChange.ByEdit byEdit => new() { Edit = ToWire(byEdit.Edit), By = change.By },
        PartChange.ByFile byFile => new() { File = ToWire(byFile.Definition, key, null), By = change.By },
        _ => throw new ArgumentException($"{change.GetType()} is not a change of a part", nameof(change)),
    };

    public static PartKey FromWire(this Wire.Key key) => (key.Address.Length, key.Mark) switch
    {
        (0, 0) => PartKey.Timeouts,
        (0, var mark) => new(ServiceKey.ForMark(mark, key.Ipv6)),
        _ => new(ServiceKey.ForAddress(Defined((Protocol)key.Protocol), Address(key.Address), Port(key.Port))),
    };

    public static PartVersion FromWire(this Wire.Version version) => new(version.Epoch, version.Owner, version.Number);

    public static TablePart FromWire(this Wire.Part part)
    {
        var key = part.Key.FromWire();
        var content = FromWire(part.Content);
        return new(key, part.Version.FromWire(), content, FromWire(part.File, content), part.By);
    }

    public static PartChange FromWire(this Wire.Change change) => change.KindCase switch
    {
        Wire.Change.KindOneofCase.Edit => new PartChange.ByEdit(FromWire(change.Edit), change.By),
        Wire.Change.KindOneofCase.File => new PartChange.ByFile(FromWire(change.File, ForwardingTable.Empty), change.By),
        _ => throw new SerializationException("a change of no known kind"),
    };

    private static Wire.Key ToWire(ServiceKey key) => key.Address is null
        ? new() { Mark = key.Mark, Ipv6 = key.IsIPv6 }
        : new() { Protocol = (uint)key.Protocol, Address = Bytes(key.Address), Port = key.Port, Ipv6 = key.IsIPv6 };

    private static Wire.Content ToWire(ForwardingTable content, PartKey key) => key.Service is null
        ? new() { Timeouts = new() { Tcp = content.Timeouts.Tcp, TcpFin = content.Timeouts.TcpFin, Udp = content.Timeouts.Udp } }
        : new() { Service = content.Services.IsEmpty ? null : ToWire(content.Services[0]) };

    private static Wire.Definition ToWire(FileDefinition definition, PartKey key, ForwardingTable? content) => new()
    {
        Content = content is not null && TableDifference.Between(content, definition.Content).IsEmpty ? null : ToWire(definition.Content, key),
        Since = definition.Since.ToUnixTimeMilliseconds(),
    };

    public static Wire.Service ToWire(VirtualServiceSpec service)
    {
        var wire = new Wire.Service
        {
            Key = ToWire(service.Key),
            Name = service.Name,
            Scheduler = service.Scheduler,
            SchedulerFlags = (uint)service.SchedulerFlags,
            PersistenceTimeout = service.Persistence?.TimeoutSeconds ?? 0,
            PersistencePrefix = service.Persistence?.PrefixLength ?? 0,
            OnePacket = service.OnePacket,
        };
        wire.Allow.AddRange(service.Access.Allow.Select(network => network.ToString()));
        wire.Deny.AddRange(service.Access.Deny.Select(network => network.ToString()));
        wire.RealServers.AddRange(service.RealServers.Select(ToWire));
        return wire;
    }

    public static Wire.RealServer ToWire(RealServerSpec server) => new()
    {
        Address = Bytes(server.Address),
        Port = server.Port,
        Method = (uint)server.Method,
        TunnelType = (uint)server.Tunnel.Type,
        TunnelPort = server.Tunnel.Port,
        TunnelChecksum = (uint)server.Tunnel.Checksum,
        Weight = server.Weight,
        UpperThreshold = server.UpperThreshold,
        LowerThreshold = server.LowerThreshold,
    };

    private static Wire.Edit ToWire(TableEdit edit) => edit switch
    {
        AddService add => new() { AddService = ToWire(add.Service) },
        EditService change => new() { EditService = ToWire(change.Service) },
        DeleteService delete => new() { DeleteService = ToWire(delete.Service) },
        AddServer add => new() { AddServer = new() { Service = ToWire(add.Service), Server = ToWire(add.Server) } },
        EditServer change => new() { EditServer = new() { Service = ToWire(change.Service), Server = ToWire(change.Server) } },
        DeleteServer delete => new() { DeleteServer = new() { Service = ToWire(delete.Service), Server = ToWire(new RealServerSpec(delete.Address, delete.Port)) } },
        SetTimeouts set => new() { SetTimeouts = new() { Tcp = set.Tcp, TcpFin = set.TcpFin, Udp = set.Udp } },
        _ => throw new ArgumentException($"{edit.GetType()} is not a change of a part", nameof(edit)),
    };

    private static ForwardingTable FromWire(Wire.Content content)
    {
        var table = ForwardingTable.Empty;
        if (content.Timeouts is { } timeouts)
        {
            table = table with { Timeouts = new(timeouts.Tcp, timeouts.TcpFin, timeouts.Udp) };
        }

        return content.Service is { } service ? table with { Services = [FromWire(service)] } : table;
    }

    private static FileDefinition FromWire(Wire.Definition definition, ForwardingTable content)
    {
        var since = definition.Since < DateTimeOffset.MinValue.ToUnixTimeMilliseconds() || definition.Since > DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()
            ? throw new SerializationException($"{definition.Since} is not a time")
            : DateTimeOffset.FromUnixTimeMilliseconds(definition.Since);
        return new(definition.Content is { } own ? FromWire(own) : content, since);
    }

    public static VirtualServiceSpec FromWire(Wire.Service service) => new(Service(service.Key))
    {
        Name = service.Name,
        Scheduler = SchedulerNames.All.Contains(service.Scheduler) ? service.Scheduler : throw new SerializationException($"no scheduler is called '{service.Scheduler}'"),
        SchedulerFlags = (SchedulerFlags)(service.SchedulerFlags & 7),
        Persistence = service.PersistenceTimeout > 0 ? new(service.PersistenceTimeout, service.PersistencePrefix) : null,
        OnePacket = service.OnePacket,
        Access = service.Allow.Count + service.Deny.Count == 0 ? AccessList.Open : new([.. service.Allow.Select(Network)], [.. service.Deny.Select(Network)]),
        RealServers = [.. service.RealServers.Select(FromWire)],
    };

    public static RealServerSpec FromWire(Wire.RealServer server) => new(Address(server.Address), Port(server.Port))
    {
        Method = Defined((ForwardingMethod)server.Method),
        Tunnel = new(Defined((TunnelType)server.TunnelType), Port(server.TunnelPort), Defined((TunnelChecksum)server.TunnelChecksum)),
        Weight = server.Weight is >= 0 and <= ushort.MaxValue ? server.Weight : throw new SerializationException($"{server.Weight} is not a weight"),
        UpperThreshold = server.UpperThreshold,
        LowerThreshold = server.LowerThreshold,
    };

    private static TableEdit FromWire(Wire.Edit edit) => edit.KindCase switch
    {
        Wire.Edit.KindOneofCase.AddService => new AddService(FromWire(edit.AddService)),
        Wire.Edit.KindOneofCase.EditService => new EditService(FromWire(edit.EditService)),
        Wire.Edit.KindOneofCase.DeleteService => new DeleteService(Service(edit.DeleteService)),
        Wire.Edit.KindOneofCase.AddServer => new AddServer(Service(edit.AddServer.Service), FromWire(edit.AddServer.Server)),
        Wire.Edit.KindOneofCase.EditServer => new EditServer(Service(edit.EditServer.Service), FromWire(edit.EditServer.Server)),
        Wire.Edit.KindOneofCase.DeleteServer =>
            new DeleteServer(Service(edit.DeleteServer.Service), Address(edit.DeleteServer.Server.Address), Port(edit.DeleteServer.Server.Port)),
        Wire.Edit.KindOneofCase.SetTimeouts => new SetTimeouts(edit.SetTimeouts.Tcp, edit.SetTimeouts.TcpFin, edit.SetTimeouts.Udp),
        _ => throw new SerializationException("an edit of no known kind"),
    };

    private static ServiceKey Service(Wire.Key key) => key.FromWire().Service ?? throw new SerializationException("a service without address and mark");

    private static ByteString Bytes(IPAddress address) => ByteString.CopyFrom(address.GetAddressBytes());

    public static IPAddress Address(ByteString bytes) =>
        bytes.Length is 4 or 16 ? new IPAddress(bytes.Span) : throw new SerializationException($"an address of {bytes.Length} bytes");

    private static ushort Port(uint port) => port <= ushort.MaxValue ? (ushort)port : throw new SerializationException($"{port} is not a port");

    private static IPNetwork Network(string text) => IPNetwork.TryParse(text, out var network) ? network : throw new SerializationException($"'{text}' is not a network");

    private static T Defined<T>(T value)
        where T : struct, Enum => Enum.IsDefined(value) ? value : throw new SerializationException($"{value} is not a {typeof(T).Name}");
}
