using System.Net;
using Director.Forwarding.Engine;
using Director.Forwarding.Tests.Packets;
using Xunit;

namespace Director.Forwarding.Tests.Engine;

/// <summary>The director speaks for its VIPs: ARP, neighbour discovery, echo.</summary>
public sealed class AddressResponderTests
{
    private const ulong Broadcast = 0xFFFF_FFFF_FFFF;
    private const string ClientAddress = "10.9.0.7";
    private const string Vip = "10.9.0.100";

    [Fact]
    public void A_request_for_a_VIP_is_answered()
    {
        using var scene = Serving(false);
        scene.Expect(Arp(Broadcast, 1, Scene.ClientMac, ClientAddress, 0, Vip), Reply(Scene.ClientMac, ClientAddress));
        Assert.Equal(1UL, scene.Count(PacketCounter.ArpAnswered));
        // A refresh comes to our own address.
        scene.Expect(Arp(Scene.OutsideMac, 1, Scene.ClientMac, ClientAddress, Scene.OutsideMac, Vip), Reply(Scene.ClientMac, ClientAddress));
        // Padding to the shortest Ethernet frame is not sent back.
        Scene.AssertSent([Reply(Scene.ClientMac, ClientAddress)], scene.Path.Send(Scene.Outside, [.. Arp(Broadcast, 1, Scene.ClientMac, ClientAddress, 0, Vip).Build(), .. new byte[18]]));
    }

    /// <summary>A probe (RFC 5227) asks without an address of its own.</summary>
    [Fact]
    public void A_probe_for_a_VIP_is_answered()
    {
        using var scene = Serving(false);
        scene.Expect(Arp(Broadcast, 1, Scene.ClientMac, "0.0.0.0", 0, Vip), Reply(Scene.ClientMac, "0.0.0.0"));
        Assert.Equal(0UL, scene.Count(PacketCounter.AddressConflict));
    }

    [Fact]
    public void Requests_for_others_replies_and_announcements_are_left_alone()
    {
        using var scene = Serving(false);
        scene.Expect(Arp(Broadcast, 1, Scene.ClientMac, ClientAddress, 0, "10.9.0.99"));
        scene.Expect(Arp(Scene.OutsideMac, 2, Scene.ClientMac, ClientAddress, Scene.OutsideMac, Vip));
        scene.Expect(Arp(Broadcast, 1, Scene.ClientMac, ClientAddress, 0, ClientAddress));
        Assert.Equal((0UL, 0UL), (scene.Count(PacketCounter.ArpAnswered), scene.Count(PacketCounter.AddressConflict)));
    }

    /// <summary>Found by attack: whether the MAC address is ours was asked with a closure, for each frame that claimed a VIP.</summary>
    [Fact]
    public void A_flood_of_claims_allocates_nothing_beyond_those_that_are_told()
    {
        using var scene = Serving(false);
        using var batch = new Director.Forwarding.Links.FrameBatch();
        var claim = Arp(Broadcast, 1, Scene.ClientMac, Vip, 0, Vip).Build();
        for (var i = 0; i < 15; i++)
            scene.Path.Send(Scene.Outside, claim);
        Assert.Equal(10, scene.Path.Claims.Count);
        batch.Append(claim, Scene.Outside);
        Assert.Equal(0, Allocations.Least(() => scene.Path.Forwarder.Process(batch, scene.Path.Now)));
        Assert.InRange(scene.Count(PacketCounter.AddressConflict), 16UL, 25UL);
    }

    [Fact]
    public void Another_host_that_claims_a_VIP_is_counted()
    {
        using var scene = Serving(false);
        scene.ExpectDrop(Arp(Broadcast, 1, Scene.ClientMac, Vip, 0, Vip), PacketCounter.AddressConflict);
        scene.ExpectDrop(Arp(Scene.OutsideMac, 2, Scene.ClientMac, Vip, Scene.OutsideMac, "10.9.0.1"), PacketCounter.AddressConflict);
        scene.Expect(Arp(Broadcast, 1, Scene.OutsideMac, Vip, Broadcast, Vip));
        Assert.Equal(2UL, scene.Count(PacketCounter.AddressConflict));
    }

    [Theory]
    [InlineData(0, 2)] // hardware type
    [InlineData(3, 1)] // protocol type
    [InlineData(4, 8)] // hardware address length
    [InlineData(5, 16)] // protocol address length
    [InlineData(7, 3)] // operation
    public void A_malformed_request_is_not_answered(int offset, byte value)
    {
        using var scene = Serving(false);
        var bytes = Arp(Broadcast, 1, Scene.ClientMac, ClientAddress, 0, Vip).Build();
        bytes[14 + offset] = value;
        Assert.Empty(scene.Path.Send(Scene.Outside, bytes));
        Assert.Empty(scene.Path.Send(Scene.Outside, Arp(Broadcast, 1, Scene.ClientMac, ClientAddress, 0, Vip).Build()[..41]));
    }

    [Fact]
    public void A_neighbour_solicitation_for_a_VIP_is_answered()
    {
        using var scene = Serving(true);
        scene.Expect(Solicitation(scene, scene.Client), Advertisement(scene, Scene.ClientMac, scene.Client, 0x6000_0000));
        Assert.Equal(1UL, scene.Count(PacketCounter.SolicitationAnswered));
    }

    /// <summary>Duplicate address detection asks from the unspecified address and is answered to all nodes (RFC 4862).</summary>
    [Fact]
    public void Duplicate_address_detection_is_answered_to_all_nodes()
    {
        using var scene = Serving(true);
        scene.Expect(Solicitation(scene, "::"), Advertisement(scene, 0x0100_0000_3333, "ff02::1", 0x2000_0000));
    }

    [Fact]
    public void A_solicitation_that_a_router_passed_on_or_that_is_damaged_is_not_answered()
    {
        using var scene = Serving(true);
        scene.Expect(Solicitation(scene, scene.Client, hops: 254));
        scene.Expect(Solicitation(scene, scene.Client, checksum: Checksum.Wrong));
        scene.Expect(Solicitation(scene, scene.Client, code: 1));
        scene.Expect(Solicitation(scene, scene.Client, target: "2001:db8:9::99"));
        Assert.Equal(0UL, scene.Count(PacketCounter.SolicitationAnswered));
    }

    [Fact]
    public void Held_addresses_are_announced_on_every_Ethernet_link()
    {
        using var scene = Serving(false);
        scene.Path.Forwarder.Announce([Forwarding.Packets.InetAddress.From(IPAddress.Parse(Vip))], 1000);
        Scene.AssertSent(
            [
                Arp(Broadcast, 1, Scene.OutsideMac, Vip, Broadcast, Vip, Scene.OutsideMac), Arp(Broadcast, 2, Scene.OutsideMac, Vip, Scene.OutsideMac, Vip, Scene.OutsideMac),
                Arp(Broadcast, 1, Scene.InsideMac, Vip, Broadcast, Vip, Scene.InsideMac), Arp(Broadcast, 2, Scene.InsideMac, Vip, Scene.InsideMac, Vip, Scene.InsideMac),
            ],
            scene.Path.TakeSent());

        using var six = Serving(true);
        six.Path.Forwarder.Announce([Forwarding.Packets.InetAddress.From(IPAddress.Parse(six.Vip))], 1000);
        var sent = six.Path.TakeSent();
        Assert.Equal(2, sent.Count);
        Scene.AssertSent([Advertisement(six, 0x0100_0000_3333, "ff02::1", 0x2000_0000)], [sent[0]]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void An_echo_request_to_a_VIP_is_answered(bool isIPv6)
    {
        using var scene = Serving(isIPv6);
        scene.Expect(Echo(scene.FromClient(hops: 3, id: 4), isIPv6, true).Payload(57), Echo(scene.Answer(), isIPv6, false, id: 4, scene: scene).Payload(57));
        Assert.Equal(1UL, scene.Count(PacketCounter.EchoAnswered));
        scene.ExpectDrop(scene.FromClient().Icmp(isIPv6 ? (byte)128 : (byte)8, 0, 1, Checksum.Wrong), PacketCounter.DropBadIcmp);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_fragmented_echo_request_is_answered_fragment_by_fragment_in_any_order(bool isIPv6)
    {
        using var scene = Serving(isIPv6);
        var request = Echo(scene.FromClient(), isIPv6, true).Payload(3000);
        var reply = Echo(scene.Answer(), isIPv6, false).Payload(3000);
        foreach (var (fragment, answer) in request.Fragments(1400, 800, 5).Zip(reply.Fragments(1400, 800, 5)))
            scene.Expect(fragment, answer);

        var (late, answers) = (request.Fragments(1400, 1440, 6), reply.Fragments(1400, 1440, 6));
        scene.Expect(late[1]);
        scene.Expect(late[2]);
        scene.Expect(late[0], answers);
    }

    /// <summary>ICMP of the other family is neither a question nor an error.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void ICMP_of_the_other_family_is_not_answered(bool isIPv6)
    {
        using var scene = Serving(isIPv6);
        var message = PacketBuilder.Network.IP(isIPv6 ? "10.0.0.1" : "2001:db8::1", isIPv6 ? "10.0.0.2" : "2001:db8::2").Icmp(isIPv6 ? (byte)8 : (byte)135, 0).Payload(16).Build()[(isIPv6 ? 20 : 40)..];
        var ethernet = PacketBuilder.Ethernet(Scene.OutsideMac, Scene.ClientMac);
        var packet = isIPv6 ? ethernet.IPv6(scene.Client, scene.Vip, 255, carries: 1) : ethernet.IPv4(scene.Client, scene.Vip, 255, carries: 58);
        scene.ExpectDrop(packet.Payload(message), PacketCounter.DropProtocol);
    }

    private static Scene Serving(bool isIPv6)
    {
        var scene = new Scene(isIPv6);
        return scene.With(scene.Server());
    }

    private static PacketBuilder Echo(PacketBuilder ip, bool isIPv6, bool isRequest, int id = 0, Scene? scene = null)
    {
        if (id != 0 && !isIPv6)
            ip = scene!.ToClient(64, id: id);
        return ip.Icmp((isIPv6, isRequest) switch { (false, true) => 8, (false, false) => 0, (true, true) => 128, _ => 129 }, 0, 0x1234_0001);
    }

    private static PacketBuilder Arp(ulong to, byte operation, ulong senderMac, string sender, ulong targetMac, string target, ulong from = Scene.ClientMac) =>
        PacketBuilder.Ethernet(to, from, 0x0806).Payload(
        [
            0, 1, 8, 0, 6, 4, 0, operation, .. BitConverter.GetBytes(senderMac).AsSpan(0, 6), .. IPAddress.Parse(sender).GetAddressBytes(),
            .. BitConverter.GetBytes(targetMac).AsSpan(0, 6), .. IPAddress.Parse(target).GetAddressBytes(),
        ]);

    private static PacketBuilder Reply(ulong toMac, string to) => Arp(toMac, 2, Scene.OutsideMac, Vip, toMac, to, Scene.OutsideMac);

    private static PacketBuilder Solicitation(Scene scene, string source, int hops = 255, byte code = 0, string? target = null, Checksum checksum = Checksum.Right) =>
        PacketBuilder.Ethernet(0x0001_00FF_3333, Scene.ClientMac).IPv6(source, "ff02::1:ff00:100", hops)
            .Icmp(135, code, 0, checksum).Payload([.. IPAddress.Parse(target ?? scene.Vip).GetAddressBytes(), 1, 1, .. BitConverter.GetBytes(Scene.ClientMac).AsSpan(0, 6)]);

    private static PacketBuilder Advertisement(Scene scene, ulong toMac, string to, uint flags) =>
        PacketBuilder.Ethernet(toMac, Scene.OutsideMac).IPv6(scene.Vip, to, 255)
            .Icmp(136, 0, flags).Payload([.. IPAddress.Parse(scene.Vip).GetAddressBytes(), 2, 1, .. BitConverter.GetBytes(Scene.OutsideMac).AsSpan(0, 6)]);
}
