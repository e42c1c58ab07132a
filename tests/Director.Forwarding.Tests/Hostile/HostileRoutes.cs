using System.Net;
using Director.Forwarding.Packets;
using Director.Forwarding.Routing;

namespace Director.Forwarding.Tests.Hostile;

/// <summary>Routes of the director under attack, found without allocating: clients at different MTUs, real servers, a neighbour that comes and goes, a way out of no link of ours.</summary>
internal sealed class HostileRoutes : IRoutes
{
    private readonly List<(InetAddress Network, int Length, Route Route)> _routes = [];
    private readonly Neighbour _shy;

    public HostileRoutes()
    {
        Add("10.9.0.0", 16, "2001:db8:9::", 48, 1, DirectorUnderAttack.ClientMac, 1500, "10.9.0.1", "2001:db8:9::1");
        Add("10.8.0.0", 16, "2001:db8:8::", 48, 1, DirectorUnderAttack.ClientMac, 1280, "10.9.0.1", "2001:db8:9::1");
        Add("10.7.0.0", 16, "2001:db8:7::", 48, 1, DirectorUnderAttack.ClientMac, 576, "10.9.0.1", "2001:db8:9::1");
        Add("192.168.50.0", 24, "2001:db8:50::", 48, 1, DirectorUnderAttack.ClientMac, 1500, "192.168.50.1", "2001:db8:9::1");
        Add("10.1.0.0", 24, "2001:db8:a1::", 48, 2, DirectorUnderAttack.RealMac, 1500, "10.1.0.1", "2001:db8:1::1");
        Add("192.168.1.0", 24, "2001:db8:1::", 48, 2, DirectorUnderAttack.RealMac, 1500, "192.168.1.1", "2001:db8:1::1");
        Add("192.168.3.0", 24, "2001:db8:3::", 48, 99, DirectorUnderAttack.RealMac, 1500, "192.168.1.1", "2001:db8:1::1");
        _shy = Add("192.168.2.0", 24, "2001:db8:2::", 48, 2, 0, 1500, "192.168.1.1", "2001:db8:1::1");
        foreach (var own in (string[])["192.168.1.1", "2001:db8:1::1", "10.9.0.1", "2001:db8:9::1", "127.0.0.1", "::1"])
        {
            var address = InetAddress.From(IPAddress.Parse(own));
            _routes.Add((address, address.IsIPv6 ? 128 : 32, new Route(RouteKind.Local, null, 65535, address)));
        }
    }

    public int Generation => 1;

    public bool AreNeighboursKnown
    {
        set => _shy.Mac = value ? DirectorUnderAttack.RealMac : 0;
    }

    public Route Find(in InetAddress destination)
    {
        var best = default(Route);
        var longest = -1;
        foreach (var (network, length, route) in _routes)
        {
            if (network.IsIPv6 == destination.IsIPv6 && length > longest && destination.Mask(length) == network)
                (best, longest) = (route, length);
        }

        return best;
    }

    public void Resolve(Neighbour neighbour)
    {
    }

    private Neighbour Add(string v4, int v4Length, string v6, int v6Length, int interfaceIndex, ulong mac, int mtu, string v4Source, string v6Source)
    {
        var neighbour = new Neighbour(interfaceIndex, InetAddress.From(IPAddress.Parse(v4))) { Mac = mac };
        _routes.Add((InetAddress.From(IPAddress.Parse(v4)), v4Length, new Route(RouteKind.Unicast, neighbour, mtu, InetAddress.From(IPAddress.Parse(v4Source)))));
        _routes.Add((InetAddress.From(IPAddress.Parse(v6)), v6Length, new Route(RouteKind.Unicast, neighbour, Math.Max(mtu, 1280), InetAddress.From(IPAddress.Parse(v6Source)))));
        return neighbour;
    }
}
