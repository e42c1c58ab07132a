using System.Net;
using Director.Forwarding.Links;
using Director.Forwarding.Packets;
using Director.Forwarding.Routing;

namespace Director.Forwarding.Tests.Engine;

/// <summary>Routes that a test writes down; the longest prefix wins.</summary>
internal sealed class StaticRoutes : IRoutes
{
    private readonly List<(IPNetwork Network, Route Route)> _routes = [];

    private readonly Dictionary<InetAddress, Route> _found = [];
    private int _foundAt;

    public List<Neighbour> Resolved { get; } = [];

    public int Generation { get; private set; } = 1;

    /// <summary>A network that is reached through one neighbour.</summary>
    public Neighbour Add(string network, ILink link, ulong mac, int? mtu = null, string source = "0.0.0.0")
    {
        var prefix = IPNetwork.Parse(network);
        var neighbour = new Neighbour(link.InterfaceIndex, InetAddress.From(prefix.BaseAddress)) { Mac = mac };
        _routes.Add((prefix, new Route(RouteKind.Unicast, neighbour, mtu ?? link.Mtu, InetAddress.From(IPAddress.Parse(source)))));
        Generation++;
        return neighbour;
    }

    public void AddLocal(string address)
    {
        var own = IPAddress.Parse(address);
        _routes.Add((new IPNetwork(own, own.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork ? 32 : 128), new Route(RouteKind.Local, null, 65535, InetAddress.From(own))));
        Generation++;
    }

    /// <summary>Allocates only for a destination that was not asked for since the routes changed.</summary>
    public Route Find(in InetAddress destination)
    {
        if (_foundAt != Generation)
            _found.Clear();
        _foundAt = Generation;
        if (!_found.TryGetValue(destination, out var route))
            _found[destination] = route = Search(destination);
        return route;
    }

    private Route Search(in InetAddress destination)
    {
        var address = destination.ToIPAddress();
        var best = default(Route);
        var length = -1;
        foreach (var (network, route) in _routes)
        {
            if (network.PrefixLength > length && network.Contains(address))
                (best, length) = (route, network.PrefixLength);
        }

        return best;
    }

    public void Resolve(Neighbour neighbour) => Resolved.Add(neighbour);
}
