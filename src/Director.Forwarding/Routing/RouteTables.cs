namespace Director.Forwarding.Routing;

/// <summary>What a change means for what is known.</summary>
[Flags]
internal enum RoutingEffect : byte
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Look-ups may have other answers now.</summary>
    Changed = 1,

    /// <summary>The kernel may have changed routes that it does not tell of: they have to be listed again.</summary>
    RoutesOutdated = 2,

    /// <summary>The policy rules have to be listed again.</summary>
    RulesOutdated = 4,
}

/// <summary>
/// The kernel's routing tables: for each prefix its routes, lowest metric first. Plain changes are followed one by one; where the kernel's event leaves a doubt, the answer is
/// <see cref="RoutingEffect.RoutesOutdated"/>.
/// </summary>
internal sealed class RouteTables
{
    private readonly Dictionary<(uint Number, bool IsIPv6), PrefixTable<RouteEntry[]>> _tables = [];

    /// <summary>The routes of a table.</summary>
    public PrefixTable<RouteEntry[]> this[uint number, bool isIPv6] => _tables.GetValueOrDefault((number, isIPv6), PrefixTable<RouteEntry[]>.Empty);

    /// <summary>Adds a route from a list; of equal metrics the first is used.</summary>
    public void Add(RouteEvent route)
    {
        var routes = Routes(route);
        var at = 0;
        while (at < routes.Length && routes[at].Metric <= route.Entry.Metric)
            at++;
        Set(route, [.. routes[..at], route.Entry, .. routes[at..]]);
    }

    /// <summary>Follows RTM_NEWROUTE.</summary>
    /// <param name="route">The new route.</param>
    /// <param name="isReplacement">Whether it takes the place of the one with the same metric (NLM_F_REPLACE).</param>
    public RoutingEffect Follow(RouteEvent route, bool isReplacement)
    {
        var routes = Routes(route);
        if (routes.Contains(route.Entry))
            return RoutingEffect.None;
        var sameMetric = routes.Count(entry => entry.Metric == route.Entry.Metric);
        if (sameMetric > (isReplacement ? 1 : 0))
            return RoutingEffect.RoutesOutdated;
        if (sameMetric == 1)
            Set(route, [.. routes.Select(entry => entry.Metric == route.Entry.Metric ? route.Entry : entry)]);
        else
            Add(route);
        return RoutingEffect.Changed;
    }

    /// <summary>Follows RTM_DELROUTE.</summary>
    public RoutingEffect Remove(RouteEvent route)
    {
        var routes = Routes(route);
        if (routes.Length == 0)
            return RoutingEffect.None;
        var at = Array.IndexOf(routes, route.Entry);
        if (at < 0)
            return RoutingEffect.RoutesOutdated;
        Set(route, routes.Length == 1 ? null : [.. routes[..at], .. routes[(at + 1)..]]);
        return RoutingEffect.Changed;
    }

    private RouteEntry[] Routes(RouteEvent route) => this[route.Table, route.Prefix.IsIPv6].Get(route.Prefix, route.PrefixLength) ?? [];

    private void Set(RouteEvent route, RouteEntry[]? routes) =>
        _tables[(route.Table, route.Prefix.IsIPv6)] = this[route.Table, route.Prefix.IsIPv6].With(route.Prefix, route.PrefixLength, routes);
}
