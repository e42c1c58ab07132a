using System.Globalization;
using System.Net;
using Director.Forwarding.Packets;
using Director.Forwarding.Routing;
using Xunit;
using static Director.Forwarding.Tests.NetworkNamespace;

namespace Director.Forwarding.Tests.Routing;

public sealed class KernelRoutesTests : IDisposable
{
    private readonly NetworkNamespace _host = new();
    private readonly NetworkNamespace _peer = new();
    private readonly List<string> _reports = [];
    private readonly KernelRoutes _routes;

    public KernelRoutesTests()
    {
        Join(_host, _peer, "eth0");
        _host.Run("ip addr add 10.0.0.1/24 dev eth0 && ip -6 addr add 2001:db8::1/64 dev eth0 nodad");
        _peer.Run("ip addr add 10.0.0.2/24 dev eth0 && ip addr add 10.0.0.3/24 dev eth0 && ip -6 addr add 2001:db8::2/64 dev eth0 nodad && ip -6 addr add fe80::99/64 dev eth0 nodad");
        _host.Run("ip route add default via 10.0.0.2 && ip rule add pref 50 from 10.0.0.1 lookup 77");
        _routes = _host.Inside(() => new KernelRoutes(line =>
        {
            lock (_reports)
                _reports.Add(line);
        }));
    }

    public void Dispose()
    {
        _routes?.Dispose();
        _peer.Dispose();
        _host.Dispose();
    }

    [SkippableFact]
    public void What_was_there_before_is_known_at_once()
    {
        var route = Find("8.8.8.8");
        Assert.Equal((RouteKind.Unicast, Parse("10.0.0.2"), 1500, Parse("10.0.0.1")), (route.Kind, route.Neighbour!.Address, route.Mtu, route.Source));
        Assert.Equal(RouteKind.Local, Find("127.0.0.9").Kind);
        Assert.Equal(RouteKind.Local, Find("10.0.0.1").Kind);
        Assert.Equal(RouteKind.Local, Find("2001:db8::1").Kind);
        Assert.Equal(RouteKind.Unreachable, Find("10.0.0.255").Kind);
        Assert.Same(Find("9.9.9.9").Neighbour, route.Neighbour);
        Assert.Contains("ip rule 50 (table 77)", Assert.Single(_reports), StringComparison.Ordinal);
    }

    [SkippableFact]
    public void Routes_come_go_and_change_their_gateway()
    {
        var generation = _routes.Generation;
        _host.Run("ip route add 10.5.0.0/16 via 10.0.0.3 mtu 1200");
        Eventually(() => Find("10.5.0.1") is { Mtu: 1200 } route && route.Neighbour!.Address == Parse("10.0.0.3"), "the new route");
        Assert.NotEqual(generation, _routes.Generation);
        _host.Run("ip route replace 10.5.0.0/16 via 10.0.0.4");
        Eventually(() => Find("10.5.0.1").Neighbour!.Address == Parse("10.0.0.4"), "the other gateway");
        _host.Run("ip route add 10.5.0.0/16 via 10.0.0.5 metric 5 && ip route add blackhole 10.5.1.0/24");
        Eventually(() => Find("10.5.1.1").Kind == RouteKind.Unreachable, "the black hole");
        Assert.Equal(Parse("10.0.0.4"), Find("10.5.0.1").Neighbour!.Address);
        _host.Run("ip route del 10.5.0.0/16 via 10.0.0.4");
        Eventually(() => Find("10.5.0.1").Neighbour!.Address == Parse("10.0.0.5"), "the next metric");
        _host.Run("ip route del default");
        Eventually(() => Find("8.8.8.8").Kind == RouteKind.Unreachable, "no default route");
    }

    [SkippableFact]
    public void A_multipath_route_that_loses_and_gains_hops_is_followed()
    {
        _host.Run("ip -6 route add 2001:db8:5::/48 nexthop via 2001:db8::2 nexthop via 2001:db8::3");
        Eventually(() => Hops("2001:db8:5::").SetEquals([Parse("2001:db8::2"), Parse("2001:db8::3")]), "both hops");
        _host.Run("ip -6 route del 2001:db8:5::/48 via 2001:db8::2");
        Eventually(() => Hops("2001:db8:5::").SetEquals([Parse("2001:db8::3")]), "one hop");
        _host.Run("ip -6 route append 2001:db8:5::/48 via 2001:db8::4");
        Eventually(() => Hops("2001:db8:5::").SetEquals([Parse("2001:db8::3"), Parse("2001:db8::4")]), "the appended hop");
        _host.Run("ip route add 10.6.0.0/16 nexthop via 10.0.0.2 nexthop via inet6 fe80::99 dev eth0");
        Eventually(() => Hops("10.6.0.").SetEquals([Parse("10.0.0.2"), Parse("fe80::99")]), "a hop of each family");
    }

    [SkippableFact]
    public void Routes_that_an_interface_takes_along_without_a_word_are_missed()
    {
        _host.Run("ip link add eth7 type veth peer name eth8 && ip link set eth8 up && ip link set eth7 up && ip addr add 10.7.0.1/24 dev eth7 && ip route add 10.8.0.0/16 via 10.7.0.2");
        Eventually(() => Find("10.8.0.1").Kind == RouteKind.Unicast && Find("10.8.0.1").Neighbour!.Address == Parse("10.7.0.2"), "the route through eth7");
        _host.Run("ip link set eth7 down");
        Eventually(() => Find("10.8.0.1").Neighbour!.Address == Parse("10.0.0.2"), "the default route instead");
        _host.Run("ip link set eth0 mtu 1300");
        Eventually(() => Find("8.8.8.8").Mtu == 1300, "the new MTU");
    }

    [SkippableFact]
    public void A_table_that_a_rule_begins_to_look_into_is_read()
    {
        _host.Run("ip route add 10.9.0.0/16 via 10.0.0.3 table 900");
        Assert.Equal(Parse("10.0.0.2"), Find("10.9.0.1").Neighbour!.Address);
        _host.Run("ip rule add pref 60 lookup 900");
        Eventually(() => Find("10.9.0.1").Neighbour!.Address == Parse("10.0.0.3"), "the route of table 900");
        _host.Run("ip rule del pref 60");
        Eventually(() => Find("10.9.0.1").Neighbour!.Address == Parse("10.0.0.2"), "the default route again");
    }

    [SkippableTheory]
    [InlineData("10.0.0.2")]
    [InlineData("2001:db8::2")]
    public void A_neighbour_is_resolved_when_asked_for(string address)
    {
        var neighbour = Find(address).Neighbour!;
        Assert.Equal(0ul, neighbour.Mac);
        _routes.Resolve(neighbour);
        _routes.Resolve(neighbour);
        Eventually(() => neighbour.Mac == PeerMac(), "the MAC");
        Assert.Same(neighbour, Find(address).Neighbour);
    }

    [SkippableFact]
    public void The_mac_of_a_neighbour_in_use_changes_in_place()
    {
        _host.Run("sysctl -qw net.ipv4.neigh.eth0.base_reachable_time_ms=200 net.ipv4.neigh.eth0.delay_first_probe_time=0 net.ipv4.neigh.eth0.retrans_time_ms=100 net.ipv4.neigh.eth0.locktime=0");
        var neighbour = Find("10.0.0.2").Neighbour!;
        _routes.Resolve(neighbour);
        Eventually(() => neighbour.Mac != 0, "the MAC");
        _peer.Run("ip link set eth0 address 02:00:00:00:00:77");
        Eventually(
            () =>
            {
                neighbour.Used = true;
                return neighbour.Mac == 0x77_00_00_00_00_02;
            },
            "the new MAC, without an announcement");
        Assert.Same(neighbour, Find("10.0.0.2").Neighbour);
    }

    [SkippableFact]
    public void A_host_that_is_gone_loses_its_mac_and_has_it_again_when_it_returns()
    {
        _host.Run("sysctl -qw net.ipv4.neigh.eth0.base_reachable_time_ms=200 net.ipv4.neigh.eth0.delay_first_probe_time=0 net.ipv4.neigh.eth0.retrans_time_ms=100");
        var neighbour = Find("10.0.0.3").Neighbour!;
        _routes.Resolve(neighbour);
        Eventually(() => neighbour.Mac == PeerMac(), "the MAC");
        _peer.Run("ip addr del 10.0.0.3/24 dev eth0");
        Eventually(
            () =>
            {
                neighbour.Used = true;
                return neighbour.Mac == 0;
            },
            "no MAC");
        _peer.Run("ip addr add 10.0.0.3/24 dev eth0");
        Eventually(
            () =>
            {
                _routes.Resolve(neighbour);
                return neighbour.Mac == PeerMac();
            },
            "the MAC again");
    }

    [SkippableFact]
    public void A_neighbour_that_the_operator_set_stays_set()
    {
        _host.Run("ip neigh add 10.0.0.4 lladdr 02:00:00:00:00:44 dev eth0");
        var neighbour = Find("10.0.0.4").Neighbour!;
        Eventually(() => neighbour.Mac == 0x44_00_00_00_00_02, "the static MAC");
        neighbour.Used = true;
        _routes.Resolve(neighbour);
        Eventually(() => !neighbour.Used, "a refresh");
        Assert.Contains("PERMANENT", _host.Run("ip neigh show 10.0.0.4"), StringComparison.Ordinal);
    }

    [SkippableFact]
    public void Ten_thousand_routes_at_once_are_followed_even_if_events_are_lost()
    {
        _host.Run("for i in $(seq 0 9999); do echo \"route add 10.$((100 + i / 5000)).$((i / 256 % 20)).$((i % 256))/32 via 10.0.0.3\"; done | sort -u > /tmp/$$.routes; ip -force -batch /tmp/$$.routes; rm /tmp/$$.routes");
        Eventually(() => Find("10.100.0.9").Neighbour!.Address == Parse("10.0.0.3") && Find("10.101.15.9").Neighbour!.Address == Parse("10.0.0.3"), "the routes");
        var destination = Parse("10.100.3.4");
        _routes.Find(destination);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
            _routes.Find(destination);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [SkippableFact]
    public void An_interface_without_macs_needs_none()
    {
        _host.Run("ip tuntap add tun9 mode tun && ip link set tun9 up && ip route add 10.10.0.0/16 dev tun9");
        Eventually(() => Find("10.10.0.1").Neighbour?.Mac == 0xFFFF_FFFF_FFFF, "the route into the device");
        Assert.Same(Find("10.10.0.1").Neighbour, Find("10.10.0.2").Neighbour);
    }

    private HashSet<InetAddress> Hops(string prefix) =>
        [.. Enumerable.Range(1, 60).Select(i => Find($"{prefix}{i}").Neighbour?.Address).OfType<InetAddress>()];

    private ulong PeerMac() => _peer.Run("cat /sys/class/net/eth0/address").Trim().Split(':').Reverse()
        .Aggregate(0ul, (mac, part) => mac << 8 | ulong.Parse(part, NumberStyles.HexNumber, CultureInfo.InvariantCulture));

    private Route Find(string destination) => _routes.Find(Parse(destination));

    private static InetAddress Parse(string address) => InetAddress.From(IPAddress.Parse(address));
}
