using System.Net;
using Director.Forwarding.Packets;
using Director.Forwarding.Routing;
using Xunit;

namespace Director.Forwarding.Tests.Routing;

public class RoutingStateTests
{
    private const uint Main = 254;
    private readonly RoutingState _state = new();

    public RoutingStateTests()
    {
        _state.Follow(new LinkEvent(1, "eth0", true, true, 1500));
        _state.Follow(new LinkEvent(2, "eth1", true, true, 9000));
        _state.Follow(new LinkEvent(3, "tun0", true, false, 1400));
        _state.Follow(new AddressEvent(1, Parse("10.0.0.1"), 24, 0, true));
        _state.Follow(new AddressEvent(1, Parse("10.0.1.1"), 24, 0, true));
        _state.Follow(new AddressEvent(1, Parse("2001:db8::1"), 64, 0, true));
        _state.Follow(new AddressEvent(1, Parse("fe80::1"), 64, 253, true));
        Add("10.0.0.0/24", Unicast(new RouteHop(1, null, 1)));
        Add("10.0.1.0/24", Unicast(new RouteHop(1, null, 1)));
    }

    [Fact]
    public void A_destination_on_the_link_is_its_own_next_hop_and_the_source_is_of_its_network() => Assert.Equal(
        new Way(RouteKind.Unicast, 1, Parse("10.0.1.9"), true, 1500, Parse("10.0.1.1")), Find("10.0.1.9"));

    [Fact]
    public void A_gateway_is_the_next_hop_and_the_smaller_of_both_mtus_counts()
    {
        Add("0.0.0.0/0", Unicast(new RouteHop(1, Parse("10.0.1.254"), 1)) with { Mtu = 1300 });
        Assert.Equal(new Way(RouteKind.Unicast, 1, Parse("10.0.1.254"), true, 1300, Parse("10.0.1.1")), Find("8.8.8.8"));
    }

    [Fact]
    public void An_IPv4_route_may_lead_through_an_IPv6_gateway()
    {
        Add("0.0.0.0/0", Unicast(new RouteHop(1, Parse("fe80::9"), 1)));
        Assert.Equal(new Way(RouteKind.Unicast, 1, Parse("fe80::9"), true, 1500, Parse("10.0.0.1")), Find("8.8.8.8"));
    }

    [Fact]
    public void Behind_an_interface_without_neighbours_none_is_looked_for()
    {
        Add("10.9.0.0/16", Unicast(new RouteHop(3, null, 1)));
        Assert.Equal((RouteKind.Unicast, 3, false, 1400), (Find("10.9.0.1").Kind, Find("10.9.0.1").Interface, Find("10.9.0.1").HasNeighbours, Find("10.9.0.1").Mtu));
    }

    [Fact]
    public void The_lowest_metric_counts_and_the_next_takes_over_when_it_goes()
    {
        var first = Route("10.5.0.0/16", Unicast(new RouteHop(1, Parse("10.0.0.5"), 1)) with { Metric = 10 });
        Add("10.5.0.0/16", Unicast(new RouteHop(1, Parse("10.0.0.6"), 1)) with { Metric = 20 });
        Assert.Equal(RoutingEffect.Changed, _state.Follow(first, isReplacement: false));
        Assert.Equal(Parse("10.0.0.5"), Find("10.5.1.1").NextHop);
        Assert.Equal(RoutingEffect.Changed, _state.Remove(first));
        Assert.Equal(Parse("10.0.0.6"), Find("10.5.1.1").NextHop);
    }

    [Fact]
    public void A_replacement_takes_the_place_of_the_route_with_its_metric()
    {
        Add("10.5.0.0/16", Unicast(new RouteHop(1, Parse("10.0.0.5"), 1)));
        Assert.Equal(RoutingEffect.Changed, _state.Follow(Route("10.5.0.0/16", Unicast(new RouteHop(1, Parse("10.0.0.7"), 1))), isReplacement: true));
        Assert.Equal(Parse("10.0.0.7"), Find("10.5.1.1").NextHop);
        Assert.Equal(RoutingEffect.Changed, _state.Remove(Route("10.5.0.0/16", Unicast(new RouteHop(1, Parse("10.0.0.7"), 1)))));
        Assert.Equal(RouteKind.Unreachable, Find("10.5.1.1").Kind);
    }

    [Fact]
    public void What_an_event_leaves_in_doubt_is_listed_again()
    {
        Add("10.5.0.0/16", Unicast(new RouteHop(1, Parse("10.0.0.5"), 1)));
        var other = Route("10.5.0.0/16", Unicast(new RouteHop(1, Parse("10.0.0.6"), 1)));
        Assert.Equal(RoutingEffect.RoutesOutdated, _state.Follow(other, isReplacement: false));
        Assert.Equal(RoutingEffect.RoutesOutdated, _state.Remove(other));
        Assert.Equal(RoutingEffect.Changed | RoutingEffect.RoutesOutdated, _state.Follow(new LinkEvent(2, "eth1", false, true, 9000)));
        Assert.Equal(RoutingEffect.Changed | RoutingEffect.RoutesOutdated, _state.Remove(new AddressEvent(1, Parse("10.0.1.1"), 24, 0, true)));
    }

    [Fact]
    public void An_event_that_says_nothing_new_changes_nothing()
    {
        Assert.Equal(RoutingEffect.None, _state.Follow(new LinkEvent(1, "eth0", true, true, 1500)));
        Assert.Equal(RoutingEffect.None, _state.Follow(new AddressEvent(1, Parse("10.0.0.1"), 24, 0, true)));
        Assert.Equal(RoutingEffect.None, _state.Follow(Route("10.0.0.0/24", Unicast(new RouteHop(1, null, 1))), isReplacement: false));
        Assert.Equal(RoutingEffect.None, _state.Follow(new RouteEvent(77, Parse("10.0.0.0"), 8, Unicast(new RouteHop(1, null, 1))), isReplacement: false));
    }

    [Theory]
    [InlineData((int)RouteType.Blackhole)]
    [InlineData((int)RouteType.Unreachable)]
    [InlineData((int)RouteType.Prohibit)]
    [InlineData((int)RouteType.Broadcast)]
    public void Routes_that_lead_nowhere_hide_shorter_ones(int type)
    {
        Add("0.0.0.0/0", Unicast(new RouteHop(1, Parse("10.0.0.254"), 1)));
        Add("10.6.0.0/16", new RouteEntry((RouteType)type, 0, 0, null, []));
        Assert.Equal(RouteKind.Unreachable, Find("10.6.0.1").Kind);
        Assert.Equal(RouteKind.Unicast, Find("10.7.0.1").Kind);
    }

    [Fact]
    public void The_tables_are_asked_in_the_order_of_the_rules_and_a_throw_goes_on_to_the_next()
    {
        Assert.Equal(
            RoutingEffect.Changed | RoutingEffect.RoutesOutdated,
            _state.SetRules([new(false, 32766, Main, true), new(false, 0, 255, true), new(false, 100, 1000, true), new(false, 50, 2000, false), new(true, 0, 255, true)]));
        Assert.Equal(2000u, Assert.Single(_state.IgnoredRules).Table);
        _state.Follow(new RouteEvent(1000, Parse("10.0.0.0"), 8, Unicast(new RouteHop(2, Parse("10.0.0.77"), 1))), false);
        _state.Follow(new RouteEvent(1000, Parse("10.0.1.0"), 24, new RouteEntry(RouteType.Throw, 0, 0, null, [])), false);
        _state.Follow(new RouteEvent(255, Parse("10.0.0.1"), 32, new RouteEntry(RouteType.Local, 0, 0, null, [])), false);
        Assert.Equal(Parse("10.0.0.77"), Find("10.0.0.5").NextHop);
        Assert.Equal(Parse("10.0.1.5"), Find("10.0.1.5").NextHop);
        Assert.Equal(RouteKind.Local, Find("10.0.0.1").Kind);
    }

    [Fact]
    public void Destinations_are_spread_over_the_hops_by_weight_and_each_keeps_its_own()
    {
        Add("10.3.0.0/16", Unicast(new RouteHop(1, Parse("10.0.0.2"), 1), new RouteHop(1, Parse("10.0.0.3"), 3)));
        var snapshot = _state.Snapshot();
        var first = Enumerable.Range(0, 4000).Count(i => snapshot.Find(Parse($"10.3.{i >> 8}.{i & 255}")).NextHop == Parse("10.0.0.2"));
        Assert.InRange(first, 800, 1200);
        Assert.Equal(snapshot.Find(Parse("10.3.1.1")), snapshot.Find(Parse("10.3.1.1")));
    }

    [Fact]
    public void A_route_out_of_an_interface_that_is_down_leads_nowhere()
    {
        _state.Follow(new LinkEvent(1, "eth0", false, true, 1500));
        Assert.Equal(RouteKind.Unreachable, Find("10.0.0.9").Kind);
    }

    [Theory]
    [InlineData("2001:db8::9", "2001:db8::1")]
    [InlineData("fe80::9", "fe80::1")]
    public void The_IPv6_source_has_the_scope_of_the_destination(string destination, string source)
    {
        Add("::/0", Unicast(new RouteHop(1, null, 1)));
        Assert.Equal(Parse(source), Find(destination).Source);
    }

    [Theory]
    [InlineData("224.0.0.5")]
    [InlineData("255.255.255.255")]
    [InlineData("ff02::1")]
    public void Groups_have_no_way_even_with_a_default_route(string group)
    {
        Add("0.0.0.0/0", Unicast(new RouteHop(1, null, 1)));
        Add("::/0", Unicast(new RouteHop(1, null, 1)));
        Assert.Equal(RouteKind.Unreachable, Find(group).Kind);
    }

    private void Add(string network, RouteEntry entry) => _state.Follow(Route(network, entry), isReplacement: false);

    private static RouteEvent Route(string network, RouteEntry entry)
    {
        var parsed = IPNetwork.Parse(network);
        return new(Main, InetAddress.From(parsed.BaseAddress), parsed.PrefixLength, entry);
    }

    private static RouteEntry Unicast(params RouteHop[] hops) => new(RouteType.Unicast, 0, 0, null, hops);

    private Way Find(string destination) => _state.Snapshot().Find(Parse(destination));

    private static InetAddress Parse(string address) => InetAddress.From(IPAddress.Parse(address));
}
