using Director.Forwarding.Packets;
using Director.Forwarding.Routing;

namespace Director.Forwarding.Engine;

/// <summary>The way to an address in a worker's terms.</summary>
internal struct Path
{
    /// <summary>The address that it leads to.</summary>
    public InetAddress Address;

    /// <summary><see cref="IRoutes.Generation"/> at which it was found.</summary>
    public int Generation;

    /// <summary>The worker's link; -1 when the route leads elsewhere or there is none.</summary>
    public int Link;

    /// <summary>What becomes of packets.</summary>
    public RouteKind Kind;

    /// <summary>The next hop; null on links without.</summary>
    public Neighbour? Neighbour;

    /// <summary>Largest IP packet on the way, in bytes.</summary>
    public int Mtu;

    /// <summary>The address that the kernel would send from.</summary>
    public InetAddress Source;
}

/// <summary>The ways to the addresses that a worker sends to, remembered: one slot an address, the latest wins.</summary>
internal sealed class PathCache
{
    private const int SlotBits = 12;

    private readonly Path[] _slots = new Path[1 << SlotBits];
    private readonly IRoutes _routes;
    private readonly LinkSet _links;
    private readonly PathMtus _mtus;

    /// <param name="routes">The kernel's routes.</param>
    /// <param name="links">The worker's links.</param>
    /// <param name="mtus">Narrow places that routers have reported.</param>
    public PathCache(IRoutes routes, LinkSet links, PathMtus mtus)
    {
        _routes = routes;
        _links = links;
        _mtus = mtus;

        // Generation 0 would make an empty slot look like an answer for 0.0.0.0.
        foreach (ref var slot in _slots.AsSpan())
            slot.Generation = Generation - 1;
    }

    // Both only grow, so their sum changes when one of them does.
    private int Generation => unchecked(_routes.Generation + _mtus.Generation);

    /// <summary>The way to an address; valid until the next call.</summary>
    public ref readonly Path Find(in InetAddress address)
    {
        var hash = (address.First ^ (address.Second * 0x9E37_79B9_7F4A_7C15)) * 0xD6E8_FEB8_6659_FD93;
        ref var slot = ref _slots[hash >> (64 - SlotBits)];
        var generation = Generation;
        if (slot.Generation == generation && slot.Address == address)
            return ref slot;

        var route = _routes.Find(address);
        slot.Address = address;
        slot.Generation = generation;
        slot.Kind = route.Kind;
        slot.Neighbour = route.Neighbour;
        slot.Mtu = Math.Min(route.Mtu, _mtus.Of(address));
        slot.Source = route.Source;
        slot.Link = route.Kind == RouteKind.Unicast ? _links.Find(route.Neighbour!.InterfaceIndex) : -1;
        return ref slot;
    }
}
