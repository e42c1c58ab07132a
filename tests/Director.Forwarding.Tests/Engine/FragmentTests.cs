using Director.Forwarding.Engine;
using Director.Forwarding.Tests.Packets;
using Xunit;

namespace Director.Forwarding.Tests.Engine;

/// <summary>Fragments go where their first goes, in either order and direction; nothing is put together.</summary>
public sealed class FragmentTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Fragments_in_order_are_translated_one_by_one(bool isIPv6)
    {
        using var scene = Fragmenting(isIPv6);
        AssertGoThrough(scene, scene.FromClient().Udp(Scene.ClientPort, 80).Payload(3000).Fragments(1400, 800), scene.ToReal().Udp(Scene.ClientPort, 8080).Payload(3000).Fragments(1400, 800));
        AssertGoThrough(scene, scene.FromReal().Udp(8080, Scene.ClientPort).Payload(3000).Fragments(1400, 800), scene.ToClient().Udp(80, Scene.ClientPort).Payload(3000).Fragments(1400, 800));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Fragments_before_their_first_wait_for_it(bool isIPv6)
    {
        using var scene = Fragmenting(isIPv6);
        var packets = scene.FromClient().Udp(Scene.ClientPort, 80).Payload(3000).Fragments(1400, 800);
        var translated = scene.ToReal().Udp(Scene.ClientPort, 8080).Payload(3000).Fragments(1400, 800);
        scene.Expect(packets[2]);
        scene.Expect(packets[1]);
        scene.Expect(packets[0], translated[0], translated[2], translated[1]);

        packets = scene.FromReal().Udp(8080, Scene.ClientPort).Payload(3000).Fragments(1400, 800);
        translated = scene.ToClient().Udp(80, Scene.ClientPort).Payload(3000).Fragments(1400, 800);
        scene.Expect(packets[1]);
        scene.Expect(packets[0], translated[0], translated[1]);
        scene.Expect(packets[2], translated[2]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Overlapping_fragments_pass_as_they_are(bool isIPv6)
    {
        using var scene = Fragmenting(isIPv6);
        var packets = scene.FromClient().Udp(Scene.ClientPort, 80).Payload(3000).Fragments(1400, 800);
        var others = scene.FromClient().Udp(Scene.ClientPort, 80).Payload(3000).Fragments(1000, 1400);
        var translated = scene.ToReal().Udp(Scene.ClientPort, 8080).Payload(3000);
        scene.Expect(packets[0], translated.Fragments(1400, 800)[0]);
        scene.Expect(others[1], translated.Fragments(1000, 1400)[1]);
        scene.Expect(packets[1], translated.Fragments(1400, 800)[1]);
        scene.Expect(others[2], translated.Fragments(1000, 1400)[2]);
    }

    [Theory]
    [InlineData(ForwardingMethod.Direct)]
    [InlineData(ForwardingMethod.Tunnel)]
    public void Fragments_go_by_direct_routing_and_through_tunnels_too(ForwardingMethod method)
    {
        using var scene = Fragmenting(false, method);
        var packets = scene.FromClient().Udp(Scene.ClientPort, 80).Payload(2000).Fragments(1000, 1008);
        var inner = PacketBuilder.Network.IP(scene.Client, scene.Vip, 63).Udp(Scene.ClientPort, 80).Payload(2000).Fragments(1000, 1008);
        scene.Expect(packets[1]);
        var sent = scene.Send(packets[0]);
        Assert.Equal(
            inner.Select(fragment => Convert.ToHexString(fragment.Build())),
            sent.Select(each => Convert.ToHexString(each.Frame.Bytes.AsSpan(method == ForwardingMethod.Tunnel ? 34 : 14))));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_later_fragment_without_first_is_dropped_after_a_second(bool isIPv6)
    {
        using var scene = Fragmenting(isIPv6);
        var packets = scene.FromClient().Udp(Scene.ClientPort, 80).Payload(3000).Fragments(1400, 800);
        scene.Expect(packets[1]);
        Assert.True(scene.Path.Forwarder.IsWaiting);
        scene.Path.Wait(1100);
        Assert.Equal(1UL, scene.Count(PacketCounter.DropOrphanFragment));
        Assert.False(scene.Path.Forwarder.IsWaiting);
        Assert.Single(scene.Send(packets[0]));
    }

    [Fact]
    public void A_flood_of_later_fragments_drops_the_newest_and_hurts_nobody()
    {
        using var scene = Fragmenting(false);
        for (uint id = 0; id < 1000; id++)
            scene.Expect(scene.FromClient().Udp(Scene.ClientPort, 80).Payload(3000).Fragments(1400, 800, id)[1]);
        Assert.Equal(1000UL - 32, scene.Count(PacketCounter.DropOrphanFragment));
        AssertGoThrough(scene, scene.FromClient().Udp(9, 80).Payload(3000).Fragments(1400, 800, 5000), scene.ToReal().Udp(9, 8080).Payload(3000).Fragments(1400, 800, 5000));
    }

    [Fact]
    public void Ports_of_a_first_fragment_are_forgotten_after_thirty_seconds()
    {
        using var scene = Fragmenting(false);
        var packets = scene.FromClient().Udp(Scene.ClientPort, 80).Payload(3000).Fragments(1400, 800);
        Assert.Single(scene.Send(packets[0]));
        scene.Path.Wait(29_000);
        Assert.Single(scene.Send(packets[1]));
        scene.Path.Wait(2_000);
        Assert.Empty(scene.Send(packets[2]));
    }

    /// <summary>A first fragment too short for its ports is an attack (RFC 1858).</summary>
    [Fact]
    public void A_first_fragment_without_the_whole_TCP_header_is_dropped()
    {
        using var scene = Fragmenting(false);
        scene.ExpectDrop(scene.FromClient().Tcp(Scene.ClientPort, 80, TcpFlags.Syn).Payload(100).Fragments(16, 800)[0], PacketCounter.DropBadTransport);
    }

    [Fact]
    public void A_TCP_segment_in_fragments_belongs_to_its_connection()
    {
        using var scene = Fragmenting(false);
        scene.Open();
        AssertGoThrough(
            scene,
            scene.FromClient().Tcp(Scene.ClientPort, 80, TcpFlags.Ack).Payload(2000).Fragments(1400, 800),
            scene.ToReal().Tcp(Scene.ClientPort, 8080, TcpFlags.Ack).Payload(2000).Fragments(1400, 800));
    }

    /// <summary>No connection says where they go, and each datagram is scheduled anew.</summary>
    [Theory]
    [InlineData(ForwardingMethod.Nat)]
    [InlineData(ForwardingMethod.Direct)]
    public void With_one_packet_scheduling_a_datagrams_fragments_stay_together(ForwardingMethod method)
    {
        using var scene = new Scene();
        var other = scene.Path.Routes.Add($"{scene.OtherReal}/32", scene.Path.Links[Scene.Inside], 0x12_01_00_00_00_02);
        scene.Apply(new ForwardingTable { Services = [scene.Service(Protocol.Udp, scene.Server(method), scene.Server(method, address: scene.OtherReal)) with { OnePacket = true }] });
        var macs = new List<ulong>();
        for (uint id = 1; id <= 4; id++)
        {
            var packets = scene.FromClient().Udp(Scene.ClientPort, 80).Payload(3000).Fragments(1400, 800, id);
            Assert.Empty(scene.Send(packets[2]));
            var sent = scene.Send(packets[0]).Concat(scene.Send(packets[1])).Select(each => BitConverter.ToUInt64(each.Frame.Bytes) & 0xFFFF_FFFF_FFFF).ToArray();
            Assert.Equal(3, sent.Length);
            macs.Add(Assert.Single(sent.Distinct()));
        }

        Assert.Equal([other.Mac, Scene.RealMac, other.Mac, Scene.RealMac], macs);
        Assert.Equal(4UL, scene.Path.Services.Report()[0].Totals.Connections);
    }

    private static Scene Fragmenting(bool isIPv6, ForwardingMethod method = ForwardingMethod.Nat)
    {
        var scene = new Scene(isIPv6);
        return scene.With(scene.Server(method));
    }

    private static void AssertGoThrough(Scene scene, PacketBuilder[] packets, PacketBuilder[] translated)
    {
        foreach (var (packet, expected) in packets.Zip(translated))
            scene.Expect(packet, expected);
    }
}
