using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Net;
using Director.Forwarding.Packets;
using Director.Forwarding.Routing;
using Director.Forwarding.Scheduling;

namespace Director.Forwarding.Kernel;

/// <summary>
/// The packet path's view of <see cref="HiddenTraffic"/>: whether the rules that keep the kernel off our traffic kept this packet from it too, so that it has to be handed back. Must agree with
/// <see cref="GuardRules"/> rule by rule. Immutable; look-ups allocate nothing.
/// </summary>
internal sealed class HiddenPackets
{
    private readonly FrozenSet<InetAddress> _vips;
    private readonly FrozenSet<InetAddress> _served;
    private readonly FrozenSet<Port> _natPorts;
    private readonly FrozenSet<InetAddress> _natHosts;
    private readonly FrozenSet<InetAddress> _natServers;
    private readonly PrefixSet _masqueraded;
    private readonly MarkMatch[] _marks;

    /// <param name="traffic">What is hidden.</param>
    public HiddenPackets(HiddenTraffic traffic)
    {
        _vips = Addresses(traffic.Vips);
        _served = Addresses(traffic.Served);
        _natPorts = traffic.NatPorts.Select(port => new Port((byte)port.Protocol, InetAddress.From(port.Address), port.Port)).ToFrozenSet();
        _natHosts = Addresses(traffic.NatHosts);
        _natServers = Addresses(traffic.NatServers);
        _masqueraded = PrefixSet.From(traffic.Masqueraded);
        _marks = [.. traffic.Marked.Select(rule => new MarkMatch(rule))];

        static FrozenSet<InetAddress> Addresses(IEnumerable<IPAddress> addresses) => addresses.Select(InetAddress.From).ToFrozenSet();
    }

    /// <summary>Nothing is hidden.</summary>
    public static HiddenPackets None { get; } = new(new HiddenTraffic());

    private readonly record struct Port(byte Protocol, InetAddress Address, ushort Number);

    /// <summary>Whether an address is one of <see cref="HiddenTraffic.Served"/>.</summary>
    public bool IsServed(in InetAddress address) => _served.Count > 0 && _served.Contains(address);

    /// <summary>Whether real servers reached by NAT answer from this port.</summary>
    public bool IsTranslated(byte protocol, in InetAddress address, ushort port) => _natPorts.Contains(new(protocol, address, port)) || _natHosts.Contains(address);

    /// <summary>Whether an address is a real server's that is reached by NAT.</summary>
    public bool IsTranslated(in InetAddress address) => _natServers.Contains(address);

    /// <summary>Whether the kernel did not get this packet.</summary>
    public bool Contains(in Packet packet, IRoutes routes)
    {
        if (_vips.Contains(packet.Destination))
            return true;
        foreach (ref readonly var mark in _marks.AsSpan())
        {
            if (mark.Matches(packet))
                return true;
        }

        return IsFromHiddenSource(packet) && !IsForThisHostOrAll(packet.Destination, routes);
    }

    private bool IsFromHiddenSource(in Packet packet)
    {
        if (_masqueraded.Contains(packet.Source))
            return true;
        if (_natPorts.Count == 0 && _natServers.Count == 0)
            return false;
        return packet.Protocol switch
        {
            _ when packet.Fragment == FragmentPart.Later => _natServers.Contains(packet.Source),
            Wire.Icmp or Wire.IcmpV6 when IsHiddenError(packet) => _natServers.Contains(packet.Source),
            _ => IsTranslated(packet.Protocol, packet.Source, packet.SourcePort),
        };
    }

    private static unsafe bool IsHiddenError(in Packet packet)
    {
        var type = *packet.Transport;
        return packet.Protocol == Wire.Icmp ? type is 3 or 11 or 12 : type is >= 1 and <= 4;
    }

    private static bool IsForThisHostOrAll(in InetAddress address, IRoutes routes)
    {
        var first = (byte)(address.IsIPv6 ? address.First : address.IPv4Raw);
        return (address.IsIPv6 ? first == 0xFF : first is >= 224) || routes.Find(address).Kind == RouteKind.Local;
    }

    private readonly struct MarkMatch(MarkRule rule)
    {
        private readonly PrefixSet _destination = PrefixSet.From([rule.Destination]);
        private readonly PrefixSet? _source = rule.Source is { } source ? PrefixSet.From([source]) : null;
        private readonly byte _protocol = (byte)(rule.Protocol ?? 0);
        private readonly ImmutableArray<ushort> _ports = rule.Ports;

        public bool Matches(in Packet packet) =>
            (_protocol == 0 ? packet.Protocol is Wire.Tcp or Wire.Udp : packet.Protocol == _protocol)
            && _destination.Contains(packet.Destination)
            && (_source is null || _source.Contains(packet.Source))
            && (_ports.IsEmpty || (packet.Fragment != FragmentPart.Later && _ports.AsSpan().Contains(packet.DestinationPort)));
    }
}
