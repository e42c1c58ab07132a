using System.Net;
using Director.Forwarding.Engine;
using Director.Forwarding.Tests.Packets;
using Xunit;

namespace Director.Forwarding.Tests.Engine;

/// <summary>Clients that stay with their real server, and marks.</summary>
public sealed class PersistenceTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_client_stays_with_its_real_server_until_the_timeout_after_its_last_new_connection(bool isIPv6)
    {
        using var scene = Persistent(isIPv6, 60, isIPv6 ? 128 : 32);
        var first = Server(scene, scene.Client, 1);
        for (var port = 2; port < 6; port++)
            Assert.Equal(first, Server(scene, scene.Client, port));
        Assert.Equal((6, 1), (scene.Path.ListConnections().Length, scene.Path.ListConnections().Count(report => report.IsTemplate)));
        // Others are scheduled for themselves.
        Assert.NotEqual(first, Server(scene, Other(scene, 8), 1));
    }

    [Fact]
    public void A_template_lives_on_while_it_controls_connections_and_ends_with_them()
    {
        using var scene = Persistent(false, 60, 32);
        Server(scene, scene.Client, 1);
        scene.Path.Wait(70_000);
        // UDP lives for 300 seconds: the template is put off minute by minute.
        Assert.Equal((1, 1), Count(scene));
        scene.Path.Wait(230_500);
        Assert.Equal((0, 1), Count(scene));
        scene.Path.Wait(61_000);
        Assert.Equal((0, 0), Count(scene));
        Assert.All(scene.Path.Services.Report()[1].RealServers, server => Assert.Equal(0, server.PersistentConnections));
    }

    [Theory]
    [InlineData(false, 24, "10.9.0.250", "10.9.1.7")]
    [InlineData(true, 64, "2001:db8:9:0:1::7", "2001:db8:9:1::7")]
    public void Clients_of_one_network_share_a_template(bool isIPv6, int prefix, string neighbour, string stranger)
    {
        using var scene = Persistent(isIPv6, 60, prefix);
        var first = Server(scene, scene.Client, 1);
        Assert.Equal(first, Server(scene, neighbour, 1));
        Assert.Equal(first, Server(scene, neighbour, 2));
        Assert.NotEqual(first, Server(scene, stranger, 1));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_quiescent_real_server_loses_its_clients_by_configuration(bool expires)
    {
        using var scene = Persistent(false, 60, 32, expires);
        var first = Server(scene, scene.Client, 1);
        Apply(scene, 60, 32, expires, quiescent: first);
        var second = Server(scene, scene.Client, 2);
        Assert.Equal(!expires, first == second);
        // The connection that is there stays in either case.
        Assert.Equal(first, Server(scene, scene.Client, 1));
    }

    [Fact]
    public void A_removed_real_server_loses_its_clients_to_another()
    {
        using var scene = Persistent(false, 60, 32);
        var first = Server(scene, scene.Client, 1);
        var other = first == scene.Real ? scene.OtherReal : scene.Real;
        scene.Apply(Table(scene, 60, 32, true, scene.Server(address: other)));
        Assert.Equal(other, Server(scene, scene.Client, 2));
        Assert.Equal(other, Server(scene, scene.Client, 3));
        Assert.Equal(1, scene.Path.Services.Report()[1].RealServers[0].PersistentConnections);
    }

    /// <summary>A persistent client whose port is used again leaves a real server of weight 0 like any other new connection of its.</summary>
    [Fact]
    public void A_SYN_on_ports_in_TIME_WAIT_leaves_a_quiescent_real_server_and_else_stays()
    {
        using var scene = Persistent(false, 60, 32);
        var first = Cycle(scene);
        Assert.Equal(first, Cycle(scene));
        Assert.Equal(1UL, scene.Count(PacketCounter.ConnectionsReused));
        Apply(scene, 60, 32, true, quiescent: first);
        Assert.NotEqual(first, Cycle(scene));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void HTTP_and_HTTPS_of_a_mark_go_to_one_real_server(bool isIPv6)
    {
        using var scene = new Scene(isIPv6);
        var vip = new IPNetwork(IPAddress.Parse(scene.Vip), isIPv6 ? 128 : 32);
        scene.Apply(new ForwardingTable
        {
            Services =
            [
                new VirtualServiceSpec(ServiceKey.ForMark(1, isIPv6))
                {
                    Scheduler = "rr", Persistence = new Persistence(60, isIPv6 ? 128 : 32), RealServers = [scene.Server(port: 0), scene.Server(port: 0, address: scene.OtherReal)],
                },
            ],
            Marks = [new MarkRule(1, Protocol.Tcp, vip, [80, 443])],
        });
        var http = RealOf(scene, Assert.Single(scene.Send(scene.FromClient().Tcp(1, 80, TcpFlags.Syn))).Frame.Bytes);
        // A mark's real server keeps the port that the client asked for.
        scene.Expect(scene.FromClient().Tcp(2, 443, TcpFlags.Syn), scene.ToReal(real: http).Tcp(2, 443, TcpFlags.Syn));
        scene.Expect(scene.FromReal(real: http).Tcp(443, 2, TcpFlags.Syn | TcpFlags.Ack), scene.ToClient().Tcp(443, 2, TcpFlags.Syn | TcpFlags.Ack));
        Assert.Equal((1, 2), (scene.Path.ListConnections().Count(report => report.IsTemplate), scene.Path.Connections.Count));
        // Another port has no mark and no service.
        scene.Expect(scene.FromClient().Tcp(3, 8080, TcpFlags.Syn), scene.Answer().Reset(8080, 3, TcpFlags.Rst | TcpFlags.Ack, 0, 1001));
    }

    [Fact]
    public void A_service_of_every_port_keeps_a_client_on_one_real_server_and_its_port()
    {
        using var scene = new Scene();
        scene.Apply(new ForwardingTable
        {
            Services = [scene.Service(Protocol.Tcp, 0, scene.Server(port: 0), scene.Server(port: 0, address: scene.OtherReal)) with { Persistence = new Persistence(60, 32) }],
        });
        var first = RealOf(scene, Assert.Single(scene.Send(scene.FromClient().Tcp(1, 21, TcpFlags.Syn))).Frame.Bytes);
        scene.Expect(scene.FromClient().Tcp(2, 50_000, TcpFlags.Syn), scene.ToReal(real: first).Tcp(2, 50_000, TcpFlags.Syn));
        scene.Expect(scene.FromReal(real: first).Tcp(50_000, 2, TcpFlags.Ack), scene.ToClient().Tcp(50_000, 2, TcpFlags.Ack));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Addresses_of_a_marks_network_are_served_without_being_held(bool isIPv6)
    {
        using var scene = new Scene(isIPv6);
        var network = IPNetwork.Parse(isIPv6 ? "2001:db8:7::/64" : "10.7.0.0/24");
        scene.Apply(new ForwardingTable
        {
            Services = [new VirtualServiceSpec(ServiceKey.ForMark(5, isIPv6)) { RealServers = [scene.Server(port: 8080)] }],
            Marks = [new MarkRule(5, null, network, [80])],
        });
        var target = isIPv6 ? "2001:db8:7::9" : "10.7.0.9";
        scene.Expect(PacketBuilder.Ethernet(Scene.OutsideMac, Scene.ClientMac).IP(scene.Client, target).Udp(1, 80), scene.ToReal().Udp(1, 8080));
        scene.Expect(scene.FromReal().Udp(8080, 1), PacketBuilder.Ethernet(Scene.ClientMac, Scene.OutsideMac).IP(target, scene.Client, 63).Udp(80, 1));
        scene.ExpectDrop(PacketBuilder.Ethernet(Scene.OutsideMac, Scene.ClientMac).IP(scene.Client, target).Udp(1, 81), PacketCounter.LeftToKernel);
        scene.Send(PacketBuilder.Ethernet(Scene.OutsideMac, Scene.ClientMac).IP(scene.Client, target).Icmp(isIPv6 ? (byte)128 : (byte)8, 0));
        Assert.Equal(0UL, scene.Count(PacketCounter.EchoAnswered));
    }

    private static Scene Persistent(bool isIPv6, int timeout, int prefix, bool expiresQuiescent = true)
    {
        var scene = new Scene(isIPv6);
        return scene.Apply(Table(scene, timeout, prefix, expiresQuiescent, scene.Server(), scene.Server(address: scene.OtherReal)));
    }

    private static void Apply(Scene scene, int timeout, int prefix, bool expiresQuiescent, string quiescent) => scene.Apply(Table(
        scene, timeout, prefix, expiresQuiescent, [.. ((string[])[scene.Real, scene.OtherReal]).Select(address => scene.Server(address: address, weight: address == quiescent ? 0 : 1))]));

    private static ForwardingTable Table(Scene scene, int timeout, int prefix, bool expiresQuiescent, params RealServerSpec[] servers) => new()
    {
        Services =
        [
            scene.Service(Protocol.Tcp, servers) with { Persistence = new Persistence(timeout, prefix) },
            scene.Service(Protocol.Udp, servers) with { Persistence = new Persistence(timeout, prefix) },
        ],
        Options = new ForwardingOptions { ExpireQuiescentTemplate = expiresQuiescent },
    };

    private static (int Connections, int Templates) Count(Scene scene)
    {
        var all = scene.Path.ListConnections();
        return (all.Count(report => !report.IsTemplate), all.Count(report => report.IsTemplate));
    }

    private static string Other(Scene scene, int number) => scene.IsIPv6 ? $"2001:db8:9::{number}" : $"10.9.0.{number}";

    /// <summary>Where a client's UDP packet goes.</summary>
    private static string Server(Scene scene, string client, int port) =>
        RealOf(scene, Assert.Single(scene.Send(PacketBuilder.Ethernet(Scene.OutsideMac, Scene.ClientMac).IP(client, scene.Vip).Udp(port, 80))).Frame.Bytes);

    /// <summary>A whole TCP connection, ended in TIME_WAIT; where it went.</summary>
    private static string Cycle(Scene scene)
    {
        var real = RealOf(scene, Assert.Single(scene.Send(scene.FromClient().Tcp(9, 80, TcpFlags.Syn))).Frame.Bytes);
        scene.Send(scene.FromReal(real: real).Tcp(8080, 9, TcpFlags.Syn | TcpFlags.Ack));
        scene.Send(scene.FromClient().Tcp(9, 80, TcpFlags.Fin | TcpFlags.Ack));
        scene.Send(scene.FromReal(real: real).Tcp(8080, 9, TcpFlags.Fin | TcpFlags.Ack));
        return real;
    }

    private static string RealOf(Scene scene, byte[] frame) => new IPAddress(scene.IsIPv6 ? frame.AsSpan(14 + 24, 16) : frame.AsSpan(14 + 16, 4)).ToString();
}
