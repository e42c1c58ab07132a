using System.Net;
using Director.Forwarding.Engine;
using Director.Forwarding.Tests.Packets;
using Xunit;

namespace Director.Forwarding.Tests.Engine;

/// <summary>How long connections live, and which real server they stay with.</summary>
public sealed class ConnectionLifeTests
{
    private const TcpFlags SynAck = TcpFlags.Syn | TcpFlags.Ack;
    private const TcpFlags FinAck = TcpFlags.Fin | TcpFlags.Ack;

    /// <summary>Packets from the client (c) and the real server (s) with their flags, and what the connection is then.</summary>
    [Theory]
    [InlineData("c:Syn", "SYN_RECV", 60)]
    [InlineData("c:Syn s:SynAck", "SYN_RECV", 60)]
    [InlineData("c:Syn s:SynAck c:Ack", "ESTABLISHED", 900)]
    [InlineData("c:Syn s:SynAck c:Ack c:FinAck", "CLOSE_WAIT", 60)]
    [InlineData("c:Syn s:SynAck c:Ack s:FinAck", "FIN_WAIT", 120)]
    [InlineData("c:Syn s:SynAck c:Ack c:FinAck s:FinAck", "TIME_WAIT", 120)]
    [InlineData("c:Syn s:SynAck c:Ack s:FinAck c:FinAck c:Ack", "TIME_WAIT", 120)]
    [InlineData("c:Syn s:SynAck c:Ack c:Rst", "CLOSE", 10)]
    [InlineData("c:Syn s:Rst", "CLOSE", 10)]
    public void A_state_lasts_as_long_as_in_IPVS(string packets, string state, int seconds)
    {
        foreach (var isIPv6 in (bool[])[false, true])
        {
            using var scene = Serving(isIPv6);
            foreach (var packet in packets.Split(' '))
            {
                var flags = packet[2..] switch { "SynAck" => SynAck, "FinAck" => FinAck, var name => Enum.Parse<TcpFlags>(name) };
                Assert.Single(scene.Send(packet[0] == 'c' ? scene.FromClient().Tcp(Scene.ClientPort, 80, flags) : scene.FromReal().Tcp(8080, Scene.ClientPort, flags)));
            }

            var report = Assert.Single(scene.Path.ListConnections());
            Assert.Equal((state, seconds * 1000L), (report.State, report.RemainingMilliseconds));
            scene.Path.Wait((seconds * 1000) - 100);
            Assert.Single(scene.Path.ListConnections());
            scene.Path.Wait(500);
            Assert.Empty(scene.Path.ListConnections());
            Assert.Equal(1UL, scene.Count(PacketCounter.ConnectionsExpired));
        }
    }

    [Fact]
    public void UDP_lasts_300_seconds_from_its_last_packet_either_way()
    {
        using var scene = Serving();
        scene.Send(scene.FromClient().Udp(Scene.ClientPort, 80));
        scene.Path.Wait(200_000);
        scene.Send(scene.FromReal().Udp(8080, Scene.ClientPort));
        scene.Path.Wait(299_900);
        Assert.Equal("UDP", Assert.Single(scene.Path.ListConnections()).State);
        scene.Path.Wait(500);
        Assert.Empty(scene.Path.ListConnections());
    }

    [Fact]
    public void Timeouts_that_are_set_hold_from_the_next_packet()
    {
        using var scene = new Scene();
        scene.Apply(new ForwardingTable { Services = [scene.Service(Protocol.Tcp, scene.Server())], Timeouts = new Timeouts(20, 7, 5) });
        scene.Open();
        Assert.Equal(20_000, Assert.Single(scene.Path.ListConnections()).RemainingMilliseconds);
        scene.Send(scene.FromReal().Tcp(8080, Scene.ClientPort, FinAck));
        Assert.Equal(7_000, Assert.Single(scene.Path.ListConnections()).RemainingMilliseconds);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Weight_0_keeps_connections_and_takes_no_new_ones(bool isIPv6)
    {
        using var scene = Serving(isIPv6);
        scene.Open();
        scene.With(scene.Server(weight: 0), scene.Server(address: scene.OtherReal));
        scene.Expect(scene.FromClient().Tcp(Scene.ClientPort, 80, TcpFlags.Ack), scene.ToReal().Tcp(Scene.ClientPort, 8080, TcpFlags.Ack));
        scene.Expect(scene.FromClient().Tcp(1, 80, TcpFlags.Syn), scene.ToReal(real: scene.OtherReal).Tcp(1, 8080, TcpFlags.Syn));
        scene.Expect(scene.FromClient().Tcp(2, 80, TcpFlags.Syn), scene.ToReal(real: scene.OtherReal).Tcp(2, 8080, TcpFlags.Syn));
    }

    [Fact]
    public void A_removed_real_servers_connections_are_dropped_or_forgotten_and_come_back_with_it()
    {
        foreach (var expires in (bool[])[false, true])
        {
            using var scene = new Scene();
            var table = new ForwardingTable { Services = [scene.Service(Protocol.Tcp, scene.Server())], Options = new ForwardingOptions { ExpireNoDestination = expires } };
            scene.Apply(table);
            scene.Open();
            scene.Apply(table with { Services = [scene.Service(Protocol.Tcp)] });
            scene.ExpectDrop(scene.FromClient().Tcp(Scene.ClientPort, 80, TcpFlags.Ack), PacketCounter.DropRealServerRemoved);
            Assert.Equal(expires ? 0 : 1, scene.Path.Connections.Count);
            scene.Apply(table);
            var again = scene.Send(scene.FromClient().Tcp(Scene.ClientPort, 80, TcpFlags.Ack));
            if (!expires)
                Scene.AssertSent([scene.ToReal().Tcp(Scene.ClientPort, 8080, TcpFlags.Ack)], again);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_failed_real_servers_UDP_flows_and_unanswered_SYNs_move_at_once_and_what_is_established_stays(bool isIPv6)
    {
        using var scene = Serving(isIPv6);
        scene.Open();
        scene.Send(scene.FromClient().Tcp(1, 80, TcpFlags.Syn));
        scene.Send(scene.FromClient().Udp(2, 80));
        scene.With(scene.Server(weight: 0) with { Fate = ConnectionFate.Moved }, scene.Server(address: scene.OtherReal));
        scene.Expect(scene.FromClient().Tcp(Scene.ClientPort, 80, TcpFlags.Ack), scene.ToReal().Tcp(Scene.ClientPort, 8080, TcpFlags.Ack));
        scene.Expect(scene.FromClient().Tcp(1, 80, TcpFlags.Syn), scene.ToReal(real: scene.OtherReal).Tcp(1, 8080, TcpFlags.Syn));
        scene.Expect(scene.FromClient().Udp(2, 80), scene.ToReal(real: scene.OtherReal).Udp(2, 8080));
        Assert.Equal((2UL, 3), (scene.Count(PacketCounter.ConnectionsMoved), scene.Path.Connections.Count));
        scene.Expect(scene.FromClient().Udp(2, 80), scene.ToReal(real: scene.OtherReal).Udp(2, 8080));
        Assert.Equal(2UL, scene.Count(PacketCounter.ConnectionsMoved));
    }

    [Fact]
    public void A_removed_real_servers_UDP_flows_move_at_once()
    {
        using var scene = new Scene();
        scene.With(scene.Server());
        scene.Send(scene.FromClient().Udp(2, 80));
        scene.With(scene.Server(address: scene.OtherReal));
        scene.Expect(scene.FromClient().Udp(2, 80), scene.ToReal(real: scene.OtherReal).Udp(2, 8080));
        Assert.Equal((1UL, 1), (scene.Count(PacketCounter.ConnectionsMoved), scene.Path.Connections.Count));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void When_a_real_servers_time_is_over_its_connections_end_and_their_clients_are_told(bool isIPv6)
    {
        using var scene = Serving(isIPv6);
        scene.Open();
        scene.Open(clientPort: 7);
        scene.With(scene.Server(weight: 0) with { Fate = ConnectionFate.Ended }, scene.Server(address: scene.OtherReal));
        var answer = Assert.Single(scene.Send(scene.FromClient().Tcp(Scene.ClientPort, 80, TcpFlags.Ack)));
        Assert.Equal((byte)TcpFlags.Rst, answer.Frame.Bytes[14 + (isIPv6 ? 40 : 20) + 13]);
        Assert.Equal((1UL, 1), (scene.Count(PacketCounter.ConnectionsEnded), scene.Path.Connections.Count));
        // The other client says nothing.
        scene.Path.Wait(20);
        Assert.Equal((2UL, 0), (scene.Count(PacketCounter.ConnectionsEnded), scene.Path.Connections.Count));
    }

    [Fact]
    public void An_overloaded_real_server_is_passed_over_until_the_lower_threshold()
    {
        using var scene = new Scene();
        scene.With(scene.Server() with { UpperThreshold = 2, LowerThreshold = 1 }, scene.Server(address: scene.OtherReal) with { Weight = 1 });
        var servers = Enumerable.Range(1, 6).Select(port => Assert.Single(scene.Send(scene.FromClient().Udp(port, 80))).Frame.Bytes[14 + 19]).ToArray();
        Assert.Equal(2, servers.Count(last => last == 11));
        scene.Path.Wait(301_000);
        servers = [.. Enumerable.Range(1, 6).Select(port => Assert.Single(scene.Send(scene.FromClient().Udp(port, 80))).Frame.Bytes[14 + 19])];
        Assert.Equal(2, servers.Count(last => last == 11));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_SYN_on_ports_in_TIME_WAIT_is_scheduled_anew_without_losing_it(bool isIPv6)
    {
        using var scene = new Scene(isIPv6);
        scene.With(scene.Server(), scene.Server(address: scene.OtherReal));
        var first = Assert.Single(scene.Send(scene.FromClient().Tcp(Scene.ClientPort, 80, TcpFlags.Syn)));
        var real = first.Frame.Bytes[isIPv6 ? 14 + 39 : 14 + 19] == (isIPv6 ? 0x11 : 11) ? scene.Real : scene.OtherReal;
        scene.Send(scene.FromReal(real: real).Tcp(8080, Scene.ClientPort, SynAck));
        scene.Send(scene.FromClient().Tcp(Scene.ClientPort, 80, TcpFlags.Ack));
        // Not while it is open: a SYN goes to the real server, which answers it (RFC 9293 3.10.7.4).
        scene.Expect(scene.FromClient().Tcp(Scene.ClientPort, 80, TcpFlags.Syn, 9), scene.ToReal(real: real).Tcp(Scene.ClientPort, 8080, TcpFlags.Syn, 9));
        scene.Send(scene.FromClient().Tcp(Scene.ClientPort, 80, FinAck));
        scene.Send(scene.FromReal(real: real).Tcp(8080, Scene.ClientPort, FinAck));
        var other = real == scene.Real ? scene.OtherReal : scene.Real;
        scene.Expect(scene.FromClient().Tcp(Scene.ClientPort, 80, TcpFlags.Syn, 99), scene.ToReal(real: other).Tcp(Scene.ClientPort, 8080, TcpFlags.Syn, 99));
        Assert.Equal((1UL, 1), (scene.Count(PacketCounter.ConnectionsReused), scene.Path.Connections.Count));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void One_packet_scheduling_keeps_no_connection_and_still_translates_answers(bool isIPv6)
    {
        using var scene = new Scene(isIPv6);
        scene.Apply(new ForwardingTable { Services = [scene.Service(Protocol.Udp, scene.Server(), scene.Server(address: scene.OtherReal)) with { OnePacket = true }] });
        foreach (var _ in Enumerable.Range(0, 4))
        {
            scene.Expect(scene.FromClient().Udp(Scene.ClientPort, 80).Payload(3), scene.ToReal(real: scene.OtherReal).Udp(Scene.ClientPort, 8080).Payload(3));
            scene.Expect(scene.FromClient().Udp(Scene.ClientPort, 80).Payload(3), scene.ToReal().Udp(Scene.ClientPort, 8080).Payload(3));
        }

        scene.Expect(scene.FromReal().Udp(8080, Scene.ClientPort).Payload(7), scene.ToClient().Udp(80, Scene.ClientPort).Payload(7));
        scene.Expect(scene.FromReal(real: scene.OtherReal).Udp(8080, Scene.ClientPort).Payload(7), scene.ToClient().Udp(80, Scene.ClientPort).Payload(7));
        var report = scene.Path.Services.Report()[0];
        Assert.Equal((8UL, 8UL), (report.Totals.Connections, report.Totals.InPackets));
        Assert.All(report.RealServers, server => Assert.Equal((0, 0), (server.ActiveConnections, server.InactiveConnections)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_client_that_went_straight_to_the_real_server_after_its_connection_ended_gets_its_answer(bool isIPv6)
    {
        using var scene = Serving(isIPv6);
        scene.Open();
        var straight = PacketBuilder.Ethernet(Scene.OutsideMac, Scene.ClientMac).IP(scene.Client, scene.Real).Tcp(Scene.ClientPort, 8080, TcpFlags.Syn);
        // Open, the two cannot be told apart: the connection stays.
        scene.Expect(straight);
        Assert.Equal(1, scene.Path.Connections.Count);
        scene.Send(scene.FromClient().Tcp(Scene.ClientPort, 80, FinAck));
        scene.Send(scene.FromReal().Tcp(8080, Scene.ClientPort, FinAck));
        scene.Expect(straight);
        Assert.Equal(0, scene.Path.Connections.Count);
        Scene.AssertSent([PacketBuilder.Network.IP(scene.Real, scene.Client).Tcp(8080, Scene.ClientPort, SynAck)], scene.Send(scene.FromReal().Tcp(8080, Scene.ClientPort, SynAck)));
        Assert.Equal(1UL, scene.Count(PacketCounter.HandedBack));
    }

    private static Scene Serving(bool isIPv6 = false)
    {
        var scene = new Scene(isIPv6);
        return scene.With(scene.Server());
    }
}
