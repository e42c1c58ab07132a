using System.Collections.Frozen;
using System.Numerics;
using Director.Forwarding.Packets;

namespace Director.Forwarding.Routing;

/// <summary>The way to a destination before its neighbour is known.</summary>
/// <param name="Kind">What becomes of a packet.</param>
/// <param name="Interface">Index of the interface that it leaves by.</param>
/// <param name="NextHop">The host on the link that takes it.</param>
/// <param name="HasNeighbours">Whether that host's MAC address has to be found.</param>
/// <param name="Mtu">Largest packet in bytes.</param>
/// <param name="Source">The address to send from; the unspecified one when there is none.</param>
internal readonly record struct Way(RouteKind Kind, int Interface, InetAddress NextHop, bool HasNeighbours, int Mtu, InetAddress Source);

/// <summary>Links, addresses and routes at one moment. Immutable; look-ups allocate nothing.</summary>
/// <param name="tables4">IPv4 routing tables in the order of the rules.</param>
/// <param name="tables6">IPv6 routing tables in the order of the rules.</param>
/// <param name="links">Interfaces by index.</param>
/// <param name="addresses">Addresses fit to send from, in the kernel's order.</param>
internal sealed class RoutingSnapshot(
    PrefixTable<RouteEntry[]>[] tables4, PrefixTable<RouteEntry[]>[] tables6, FrozenDictionary<int, LinkEvent> links, AddressEvent[] addresses)
{
    private const int LargestPacket = 65_535;
    private const byte LinkScope = 253; // RT_SCOPE_LINK

    /// <summary>Nothing is reachable.</summary>
    public static RoutingSnapshot Empty { get; } = new([], [], FrozenDictionary<int, LinkEvent>.Empty, []);

    /// <summary>The way to a destination.</summary>
    public Way Find(in InetAddress destination)
    {
        if (IsGroup(destination))
            return default;
        foreach (var table in destination.IsIPv6 ? tables6 : tables4)
        {
            if (table.Find(destination) is not { } routes)
                continue;
            var route = routes[0];
            switch (route.Type)
            {
                case RouteType.Throw:
                    continue;
                case RouteType.Local or RouteType.Anycast:
                    return new(RouteKind.Local, 0, destination, false, LargestPacket, destination);
                case RouteType.Unicast:
                    return Leave(route, destination);
                default:
                    return default;
            }
        }
        return default;
    }

    private Way Leave(RouteEntry route, in InetAddress destination)
    {
        ref readonly var hop = ref Choose(route.Hops, destination);
        if (!links.TryGetValue(hop.Interface, out var link) || !link.IsUp)
            return default;
        var nextHop = hop.Gateway ?? destination;
        return new(
            RouteKind.Unicast,
            hop.Interface,
            nextHop,
            link.HasNeighbours,
            route.Mtu > 0 && route.Mtu < link.Mtu ? route.Mtu : link.Mtu,
            route.PreferredSource ?? (destination.IsIPv6 ? IPv6Source(hop.Interface, destination) : IPv4Source(hop.Interface, nextHop)));
    }

    /// <summary>One hop for each destination, in proportion to the weights.</summary>
    private static ref readonly RouteHop Choose(RouteHop[] hops, in InetAddress destination)
    {
        if (hops.Length == 1)
            return ref hops[0];
        var total = 0;
        foreach (ref readonly var hop in hops.AsSpan())
            total += hop.Weight;
        var hash = (destination.First ^ BitOperations.RotateLeft(destination.Second, 29)) * 0x9E3779B97F4A7C15;
        var share = (int)(((hash >> 32) * (ulong)total) >> 32);
        var at = 0;
        while (share >= hops[at].Weight)
            share -= hops[at++].Weight;
        return ref hops[at];
    }

    /// <summary>As <c>inet_select_addr</c> (devinet.c): an address in the next hop's network, else any of the interface, else any of the host.</summary>
    private InetAddress IPv4Source(int interfaceIndex, in InetAddress nextHop)
    {
        InetAddress? ofInterface = null, ofHost = null;
        foreach (var address in addresses)
        {
            if (address.Address.IsIPv6 || address.Scope > LinkScope)
                continue;
            if (address.Interface == interfaceIndex)
            {
                if (!nextHop.IsIPv6 && nextHop.Mask(address.PrefixLength) == address.Address.Mask(address.PrefixLength))
                    return address.Address;
                ofInterface ??= address.Address;
            }
            else if (address.Scope < LinkScope)
            {
                ofHost ??= address.Address;
            }
        }
        return ofInterface ?? ofHost ?? InetAddress.FromIPv4(0);
    }

    /// <summary>The rules of RFC 6724 that matter here: the destination's scope, then the outgoing interface, then the longest common prefix.</summary>
    private InetAddress IPv6Source(int interfaceIndex, in InetAddress destination)
    {
        AddressEvent? best = null;
        var bestRank = -1;
        var wantsLink = (destination.First & 0xC0FF) == 0x80FE;
        foreach (var address in addresses)
        {
            var isOfInterface = address.Interface == interfaceIndex;
            // An address of the link means nothing on another; one of the host never leaves it.
            if (!address.Address.IsIPv6 || address.Scope > LinkScope || (address.Scope == LinkScope && !isOfInterface))
                continue;
            var rank = ((address.Scope == LinkScope) == wantsLink ? 512 : 0) + (isOfInterface ? 256 : 0) + CommonBits(address.Address, destination);
            if (rank > bestRank)
                (best, bestRank) = (address, rank);
        }
        return best?.Address ?? InetAddress.FromIPv6(0, 0);
    }

    private static int CommonBits(in InetAddress left, in InetAddress right)
    {
        var bits = 0;
        while (bits < 128 && left.Mask(bits + 1) == right.Mask(bits + 1))
            bits++;
        return bits;
    }

    private static bool IsGroup(in InetAddress address) => address.IsIPv6 ? (byte)address.First == 0xFF : (byte)address.First >= 224;
}
