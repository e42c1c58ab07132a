using System.Net;
using Director.Forwarding.Kernel;
using Xunit;

namespace Director.Forwarding.Tests.Kernel;

public class HiddenTrafficTests
{
    private static readonly IPAddress Vip = IPAddress.Parse("10.0.0.100");
    private static readonly IPAddress Server = IPAddress.Parse("192.168.0.1");

    [Fact]
    public void Only_NAT_real_servers_answer_through_the_director()
    {
        var hidden = Of(Service(80, Nat(8080), Nat(8080) with { Address = IPAddress.Parse("192.168.0.2"), Method = ForwardingMethod.Direct }, Nat(8080) with { Address = IPAddress.Parse("192.168.0.3"), Method = ForwardingMethod.Tunnel }));
        Assert.Equal([Vip], hidden.Vips);
        Assert.Equal([new ServerPort(Server, Protocol.Tcp, 8080)], hidden.NatPorts);
        Assert.Equal([Server], hidden.NatServers);
        Assert.Empty(hidden.NatHosts);
    }

    [Fact]
    public void A_real_server_without_a_port_answers_from_the_services() =>
        Assert.Equal([new ServerPort(Server, Protocol.Tcp, 80)], Of(Service(80, Nat(0))).NatPorts);

    [Fact]
    public void A_real_server_of_every_port_is_hidden_by_address()
    {
        var hidden = Of(Service(0, Nat(0)));
        Assert.Equal([Server], hidden.NatHosts);
        Assert.Empty(hidden.NatPorts);
    }

    [Fact]
    public void A_real_server_of_a_mark_answers_from_the_marks_ports()
    {
        var table = Mark(Nat(0), new MarkRule(1, Protocol.Tcp, IPNetwork.Parse("10.0.0.0/24"), [80, 443]), new MarkRule(2, Protocol.Tcp, IPNetwork.Parse("10.9.0.0/24"), [22]));
        var hidden = Of(table);
        Assert.Equal([80, 443], hidden.NatPorts.Select(port => (int)port.Port).Order());
        Assert.Same(table.Marks[0], Assert.Single(hidden.Marked));
        Assert.Empty(hidden.Vips);
        Assert.Equal([Server], Of(Mark(Nat(0), new MarkRule(1, null, IPNetwork.Parse("10.0.0.0/24"), []))).NatHosts);
        Assert.Equal([Protocol.Tcp, Protocol.Udp], Of(Mark(Nat(8080), new MarkRule(1, null, IPNetwork.Parse("10.0.0.0/24"), []))).NatPorts.Select(port => port.Protocol).Order());
    }

    [Fact]
    public void A_rule_of_the_other_family_gives_nothing_to_a_mark_service() =>
        Assert.Empty(Of(Mark(Nat(80), new MarkRule(1, null, IPNetwork.Parse("2001:db8::/64"), []))).Marked);

    [Fact]
    public void An_address_of_this_host_is_local_whatever_the_method_and_loopback_needs_no_rule()
    {
        var hidden = HiddenTraffic.Of(Service(80, Nat(8080), Nat(80) with { Address = IPAddress.Loopback, Method = ForwardingMethod.Local }), [], address => address.Equals(Server));
        Assert.Equal([new ServerPort(Server, Protocol.Tcp, 8080)], hidden.LocalPorts);
        Assert.Empty(hidden.NatServers);
    }

    [Fact]
    public void Masquerade_addresses_are_hidden_like_vips()
    {
        var hidden = Of(new ForwardingTable { Masquerade = [new MasqueradeRule(IPNetwork.Parse("192.168.0.0/24"), Vip)] });
        Assert.Equal([Vip], hidden.Vips);
        Assert.Equal(IPNetwork.Parse("192.168.0.0/24"), Assert.Single(hidden.Masqueraded));
    }

    [Fact]
    public void A_change_names_only_what_changed()
    {
        var from = Of(Service(80, Nat(8080)));
        var to = Of(Service(80, Nat(8081)));
        Assert.Equal(
            "delete element inet director nat_ports4 { 192.168.0.1 . 6 . 8080 }\nadd element inet director nat_ports4 { 192.168.0.1 . 6 . 8081 }\n",
            GuardRules.Change(from, [], to, []));
        Assert.Equal("", GuardRules.Change(to, ["all"], Of(Service(80, Nat(8081))), ["all"]));
    }

    [Fact]
    public void Marks_and_masquerading_are_rewritten_in_the_same_transaction()
    {
        var to = Of(Mark(Nat(80), new MarkRule(1, null, IPNetwork.Parse("10.0.0.0/24"), [80], IPNetwork.Parse("10.5.0.0/16"))));
        Assert.EndsWith(
            "flush chain inet director networks\nadd rule inet director networks ip daddr 10.0.0.0/24 ip saddr 10.5.0.0/16 meta l4proto { 6, 17 } th dport { 80 } drop\n",
            GuardRules.Change(new(), [], to, []),
            StringComparison.Ordinal);
    }

    [Fact]
    public void What_nft_lists_of_remembered_redirects_is_read_back() => Assert.Equal(
        ["all", "eth0"],
        GuardRules.ReadRedirects("table inet director {\n\tset redirects {\n\t\ttype ifname\n\t\telements = { \"all\",\n\t\t\t     \"eth0\" }\n\t}\n}\n").Order(StringComparer.Ordinal));

    [Fact]
    public void An_address_stays_hidden_wherever_it_is_held_so_that_taking_it_changes_nothing()
    {
        var gateway = IPAddress.Parse("192.168.0.254");
        HeldGroup group = new("www", [Vip, gateway]);
        var table = Of(Service(80, Nat(8080)));
        var waiting = table.Under(new([group]), _ => false);
        var holding = table.Under(new([group with { Answers = true, Forwards = true }]), _ => false);
        Assert.True(waiting.Vips.SetEquals([Vip, gateway]));
        Assert.True(holding.IsSameUnderHoldings(waiting));
        Assert.Equal("", GuardRules.Change(waiting, [], holding, []));
        Assert.Same(table, table.Under(Holdings.Everything, _ => true));
    }

    [Fact]
    public void A_VIP_on_this_hosts_loopback_is_the_kernels_while_it_is_held_elsewhere()
    {
        HeldGroup group = new("www", [Vip]);
        var table = Of(Service(80, Nat(8080)));
        var waiting = table.Under(new([group]), address => address.Equals(Vip));
        Assert.Empty(waiting.Vips);
        Assert.Equal([Vip], waiting.Served);
        var holding = table.Under(new([group with { Answers = true, Forwards = true }]), address => address.Equals(Vip));
        Assert.Equal([Vip], holding.Vips);
        Assert.Equal("add element inet director vips4 { 10.0.0.100 }\ndelete element inet director served4 { 10.0.0.100 }\n", GuardRules.Change(waiting, [], holding, []));
    }

    /// <summary>A virtual router's master routes for those that have its address as their gateway.</summary>
    [Fact]
    public void The_masters_kernel_takes_frames_to_the_virtual_MAC_for_its_own()
    {
        var table = Of(Service(80, Nat(8080))) with { Interfaces = ["eth0", "eth1"] };
        HeldGroup group = new("www", [Vip]) { Interfaces = ["eth1"], VirtualMac = System.Net.NetworkInformation.PhysicalAddress.Parse("00-00-5E-00-01-33") };
        Assert.Empty(table.Under(new([group]), _ => false).Gateways);
        var master = table.Under(new([group with { Answers = true, Forwards = true }]), _ => false);
        Assert.Equal([new SharedGateway("eth1", group.VirtualMac)], master.Gateways);
        Assert.Equal([Vip], master.Vips);
    }

    [Fact]
    public void The_gateway_owners_kernel_takes_frames_to_the_shared_MAC_for_its_own()
    {
        var table = Of(Service(80, Nat(8080))) with { Interfaces = ["eth0", "eth1"] };
        var share = new PartitionShare(BlockSense.Source, System.Net.NetworkInformation.PhysicalAddress.Parse("02-00-5E-00-00-AA"), [.. new bool[512]]);
        HeldGroup group = new("www", [Vip]) { Answers = true, Forwards = true, Interfaces = ["eth1", "eth9"], Share = share };
        var without = table.Under(new([group]), _ => false);
        var owner = table.Under(new([group with { Share = share with { IsGatewayOwner = true } }]), _ => false);
        Assert.Equal("", GuardRules.Change(table, [], table, []));
        Assert.Equal("add element inet director shared_macs { 02:00:5e:00:00:aa }\n", GuardRules.Change(table, [], without, []));
        Assert.Equal(
            "add table netdev director\ndelete table netdev director\ntable netdev director {\n  chain interface0 {\n    type filter hook ingress device \"eth1\" priority -500;\n"
                + "    ether daddr 02:00:5e:00:00:aa meta pkttype set host\n  }\n}\n",
            GuardRules.Change(without, [], owner, []));
        Assert.Equal("add table netdev director\ndelete table netdev director\n", GuardRules.Change(owner, [], without, []));
        Assert.EndsWith("meta pkttype set host\n  }\n}\n", GuardRules.Whole(owner, []), StringComparison.Ordinal);
    }

    private static HiddenTraffic Of(ForwardingTable table) => HiddenTraffic.Of(table, [], _ => false);

    private static RealServerSpec Nat(ushort port) => new(Server, port) { Method = ForwardingMethod.Nat };

    private static ForwardingTable Service(ushort port, params RealServerSpec[] servers) =>
        new() { Services = [new VirtualServiceSpec(ServiceKey.ForAddress(Protocol.Tcp, Vip, port)) { RealServers = [.. servers] }] };

    private static ForwardingTable Mark(RealServerSpec server, params MarkRule[] marks) =>
        new() { Marks = [.. marks], Services = [new VirtualServiceSpec(ServiceKey.ForMark(1)) { RealServers = [server] }] };
}
