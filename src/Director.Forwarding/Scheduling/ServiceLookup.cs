using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Net;
using Director.Forwarding.Packets;

namespace Director.Forwarding.Scheduling;

/// <summary>
/// Which virtual service a packet belongs to: an immutable snapshot of what <see cref="ServiceTable"/> holds. Look-ups take no lock and allocate nothing.
/// </summary>
internal sealed class ServiceLookup
{
    private readonly FrozenDictionary<ServiceAddress, VirtualService> _byAddress;
    private readonly FrozenDictionary<(uint Mark, bool IsIPv6), VirtualService> _byMark;
    private readonly MarkMatch[] _marks;
    private readonly MasqueradeMatch[] _masquerade;
    private readonly AddressSet _tunnelEnds;
    private readonly AddressSet _virtualAddresses;
    private readonly PrefixSet _virtualNetworks;

    /// <summary>A snapshot of these services under this table's rules.</summary>
    public ServiceLookup(ForwardingTable table, IReadOnlyCollection<VirtualService> services, long version)
    {
        Table = table;
        Version = version;
        Services = [.. services];
        _byAddress = services.Where(service => service.Mark == 0).ToFrozenDictionary(
            service => new ServiceAddress((byte)service.Key.Protocol, InetAddress.From(service.Key.Address!), service.Key.Port));
        _byMark = services.Where(service => service.Mark != 0).ToFrozenDictionary(service => (service.Mark, service.Key.IsIPv6));
        _marks = [.. table.Marks.Select(rule => new MarkMatch(rule))];
        _masquerade = [.. table.Masquerade.Select(rule => new MasqueradeMatch(rule))];

        var marked = table.Marks.Where(rule => _byMark.ContainsKey((rule.Mark, IsIPv6(rule.Destination)))).Select(rule => rule.Destination).ToArray();
        _tunnelEnds = new AddressSet([.. table.Services.SelectMany(service => service.RealServers).Where(server => server.Method == ForwardingMethod.Tunnel)
            .Select(server => InetAddress.From(server.Address)).Distinct()]);
        VirtualAddresses =
        [
            .. _byAddress.Keys.Select(key => key.Address)
                .Concat(table.Masquerade.Select(rule => InetAddress.From(rule.Address)))
                .Concat(marked.Where(IsSingleAddress).Select(network => InetAddress.From(network.BaseAddress)))
                .Distinct(),
        ];
        _virtualAddresses = new AddressSet(VirtualAddresses);
        HasEnding = table.Services.Any(service => service.RealServers.Any(server => server.Fate == ConnectionFate.Ended));
        VirtualNetworks = [.. marked.Where(network => !IsSingleAddress(network))];
        _virtualNetworks = PrefixSet.From(VirtualNetworks);
    }

    /// <summary>The table that it was made from.</summary>
    public ForwardingTable Table { get; }

    /// <summary>Whether a real server's connections have had their time, so that they have to be looked for.</summary>
    public bool HasEnding { get; }

    /// <summary>Grows with every change.</summary>
    public long Version { get; }

    /// <summary>All virtual services, in the table's order.</summary>
    public ImmutableArray<VirtualService> Services { get; }

    /// <summary>
    /// The VIPs, which ARP and neighbour solicitations are answered for: of services, of masquerade rules, and of marks that a service has and that name a single
    /// destination address.
    /// </summary>
    public ImmutableArray<InetAddress> VirtualAddresses { get; }

    /// <summary>Destination networks of marks that a service has.</summary>
    public ImmutableArray<IPNetwork> VirtualNetworks { get; }

    /// <summary>
    /// The service of a packet from a client, as <c>ip_vs_service_find()</c> finds it: by the mark that the rules put on it, else by address and port, else by
    /// address and port 0.
    /// </summary>
    public VirtualService? Find(in Flow flow)
    {
        uint mark = MarkOf(flow);
        if (mark != 0 && _byMark.TryGetValue((mark, flow.Destination.IsIPv6), out var service))
        {
            return service;
        }

        return _byAddress.TryGetValue(new(flow.Protocol, flow.Destination, flow.DestinationPort), out service)
            || _byAddress.TryGetValue(new(flow.Protocol, flow.Destination, 0), out service)
            ? service
            : null;
    }

    /// <summary>The service of exactly this key; null when there is none.</summary>
    public VirtualService? Find(ServiceKey key) => key.Address is null
        ? _byMark.GetValueOrDefault((key.Mark, key.IsIPv6))
        : _byAddress.GetValueOrDefault(new((byte)key.Protocol, InetAddress.From(key.Address), key.Port));

    /// <summary>The service of exactly this mark; null when there is none.</summary>
    public VirtualService? Find(uint mark, bool isIPv6) => _byMark.GetValueOrDefault((mark, isIPv6));

    /// <summary>The service of exactly this address and port; null when there is none.</summary>
    public VirtualService? Find(byte protocol, in InetAddress address, ushort port) => _byAddress.GetValueOrDefault(new(protocol, address, port));

    /// <summary>The mark that the first matching rule puts on a packet; 0 when none matches.</summary>
    public uint MarkOf(in Flow flow)
    {
        foreach (ref readonly var rule in _marks.AsSpan())
        {
            if (rule.Matches(flow))
            {
                return rule.Mark;
            }
        }

        return 0;
    }

    /// <summary>
    /// Whether packets to this address may be a service's or a masqueraded connection's: a VIP, a masquerade address, or a destination of a mark that a service
    /// has.
    /// </summary>
    public bool IsVirtual(in InetAddress address) => _virtualAddresses.Contains(address) || _virtualNetworks.Contains(address);

    /// <summary>Whether this is one of <see cref="VirtualAddresses"/>.</summary>
    public bool IsVip(in InetAddress address) => _virtualAddresses.Contains(address);

    /// <summary>
    /// The address that a connection opened from <paramref name="source"/> gets, by the first masquerade rule of its network and family. None when it stays
    /// within that network.
    /// </summary>
    public bool TryMasquerade(in InetAddress source, in InetAddress destination, out InetAddress address)
    {
        foreach (ref readonly var rule in _masquerade.AsSpan())
        {
            if (rule.Source.Contains(source) && rule.Address.IsIPv6 == source.IsIPv6)
            {
                address = rule.Address;
                return !rule.Source.Contains(destination);
            }
        }

        address = default;
        return false;
    }

    /// <summary>Whether real servers are reached at this address by tunnelling.</summary>
    public bool IsTunnelEnd(in InetAddress address) => _tunnelEnds.Contains(address);

    /// <summary>Whether an address is in a network whose own connections are masqueraded.</summary>
    public bool IsMasqueraded(in InetAddress address)
    {
        foreach (ref readonly var rule in _masquerade.AsSpan())
        {
            if (rule.Source.Contains(address))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsIPv6(IPNetwork network) => network.BaseAddress.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6;

    private static bool IsSingleAddress(IPNetwork network) => network.PrefixLength == (IsIPv6(network) ? 128 : 32);

    private readonly record struct ServiceAddress(byte Protocol, InetAddress Address, ushort Port);

    private readonly record struct Network(InetAddress Address, int Length)
    {
        public Network(IPNetwork network)
            : this(InetAddress.From(network.BaseAddress).Mask(network.PrefixLength), network.PrefixLength)
        {
        }

        public bool Contains(in InetAddress address) => address.IsIPv6 == Address.IsIPv6 && address.Mask(Length) == Address;
    }

    private readonly struct MarkMatch(MarkRule rule)
    {
        private readonly byte _protocol = (byte)(rule.Protocol ?? 0);
        private readonly Network _destination = new(rule.Destination);
        private readonly ImmutableArray<ushort> _ports = rule.Ports;
        private readonly Network? _source = rule.Source is { } source ? new(source) : null;

        public uint Mark { get; } = rule.Mark;

        public bool Matches(in Flow flow) =>
            (_protocol == 0 ? flow.Protocol is (byte)Protocol.Tcp or (byte)Protocol.Udp : flow.Protocol == _protocol)
            && _destination.Contains(flow.Destination)
            && (_ports.IsEmpty || _ports.AsSpan().Contains(flow.DestinationPort))
            && (_source is not { } source || source.Contains(flow.Source));
    }

    private readonly struct MasqueradeMatch(MasqueradeRule rule)
    {
        public Network Source { get; } = new(rule.Source);

        public InetAddress Address { get; } = InetAddress.From(rule.Address);
    }
}
