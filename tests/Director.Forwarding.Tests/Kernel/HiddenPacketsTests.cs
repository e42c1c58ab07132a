using System.Collections.Immutable;
using System.Net;
using Director.Forwarding.Kernel;
using Director.Forwarding.Links;
using Director.Forwarding.Packets;
using Director.Forwarding.Tests.Engine;
using Director.Forwarding.Tests.Packets;
using Xunit;

namespace Director.Forwarding.Tests.Kernel;

/// <summary>Which packets were kept from the kernel and must be handed back, rule by rule as <see cref="GuardRules"/> writes them.</summary>
public sealed class HiddenPacketsTests
{
    private const string Server = "192.168.1.11";
    private const string Server6 = "2001:db8:1::11";
    private const string AnyPortServer = "192.168.1.20";
    private const string AnyPortServer6 = "2001:db8:1::20";
    private const string World = "10.9.0.7";
    private const string World6 = "2001:db8:9::7";
    private static readonly PacketBuilder Ip = PacketBuilder.Network;

    private static readonly (string Rule, bool IsHidden, PacketBuilder Packet)[] Rows =
    [
        ("ip daddr @vips4: everything to a VIP", true, Ip.IP(World, "10.9.0.100").Tcp(1, 9999, TcpFlags.Syn)),
        ("ip daddr @vips4: other protocols too", true, Ip.IPv4(World, "10.9.0.100", carries: 132).Payload(20)),
        ("ip daddr @vips4: later fragments too", true, Ip.IPv4(World, "10.9.0.100", offset: 800, carries: 17).Payload(20)),
        ("ip6 daddr @vips6", true, Ip.IP(World6, "2001:db8:9::100").Udp(1, 2)),
        ("ip daddr @vips4: an address of masquerading", true, Ip.IP(World, "10.9.0.200").Udp(1, 2)),
        ("to another address", false, Ip.IP(World, "10.9.0.101").Tcp(1, 80, TcpFlags.Syn)),
        ("to a real server", false, Ip.IP(World, Server).Tcp(1, 8080, TcpFlags.Syn)),

        ("@nat_ports4", true, Ip.IP(Server, World).Tcp(8080, 1, TcpFlags.Ack)),
        ("@nat_ports6", true, Ip.IP(Server6, World6).Tcp(8080, 1, TcpFlags.Ack)),
        ("@nat_ports4: a first fragment", true, Ip.IP(Server, World).Tcp(8080, 1, TcpFlags.Ack).Payload(2000).Fragments(800, 800)[0]),
        ("@nat_ports4: another port", false, Ip.IP(Server, World).Tcp(8081, 1, TcpFlags.Ack)),
        ("@nat_ports4: another protocol", false, Ip.IP(Server, World).Udp(8080, 1)),
        ("@nat_ports6: another port", false, Ip.IP(Server6, World6).Tcp(22, 1, TcpFlags.Ack)),
        ("@nat_ports4: a real server by direct routing", false, Ip.IP("192.168.1.12", World).Tcp(8080, 1, TcpFlags.Ack)),
        ("fib daddr type local", false, Ip.IP(Server, "192.168.1.1").Tcp(8080, 1, TcpFlags.Ack)),
        ("fib daddr type local, IPv6", false, Ip.IP(Server6, "2001:db8:1::1").Tcp(8080, 1, TcpFlags.Ack)),
        ("fib daddr type multicast", false, Ip.IP(Server, "224.0.0.251").Tcp(8080, 1, TcpFlags.Ack)),
        ("fib daddr type multicast, IPv6", false, Ip.IP(Server6, "ff02::fb").Tcp(8080, 1, TcpFlags.Ack)),
        ("fib daddr type broadcast", false, Ip.IP(Server, "255.255.255.255").Tcp(8080, 1, TcpFlags.Ack)),

        ("@nat_hosts4: any port", true, Ip.IP(AnyPortServer, World).Udp(12345, 1)),
        ("@nat_hosts4: any protocol", true, Ip.IPv4(AnyPortServer, World, carries: 47).Payload(8)),
        ("@nat_hosts6: any port", true, Ip.IP(AnyPortServer6, World6).Tcp(22, 1, TcpFlags.Ack)),
        ("@nat_hosts4: to this host", false, Ip.IP(AnyPortServer, "192.168.1.1").Udp(12345, 1)),

        ("@nat_servers4: a later fragment", true, Ip.IPv4(Server, World, offset: 800, carries: 17).Payload(20)),
        ("@nat_servers6: a later fragment", true, Ip.IPv6(Server6, World6).Fragment(1, 800, false, 17).Payload(20)),
        ("@nat_servers4: a later fragment of another", false, Ip.IPv4("192.168.1.12", World, offset: 800, carries: 17).Payload(20)),
        ("@nat_servers4: destination unreachable", true, Ip.IP(Server, World).Icmp(3, 1)),
        ("@nat_servers4: time exceeded", true, Ip.IP(Server, World).Icmp(11, 0)),
        ("@nat_servers4: parameter problem", true, Ip.IP(Server, World).Icmp(12, 0)),
        ("@nat_servers4: echo reply", false, Ip.IP(Server, World).Icmp(0, 0)),
        ("@nat_servers4: echo request", false, Ip.IP(Server, World).Icmp(8, 0)),
        ("@nat_servers4: redirect", false, Ip.IP(Server, World).Icmp(5, 0)),
        ("@nat_servers6: destination unreachable", true, Ip.IP(Server6, World6).Icmp(1, 0)),
        ("@nat_servers6: packet too big", true, Ip.IP(Server6, World6).Icmp(2, 0)),
        ("@nat_servers6: time exceeded", true, Ip.IP(Server6, World6).Icmp(3, 0)),
        ("@nat_servers6: parameter problem", true, Ip.IP(Server6, World6).Icmp(4, 0)),
        ("@nat_servers6: echo request", false, Ip.IP(Server6, World6).Icmp(128, 0)),
        ("@nat_servers4: an error of another", false, Ip.IP("192.168.1.12", World).Icmp(3, 1)),

        ("networks: a masqueraded source", true, Ip.IP("192.168.7.9", World).Udp(1, 53)),
        ("networks: a masqueraded source, any protocol", true, Ip.IP("192.168.7.9", World).Icmp(8, 0)),
        ("networks: a masqueraded source to this host", false, Ip.IP("192.168.7.9", "192.168.1.1").Udp(1, 53)),
        ("networks: a mark's destination and port", true, Ip.IP(World, "10.7.0.9").Tcp(1, 443, TcpFlags.Syn)),
        ("networks: a mark's destination and another port", false, Ip.IP(World, "10.7.0.9").Tcp(1, 444, TcpFlags.Syn)),
        ("networks: a mark's destination and another protocol", false, Ip.IP(World, "10.7.0.9").Udp(1, 443)),
        ("networks: a mark's ports are not in a later fragment", false, Ip.IPv4(World, "10.7.0.9", offset: 800, carries: 6).Payload(20)),
        ("networks: a mark of both protocols, TCP", true, Ip.IP(World6, "2001:db8:7::9").Tcp(1, 9, TcpFlags.Syn)),
        ("networks: a mark of both protocols, UDP", true, Ip.IP(World6, "2001:db8:7::9").Udp(1, 9)),
        ("networks: a mark of both protocols, others", false, Ip.IP(World6, "2001:db8:7::9").Icmp(128, 0)),
        ("networks: a mark without ports and a later fragment", true, Ip.IPv6(World6, "2001:db8:7::9").Fragment(1, 800, false, 17).Payload(20)),
        ("networks: a mark's source", true, Ip.IP(World, "10.6.0.9").Udp(1, 9)),
        ("networks: a mark's destination from another source", false, Ip.IP("10.8.0.1", "10.6.0.9").Udp(1, 9)),
    ];

    public static TheoryData<string> Rules => [.. Rows.Select(row => row.Rule)];

    [Theory]
    [MemberData(nameof(Rules))]
    public unsafe void Each_rule_of_the_guard_has_its_like(string rule)
    {
        var row = Rows.Single(each => each.Rule == rule);
        var link = new MemoryLink("eth0");
        var routes = new StaticRoutes();
        routes.Add("0.0.0.0/0", link, 1);
        routes.Add("::/0", link, 1);
        routes.AddLocal("192.168.1.1");
        routes.AddLocal("2001:db8:1::1");
        var hidden = new HiddenPackets(HiddenTraffic.Of(Table, ["eth0"], address => routes.Find(InetAddress.From(address)).Kind == Forwarding.Routing.RouteKind.Local));
        var bytes = row.Packet.Build();
        fixed (byte* network = bytes)
        {
            Assert.Equal(PacketError.None, Packet.Read(network, bytes.Length, bytes[0] >> 4 == 6, out var packet));
            Assert.Equal(row.IsHidden, hidden.Contains(packet, routes));
        }
    }

    [Fact]
    public void Nothing_is_hidden_without_services() => Assert.False(new HiddenPackets(HiddenTraffic.Of(ForwardingTable.Empty, ["eth0"], _ => false)).IsTranslated(6, InetAddress.From(IPAddress.Parse(Server)), 8080));

    private static ForwardingTable Table => new()
    {
        Services =
        [
            Service(ServiceKey.ForAddress(Protocol.Tcp, IPAddress.Parse("10.9.0.100"), 80), Nat(Server, 8080), Nat("192.168.1.12", 80) with { Method = ForwardingMethod.Direct }),
            Service(ServiceKey.ForAddress(Protocol.Tcp, IPAddress.Parse("2001:db8:9::100"), 80), Nat(Server6, 8080)),
            Service(ServiceKey.ForAddress(Protocol.Tcp, IPAddress.Parse("10.9.0.101"), 0), Nat(AnyPortServer, 0)) with { Key = ServiceKey.ForMark(9) },
            Service(ServiceKey.ForMark(9, isIPv6: true), Nat(AnyPortServer6, 0)),
            Service(ServiceKey.ForMark(1), Nat("192.168.1.30", 443) with { Method = ForwardingMethod.Direct }),
            Service(ServiceKey.ForMark(2, isIPv6: true), Nat("2001:db8:1::30", 0) with { Method = ForwardingMethod.Direct }),
            Service(ServiceKey.ForMark(3), Nat("192.168.1.31", 0) with { Method = ForwardingMethod.Direct }),
        ],
        Marks =
        [
            new MarkRule(9, null, IPNetwork.Parse("10.5.0.0/24"), []),
            new MarkRule(9, null, IPNetwork.Parse("2001:db8:5::/64"), []),
            new MarkRule(1, Protocol.Tcp, IPNetwork.Parse("10.7.0.0/24"), [80, 443]),
            new MarkRule(2, null, IPNetwork.Parse("2001:db8:7::/64"), []),
            new MarkRule(3, null, IPNetwork.Parse("10.6.0.0/24"), [], IPNetwork.Parse("10.9.0.0/24")),
        ],
        Masquerade = [new MasqueradeRule(IPNetwork.Parse("192.168.7.0/24"), IPAddress.Parse("10.9.0.200"))],
    };

    private static VirtualServiceSpec Service(ServiceKey key, params RealServerSpec[] servers) => new(key) { RealServers = [.. servers] };

    private static RealServerSpec Nat(string address, ushort port) => new(IPAddress.Parse(address), port) { Method = ForwardingMethod.Nat };
}
