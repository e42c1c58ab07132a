using Director.Forwarding.Engine;
using Director.Forwarding.Tests.Engine;
using Director.Forwarding.Tests.Packets;
using Xunit;

namespace Director.Forwarding.Tests.Methods;

/// <summary>Segments that a NIC, a veth or GRO merged: the link cuts them again, or the director does for a tunnel.</summary>
public sealed class SuperframeTests
{
    private const int Payload = 20_000;
    private static readonly byte[] Timestamps = [1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2];

    [Theory]
    [InlineData(false, 1460)]
    [InlineData(true, 1440)]
    public void Without_a_known_MSS_segments_fill_the_MTU(bool isIPv6, int segment)
    {
        using var scene = Opened(isIPv6);
        scene.Expect(Up(scene.FromClient(df: true), 80), Up(scene.ToReal(df: true), 8080).Cut(segment));
        scene.Expect(Down(scene.FromReal(df: true), 8080), Down(scene.ToClient(df: true), 80).Cut(segment));
        // Counted as the segments that it becomes.
        var totals = scene.Path.Services.Report()[0].Totals;
        Assert.Equal(2 + ((Payload + segment - 1) / segment), (int)totals.InPackets);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_partial_checksum_stays_partial(bool isIPv6)
    {
        using var scene = Opened(isIPv6);
        scene.Expect(
            scene.FromClient().Tcp(Scene.ClientPort, 80, TcpFlags.Ack, checksum: Checksum.Partial).Payload(Payload),
            scene.ToReal().Tcp(Scene.ClientPort, 8080, TcpFlags.Ack).Payload(Payload).Cut(isIPv6 ? 1440 : 1460));
    }

    [Fact]
    public void TCP_options_take_room_in_each_segment()
    {
        using var scene = Opened();
        scene.Expect(
            scene.FromClient().Tcp(Scene.ClientPort, 80, TcpFlags.Ack, options: Timestamps).Payload(Payload),
            scene.ToReal().Tcp(Scene.ClientPort, 8080, TcpFlags.Ack, options: Timestamps).Payload(Payload).Cut(1448));
    }

    /// <summary>The MSS that a side announced in its SYN holds for what is sent to it; options come off it (RFC 6691).</summary>
    [Fact]
    public void A_small_MSS_is_kept_to_in_each_direction()
    {
        using var scene = Opened(clientMss: 536, realMss: 1000);
        scene.Expect(Up(scene.FromClient(), 80), Up(scene.ToReal(), 8080).Cut(1000));
        scene.Expect(Down(scene.FromReal(), 8080), Down(scene.ToClient(), 80).Cut(536));
        scene.Expect(
            scene.FromReal().Tcp(8080, Scene.ClientPort, TcpFlags.Ack, options: Timestamps).Payload(5000),
            scene.ToClient().Tcp(80, Scene.ClientPort, TcpFlags.Ack, options: Timestamps).Payload(5000).Cut(524));
        // Also what was merged without going over the MTU.
        scene.Expect(
            scene.FromReal().Tcp(8080, Scene.ClientPort, TcpFlags.Ack).Payload(1072),
            scene.ToClient().Tcp(80, Scene.ClientPort, TcpFlags.Ack).Payload(1072).Cut(536));
        scene.Expect(scene.FromReal().Tcp(8080, Scene.ClientPort, TcpFlags.Ack).Payload(536), scene.ToClient().Tcp(80, Scene.ClientPort, TcpFlags.Ack).Payload(536));
    }

    [Theory]
    [InlineData(false, 1240)]
    [InlineData(true, 1220)]
    public void After_a_too_big_segments_are_as_small_as_the_sender_was_told(bool isIPv6, int segment)
    {
        using var scene = Opened(isIPv6);
        var tooBig = PacketBuilder.Ethernet(Scene.OutsideMac, Scene.ClientMac).IP(isIPv6 ? "2001:db8:9::fe" : "10.9.0.254", scene.Vip)
            .Icmp(isIPv6 ? (byte)2 : (byte)3, isIPv6 ? (byte)0 : (byte)4, 1280)
            .Payload(PacketBuilder.Network.IP(scene.Vip, scene.Client).Tcp(80, Scene.ClientPort, TcpFlags.Ack).Payload(100).Build());
        Assert.Single(scene.Send(tooBig));
        scene.Expect(Down(scene.FromReal(), 8080), Down(scene.ToClient(), 80).Cut(segment));
        scene.Expect(Up(scene.FromClient(), 80), Up(scene.ToReal(), 8080).Cut(isIPv6 ? 1440 : 1460));
    }

    /// <summary>Anybody can quote a connection's ends: no less than the kernel believes.</summary>
    [Theory]
    [InlineData(false, 512)]
    [InlineData(true, 1220)]
    public void A_too_big_with_an_absurd_MTU_is_believed_only_so_far(bool isIPv6, int segment)
    {
        using var scene = Opened(isIPv6);
        scene.Send(PacketBuilder.Ethernet(Scene.OutsideMac, Scene.ClientMac).IP(scene.Client, scene.Vip)
            .Icmp(isIPv6 ? (byte)2 : (byte)3, isIPv6 ? (byte)0 : (byte)4, 68)
            .Payload(PacketBuilder.Network.IP(scene.Vip, scene.Client).Tcp(80, Scene.ClientPort, TcpFlags.Ack).Build()));
        scene.Expect(Down(scene.FromReal(), 8080), Down(scene.ToClient(), 80).Cut(segment));
    }

    [Fact]
    public void By_direct_routing_a_real_servers_MSS_is_kept_to_where_its_replies_pass()
    {
        using var scene = new Scene();
        scene.With(scene.Server(ForwardingMethod.Direct));
        scene.Send(scene.FromClient().Tcp(Scene.ClientPort, 80, TcpFlags.Syn));
        scene.Send(PacketBuilder.Ethernet(Scene.InsideMac, Scene.RealMac).IP(scene.Vip, scene.Client).Tcp(80, Scene.ClientPort, TcpFlags.Syn | TcpFlags.Ack, options: [2, 4, 3, 232]));
        scene.Expect(Up(scene.FromClient(), 80), Up(PacketBuilder.Ethernet(Scene.RealMac, Scene.InsideMac).IP(scene.Client, scene.Vip, 63), 80).Cut(1000));
    }

    [Fact]
    public void A_smaller_MTU_on_the_way_out_makes_smaller_segments()
    {
        using var scene = new Scene(outsideMtu: 1500, insideMtu: 1400);
        scene.With(scene.Server());
        scene.Open();
        scene.Expect(Up(scene.FromClient(df: true), 80), Up(scene.ToReal(df: true), 8080).Cut(1360));
    }

    [Fact]
    public void By_direct_routing_the_link_cuts_too()
    {
        using var scene = new Scene();
        scene.With(scene.Server(ForwardingMethod.Direct));
        scene.Send(scene.FromClient().Tcp(Scene.ClientPort, 80, TcpFlags.Syn));
        scene.Expect(Up(scene.FromClient(), 80), Up(PacketBuilder.Ethernet(Scene.RealMac, Scene.InsideMac).IP(scene.Client, scene.Vip, 63), 80).Cut(1460));
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public void For_a_tunnel_the_director_cuts_itself(bool isIPv6, bool isOuterIPv6)
    {
        using var scene = new Scene(isIPv6);
        scene.With(scene.Server(ForwardingMethod.Tunnel, address: isOuterIPv6 ? "2001:db8:1::11" : "192.168.1.11"));
        scene.Send(scene.FromClient().Tcp(Scene.ClientPort, 80, TcpFlags.Syn));
        const TcpFlags flags = TcpFlags.Cwr | TcpFlags.Ack | TcpFlags.Psh | TcpFlags.Fin;
        var sent = scene.Send(scene.FromClient(id: 65_534, df: true).Tcp(Scene.ClientPort, 80, flags, uint.MaxValue - 2000, options: Timestamps, checksum: Checksum.Partial).Payload(5001));

        var size = 1500 - (isOuterIPv6 ? 40 : 20) - (isIPv6 ? 40 : 20) - 32;
        var whole = PacketBuilder.Network.Payload(5001).Build();
        var expected = new List<PacketBuilder>();
        for (var at = 0; at < whole.Length; at += size)
        {
            var piece = whole[at..Math.Min(at + size, whole.Length)];
            var isLast = at + piece.Length == whole.Length;
            var its = TcpFlags.Ack | (at == 0 ? TcpFlags.Cwr : 0) | (isLast ? TcpFlags.Psh | TcpFlags.Fin : 0);
            var inner = PacketBuilder.Network.IP(scene.Client, scene.Vip, 63, id: (65_534 + (at / size)) & 0xFFFF, df: true)
                .Tcp(Scene.ClientPort, 80, its, unchecked(uint.MaxValue - 2000 + (uint)at), options: Timestamps).Payload(piece);
            expected.Add(PacketBuilder.Ethernet(Scene.RealMac, Scene.InsideMac)
                .IP(isOuterIPv6 ? "2001:db8:1::1" : "192.168.1.1", isOuterIPv6 ? "2001:db8:1::11" : "192.168.1.11", 63, df: true).Inside(inner));
        }

        Assert.Equal(4, expected.Count);
        Scene.AssertSent([.. expected], sent);
        Assert.Equal(1UL, scene.Count(PacketCounter.SegmentedSuperframes));
    }

    [Fact]
    public void The_longest_superframe_goes_through_a_tunnel()
    {
        using var scene = new Scene();
        scene.With(scene.Server(ForwardingMethod.Tunnel));
        scene.Send(scene.FromClient().Tcp(Scene.ClientPort, 80, TcpFlags.Syn));
        var sent = scene.Send(scene.FromClient(df: true).Tcp(Scene.ClientPort, 80, TcpFlags.Ack).Payload(65_495));
        Assert.Equal((65_495 + 1439) / 1440, sent.Count);
        Assert.Equal(PacketBuilder.Network.Payload(65_495).Build(), sent.SelectMany(each => each.Frame.Bytes[(14 + 20 + 20 + 20)..]));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_UDP_superframe_is_dropped_and_counted(bool isIPv6)
    {
        using var scene = new Scene(isIPv6);
        scene.With(scene.Server());
        scene.ExpectDrop(scene.FromClient(df: true).Udp(Scene.ClientPort, 80).Payload(4000), PacketCounter.DropUdpSuperframe);
    }

    private static Scene Opened(bool isIPv6 = false, int clientMss = 0, int realMss = 0)
    {
        var scene = new Scene(isIPv6);
        scene.With(scene.Server());
        scene.Open(clientOptions: Mss(clientMss), realOptions: Mss(realMss));
        return scene;

        static byte[]? Mss(int value) => value == 0 ? null : [1, 2, 4, (byte)(value >> 8), (byte)value, 4, 2, 1];
    }

    private static PacketBuilder Up(PacketBuilder ip, int port) => ip.Tcp(Scene.ClientPort, port, TcpFlags.Ack | TcpFlags.Psh).Payload(Payload);

    private static PacketBuilder Down(PacketBuilder ip, int port) => ip.Tcp(port, Scene.ClientPort, TcpFlags.Ack).Payload(Payload);
}
