using System.Collections.Frozen;

namespace Director.Forwarding.Routing;

/// <summary>All that the kernel has told of links, addresses, rules and routes. Pure: it is given events and lists and makes <see cref="RoutingSnapshot"/>s.</summary>
internal sealed class RoutingState
{
    private const uint LocalTable = 255, MainTable = 254, DefaultTable = 253;

    private readonly Dictionary<int, LinkEvent> _links = [];
    private readonly List<AddressEvent> _addresses = [];
    private RouteTables _routes = new();
    private uint[] _tables4 = [LocalTable, MainTable, DefaultTable];
    private uint[] _tables6 = [LocalTable, MainTable];

    /// <summary>The rules that were left out of account at the last <see cref="SetRules"/>: those that look at more than the destination.</summary>
    public IReadOnlyList<RuleEvent> IgnoredRules { get; private set; } = [];

    /// <summary>Whether any rule looks into a table; routes of others need not be remembered.</summary>
    public bool IsWanted(RouteEvent route) => (route.Prefix.IsIPv6 ? _tables6 : _tables4).Contains(route.Table);

    /// <summary>Forgets links and addresses before they are listed again.</summary>
    public void ClearInterfaces()
    {
        _links.Clear();
        _addresses.Clear();
    }

    /// <summary>Follows RTM_NEWLINK.</summary>
    public RoutingEffect Follow(LinkEvent link)
    {
        var known = _links.GetValueOrDefault(link.Index);
        if (known == link)
            return RoutingEffect.None;
        _links[link.Index] = link;
        // An interface that goes down takes its IPv4 routes along, and the kernel sends no RTM_DELROUTE for them (fib_frontend.c, fib_disable_ip).
        return RoutingEffect.Changed | (known?.IsUp != link.IsUp ? RoutingEffect.RoutesOutdated : RoutingEffect.None);
    }

    /// <summary>Follows RTM_DELLINK.</summary>
    public RoutingEffect Remove(LinkEvent link)
    {
        _addresses.RemoveAll(address => address.Interface == link.Index);
        return _links.Remove(link.Index) ? RoutingEffect.Changed | RoutingEffect.RoutesOutdated : RoutingEffect.None;
    }

    /// <summary>Follows RTM_NEWADDR.</summary>
    public RoutingEffect Follow(AddressEvent address)
    {
        var at = _addresses.FindIndex(known => IsSame(known, address));
        if (at < 0)
            _addresses.Add(address);
        else if (_addresses[at] == address)
            return RoutingEffect.None;
        else
            _addresses[at] = address;
        return RoutingEffect.Changed;
    }

    /// <summary>Follows RTM_DELADDR. Routes that preferred the address as source go without an event (fib_semantics.c, fib_sync_down_addr).</summary>
    public RoutingEffect Remove(AddressEvent address) =>
        _addresses.RemoveAll(known => IsSame(known, address)) > 0 ? RoutingEffect.Changed | RoutingEffect.RoutesOutdated : RoutingEffect.None;

    /// <summary>Follows RTM_NEWROUTE.</summary>
    public RoutingEffect Follow(RouteEvent route, bool isReplacement) => IsWanted(route) ? _routes.Follow(route, isReplacement) : RoutingEffect.None;

    /// <summary>Follows RTM_DELROUTE.</summary>
    public RoutingEffect Remove(RouteEvent route) => IsWanted(route) ? _routes.Remove(route) : RoutingEffect.None;

    /// <summary>Puts newly listed routes in the place of all.</summary>
    public void SetRoutes(RouteTables routes) => _routes = routes;

    /// <summary>Puts newly listed rules in the place of all.</summary>
    /// <returns><see cref="RoutingEffect.RoutesOutdated"/> when a table is looked into whose routes were not remembered.</returns>
    public RoutingEffect SetRules(IReadOnlyCollection<RuleEvent> rules)
    {
        var before = (IPv4: _tables4, IPv6: _tables6);
        _tables4 = Tables(rules, isIPv6: false);
        _tables6 = Tables(rules, isIPv6: true);
        IgnoredRules = [.. rules.Where(rule => !rule.IsPlain)];
        if (_tables4.Except(before.IPv4).Any() || _tables6.Except(before.IPv6).Any())
            return RoutingEffect.Changed | RoutingEffect.RoutesOutdated;
        return _tables4.SequenceEqual(before.IPv4) && _tables6.SequenceEqual(before.IPv6) ? RoutingEffect.None : RoutingEffect.Changed;
    }

    /// <summary>What look-ups see from now on.</summary>
    public RoutingSnapshot Snapshot() => new(
        [.. _tables4.Select(table => _routes[table, false])],
        [.. _tables6.Select(table => _routes[table, true])],
        _links.Values.ToFrozenDictionary(link => link.Index),
        [.. _addresses.Where(address => address.IsUsable)]);

    private static uint[] Tables(IEnumerable<RuleEvent> rules, bool isIPv6)
    {
        uint[] tables = [.. rules.Where(rule => rule.IsPlain && rule.IsIPv6 == isIPv6).OrderBy(rule => rule.Priority).Select(rule => rule.Table).Distinct()];
        // A kernel without policy routing lists no rule.
        return tables.Length == 0 ? [LocalTable, MainTable, DefaultTable] : tables;
    }

    private static bool IsSame(AddressEvent left, AddressEvent right) =>
        left.Interface == right.Interface && left.Address == right.Address && left.PrefixLength == right.PrefixLength;
}
