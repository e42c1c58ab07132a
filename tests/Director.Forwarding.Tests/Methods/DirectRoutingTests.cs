using Director.Forwarding.Engine;
using Director.Forwarding.Tests.Engine;
using Director.Forwarding.Tests.Packets;
using Xunit;

namespace Director.Forwarding.Tests.Methods;

/// <summary>Direct routing: the frame gets another destination, the packet loses a hop, nothing else changes.</summary>
public sealed class DirectRoutingTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Only_MAC_addresses_and_the_hop_limit_change(bool isIPv6)
    {
        using var scene = new Scene(isIPv6);
        scene.With(scene.Server(ForwardingMethod.Direct, port: 80));
        scene.Expect(scene.FromClient(id: 3, df: true).Tcp(Scene.ClientPort, 80, TcpFlags.Syn, options: [2, 4, 5, 180]), Routed(scene, id: 3, df: true).Tcp(Scene.ClientPort, 80, TcpFlags.Syn, options: [2, 4, 5, 180]));
        scene.Expect(scene.FromClient().Tcp(Scene.ClientPort, 80, TcpFlags.Ack, checksum: Checksum.Partial).Payload(11), Routed(scene).Tcp(Scene.ClientPort, 80, TcpFlags.Ack, checksum: Checksum.Partial).Payload(11));
        scene.Expect(scene.FromClient().Udp(Scene.ClientPort, 80, Checksum.Wrong).Payload(11), Routed(scene).Udp(Scene.ClientPort, 80, Checksum.Wrong).Payload(11));
    }

    /// <summary>The port cannot change without translation, whatever the real server's says.</summary>
    [Fact]
    public void The_real_servers_port_is_not_used()
    {
        using var scene = new Scene();
        scene.With(scene.Server(ForwardingMethod.Direct, port: 8080));
        scene.Expect(scene.FromClient().Udp(Scene.ClientPort, 80), Routed(scene).Udp(Scene.ClientPort, 80));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Replies_that_pass_by_the_director_are_followed_and_left_to_the_kernel(bool isIPv6)
    {
        using var scene = new Scene(isIPv6);
        scene.With(scene.Server(ForwardingMethod.Direct, port: 80));
        scene.Send(scene.FromClient().Tcp(Scene.ClientPort, 80, TcpFlags.Syn));
        scene.ExpectDrop(PacketBuilder.Ethernet(Scene.InsideMac, Scene.RealMac).IP(scene.Vip, scene.Client).Tcp(80, Scene.ClientPort, TcpFlags.Syn | TcpFlags.Ack), PacketCounter.LeftToKernel);
        scene.Send(scene.FromClient().Tcp(Scene.ClientPort, 80, TcpFlags.Fin | TcpFlags.Ack));
        // CLOSE_WAIT is reached only by the table of both directions: SYN_RECV, ESTABLISHED by the reply's... the FIN ends in TIME_WAIT of SYN_RECV.
        Assert.Equal("TIME_WAIT", Assert.Single(scene.Path.ListConnections()).State);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_packet_over_the_MTU_is_refused(bool isIPv6)
    {
        using var scene = new Scene(isIPv6, outsideMtu: 9000);
        scene.With(scene.Server(ForwardingMethod.Direct, port: 80));
        var tooLong = scene.FromClient(df: true).Udp(Scene.ClientPort, 80).Payload(2000);
        scene.Expect(tooLong, isIPv6
            ? scene.Answer().Icmp(2, 0, 1500).Payload(tooLong.Build()[14..(14 + 1280 - 48)])
            : scene.Answer(trafficClass: 0xC0).Icmp(3, 4, 1500).Payload(tooLong.Build()[14..(14 + 576 - 28)]));
    }

    private static PacketBuilder Routed(Scene scene, int id = 0, bool df = false) =>
        PacketBuilder.Ethernet(Scene.RealMac, Scene.InsideMac).IP(scene.Client, scene.Vip, hops: 63, id: id, df: df);
}
