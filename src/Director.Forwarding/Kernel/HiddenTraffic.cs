using System.Collections.Immutable;
using System.Net;
using System.Net.NetworkInformation;

namespace Director.Forwarding.Kernel;

/// <summary>A protocol and a port of an address.</summary>
/// <param name="Address">The address.</param>
/// <param name="Protocol">TCP or UDP.</param>
/// <param name="Port">1 to 65535.</param>
internal readonly record struct ServerPort(IPAddress Address, Protocol Protocol, ushort Port);

/// <summary>An interface and a shared MAC address on it.</summary>
internal readonly record struct SharedGateway(string Interface, PhysicalAddress Mac);

/// <summary>
/// Packets that the kernel must not see because the director forwards them. What is hidden here and belongs to no connection of the director's has to be handed back through the TUN device.
/// </summary>
internal sealed record HiddenTraffic
{
    /// <summary>Interfaces that the director takes packets from; nothing is hidden on others.</summary>
    public ImmutableHashSet<string> Interfaces { get; init; } = [];

    /// <summary>Addresses of virtual services, of masquerading, and gateway addresses: everything to them.</summary>
    public ImmutableHashSet<IPAddress> Vips { get; init; } = [];

    /// <summary>
    /// VIPs on this host's loopback interface that the kernel is to have, because another director chooses this host as a real server: they are held elsewhere, or shared, and then only what comes
    /// to a shared MAC is hidden.
    /// </summary>
    public ImmutableHashSet<IPAddress> Served { get; init; } = [];

    /// <summary>MAC addresses that directors share.</summary>
    public ImmutableHashSet<PhysicalAddress> SharedMacs { get; init; } = [];

    /// <summary>Where the kernel takes frames to a shared MAC for its own, because this director is the gateway owner.</summary>
    public ImmutableHashSet<SharedGateway> Gateways { get; init; } = [];

    /// <summary>Where real servers answer from that are reached by NAT.</summary>
    public ImmutableHashSet<ServerPort> NatPorts { get; init; } = [];

    /// <summary>NAT real servers that may answer from any port, being in a service of every port.</summary>
    public ImmutableHashSet<IPAddress> NatHosts { get; init; } = [];

    /// <summary>All NAT real servers, whose later fragments and ICMP errors carry no port.</summary>
    public ImmutableHashSet<IPAddress> NatServers { get; init; } = [];

    /// <summary>Networks whose own connections are masqueraded.</summary>
    public ImmutableArray<IPNetwork> Masqueraded { get; init; } = [];

    /// <summary>Rules that give packets to a mark service.</summary>
    public ImmutableArray<MarkRule> Marked { get; init; } = [];

    /// <summary>Where services on this host answer from; loopback addresses are not among them.</summary>
    public ImmutableHashSet<ServerPort> LocalPorts { get; init; } = [];

    /// <summary>What a table has to hide.</summary>
    /// <param name="table">What the director forwards by.</param>
    /// <param name="interfaces">Interfaces that it takes packets from.</param>
    /// <param name="isOwn">Whether an address is this host's.</param>
    public static HiddenTraffic Of(ForwardingTable table, IEnumerable<string> interfaces, Func<IPAddress, bool> isOwn)
    {
        var vips = ImmutableHashSet.CreateBuilder<IPAddress>();
        var natPorts = ImmutableHashSet.CreateBuilder<ServerPort>();
        var natHosts = ImmutableHashSet.CreateBuilder<IPAddress>();
        var natServers = ImmutableHashSet.CreateBuilder<IPAddress>();
        var localPorts = ImmutableHashSet.CreateBuilder<ServerPort>();
        var marked = table.Marks.Where(mark => table.Services.Any(service => Gives(mark, service.Key))).ToImmutableArray();

        foreach (var service in table.Services)
        {
            if (service.Key.Address is { } vip)
                vips.Add(vip);
            foreach (var server in service.RealServers)
            {
                var isLocal = server.Method == ForwardingMethod.Local || isOwn(server.Address);
                if (isLocal ? IPAddress.IsLoopback(server.Address) : server.Method != ForwardingMethod.Nat)
                    continue;
                var ports = Ports(service.Key, server, marked);
                if (isLocal)
                {
                    localPorts.UnionWith(ports);
                    continue;
                }
                natServers.Add(server.Address);
                if (ports.IsEmpty)
                    natHosts.Add(server.Address);
                else
                    natPorts.UnionWith(ports);
            }
        }
        foreach (var rule in table.Masquerade)
            vips.Add(rule.Address);

        return new()
        {
            Interfaces = [.. interfaces],
            Vips = vips.ToImmutable(),
            NatPorts = natPorts.ToImmutable(),
            NatHosts = natHosts.ToImmutable(),
            NatServers = natServers.ToImmutable(),
            Masqueraded = [.. table.Masquerade.Select(rule => rule.Source).Distinct()],
            Marked = marked,
            LocalPorts = localPorts.ToImmutable(),
        };
    }

    /// <summary>
    /// What a table hides, under what is held. An address that is held elsewhere stays hidden, so that taking it needs no change: the kernel would answer for it by redirects and errors. Only
    /// where it is this host's own the kernel has it.
    /// </summary>
    /// <param name="holdings">What is held.</param>
    /// <param name="isOwn">Whether an address is this host's.</param>
    public HiddenTraffic Under(Holdings holdings, Func<IPAddress, bool> isOwn)
    {
        if (holdings.IsEverything)
            return this;
        var vips = Vips.Union(holdings.Groups.SelectMany(group => group.Addresses));
        var hiddenWhole = holdings.Groups.Where(group => (group.Forwards || group.Answers) && group.Share is null).SelectMany(group => group.Addresses).ToHashSet();
        var served = vips.Where(address => !hiddenWhole.Contains(address) && isOwn(address)).ToImmutableHashSet();
        var shared = holdings.Groups.Where(group => group.Share is not null).ToArray();
        return this with
        {
            Vips = vips.Except(served),
            Served = served,
            SharedMacs = [.. shared.Select(group => group.Share!.SharedMac)],
            Gateways =
            [
                .. from gateway in holdings.Groups
                   where gateway is { IsGateway: true, Forwards: true }
                   from name in gateway.Interfaces.IsEmpty ? Interfaces : gateway.Interfaces.Where(Interfaces.Contains)
                   select new SharedGateway(name, gateway.Mac!),
            ],
        };
    }

    /// <summary>Whether another says the same under what is held; for two of the same table.</summary>
    public bool IsSameUnderHoldings(HiddenTraffic other) =>
        Vips.SetEquals(other.Vips) && Served.SetEquals(other.Served) && SharedMacs.SetEquals(other.SharedMacs) && Gateways.SetEquals(other.Gateways);

    /// <summary>The ports that a real server of a service answers from; empty when it may be any.</summary>
    private static ImmutableArray<ServerPort> Ports(ServiceKey service, RealServerSpec server, ImmutableArray<MarkRule> marks)
    {
        if (service.Address is not null)
        {
            var port = server.Port != 0 ? server.Port : service.Port;
            return port == 0 ? [] : [new(server.Address, service.Protocol, port)];
        }
        var rules = marks.Where(mark => Gives(mark, service)).ToImmutableArray();
        if (server.Port == 0 && rules.Any(rule => rule.Ports.IsEmpty))
            return [];
        return
        [
            .. from rule in rules
               from protocol in rule.Protocol is { } only ? [only] : new[] { Protocol.Tcp, Protocol.Udp }
               from port in server.Port != 0 ? [server.Port] : rule.Ports
               select new ServerPort(server.Address, protocol, port),
        ];
    }

    private static bool Gives(MarkRule rule, ServiceKey service) =>
        service.Address is null && service.Mark == rule.Mark && service.IsIPv6 == (rule.Destination.BaseAddress.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6);
}
