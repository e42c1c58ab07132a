using System.Net;
using Director.Forwarding.Engine;
using Director.Forwarding.Tests.Packets;
using Xunit;

namespace Director.Forwarding.Tests.Engine;

/// <summary>What a client is told when nobody takes its packet.</summary>
public sealed class RefusalTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Without_a_real_server_the_port_is_unreachable_for_TCP_too(bool isIPv6)
    {
        using var scene = new Scene(isIPv6);
        scene.With(scene.Server(weight: 0));
        var syn = scene.FromClient().Tcp(Scene.ClientPort, 80, TcpFlags.Syn);
        scene.Expect(syn, Unreachable(scene, syn));
        var udp = scene.FromClient().Udp(Scene.ClientPort, 80).Payload(9);
        scene.Expect(udp, Unreachable(scene, udp));
        Assert.Equal((2UL, 0UL), (scene.Count(PacketCounter.DropNoRealServer), scene.Count(PacketCounter.ConnectionsCreated)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Without_a_service_TCP_is_reset_and_UDP_unreachable(bool isIPv6)
    {
        using var scene = new Scene(isIPv6);
        scene.With(scene.Server());
        scene.Expect(scene.FromClient().Tcp(Scene.ClientPort, 81, TcpFlags.Syn, 5000).Payload(3), scene.Answer().Reset(81, Scene.ClientPort, TcpFlags.Rst | TcpFlags.Ack, 0, 5004));
        scene.Expect(scene.FromClient().Tcp(Scene.ClientPort, 81, TcpFlags.Fin, 5000), scene.Answer().Reset(81, Scene.ClientPort, TcpFlags.Rst | TcpFlags.Ack, 0, 5001));
        scene.Expect(scene.FromClient().Tcp(Scene.ClientPort, 81, TcpFlags.Ack, 5000, 77), scene.Answer().Reset(81, Scene.ClientPort, TcpFlags.Rst, 77, 0));
        scene.ExpectDrop(scene.FromClient().Tcp(Scene.ClientPort, 81, TcpFlags.Rst, 5000, 77), PacketCounter.DropNoService);
        var udp = scene.FromClient().Udp(Scene.ClientPort, 81).Payload(9);
        scene.Expect(udp, Unreachable(scene, udp));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_TCP_packet_of_no_connection_is_reset_unless_sloppy(bool isIPv6)
    {
        using var scene = new Scene(isIPv6);
        scene.With(scene.Server());
        foreach (var flags in (TcpFlags[])[TcpFlags.Ack, TcpFlags.Ack | TcpFlags.Psh, TcpFlags.Fin | TcpFlags.Ack, TcpFlags.Syn | TcpFlags.Ack])
            scene.Expect(scene.FromClient().Tcp(Scene.ClientPort, 80, flags, 5, 77), scene.Answer().Reset(80, Scene.ClientPort, TcpFlags.Rst, 77, 0));
        Assert.Equal(4UL, scene.Count(PacketCounter.DropNotSyn));

        scene.Apply(new ForwardingTable { Services = [scene.Service(Protocol.Tcp, scene.Server())], Options = new ForwardingOptions { SloppyTcp = true } });
        scene.Expect(scene.FromClient().Tcp(Scene.ClientPort, 80, TcpFlags.Ack), scene.ToReal().Tcp(Scene.ClientPort, 8080, TcpFlags.Ack));
    }

    [Fact]
    public void Errors_are_limited_to_a_thousand_a_second()
    {
        using var scene = new Scene();
        scene.With(scene.Server());
        var sent = Enumerable.Range(0, 1500).Sum(i => scene.Send(scene.FromClient().Udp(i + 1, 81)).Count);
        Assert.Equal((1000, 500UL), (sent, scene.Count(PacketCounter.DropIcmpRateLimited)));
        scene.Path.Now += 100;
        Assert.Equal(100, Enumerable.Range(0, 200).Sum(i => scene.Send(scene.FromClient().Udp(i + 1, 81)).Count));
    }

    [Fact]
    public void Nobody_is_answered_who_cannot_be_the_sender()
    {
        using var scene = new Scene();
        scene.With(scene.Server());
        foreach (var source in (string[])["0.0.0.0", "127.0.0.1", "224.0.0.9", "255.255.255.255"])
            scene.ExpectDrop(PacketBuilder.Ethernet(Scene.OutsideMac, Scene.ClientMac).IP(source, scene.Vip).Udp(1, 81), PacketCounter.DropNoService);
        // Nor a frame to everybody (RFC 1122 3.2.2).
        scene.ExpectDrop(PacketBuilder.Ethernet(0xFFFF_FFFF_FFFF, Scene.ClientMac).IP(scene.Client, scene.Vip).Udp(1, 81), PacketCounter.DropNoService);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_access_list_refuses_without_an_answer(bool isIPv6)
    {
        using var scene = new Scene(isIPv6);
        var all = IPNetwork.Parse(isIPv6 ? "2001:db8:9::/48" : "10.9.0.0/16");
        var client = new IPNetwork(IPAddress.Parse(scene.Client), isIPv6 ? 128 : 32);
        var other = isIPv6 ? "2001:db8:9::8" : "10.9.0.8";
        var stranger = isIPv6 ? "2001:db8:8::8" : "10.8.0.8";
        scene.Apply(new ForwardingTable { Services = [scene.Service(Protocol.Tcp, scene.Server()) with { Access = new AccessList([all], [client]) }] });
        scene.ExpectDrop(scene.FromClient().Tcp(Scene.ClientPort, 80, TcpFlags.Syn), PacketCounter.DropAccessDenied);
        scene.ExpectDrop(PacketBuilder.Ethernet(Scene.OutsideMac, Scene.ClientMac).IP(stranger, scene.Vip).Tcp(1, 80, TcpFlags.Syn), PacketCounter.DropAccessDenied);
        Assert.Single(scene.Send(PacketBuilder.Ethernet(Scene.OutsideMac, Scene.ClientMac).IP(other, scene.Vip).Tcp(1, 80, TcpFlags.Syn)));
    }

    [Fact]
    public void Another_protocol_to_a_VIP_is_dropped_and_to_others_left_to_the_kernel()
    {
        using var scene = new Scene();
        scene.With(scene.Server());
        scene.ExpectDrop(PacketBuilder.Ethernet(Scene.OutsideMac, Scene.ClientMac).IPv4(scene.Client, scene.Vip, carries: 132).Payload(20), PacketCounter.DropProtocol);
        scene.ExpectDrop(PacketBuilder.Ethernet(Scene.OutsideMac, Scene.ClientMac).IPv4(scene.Client, "10.9.0.5", carries: 132).Payload(20), PacketCounter.LeftToKernel);
    }

    [Fact]
    public void Frames_for_other_hosts_are_not_looked_at()
    {
        using var scene = new Scene();
        scene.With(scene.Server());
        var bytes = scene.FromClient().Udp(Scene.ClientPort, 80).Build();
        bytes[5] ^= 0x10;
        Assert.Empty(scene.Path.Send(Scene.Outside, bytes));
        Assert.Equal(1UL, scene.Count(PacketCounter.OtherHost));
        Assert.Empty(scene.Path.Send(Scene.Outside, bytes[..13]));
        Assert.Equal(1UL, scene.Count(PacketCounter.DropTruncated));
    }

    private static PacketBuilder Unreachable(Scene scene, PacketBuilder packet) => scene.IsIPv6
        ? scene.Answer().Icmp(1, 4).Payload(packet.Build()[14..])
        : scene.Answer(trafficClass: 0xC0).Icmp(3, 3).Payload(packet.Build()[14..]);
}
