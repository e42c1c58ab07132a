using System.Collections.Immutable;
using System.Net;

namespace Director.Forwarding.Tests.Hostile;

/// <summary>Tables that the director under attack is given one after another: every forwarding method and scheduler, persistence, marks, masquerade, one-packet, thresholds, defences.</summary>
internal static class HostileTables
{
    public const int Count = 24;

    public static readonly string[] Vips = ["10.9.0.100", "2001:db8:9::100", "192.168.50.100"];
    public static readonly string[] Reals =
        ["192.168.1.11", "192.168.1.12", "2001:db8:1::11", "2001:db8:1::12", "192.168.2.11", "2001:db8:2::11", "192.168.3.11", "10.1.0.11", "10.1.0.12", "127.0.0.1", "::1"];

    public static ImmutableArray<ForwardingTable> All { get; } = [.. Enumerable.Range(0, Count).Select(Make)];

    private static ForwardingTable Make(int number)
    {
        if (number == Count - 1)
            return ForwardingTable.Empty;
        var method = (number % 6) switch
        {
            0 or 1 => ForwardingMethod.Nat,
            2 => ForwardingMethod.Direct,
            3 or 4 => ForwardingMethod.Tunnel,
            _ => ForwardingMethod.Local,
        };
        var tunnel = (number / 6 % 4) switch
        {
            0 => new TunnelOptions(TunnelType.IpIp),
            1 => new TunnelOptions(TunnelType.Gue, 6080, TunnelChecksum.Full),
            2 => new TunnelOptions(TunnelType.Gre, 0, TunnelChecksum.Full),
            _ => new TunnelOptions(TunnelType.Gue, 6080),
        };
        var services = new List<VirtualServiceSpec>();
        foreach (var isIPv6 in (bool[])[false, true])
        {
            foreach (var protocol in (Protocol[])[Protocol.Tcp, Protocol.Udp])
            {
                var scheduler = SchedulerNames.All[(number + services.Count) % SchedulerNames.All.Length];
                var vip = IPAddress.Parse(isIPv6 ? Vips[1] : Vips[0]);
                var service = new VirtualServiceSpec(ServiceKey.ForAddress(protocol, vip, 80))
                {
                    Scheduler = scheduler,
                    SchedulerFlags = (SchedulerFlags)(number % 4),
                    Persistence = number % 4 == 3 ? new Persistence(30, isIPv6 ? 64 : 24) : null,
                    OnePacket = protocol == Protocol.Udp && number % 5 == 4,
                    Access = number % 7 == 6 ? new AccessList([], [IPNetwork.Parse(isIPv6 ? "2001:db8:8::/48" : "10.8.0.0/16")]) : AccessList.Open,
                };
                services.Add(service with { RealServers = Servers(isIPv6, method, tunnel, number, 8080) });
                services.Add(service with { Key = ServiceKey.ForAddress(protocol, vip, 443), RealServers = Servers(isIPv6, method, tunnel, number + 1, 0), Persistence = null });
            }

            if (number % 3 == 1)
            {
                services.Add(new VirtualServiceSpec(ServiceKey.ForMark(7, isIPv6))
                {
                    Scheduler = "rr", Persistence = number % 2 == 0 ? new Persistence(20, 32) : null, RealServers = Servers(isIPv6, method, tunnel, number + 2, 0),
                });
            }
        }

        services.Add(new VirtualServiceSpec(ServiceKey.ForAddress(Protocol.Tcp, IPAddress.Parse(Vips[2]), 80))
        {
            Scheduler = "wrr",
            RealServers = [.. Enumerable.Range(11, 3).Select(host => new RealServerSpec(IPAddress.Parse($"10.1.0.{host}"), 8080) { Method = method, Tunnel = tunnel, Weight = host - 10 })],
        });
        return new ForwardingTable
        {
            Services = [.. services],
            Marks =
            [
                new MarkRule(7, null, IPNetwork.Parse("10.9.7.0/24"), []),
                new MarkRule(7, Protocol.Tcp, IPNetwork.Parse("2001:db8:9:7::/64"), [80, 443]),
            ],
            Masquerade = number % 2 == 0
                ? [new MasqueradeRule(IPNetwork.Parse("192.168.1.0/24"), IPAddress.Parse("10.9.0.101")), new MasqueradeRule(IPNetwork.Parse("2001:db8:1::/48"), IPAddress.Parse("2001:db8:9::101"))]
                : [],
            Timeouts = new Timeouts(90, 12, 30),
            Options = new ForwardingOptions
            {
                DropEntry = (number % 3) switch { 0 => DefenceMode.Auto, 1 => DefenceMode.Always, _ => DefenceMode.Off },
                SecureTcp = (number % 5) switch { 0 => DefenceMode.Off, 1 => DefenceMode.Always, _ => DefenceMode.Auto },
                ExpireNoDestination = number % 2 == 1,
                ExpireQuiescentTemplate = number % 3 != 0,
                SloppyTcp = number % 4 == 1,
                PathMtuDiscovery = number % 3 != 2,
            },
        };
    }

    private static ImmutableArray<RealServerSpec> Servers(bool isIPv6, ForwardingMethod method, TunnelOptions tunnel, int number, int port)
    {
        if (method == ForwardingMethod.Local)
            return [new RealServerSpec(IPAddress.Parse(isIPv6 ? "::1" : "127.0.0.1"), (ushort)port) { Method = method }];
        var network = isIPv6 ? "2001:db8:1::" : "192.168.1.";
        var shy = isIPv6 ? "2001:db8:2::" : "192.168.2.";
        var lost = isIPv6 ? "2001:db8:3::" : "192.168.3.";
        var servers = new List<RealServerSpec>
        {
            Server(network + "11", 3) with { UpperThreshold = number % 4 == 2 ? 20 : 0 },
            Server(network + "12", number % 3 == 2 ? 0 : 1),
            Server((number % 2 == 0 ? shy : network) + "13", 2),
        };
        if (number % 8 == 7)
            servers.Add(Server(lost + "14", 1));
        if (method == ForwardingMethod.Tunnel && number % 2 == 0)
            servers.Add(Server(isIPv6 ? "192.168.1.15" : "2001:db8:1::15", 4));
        return number % 11 == 10 ? [] : [.. servers];

        RealServerSpec Server(string address, int weight) => new(IPAddress.Parse(address), (ushort)port) { Method = method, Tunnel = tunnel, Weight = weight };
    }
}
