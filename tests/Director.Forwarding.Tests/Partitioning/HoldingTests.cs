using System.Collections.Immutable;
using System.Net;
using System.Net.NetworkInformation;
using Director.Forwarding.Engine;
using Director.Forwarding.Tests.Engine;
using Director.Forwarding.Tests.Packets;
using Xunit;

namespace Director.Forwarding.Tests.Partitioning;

/// <summary>What a director does for addresses that it holds, and that it does nothing for others.</summary>
public sealed class HoldingTests
{
    private const ulong Broadcast = 0xFFFF_FFFF_FFFF;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_VIP_that_is_not_held_is_neither_scheduled_nor_answered(bool isIPv6)
    {
        using var scene = new Scene(isIPv6).With(Server(isIPv6)).Hold();
        scene.ExpectDrop(scene.FromClient().Tcp(Scene.ClientPort, 80, TcpFlags.Syn), PacketCounter.DropNotHeld);
        scene.ExpectDrop(scene.FromClient().Udp(Scene.ClientPort, 80), PacketCounter.DropNotHeld);
        scene.ExpectDrop(scene.FromClient().Tcp(Scene.ClientPort, 81, TcpFlags.Syn), PacketCounter.DropNotHeld);
        scene.ExpectDrop(scene.FromClient().Icmp(isIPv6 ? (byte)128 : (byte)8, 0, 1), PacketCounter.DropNotHeld);
        scene.ExpectDrop(scene.FromClient().Udp(Scene.ClientPort, 80).Payload(2000).Fragments(1000, 1000, 5)[0], PacketCounter.DropNotHeld);
        scene.Expect(isIPv6 ? Solicitation(scene) : Arp(1, scene.Client, Scene.ClientMac, scene.Vip));
        Assert.Equal(0, scene.Path.Connections.Count);
    }

    [Fact]
    public void Connections_go_on_when_a_group_is_released_and_taken_again()
    {
        using var scene = new Scene().With(Server(false)).Hold(Group());
        scene.Open();
        scene.Hold();
        scene.ExpectDrop(scene.FromClient().Tcp(Scene.ClientPort, 80, TcpFlags.Ack).Payload(3), PacketCounter.DropNotHeld);
        scene.ExpectDrop(scene.FromReal().Tcp(8080, Scene.ClientPort, TcpFlags.Ack).Payload(3), PacketCounter.DropNotHeld);
        scene.Hold(Group());
        scene.Expect(scene.FromClient().Tcp(Scene.ClientPort, 80, TcpFlags.Ack).Payload(3), scene.ToReal().Tcp(Scene.ClientPort, 8080, TcpFlags.Ack).Payload(3));
        scene.Expect(scene.FromReal().Tcp(8080, Scene.ClientPort, TcpFlags.Ack).Payload(3), scene.ToClient().Tcp(80, Scene.ClientPort, TcpFlags.Ack).Payload(3));
    }

    [Fact]
    public void While_it_hands_a_group_over_a_director_forwards_without_answering()
    {
        using var scene = new Scene().With(Server(false)).Hold(Group() with { Answers = false });
        scene.Expect(Arp(1, scene.Client, Scene.ClientMac, scene.Vip));
        scene.ExpectDrop(scene.FromClient().Icmp(8, 0, 1), PacketCounter.DropNotHeld);
        scene.Expect(scene.FromClient().Tcp(Scene.ClientPort, 80, TcpFlags.Syn), scene.ToReal().Tcp(Scene.ClientPort, 8080, TcpFlags.Syn));
        // The next holder's announcement is no conflict.
        scene.Expect(Arp(1, scene.Vip, Scene.ClientMac, scene.Vip));
        Assert.Equal(0UL, scene.Count(PacketCounter.AddressConflict));
    }

    [Fact]
    public void Errors_about_connections_of_a_group_that_is_not_held_are_dropped()
    {
        using var scene = new Scene().With(Server(false)).Hold(Group());
        scene.Open();
        scene.Hold();
        var toClient = PacketBuilder.Network.IP(scene.Vip, scene.Client).Tcp(80, Scene.ClientPort, TcpFlags.Ack).Build();
        var toReal = PacketBuilder.Network.IP(scene.Client, scene.Real).Tcp(Scene.ClientPort, 8080, TcpFlags.Ack).Build();
        scene.ExpectDrop(scene.FromClient().Icmp(3, 1).Payload(toClient), PacketCounter.DropNotHeld);
        scene.ExpectDrop(scene.FromReal().Icmp(3, 1).Payload(toReal), PacketCounter.DropNotHeld);
    }

    [Fact]
    public void A_real_server_is_masqueraded_only_while_the_address_is_held()
    {
        var masquerade = IPAddress.Parse("10.9.0.200");
        using var scene = new Scene();
        scene.Apply(new ForwardingTable { Services = [scene.Service(Protocol.Tcp, Server(false))], Masquerade = [new MasqueradeRule(IPNetwork.Parse("192.168.1.0/24"), masquerade)] });
        scene.Hold(Group());
        var packet = scene.FromReal().Udp(5353, 53);
        scene.ExpectDrop(packet, PacketCounter.DropNotHeld);
        scene.Hold(Group() with { Addresses = [masquerade] });
        var outside = PacketBuilder.Ethernet(Scene.ClientMac, Scene.OutsideMac).IP("10.9.0.200", scene.Client, 63);
        scene.Expect(packet, outside.Udp(5353, 53));
        scene.Hold();
        scene.ExpectDrop(PacketBuilder.Ethernet(Scene.OutsideMac, Scene.ClientMac).IP(scene.Client, "10.9.0.200").Udp(53, 5353), PacketCounter.DropNotHeld);
    }

    /// <summary>Two directors that are each other's real servers by direct routing or tunnelling have the VIP on lo.</summary>
    [Fact]
    public void As_another_directors_real_server_the_host_gets_the_packets_by_its_kernel_alone()
    {
        using var scene = new Scene();
        scene.Path.Routes.AddLocal(scene.Vip);
        scene.With(scene.Server()).Hold(Group() with { Answers = false, Forwards = false });
        scene.ExpectDrop(scene.FromClient().Tcp(Scene.ClientPort, 80, TcpFlags.Syn), PacketCounter.LeftToKernel);
        scene.ExpectDrop(scene.FromClient().Udp(Scene.ClientPort, 80), PacketCounter.LeftToKernel);
        scene.ExpectDrop(scene.FromClient().Icmp(8, 0, 1), PacketCounter.LeftToKernel);
        Assert.Equal((0UL, 0UL), (scene.Count(PacketCounter.DropNotHeld), scene.Count(PacketCounter.HandedBack)));

        scene.Hold(Group());
        scene.Expect(scene.FromClient().Tcp(Scene.ClientPort, 80, TcpFlags.Syn), scene.ToReal().Tcp(Scene.ClientPort, 8080, TcpFlags.Syn));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_gateway_address_is_answered_and_pinged_while_held(bool isIPv6)
    {
        using var scene = new Scene(isIPv6).With(Server(isIPv6));
        var gateway = isIPv6 ? "2001:db8:1::fe" : "192.168.1.254";
        scene.Hold(Group(scene) with { Addresses = [IPAddress.Parse(gateway)], Interfaces = ["inside"] });
        var ping = PacketBuilder.Ethernet(Scene.InsideMac, Scene.RealMac).IP(scene.Real, gateway);
        var answer = PacketBuilder.Ethernet(Scene.RealMac, Scene.InsideMac).IP(gateway, scene.Real);
        scene.Expect(ping.Icmp(isIPv6 ? (byte)128 : (byte)8, 0, 7), answer.Icmp(isIPv6 ? (byte)129 : (byte)0, 0, 7));
        scene.ExpectDrop(PacketBuilder.Ethernet(Scene.InsideMac, Scene.RealMac).IP(scene.Real, gateway).Tcp(1000, 22, TcpFlags.Ack | TcpFlags.Rst), PacketCounter.DropNoService);
        scene.Hold();
        scene.Expect(PacketBuilder.Ethernet(Scene.InsideMac, Scene.RealMac).IP(scene.Real, gateway).Icmp(isIPv6 ? (byte)128 : (byte)8, 0, 7));
    }

    [Fact]
    public void An_address_is_answered_and_announced_on_its_groups_interfaces_only()
    {
        using var scene = new Scene().With(Server(false)).Hold(Group() with { Interfaces = ["inside"] });
        scene.Expect(Arp(1, scene.Client, Scene.ClientMac, scene.Vip));
        var request = Arp(1, scene.Real, Scene.RealMac, scene.Vip, Scene.RealMac);
        Assert.Single(scene.Path.Send(Scene.Inside, request.Build()));
        scene.Path.Forwarder.Announce([Forwarding.Packets.InetAddress.From(IPAddress.Parse(scene.Vip))], scene.Path.Now);
        Assert.All(scene.Path.TakeSent(), sent => Assert.Equal(Scene.Inside, sent.Link));
        // Where it is not answered nobody's claim is a conflict.
        scene.Expect(Arp(1, scene.Vip, Scene.ClientMac, scene.Vip));
        Assert.Empty(scene.Path.Claims);
    }

    [Fact]
    public void Another_hosts_claim_is_told_with_its_MAC_and_interface_ten_times_a_second_at_most()
    {
        using var scene = new Scene().With(Server(false)).Hold(Group());
        for (var i = 0; i < 25; i++)
            scene.Expect(Arp(2, scene.Vip, Scene.ClientMac, scene.Client));
        Assert.Equal(25UL, scene.Count(PacketCounter.AddressConflict));
        Assert.Equal(10, scene.Path.Claims.Count);
        Assert.Equal($"{scene.Vip} 020000000007 outside", $"{scene.Path.Claims[0].Address} {scene.Path.Claims[0].Mac} {scene.Path.Claims[0].Interface}");
    }

    [Theory]
    [InlineData(true, "020000000055")]
    [InlineData(false, "020000000007")]
    public void A_neighbour_advertisement_for_a_held_address_is_a_claim(bool hasOption, string mac)
    {
        using var scene = new Scene(true).With(Server(true)).Hold(Group(scene: null, isIPv6: true));
        byte[] option = hasOption ? [2, 1, 0x02, 0, 0, 0, 0, 0x55] : [];
        scene.Expect(PacketBuilder.Ethernet(0x0100_0000_3333, Scene.ClientMac).IPv6(scene.Vip, "ff02::1", 255)
            .Icmp(136, 0, 0x2000_0000).Payload([.. IPAddress.Parse(scene.Vip).GetAddressBytes(), .. option]));
        Assert.Equal(mac, $"{Assert.Single(scene.Path.Claims).Mac}");
        // One that a router passed on proves nothing.
        scene.Expect(PacketBuilder.Ethernet(0x0100_0000_3333, Scene.ClientMac).IPv6(scene.Vip, "ff02::1", 254).Icmp(136, 0, 0x2000_0000).Payload(IPAddress.Parse(scene.Vip).GetAddressBytes()));
        Assert.Single(scene.Path.Claims);
    }

    [Fact]
    public void When_the_loan_has_run_out_nothing_held_is_touched_and_the_kernel_keeps_its_own()
    {
        using var scene = new Scene().With(Server(false)).Hold(Group());
        scene.Open();
        scene.Path.Loan.Until = scene.Path.Now + 1;
        scene.Expect(scene.FromClient().Tcp(Scene.ClientPort, 80, TcpFlags.Ack), scene.ToReal().Tcp(Scene.ClientPort, 8080, TcpFlags.Ack));
        scene.Path.Now++;
        scene.ExpectDrop(scene.FromClient().Tcp(Scene.ClientPort, 80, TcpFlags.Ack), PacketCounter.DropNoLoan);
        scene.ExpectDrop(scene.FromReal().Tcp(8080, Scene.ClientPort, TcpFlags.Ack), PacketCounter.DropNoLoan);
        scene.ExpectDrop(scene.FromClient().Tcp(Scene.ClientPort + 1, 80, TcpFlags.Syn), PacketCounter.DropNoLoan);
        scene.ExpectDrop(scene.FromClient().Icmp(8, 0, 1), PacketCounter.DropNoLoan);
        scene.Expect(Arp(1, scene.Client, Scene.ClientMac, scene.Vip));
        scene.Path.Forwarder.Announce([Forwarding.Packets.InetAddress.From(IPAddress.Parse(scene.Vip))], scene.Path.Now);
        Assert.Empty(scene.Path.TakeSent());
        scene.ExpectDrop(PacketBuilder.Ethernet(Scene.InsideMac, Scene.RealMac).IP(scene.Real, scene.InsideAddress).Tcp(1000, 22, TcpFlags.Syn), PacketCounter.LeftToKernel);

        scene.Path.Loan.Until = scene.Path.Now + 100;
        scene.Expect(scene.FromClient().Tcp(Scene.ClientPort, 80, TcpFlags.Ack), scene.ToReal().Tcp(Scene.ClientPort, 8080, TcpFlags.Ack));
    }

    [Fact]
    public void A_director_alone_has_its_loan_for_good_until_it_is_given_another()
    {
        using var scene = new Scene().With(Server(false));
        scene.Path.Now = long.MaxValue / 4;
        Assert.NotEmpty(scene.Send(scene.FromClient().Udp(Scene.ClientPort, 80)));
        scene.Path.Loan.Until = 0;
        scene.ExpectDrop(scene.FromClient().Udp(Scene.ClientPort, 80), PacketCounter.DropNoLoan);
    }

    /// <summary>VRRP's accept mode (RFC 5798 6.1).</summary>
    [Fact]
    public void A_group_that_answers_no_echo_answers_ARP_and_forwards()
    {
        using var scene = new Scene().With(Server(false)).Hold(Group() with { AnswersEcho = false });
        scene.ExpectDrop(scene.FromClient().Icmp(8, 0, 1), PacketCounter.DropNotHeld);
        Assert.Single(scene.Send(Arp(1, scene.Client, Scene.ClientMac, scene.Vip)));
        scene.Expect(scene.FromClient().Tcp(Scene.ClientPort, 80, TcpFlags.Syn), scene.ToReal().Tcp(Scene.ClientPort, 8080, TcpFlags.Syn));
    }

    /// <summary>VRRP's virtual MAC (RFC 5798 7.3): the master's answers name it and it takes what comes to it; a backup drops that.</summary>
    [Fact]
    public void A_virtual_MAC_is_named_in_answers_and_taken_by_who_has_the_group()
    {
        const ulong virtualMac = 0x3301_005E_0000;
        var mac = PhysicalAddress.Parse("00-00-5E-00-01-33");
        using var scene = new Scene().With(Server(false)).Hold(Group() with { VirtualMac = mac });
        var answer = Assert.Single(scene.Send(Arp(1, scene.Client, Scene.ClientMac, scene.Vip))).Frame.Bytes;
        Assert.Equal(mac.GetAddressBytes(), answer[22..28]);
        Assert.NotEqual(mac.GetAddressBytes(), answer[6..12]);

        var toVirtual = PacketBuilder.Ethernet(virtualMac, Scene.ClientMac).IP(scene.Client, scene.Vip).Tcp(Scene.ClientPort, 80, TcpFlags.Syn);
        Assert.Single(scene.Path.Send(Scene.Outside, toVirtual.Build()));
        // Another master's announcement names the same MAC: no other host claims the address.
        scene.Expect(Arp(2, scene.Vip, virtualMac, scene.Vip));
        Assert.Empty(scene.Path.Claims);

        scene.Hold(Group() with { VirtualMac = mac, Answers = false, Forwards = false });
        Assert.Empty(scene.Path.Send(Scene.Outside, toVirtual.Build()));
        Assert.Empty(scene.Path.Send(Scene.Outside, PacketBuilder.Ethernet(virtualMac, Scene.ClientMac).IP(scene.Client, "172.16.0.1").Udp(1000, 53).Build()));
        Assert.Equal((1UL, 1UL), (scene.Count(PacketCounter.DropNotHeld), scene.Count(PacketCounter.LeftToGatewayOwner)));
    }

    private static RealServerSpec Server(bool isIPv6) => new(IPAddress.Parse(isIPv6 ? "2001:db8:1::11" : "192.168.1.11"), 8080) { Method = ForwardingMethod.Nat };

    private static HeldGroup Group(Scene? scene = null, bool isIPv6 = false) =>
        new("www", [IPAddress.Parse(scene?.Vip ?? (isIPv6 ? "2001:db8:9::100" : "10.9.0.100"))]) { Answers = true, Forwards = true };

    private static PacketBuilder Arp(byte operation, string sender, ulong senderMac, string target, ulong from = Scene.ClientMac) =>
        PacketBuilder.Ethernet(Broadcast, from, 0x0806).Payload(
        [
            0, 1, 8, 0, 6, 4, 0, operation, .. BitConverter.GetBytes(senderMac).AsSpan(0, 6), .. IPAddress.Parse(sender).GetAddressBytes(), .. new byte[6], .. IPAddress.Parse(target).GetAddressBytes(),
        ]);

    private static PacketBuilder Solicitation(Scene scene) =>
        PacketBuilder.Ethernet(0x0001_00FF_3333, Scene.ClientMac).IPv6(scene.Client, "ff02::1:ff00:100", 255)
            .Icmp(135, 0, 0).Payload([.. IPAddress.Parse(scene.Vip).GetAddressBytes(), 1, 1, .. BitConverter.GetBytes(Scene.ClientMac).AsSpan(0, 6)]);
}
