using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Director.Forwarding;

namespace Director.Cluster.VirtualServices;

/// <summary>Changes a table as the kernel changes IPVS's, with the same refusals (<c>ip_vs_ctl.c</c>).</summary>
public static class TableEditor
{
    private const int MaxTimeoutSeconds = 31 * 24 * 3600;

    /// <summary>What deleting, editing and zeroing say of a service that is not there.</summary>
    internal static readonly EditError NoSuchService = new(EditErrno.NoService, "No such service");
    private static readonly EditError ServiceNotDefined = new(EditErrno.NoService, "Service not defined");
    private static readonly EditError NoSuchScheduler = new(EditErrno.NotFound, "Scheduler or persistence engine not found");
    private static readonly EditError NoSuchServer = new(EditErrno.NotFound, "No such destination");
    private static readonly EditError Invalid = new(EditErrno.Invalid, "Invalid operation.  Possibly wrong module version, address not unicast, ...");
    private static readonly EditError OutOfRange = new(EditErrno.OutOfRange, "Numerical result out of range");

    /// <summary>Applies one change to a table.</summary>
    /// <returns>The new table, or the error; never both.</returns>
    public static EditResult Apply(ForwardingTable table, TableEdit edit) => edit switch
    {
        AddService add => Add(table, add.Service),
        EditService change => Change(table, change.Service),
        DeleteService delete => WithService(table, delete.Service, NoSuchService, index => new(table with { Services = table.Services.RemoveAt(index) }, null)),
        ClearServices => new(table with { Services = [] }, null),
        AddServer add => WithService(table, add.Service, ServiceNotDefined, index => Add(table, index, add.Server)),
        EditServer change => WithService(table, change.Service, ServiceNotDefined, index => Change(table, index, change.Server)),
        DeleteServer delete => WithService(table, delete.Service, ServiceNotDefined, index => Delete(table, index, delete.Address, delete.Port)),
        SetTimeouts set => Set(table, set),
        _ => throw new ArgumentException($"{edit.GetType()} is not a change of the table", nameof(edit)),
    };

    /// <summary>The place of a service in the table; -1 when it is not there.</summary>
    internal static int IndexOf(ForwardingTable table, ServiceKey key)
    {
        for (var i = 0; i < table.Services.Length; i++)
        {
            if (table.Services[i].Key == key)
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>The place of a real server in a service; -1 when it is not there.</summary>
    internal static int IndexOf(VirtualServiceSpec service, IPAddress address, ushort port)
    {
        for (var i = 0; i < service.RealServers.Length; i++)
        {
            if (service.RealServers[i].Port == port && service.RealServers[i].Address.Equals(address))
            {
                return i;
            }
        }

        return -1;
    }

    private static EditResult Refuse(EditError error) => new(null, error);

    private static EditResult WithService(ForwardingTable table, ServiceKey key, EditError whenMissing, Func<int, EditResult> then)
    {
        var index = IndexOf(table, key);
        return index < 0 ? Refuse(whenMissing) : then(index);
    }

    private static EditResult Replace(ForwardingTable table, int index, VirtualServiceSpec service) =>
        new(table with { Services = table.Services.SetItem(index, service) }, null);

    private static EditResult Add(ForwardingTable table, VirtualServiceSpec service)
    {
        if (IndexOf(table, service.Key) >= 0)
        {
            return Refuse(new EditError(EditErrno.Exists, "Service already exists"));
        }

        return FaultOf(service) is { } fault ? Refuse(fault) : new(table with { Services = table.Services.Add(service with { RealServers = [] }) }, null);
    }

    private static EditResult Change(ForwardingTable table, VirtualServiceSpec service) => WithService(table, service.Key, NoSuchService, index =>
        FaultOf(service) is { } fault
            ? Refuse(fault)
            : Replace(table, index, table.Services[index] with
            {
                Scheduler = service.Scheduler,
                SchedulerFlags = service.SchedulerFlags,
                Persistence = service.Persistence,
                OnePacket = service.OnePacket,
            }));

    private static EditResult Add(ForwardingTable table, int index, RealServerSpec server)
    {
        var service = table.Services[index];
        if (FaultOf(service.Key, server) is { } fault)
        {
            return Refuse(fault);
        }

        return IndexOf(service, server.Address, server.Port) >= 0
            ? Refuse(new EditError(EditErrno.Exists, "Destination already exists"))
            : Replace(table, index, service with { RealServers = service.RealServers.Add(server) });
    }

    private static EditResult Change(ForwardingTable table, int index, RealServerSpec server)
    {
        var service = table.Services[index];
        if (FaultOf(service.Key, server) is { } fault)
        {
            return Refuse(fault);
        }

        var place = IndexOf(service, server.Address, server.Port);
        return place < 0 ? Refuse(NoSuchServer) : Replace(table, index, service with { RealServers = service.RealServers.SetItem(place, server) });
    }

    private static EditResult Delete(ForwardingTable table, int index, IPAddress address, ushort port)
    {
        var service = table.Services[index];
        var place = IndexOf(service, address, port);
        return place < 0 ? Refuse(NoSuchServer) : Replace(table, index, service with { RealServers = service.RealServers.RemoveAt(place) });
    }

    private static EditResult Set(ForwardingTable table, SetTimeouts set)
    {
        if (set.Tcp is < 0 or > MaxTimeoutSeconds || set.TcpFin is < 0 or > MaxTimeoutSeconds || set.Udp is < 0 or > MaxTimeoutSeconds)
        {
            return Refuse(Invalid);
        }

        var old = table.Timeouts;
        return new(table with { Timeouts = new(set.Tcp == 0 ? old.Tcp : set.Tcp, set.TcpFin == 0 ? old.TcpFin : set.TcpFin, set.Udp == 0 ? old.Udp : set.Udp) }, null);
    }

    private static EditError? FaultOf(VirtualServiceSpec service)
    {
        if (!SchedulerNames.All.Contains(service.Scheduler))
        {
            return NoSuchScheduler;
        }

        return service.Persistence is { } persistence && (persistence.PrefixLength < 1 || persistence.PrefixLength > (service.Key.IsIPv6 ? 128 : 32)) ? Invalid : null;
    }

    private static EditError? FaultOf(ServiceKey service, RealServerSpec server)
    {
        var isIPv6 = server.Address.AddressFamily == AddressFamily.InterNetworkV6;
        if (isIPv6 != service.IsIPv6 && server.Method != ForwardingMethod.Tunnel)
        {
            return Invalid;
        }

        if (server.Weight is < 0 or > ushort.MaxValue || server.UpperThreshold < 0 || server.LowerThreshold < 0 || server.LowerThreshold > server.UpperThreshold)
        {
            return OutOfRange;
        }

        var needsPort = server.Method == ForwardingMethod.Tunnel && server.Tunnel.Type == TunnelType.Gue;
        return (needsPort && server.Tunnel.Port == 0) || !IsUnicast(server.Address) ? Invalid : null;
    }

    /// <summary>As <c>ip_vs_new_dest</c> asks: unicast or local, and no link-local IPv6 address, which means nothing without an interface.</summary>
    private static bool IsUnicast(IPAddress address)
    {
        if (address.AddressFamily == AddressFamily.InterNetworkV6)
        {
            return !address.IsIPv6Multicast && !address.IsIPv6LinkLocal && !address.Equals(IPAddress.IPv6Any);
        }

        Span<byte> bytes = stackalloc byte[4];
        address.TryWriteBytes(bytes, out _);
        return bytes[0] is > 0 and < 224;
    }
}
