using System.Globalization;
using System.Net;
using System.Text;
using Director.Forwarding;

namespace Director.Ipvsadm;

/// <summary>The table of services and real servers as <c>ipvsadm -L</c> prints it.</summary>
internal sealed class TableListing
{
    private const int ServiceWidth = 33;
    private const int ServerWidth = 28;

    private readonly StringBuilder _text = new();
    private readonly ListFormat _format;
    private readonly EndpointText _endpoints;

    private TableListing(ListFormat format, INames names)
    {
        _format = format;
        _endpoints = new EndpointText(format.HasFlag(ListFormat.Numeric) ? null : names);
    }

    /// <summary>The whole table.</summary>
    public static string All(EngineReport report, ListFormat format, INames names)
    {
        TableListing listing = new(format, names);
        listing.Line($"IP Virtual Server version 1.2.1 (size={report.ConnectionCapacity})");
        listing.Title();
        foreach (VirtualServiceReport service in format.HasFlag(ListFormat.NoSort) ? [.. report.Services] : TableOrder.Sort(report.Services))
            listing.Service(service);
        return listing._text.ToString();
    }

    /// <summary>One service and its real servers.</summary>
    public static string One(VirtualServiceReport service, ListFormat format, INames names)
    {
        TableListing listing = new(format, names);
        listing.Title();
        listing.Service(service);
        return listing._text.ToString();
    }

    private void Line(FormattableString line) => _text.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');

    private void Title()
    {
        const string local = "Prot LocalAddress:Port";
        const string remote = "  -> RemoteAddress:Port";
        if (_format.HasFlag(ListFormat.Stats))
            Line($"{local,-ServiceWidth} {"Conns",8} {"InPkts",8} {"OutPkts",8} {"InBytes",8} {"OutBytes",8}\n{remote}");
        else if (_format.HasFlag(ListFormat.Rate))
            Line($"{local,-ServiceWidth} {"CPS",8} {"InPPS",8} {"OutPPS",8} {"InBPS",8} {"OutBPS",8}\n{remote}");
        else if (_format.HasFlag(ListFormat.Thresholds))
            Line($"{local,-ServiceWidth} {"Uthreshold",-10} {"Lthreshold",-10} {"ActiveConn",-10} {"InActConn",-10}\n{remote}");
        else if (_format.HasFlag(ListFormat.PersistentConnections))
            Line($"{local,-ServiceWidth} {"Weight",-9} {"PersistConn",-11} {"ActiveConn",-10} {"InActConn",-10}\n{remote}");
        else if (_format.HasFlag(ListFormat.TunnelInfo))
            Line($"{local} Scheduler Flags\n{remote}           Forward TunnelInfo    Weight ActiveConn InActConn");
        else
            Line($"{local} Scheduler Flags\n{remote}           Forward Weight ActiveConn InActConn");
    }

    private void Service(VirtualServiceReport service)
    {
        string name = Name(service.Spec.Key);
        if (_format.HasFlag(ListFormat.Stats))
        {
            TrafficTotals totals = service.Totals;
            Line($"{name,-ServiceWidth}{Large(totals.Connections)}{Large(totals.InPackets)}{Large(totals.OutPackets)}{Large(totals.InBytes)}{Large(totals.OutBytes)}");
        }
        else if (_format.HasFlag(ListFormat.Rate))
        {
            TrafficRates rates = service.Rates;
            Line($"{name,-ServiceWidth}{Large(rates.Connections)}{Large(rates.InPackets)}{Large(rates.OutPackets)}{Large(rates.InBytes)}{Large(rates.OutBytes)}");
        }
        else
        {
            Line($"{name} {service.Spec.Scheduler}{Attributes(service.Spec)}");
        }

        foreach (RealServerReport server in _format.HasFlag(ListFormat.NoSort) ? [.. service.RealServers] : TableOrder.Sort(service.RealServers))
            Server(service.Spec.Key, server);
    }

    private string Name(ServiceKey key)
    {
        if (key.Address is not { } address)
            return $"FWM  {key.Mark}{(key.IsIPv6 ? " IPv6" : "")}";
        string name = $"{key.Protocol.ToString().ToUpperInvariant(),-4} {_endpoints.Format(address, key.Port, (byte)key.Protocol)}";
        return key.IsIPv6 ? name : EndpointText.Cut(name, ServiceWidth);
    }

    private static string Attributes(VirtualServiceSpec service)
    {
        StringBuilder text = new();
        if (service.SchedulerFlags != SchedulerFlags.None)
            text.Append(CultureInfo.InvariantCulture, $" ({SchedulerFlagNames.Of(service.Scheduler, service.SchedulerFlags)})");
        if (service.Persistence is { } persistence)
        {
            text.Append(CultureInfo.InvariantCulture, $" persistent {persistence.TimeoutSeconds}");
            if (Netmask.Of(service.Key, persistence) is { } mask)
                text.Append(CultureInfo.InvariantCulture, $" mask {mask}");
        }

        if (service.OnePacket)
            text.Append(" ops");
        return text.ToString();
    }

    private void Server(ServiceKey service, RealServerReport server)
    {
        RealServerSpec spec = server.Spec;
        string name = _endpoints.Format(spec.Address, spec.Port, (byte)service.Protocol);
        if (spec.Address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork)
            name = EndpointText.Cut(name, ServerWidth);
        string connections = string.Create(CultureInfo.InvariantCulture, $"{server.ActiveConnections,-10} {server.InactiveConnections,-10}");
        if (_format.HasFlag(ListFormat.Stats))
        {
            TrafficTotals totals = server.Totals;
            Line($"  -> {name,-ServerWidth}{Large(totals.Connections)}{Large(totals.InPackets)}{Large(totals.OutPackets)}{Large(totals.InBytes)}{Large(totals.OutBytes)}");
        }
        else if (_format.HasFlag(ListFormat.Rate))
        {
            TrafficRates rates = server.Rates;
            Line($"  -> {name,-ServerWidth} {rates.Connections,8} {rates.InPackets,8} {rates.OutPackets,8}{Large(rates.InBytes)}{Large(rates.OutBytes)}");
        }
        else if (_format.HasFlag(ListFormat.Thresholds))
        {
            Line($"  -> {name,-ServerWidth} {spec.UpperThreshold,-10} {spec.LowerThreshold,-10} {connections}");
        }
        else if (_format.HasFlag(ListFormat.PersistentConnections))
        {
            Line($"  -> {name,-ServerWidth} {spec.Weight,-9} {server.PersistentConnections,-11} {connections}");
        }
        else if (_format.HasFlag(ListFormat.TunnelInfo))
        {
            Line($"  -> {name,-ServerWidth} {MethodName(spec.Method),-7} {TunnelInfo(spec),-13} {spec.Weight,-6} {connections}");
        }
        else
        {
            Line($"  -> {name,-ServerWidth} {MethodName(spec.Method),-7} {spec.Weight,-6} {connections}");
        }
    }

    private static string MethodName(ForwardingMethod method) => method switch
    {
        ForwardingMethod.Nat => "Masq",
        ForwardingMethod.Local => "Local",
        ForwardingMethod.Tunnel => "Tunnel",
        _ => "Route",
    };

    private static string TunnelInfo(RealServerSpec server)
    {
        string checksum = server.Tunnel.Checksum switch
        {
            TunnelChecksum.None => "-c",
            TunnelChecksum.Full => "+c",
            _ => "r+c",
        };
        return (server.Method, server.Tunnel.Type) switch
        {
            (not ForwardingMethod.Tunnel, _) => "n/a",
            (_, TunnelType.IpIp) => "ipip",
            (_, TunnelType.Gue) => $"gue:{server.Tunnel.Port}:{checksum}",
            _ => $"gre:{checksum}",
        };
    }

    private string Large(ulong number)
    {
        string text = number switch
        {
            _ when _format.HasFlag(ListFormat.Exact) => $" {number,8}",
            < 100_000_000 => $"{number,9}",
            < 1_000_000_000 => $"{number / 1_000,8}K",
            < 100_000_000_000 => $"{number / 1_000_000,8}M",
            < 100_000_000_000_000 => $"{number / 1_000_000_000,8}G",
            _ => $"{number / 1_000_000_000_000,8}T",
        };
        return text;
    }
}
