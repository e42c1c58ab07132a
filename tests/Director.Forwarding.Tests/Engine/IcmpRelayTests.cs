using Director.Forwarding.Engine;
using Director.Forwarding.Tests.Packets;
using Xunit;

namespace Director.Forwarding.Tests.Engine;

/// <summary>ICMP errors about forwarded packets reach whom they concern, with the quoted packet as that one knows it.</summary>
public sealed class IcmpRelayTests
{
    /// <summary>How much of the packet an error quotes: all, to the ports, to the checksum and not beyond.</summary>
    public static TheoryData<bool, bool, int> Quotes
    {
        get
        {
            var rows = new TheoryData<bool, bool, int>();
            foreach (var isIPv6 in (bool[])[false, true])
            {
                foreach (var isTcp in (bool[])[false, true])
                {
                    rows.Add(isIPv6, isTcp, int.MaxValue);
                    rows.Add(isIPv6, isTcp, 8);
                    rows.Add(isIPv6, isTcp, 18);
                }
            }

            return rows;
        }
    }

    [Theory]
    [MemberData(nameof(Quotes))]
    public void An_error_about_a_packet_to_a_client_reaches_the_real_server(bool isIPv6, bool isTcp, int quotedTransport)
    {
        using var scene = Opened(isIPv6);
        scene.Expect(
            Error(PacketBuilder.Ethernet(Scene.OutsideMac, Scene.ClientMac).IP(scene.Client, scene.Vip), isIPv6, Quote(scene, scene.Vip, scene.Client, 80, Scene.ClientPort, isTcp, quotedTransport)),
            Error(scene.ToReal(), isIPv6, Quote(scene, scene.Real, scene.Client, 8080, Scene.ClientPort, isTcp, quotedTransport)));
        Assert.Equal(1UL, scene.Count(PacketCounter.IcmpForwarded));
    }

    [Theory]
    [MemberData(nameof(Quotes))]
    public void An_error_about_a_packet_to_a_real_server_reaches_the_client_from_the_VIP(bool isIPv6, bool isTcp, int quotedTransport)
    {
        using var scene = Opened(isIPv6);
        scene.Expect(
            Error(scene.FromReal(), isIPv6, Quote(scene, scene.Client, scene.Real, Scene.ClientPort, 8080, isTcp, quotedTransport)),
            Error(scene.ToClient(), isIPv6, Quote(scene, scene.Client, scene.Vip, Scene.ClientPort, 80, isTcp, quotedTransport)));
        Assert.Equal(1UL, scene.Count(PacketCounter.IcmpForwarded));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_router_that_reports_has_its_address_replaced_by_the_VIP(bool isIPv6)
    {
        using var scene = Opened(isIPv6);
        var router = isIPv6 ? "2001:db8:1::fe" : "192.168.1.254";
        scene.Expect(
            Error(PacketBuilder.Ethernet(Scene.InsideMac, Scene.RealMac).IP(router, scene.Client), isIPv6, Quote(scene, scene.Client, scene.Real, Scene.ClientPort, 8080, true, int.MaxValue)),
            Error(scene.ToClient(), isIPv6, Quote(scene, scene.Client, scene.Vip, Scene.ClientPort, 80, true, int.MaxValue)));
    }

    [Theory]
    [InlineData(ForwardingMethod.Direct)]
    [InlineData(ForwardingMethod.Tunnel)]
    public void By_direct_routing_and_tunnel_the_error_travels_whole(ForwardingMethod method)
    {
        using var scene = new Scene();
        scene.With(scene.Server(method));
        scene.Send(scene.FromClient().Udp(Scene.ClientPort, 80));
        var quote = Quote(scene, scene.Vip, scene.Client, 80, Scene.ClientPort, false, int.MaxValue);
        var sent = Assert.Single(scene.Send(Error(PacketBuilder.Ethernet(Scene.OutsideMac, Scene.ClientMac).IP(scene.Client, scene.Vip), false, quote)));
        Assert.Equal(
            Convert.ToHexString(Error(PacketBuilder.Network.IP(scene.Client, scene.Vip, 63), false, quote).Build()),
            Convert.ToHexString(sent.Frame.Bytes.AsSpan(method == ForwardingMethod.Tunnel ? 34 : 14)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_wrong_checksum_is_dropped(bool isIPv6)
    {
        using var scene = Opened(isIPv6);
        var quote = Quote(scene, scene.Vip, scene.Client, 80, Scene.ClientPort, true, int.MaxValue);
        scene.ExpectDrop(scene.FromClient().Icmp(isIPv6 ? (byte)1 : (byte)3, 3, 0, Checksum.Wrong).Payload(quote), PacketCounter.DropBadIcmp);
        quote = Quote(scene, scene.Client, scene.Real, Scene.ClientPort, 8080, true, int.MaxValue);
        scene.ExpectDrop(scene.FromReal().Icmp(isIPv6 ? (byte)1 : (byte)3, 3, 0, Checksum.Wrong).Payload(quote), PacketCounter.DropBadIcmp);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void An_error_about_an_unknown_flow_goes_nowhere(bool isIPv6)
    {
        using var scene = Opened(isIPv6);
        var unknown = Error(scene.FromReal(), isIPv6, Quote(scene, scene.Client, scene.Real, 1, 8080, true, int.MaxValue));
        // The kernel was kept from a NAT server's errors: it gets this one back.
        Scene.AssertSent([Error(PacketBuilder.Network.IP(scene.Real, scene.Client), isIPv6, Quote(scene, scene.Client, scene.Real, 1, 8080, true, int.MaxValue))], scene.Send(unknown));
        Assert.Equal(0UL, scene.Count(PacketCounter.IcmpForwarded));
        Assert.Equal(1UL, scene.Count(PacketCounter.HandedBack));
    }

    /// <summary>A redirect is for the host that it was sent to alone (RFC 1122 3.2.2.2): the kernel's.</summary>
    [Fact]
    public void A_redirect_is_not_forwarded()
    {
        using var scene = Opened(false);
        var quote = Quote(scene, scene.Vip, scene.Client, 80, Scene.ClientPort, true, int.MaxValue);
        var redirect = scene.FromClient().Icmp(5, 1, 0x0A0900FE).Payload(quote);
        Scene.AssertSent([PacketBuilder.Network.IP(scene.Client, scene.Vip).Icmp(5, 1, 0x0A0900FE).Payload(quote)], scene.Send(redirect));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(19)]
    [InlineData(27)]
    public void A_quote_that_is_too_short_goes_nowhere(int length)
    {
        using var scene = Opened(false);
        var quote = Quote(scene, scene.Vip, scene.Client, 80, Scene.ClientPort, true, int.MaxValue)[..length];
        scene.Send(Error(scene.FromClient(), false, quote));
        Assert.Equal(0UL, scene.Count(PacketCounter.IcmpForwarded));
    }

    /// <summary>A router between us and a tunnel's real server has a smaller MTU: our outer packets do not pass it.</summary>
    [Fact]
    public void A_narrow_way_to_a_tunnels_end_is_told_to_clients()
    {
        using var scene = new Scene();
        scene.With(scene.Server(ForwardingMethod.Tunnel));
        scene.Send(scene.FromClient().Udp(Scene.ClientPort, 80));
        var large = scene.FromClient(df: true).Udp(Scene.ClientPort, 80).Payload(1400);
        Assert.Equal(Scene.Inside, Assert.Single(scene.Send(large)).Link);

        // Not about a packet of ours, or from somebody else, or too small to be believed: nothing is learnt.
        Assert.Equal(Scene.Inside, After(scene, Report(scene, 1400, source: "192.168.1.77"), large).Link);
        Assert.Equal(Scene.Inside, After(scene, Report(scene, 1400, real: "192.168.1.99"), large).Link);
        Assert.Equal(Scene.Inside, After(scene, Report(scene, 1400, checksum: Checksum.Wrong), large).Link);

        var (link, told) = After(scene, Report(scene, 1400), large);
        Assert.Equal(Scene.Outside, link);
        Assert.Equal(
            Convert.ToHexString(scene.Answer(trafficClass: 0xC0).Icmp(3, 4, 1380).Payload(large.Build()[14..562]).Build()),
            Convert.ToHexString(told.Bytes));
        Assert.Equal(1UL, scene.Count(PacketCounter.DropTooBig));

        // What fits goes on.
        Assert.Equal(Scene.Inside, Assert.Single(scene.Send(scene.FromClient(df: true).Udp(Scene.ClientPort, 80).Payload(1352))).Link);
    }

    private static (int Link, Forwarding.Links.SentFrame Frame) After(Scene scene, PacketBuilder report, PacketBuilder packet)
    {
        Assert.Empty(scene.Send(report));
        return Assert.Single(scene.Send(packet));
    }

    private static PacketBuilder Report(Scene scene, uint mtu, string? source = null, string? real = null, Checksum checksum = Checksum.Right) =>
        PacketBuilder.Ethernet(Scene.InsideMac, Scene.RealMac).IP("192.168.1.254", scene.InsideAddress).Icmp(3, 4, mtu, checksum).Payload(
            PacketBuilder.Network.IP(source ?? scene.InsideAddress, real ?? scene.Real, df: true).Inside(PacketBuilder.Network.IP(scene.Client, scene.Vip, 63).Udp(Scene.ClientPort, 80)).Build());

    private static Scene Opened(bool isIPv6)
    {
        var scene = new Scene(isIPv6);
        scene.With(scene.Server());
        scene.Open();
        scene.Send(scene.FromClient().Udp(Scene.ClientPort, 80));
        return scene;
    }

    private static PacketBuilder Error(PacketBuilder ip, bool isIPv6, byte[] quote) => ip.Icmp(isIPv6 ? (byte)1 : (byte)3, isIPv6 ? (byte)4 : (byte)3).Payload(quote);

    private static byte[] Quote(Scene scene, string source, string destination, int sourcePort, int destinationPort, bool isTcp, int transport)
    {
        var ip = PacketBuilder.Network.IP(source, destination, hops: 17, id: 9);
        var bytes = (isTcp ? ip.Tcp(sourcePort, destinationPort, TcpFlags.Ack) : ip.Udp(sourcePort, destinationPort)).Payload(50).Build();
        return bytes[..(int)Math.Min(bytes.Length, (scene.IsIPv6 ? 40L : 20) + transport)];
    }
}
