using System.Net;
using Director.Forwarding.Engine;
using Director.Forwarding.Tests.Packets;
using Xunit;

namespace Director.Forwarding.Tests.Engine;

/// <summary>Connections that real servers open themselves leave under an address of the director's.</summary>
public sealed class MasqueradeTests
{
    private const TcpFlags SynAck = TcpFlags.Syn | TcpFlags.Ack;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_connection_keeps_its_port_and_its_answers_come_back(bool isIPv6)
    {
        using var scene = Masquerading(isIPv6);
        scene.Expect(FromInside(scene, scene.Real).Tcp(5555, 443, TcpFlags.Syn), ToOutside(scene).Tcp(5555, 443, TcpFlags.Syn));
        scene.Expect(FromOutside(scene).Tcp(443, 5555, SynAck), ToInside(scene, scene.Real).Tcp(443, 5555, SynAck));
        scene.Expect(FromInside(scene, scene.Real).Tcp(5555, 443, TcpFlags.Ack).Payload(11), ToOutside(scene).Tcp(5555, 443, TcpFlags.Ack).Payload(11));
        Assert.Equal("ESTABLISHED", Assert.Single(scene.Path.ListConnections()).State);
        scene.Expect(FromInside(scene, scene.Real).Udp(5353, 53).Payload(20), ToOutside(scene).Udp(5353, 53).Payload(20));
        scene.Expect(FromOutside(scene).Udp(53, 5353).Payload(60), ToInside(scene, scene.Real).Udp(53, 5353).Payload(60));
    }

    [Fact]
    public void A_port_that_is_taken_is_replaced_and_each_gets_its_own_answers()
    {
        using var scene = Masquerading(false);
        scene.Send(FromInside(scene, scene.Real).Udp(5353, 53));
        var sent = Assert.Single(scene.Send(FromInside(scene, scene.OtherReal).Udp(5353, 53))).Frame.Bytes;
        var port = (sent[34] << 8) | sent[35];
        Assert.InRange(port, 32_768, 60_999);
        Assert.Equal(Convert.ToHexString(ToOutside(scene).Udp(port, 53).Build()), Convert.ToHexString(sent));
        scene.Expect(FromOutside(scene).Udp(53, port), ToInside(scene, scene.OtherReal).Udp(53, 5353));
        scene.Expect(FromOutside(scene).Udp(53, 5353), ToInside(scene, scene.Real).Udp(53, 5353));
        // Its later packets leave by the same port.
        scene.Expect(FromInside(scene, scene.OtherReal).Udp(5353, 53), ToOutside(scene).Udp(port, 53));
    }

    [Fact]
    public void ICMP_errors_reach_the_side_that_they_concern()
    {
        using var scene = Masquerading(false);
        scene.Send(FromInside(scene, scene.Real).Udp(5353, 53).Payload(10));
        scene.Expect(
            FromOutside(scene).Icmp(3, 3).Payload(PacketBuilder.Network.IP(World, scene.Client).Udp(5353, 53).Payload(10).Build()),
            ToInside(scene, scene.Real).Icmp(3, 3).Payload(PacketBuilder.Network.IP(scene.Real, scene.Client).Udp(5353, 53).Payload(10).Build()));
        scene.Expect(
            FromInside(scene, scene.Real).Icmp(3, 3).Payload(PacketBuilder.Network.IP(scene.Client, scene.Real).Udp(53, 5353).Build()),
            ToOutside(scene).Icmp(3, 3).Payload(PacketBuilder.Network.IP(scene.Client, World).Udp(53, 5353).Build()));
    }

    [Fact]
    public void What_stays_inside_or_is_for_the_director_is_not_masqueraded()
    {
        using var scene = Masquerading(false);
        scene.Send(PacketBuilder.Ethernet(Scene.InsideMac, Scene.RealMac).IP(scene.Real, scene.InsideAddress).Udp(5353, 53));
        scene.Send(PacketBuilder.Ethernet(Scene.InsideMac, Scene.RealMac).IP(scene.Real, scene.OtherReal).Udp(5353, 53));
        Assert.Equal(0, scene.Path.Connections.Count);
    }

    [Fact]
    public void Packets_to_the_address_that_belong_to_nothing_are_refused()
    {
        using var scene = Masquerading(false);
        var stray = FromOutside(scene).Udp(53, 5353);
        scene.Expect(stray, PacketBuilder.Ethernet(Scene.ClientMac, Scene.OutsideMac).IP(World, scene.Client, 64, 0xC0).Icmp(3, 3).Payload(stray.Build()[14..]));
        Assert.Equal(1UL, scene.Count(PacketCounter.DropNoService));
    }

    [Fact]
    public void A_client_that_comes_straight_to_a_masqueraded_host_gets_its_answers_as_they_are()
    {
        using var scene = Masquerading(false);
        Assert.Empty(scene.Send(StraightIn(scene).Tcp(40_000, 22, TcpFlags.Syn)));
        Assert.Equal(1UL, scene.Count(PacketCounter.LeftToKernel));

        // The kernel's rules keep it from everything of that network: it gets the answer through the TUN.
        Assert.Equal((Scene.Tun, Hex(StraightOut(scene).Tcp(22, 40_000, SynAck))), Only(scene.Send(FromInside(scene, scene.Real).Tcp(22, 40_000, SynAck))));
        Assert.Equal((Scene.Tun, Hex(StraightOut(scene).Tcp(22, 40_000, TcpFlags.Ack).Payload(9))), Only(scene.Send(FromInside(scene, scene.Real).Tcp(22, 40_000, TcpFlags.Ack).Payload(9))));

        Assert.Empty(scene.Send(StraightIn(scene).Udp(5000, 53)));
        Assert.Equal((Scene.Tun, Hex(StraightOut(scene).Udp(53, 5000).Payload(3))), Only(scene.Send(FromInside(scene, scene.Real).Udp(53, 5000).Payload(3))));
        Assert.Empty(scene.Path.ListConnections());

        // What the host opens itself is masqueraded still, also to the same client.
        scene.Expect(FromInside(scene, scene.Real).Udp(5353, 5000), ToOutside(scene).Udp(5353, 5000));
    }

    private static PacketBuilder StraightIn(Scene scene) => PacketBuilder.Ethernet(Scene.OutsideMac, Scene.ClientMac).IP(scene.Client, scene.Real);

    private static PacketBuilder StraightOut(Scene scene) => PacketBuilder.Network.IP(scene.Real, scene.Client);

    private static string Hex(PacketBuilder packet) => Convert.ToHexString(packet.Build());

    private static (int, string) Only(List<(int Link, Forwarding.Links.SentFrame Frame)> sent)
    {
        var (link, frame) = Assert.Single(sent);
        return (link, Convert.ToHexString(frame.Bytes));
    }

    private const string World = "10.9.0.200";

    private static string WorldOf(Scene scene) => scene.IsIPv6 ? "2001:db8:9::200" : World;

    private static Scene Masquerading(bool isIPv6)
    {
        var scene = new Scene(isIPv6);
        return scene.Apply(new ForwardingTable
        {
            Services = [scene.Service(Protocol.Tcp, scene.Server())],
            Masquerade = [new MasqueradeRule(IPNetwork.Parse(isIPv6 ? "2001:db8:1::/48" : "192.168.1.0/24"), IPAddress.Parse(WorldOf(scene)))],
        });
    }

    private static PacketBuilder FromInside(Scene scene, string real) => PacketBuilder.Ethernet(Scene.InsideMac, Scene.RealMac).IP(real, scene.Client);

    private static PacketBuilder ToOutside(Scene scene) => PacketBuilder.Ethernet(Scene.ClientMac, Scene.OutsideMac).IP(WorldOf(scene), scene.Client, 63);

    private static PacketBuilder FromOutside(Scene scene) => PacketBuilder.Ethernet(Scene.OutsideMac, Scene.ClientMac).IP(scene.Client, WorldOf(scene));

    private static PacketBuilder ToInside(Scene scene, string real) => PacketBuilder.Ethernet(Scene.RealMac, Scene.InsideMac).IP(scene.Client, real, 63);
}
