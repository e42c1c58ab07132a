using Director.Forwarding.Engine;
using Director.Forwarding.Tests.Packets;
using Xunit;

namespace Director.Forwarding.Tests.Engine;

/// <summary>Real servers on this host are reached through the TUN device, where packets have not travelled: their hop limit stays.</summary>
public sealed class LocalDeliveryTests
{
    [Theory]
    [InlineData(false, "127.0.0.1")]
    [InlineData(false, "192.168.1.1")]
    [InlineData(true, "::1")]
    public void Packets_go_through_the_TUN_device_both_ways(bool isIPv6, string own)
    {
        using var scene = new Scene(isIPv6);
        // Whatever the method says: it is an address of this host.
        scene.With(scene.Server(ForwardingMethod.Direct, address: own));
        scene.Expect(scene.FromClient(hops: 1, df: true).Tcp(Scene.ClientPort, 80, TcpFlags.Syn), PacketBuilder.Network.IP(scene.Client, own, 1, df: true).Tcp(Scene.ClientPort, 8080, TcpFlags.Syn));
        scene.Expect(PacketBuilder.Network.IP(own, scene.Client).Tcp(8080, Scene.ClientPort, TcpFlags.Syn | TcpFlags.Ack), scene.ToClient(hops: 64).Tcp(80, Scene.ClientPort, TcpFlags.Syn | TcpFlags.Ack));
        Assert.Equal(ForwardingMethod.Local, Assert.Single(scene.Path.ListConnections()).Method);
    }

    [Fact]
    public void A_superframe_is_cut_for_the_host_and_for_the_client()
    {
        using var scene = new Scene();
        scene.With(scene.Server(address: "127.0.0.1"));
        scene.Send(scene.FromClient().Tcp(Scene.ClientPort, 80, TcpFlags.Syn, options: [2, 4, 5, 0x78]));
        scene.Expect(
            PacketBuilder.Network.IP("127.0.0.1", scene.Client).Tcp(8080, Scene.ClientPort, TcpFlags.Ack, checksum: Checksum.Partial).Payload(20_000),
            scene.ToClient(hops: 64).Tcp(80, Scene.ClientPort, TcpFlags.Ack).Payload(20_000).Cut(1400));
    }

    [Fact]
    public void ICMP_errors_go_to_the_host_and_come_from_it()
    {
        using var scene = new Scene();
        scene.With(scene.Server(address: "127.0.0.1"));
        scene.Send(scene.FromClient().Udp(Scene.ClientPort, 80));
        scene.Expect(
            scene.FromClient().Icmp(3, 3).Payload(PacketBuilder.Network.IP(scene.Vip, scene.Client).Udp(80, Scene.ClientPort).Build()),
            PacketBuilder.Network.IP(scene.Client, "127.0.0.1").Icmp(3, 3).Payload(PacketBuilder.Network.IP("127.0.0.1", scene.Client).Udp(8080, Scene.ClientPort).Build()));
        scene.Expect(
            PacketBuilder.Network.IP("127.0.0.1", scene.Client).Icmp(3, 3).Payload(PacketBuilder.Network.IP(scene.Client, "127.0.0.1").Udp(Scene.ClientPort, 8080).Build()),
            scene.ToClient(hops: 64).Icmp(3, 3).Payload(PacketBuilder.Network.IP(scene.Client, scene.Vip).Udp(Scene.ClientPort, 80).Build()));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_the_host_sends_of_no_connection_goes_on_its_way_unless_from_loopback(bool isIPv6)
    {
        using var scene = new Scene(isIPv6);
        scene.With(scene.Server(address: scene.InsideAddress));
        scene.Expect(PacketBuilder.Network.IP(scene.InsideAddress, scene.Client).Udp(8080, 9), PacketBuilder.Ethernet(Scene.ClientMac, Scene.OutsideMac).IP(scene.InsideAddress, scene.Client).Udp(8080, 9));
        scene.ExpectDrop(PacketBuilder.Network.IP(isIPv6 ? "::1" : "127.0.0.1", scene.Client).Udp(8080, 9), PacketCounter.DropTunUnknown);
    }
}
