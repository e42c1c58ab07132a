using Director.Forwarding.Engine;
using Director.Forwarding.Tests.Engine;
using Director.Forwarding.Tests.Packets;
using Xunit;

namespace Director.Forwarding.Tests.Hostile;

/// <summary>What attacks found, or what was found while they were written, frame by frame.</summary>
public sealed class FoundByAttackTests
{
    /// <summary>The answer went out longer than the link takes.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void An_echo_request_longer_than_the_MTU_is_not_answered(bool isIPv6)
    {
        using var scene = new Scene(isIPv6);
        scene.With(scene.Server());
        var header = (isIPv6 ? 40 : 20) + 8;
        scene.ExpectDrop(scene.FromClient().Icmp(isIPv6 ? (byte)128 : (byte)8, 0).Payload(1501 - header), PacketCounter.DropTooBig);
        Assert.Single(scene.Send(scene.FromClient().Icmp(isIPv6 ? (byte)128 : (byte)8, 0).Payload(1500 - header)));
    }

    /// <summary>Errors did not look at the MTU of their way.</summary>
    [Theory]
    [InlineData(false, false, 2)]
    [InlineData(false, true, 0)]
    [InlineData(true, true, 0)]
    public void An_error_longer_than_the_way_is_cut_or_dropped(bool isIPv6, bool df, int sent)
    {
        using var scene = new Scene(isIPv6, outsideMtu: 1280);
        scene.With(scene.Server());
        scene.Open();
        var quote = PacketBuilder.Network.IP(scene.Client, scene.Real).Tcp(Scene.ClientPort, 8080, TcpFlags.Ack).Payload(1300).Build();
        var frames = scene.Send(scene.FromReal(df: df).Icmp(isIPv6 ? (byte)1 : (byte)3, isIPv6 ? (byte)4 : (byte)3).Payload(quote));
        Assert.Equal(sent, frames.Count);
        Assert.All(frames, frame => Assert.InRange(frame.Frame.Bytes.Length, 34, 14 + 1280));
        Assert.Equal(sent == 0 ? 1UL : 0, scene.Count(PacketCounter.DropTooBig));
    }

    /// <summary>A fragment that reaches beyond the longest datagram (the ping of death) got its offset back modulo 64 K, with flags it did not have, when it was cut.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_fragment_beyond_the_longest_datagram_is_dropped(bool isIPv6)
    {
        using var scene = new Scene(isIPv6);
        scene.With(scene.Server());
        PacketBuilder Last(int length) => (isIPv6
            ? scene.FromClient().Fragment(9, 65_528, false, 17)
            : PacketBuilder.Ethernet(Scene.OutsideMac, Scene.ClientMac).IPv4(scene.Client, scene.Vip, id: 9, offset: 65_528, carries: 17)).Payload(length);
        scene.ExpectDrop(Last(8), PacketCounter.DropBadLength);
        scene.Expect(Last(7));
        Assert.Equal(1UL, scene.Count(PacketCounter.DropBadLength));
    }

    /// <summary>The answer is an Ethernet frame, which a TUN device does not take for one.</summary>
    [Fact]
    public void A_neighbour_solicitation_from_the_TUN_device_is_not_answered()
    {
        using var scene = new Scene(true);
        scene.With(scene.Server());
        var target = System.Net.IPAddress.Parse(scene.Vip).GetAddressBytes();
        scene.Expect(PacketBuilder.Network.IPv6(scene.InsideAddress, "ff02::1:ff00:100", hops: 255).Icmp(135, 0).Payload(target));
        Assert.Equal(0UL, scene.Count(PacketCounter.SolicitationAnswered));
    }

    /// <summary>Extension headers that fill the MTU left one byte for each segment: one frame became tens of thousands.</summary>
    [Fact]
    public void Headers_that_leave_no_room_do_not_make_a_frame_thousands()
    {
        using var scene = new Scene(true);
        scene.With(scene.Server(ForwardingMethod.Tunnel));
        scene.Send(scene.FromClient().Tcp(Scene.ClientPort, 80, TcpFlags.Syn));
        var sent = scene.Send(scene.FromClient().DestinationOptions(1400).Tcp(Scene.ClientPort, 80, TcpFlags.Ack).Payload(60_000));
        // Only an ICMP error, packet too big.
        Assert.Equal(2, Assert.Single(sent).Frame.Bytes[14 + 40]);
        Assert.Equal(1UL, scene.Count(PacketCounter.DropTooBig));
    }

    [Fact]
    public void What_this_host_sends_with_no_hops_left_does_not_leave_it()
    {
        using var scene = new Scene();
        scene.With(scene.Server(address: "127.0.0.1"));
        scene.Send(scene.FromClient().Tcp(Scene.ClientPort, 80, TcpFlags.Syn));
        scene.Send(PacketBuilder.Network.IP("127.0.0.1", scene.Client, hops: 0).Tcp(8080, Scene.ClientPort, TcpFlags.Syn | TcpFlags.Ack));
        scene.Send(PacketBuilder.Network.IP(scene.InsideAddress, scene.Client, hops: 0).Udp(8080, 9));
        Assert.Equal((0UL, 0UL), (scene.Count(PacketCounter.ForwardedOut), scene.Count(PacketCounter.SentForThisHost)));
        Assert.Equal(2UL, scene.Count(PacketCounter.DropHopLimit));
    }

    /// <summary>The TUN device takes longer packets than the way does.</summary>
    [Fact]
    public void What_this_host_sends_too_long_for_its_way_is_cut()
    {
        using var scene = new Scene(outsideMtu: 1280);
        scene.With(scene.Server(address: scene.InsideAddress));
        var sent = scene.Send(PacketBuilder.Network.IP(scene.InsideAddress, scene.Client).Udp(8080, 9).Payload(1400));
        Assert.Equal(2, sent.Count);
        Assert.All(sent, frame => Assert.InRange(frame.Frame.Bytes.Length, 34, 14 + 1280));
    }
}
