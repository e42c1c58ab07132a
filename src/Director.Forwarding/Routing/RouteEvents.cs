using Director.Forwarding.Packets;

namespace Director.Forwarding.Routing;

/// <summary>A network interface, as RTM_NEWLINK and RTM_DELLINK tell of it.</summary>
/// <param name="Index">The kernel's index.</param>
/// <param name="Name">Its name.</param>
/// <param name="IsUp">IFF_UP.</param>
/// <param name="HasNeighbours">Whether a MAC address has to be found before a frame can be sent: Ethernet without IFF_NOARP.</param>
/// <param name="Mtu">Largest IP packet in bytes.</param>
internal sealed record LinkEvent(int Index, string Name, bool IsUp, bool HasNeighbours, int Mtu);

/// <summary>An address of this host, as RTM_NEWADDR and RTM_DELADDR tell of it.</summary>
/// <param name="Interface">Index of its interface.</param>
/// <param name="Address">The address.</param>
/// <param name="PrefixLength">Of the network on the interface.</param>
/// <param name="Scope">RT_SCOPE_...: 0 is the world, 253 the link, 254 the host.</param>
/// <param name="IsUsable">Neither tentative, nor found to be another's, nor deprecated: fit to send from.</param>
internal sealed record AddressEvent(int Interface, InetAddress Address, int PrefixLength, byte Scope, bool IsUsable);

/// <summary>Types of routes; values are RTN_... of <c>rtnetlink.h</c>.</summary>
internal enum RouteType : byte
{
    /// <summary>To a gateway or a host on the link.</summary>
    Unicast = 1,

    /// <summary>To this host.</summary>
    Local = 2,

    /// <summary>To everyone on the link.</summary>
    Broadcast = 3,

    /// <summary>To this host, under an address that others have too.</summary>
    Anycast = 4,

    /// <summary>To a group.</summary>
    Multicast = 5,

    /// <summary>Dropped in silence.</summary>
    Blackhole = 6,

    /// <summary>Refused as unreachable.</summary>
    Unreachable = 7,

    /// <summary>Refused as prohibited.</summary>
    Prohibit = 8,

    /// <summary>The search goes on in the next table.</summary>
    Throw = 9,
}

/// <summary>One way of a route.</summary>
/// <param name="Interface">Index of the interface that it leaves by.</param>
/// <param name="Gateway">The next hop, of either family; null: the destination is on the link.</param>
/// <param name="Weight">Share of the destinations that go this way, 1 to 256.</param>
internal readonly record struct RouteHop(int Interface, InetAddress? Gateway, int Weight);

/// <summary>A route without its prefix.</summary>
/// <param name="Type">What becomes of packets.</param>
/// <param name="Metric">The route with the lowest counts.</param>
/// <param name="Mtu">Largest packet in bytes; 0: the interface's.</param>
/// <param name="PreferredSource">The address to send from; null: one of the interface's.</param>
/// <param name="Hops">The ways of a unicast route.</param>
internal sealed record RouteEntry(RouteType Type, uint Metric, int Mtu, InetAddress? PreferredSource, RouteHop[] Hops)
{
    /// <inheritdoc/>
    public bool Equals(RouteEntry? other) =>
        other is not null && Type == other.Type && Metric == other.Metric && Mtu == other.Mtu && PreferredSource == other.PreferredSource && Hops.AsSpan().SequenceEqual(other.Hops);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Type, Metric, Hops.Length);
}

/// <summary>A route, as RTM_NEWROUTE and RTM_DELROUTE tell of it.</summary>
/// <param name="Table">Number of its table.</param>
/// <param name="Prefix">Where it leads.</param>
/// <param name="PrefixLength">Bits of the prefix.</param>
/// <param name="Entry">The rest.</param>
internal sealed record RouteEvent(uint Table, InetAddress Prefix, int PrefixLength, RouteEntry Entry);

/// <summary>A policy routing rule, as RTM_NEWRULE tells of it.</summary>
/// <param name="IsIPv6">Its family.</param>
/// <param name="Priority">The rule with the lowest is asked first.</param>
/// <param name="Table">The table that it looks into.</param>
/// <param name="IsPlain">Whether it looks into the table for every packet: no selector, no suppression, no other action.</param>
internal sealed record RuleEvent(bool IsIPv6, uint Priority, uint Table, bool IsPlain);

/// <summary>States of neighbours; values are NUD_... of <c>neighbour.h</c>.</summary>
[Flags]
internal enum NeighbourStates : ushort
{
    /// <summary>Nothing is known.</summary>
    None = 0,

    /// <summary>Being asked for.</summary>
    Incomplete = 0x01,

    /// <summary>Confirmed lately.</summary>
    Reachable = 0x02,

    /// <summary>Not confirmed lately.</summary>
    Stale = 0x04,

    /// <summary>Used though stale; will be asked again.</summary>
    Delay = 0x08,

    /// <summary>Being asked again.</summary>
    Probe = 0x10,

    /// <summary>Does not answer.</summary>
    Failed = 0x20,

    /// <summary>Needs no MAC.</summary>
    NoArp = 0x40,

    /// <summary>Set by the operator.</summary>
    Permanent = 0x80,

    /// <summary>States in which the MAC may be used.</summary>
    Valid = Reachable | Stale | Delay | Probe | NoArp | Permanent,
}

/// <summary>A neighbour, as RTM_NEWNEIGH and RTM_DELNEIGH tell of it.</summary>
/// <param name="Interface">Index of its interface.</param>
/// <param name="Address">Its address.</param>
/// <param name="Mac">Its MAC address as in <see cref="Links.ILink.Mac"/>; 0 when it may not be used.</param>
/// <param name="State">What the kernel knows of it.</param>
internal readonly record struct NeighbourEvent(int Interface, InetAddress Address, ulong Mac, NeighbourStates State);
