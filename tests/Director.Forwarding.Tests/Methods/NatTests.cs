using Director.Forwarding.Engine;
using Director.Forwarding.Tests.Engine;
using Director.Forwarding.Tests.Packets;
using Xunit;

namespace Director.Forwarding.Tests.Methods;

/// <summary>Network address translation, both ways: what goes in and, byte for byte, what comes out.</summary>
public sealed class NatTests
{
    private const TcpFlags SynAck = TcpFlags.Syn | TcpFlags.Ack;
    private static readonly byte[] Timestamps = [1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2];

    private sealed record Row(string Description, Func<PacketBuilder, PacketBuilder> Transport, Func<PacketBuilder, PacketBuilder> Translated);

    private static Row Tcp(string description, Func<PacketBuilder, int, int, PacketBuilder> packet) =>
        new(description, ip => packet(ip, Scene.ClientPort, 80), ip => packet(ip, Scene.ClientPort, 8080));

    private static readonly Dictionary<string, Row> Inward = new Row[]
    {
        Tcp("SYN", (ip, from, to) => ip.Tcp(from, to, TcpFlags.Syn)),
        Tcp("SYN with options", (ip, from, to) => ip.Tcp(from, to, TcpFlags.Syn, options: [2, 4, 5, 180, 4, 2, 1, 1])),
        Tcp("SYN with data of odd length", (ip, from, to) => ip.Tcp(from, to, TcpFlags.Syn, options: Timestamps).Payload(333)),
        Tcp("SYN with a partial checksum stays partial", (ip, from, to) => ip.Tcp(from, to, TcpFlags.Syn, checksum: Checksum.Partial).Payload(3)),
        Tcp("UDP", (ip, from, to) => ip.Udp(from, to).Payload(40)),
        Tcp("UDP without payload", (ip, from, to) => ip.Udp(from, to)),
        Tcp("UDP of odd length", (ip, from, to) => ip.Udp(from, to).Payload(1)),
        Tcp("UDP with a partial checksum stays partial", (ip, from, to) => ip.Udp(from, to, Checksum.Partial).Payload(1471)),
        Tcp("longest packet of the MTU", (ip, from, to) => ip.Udp(from, to).Payload(1452)),
    }.ToDictionary(row => row.Description);

    public static IEnumerable<object[]> InwardRows => from name in Inward.Keys from isIPv6 in (bool[])[false, true] select new object[] { name, isIPv6 };

    [Theory]
    [MemberData(nameof(InwardRows))]
    public void A_clients_packet_gets_the_real_servers_address_and_port(string description, bool isIPv6)
    {
        using var scene = new Scene(isIPv6, outsideMtu: 9000, insideMtu: 9000);
        scene.With(scene.Server());
        scene.Expect(Inward[description].Transport(scene.FromClient(trafficClass: 0x2E, id: 5, df: true)), Inward[description].Translated(scene.ToReal(trafficClass: 0x2E, id: 5, df: true)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_real_servers_packets_get_the_virtual_address_and_port(bool isIPv6)
    {
        using var scene = new Scene(isIPv6);
        scene.With(scene.Server());
        scene.Send(scene.FromClient().Tcp(Scene.ClientPort, 80, TcpFlags.Syn));
        scene.Send(scene.FromClient().Udp(Scene.ClientPort, 80));

        scene.Expect(scene.FromReal(df: true).Tcp(8080, Scene.ClientPort, SynAck, options: [2, 4, 5, 180]), scene.ToClient(df: true).Tcp(80, Scene.ClientPort, SynAck, options: [2, 4, 5, 180]));
        scene.Expect(scene.FromReal().Tcp(8080, Scene.ClientPort, TcpFlags.Ack, options: Timestamps).Payload(777), scene.ToClient().Tcp(80, Scene.ClientPort, TcpFlags.Ack, options: Timestamps).Payload(777));
        scene.Expect(scene.FromReal().Tcp(8080, Scene.ClientPort, TcpFlags.Ack, checksum: Checksum.Partial).Payload(5), scene.ToClient().Tcp(80, Scene.ClientPort, TcpFlags.Ack, checksum: Checksum.Partial).Payload(5));
        scene.Expect(scene.FromReal(hops: 2).Udp(8080, Scene.ClientPort).Payload(99), scene.ToClient(hops: 1).Udp(80, Scene.ClientPort).Payload(99));
        Assert.Equal(4UL, scene.Count(PacketCounter.ForwardedOut));
    }

    [Fact]
    public void A_wrong_checksum_is_not_made_right()
    {
        using var scene = new Scene();
        scene.With(scene.Server());
        var sent = Assert.Single(scene.Send(scene.FromClient().Tcp(Scene.ClientPort, 80, TcpFlags.Syn, checksum: Checksum.Wrong).Payload(9))).Frame.Bytes;
        var right = scene.ToReal().Tcp(Scene.ClientPort, 8080, TcpFlags.Syn).Payload(9).Build();
        Assert.NotEqual(Convert.ToHexString(right), Convert.ToHexString(sent));
        right.AsSpan(50, 2).CopyTo(sent.AsSpan(50));
        Assert.Equal(Convert.ToHexString(right), Convert.ToHexString(sent));
    }

    [Fact]
    public void UDP_without_a_checksum_stays_without_in_IPv4()
    {
        using var scene = new Scene();
        scene.With(scene.Server());
        scene.Expect(scene.FromClient().Udp(Scene.ClientPort, 80, Checksum.None).Payload(30), scene.ToReal().Udp(Scene.ClientPort, 8080, Checksum.None).Payload(30));
        scene.Expect(scene.FromReal().Udp(8080, Scene.ClientPort, Checksum.None).Payload(30), scene.ToClient().Udp(80, Scene.ClientPort, Checksum.None).Payload(30));
    }

    /// <summary>A checksum that comes to zero is sent as all ones (RFC 768), since zero means none.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_UDP_checksum_that_becomes_zero_is_sent_as_all_ones(bool isIPv6)
    {
        using var scene = new Scene(isIPv6);
        scene.With(scene.Server());
        var found = 0;
        for (var word = 0; word < 0x10000 && found == 0; word++)
        {
            byte[] payload = [(byte)(word >> 8), (byte)word];
            var translated = scene.ToReal().Udp(Scene.ClientPort, 8080).Payload(payload);
            var bytes = translated.Build();
            var field = translated.TransportOffset + 6;
            if (bytes[field] != 0xFF || bytes[field + 1] != 0xFF)
                continue;
            found++;
            scene.Expect(scene.FromClient().Udp(Scene.ClientPort, 80).Payload(payload), translated);
        }

        Assert.Equal(1, found);
    }

    [Fact]
    public void IPv4_options_stay_where_they_are()
    {
        using var scene = new Scene();
        scene.With(scene.Server());
        byte[] options = [7, 7, 4, 0, 0, 0, 0, 0];
        scene.Expect(
            PacketBuilder.Ethernet(Scene.OutsideMac, Scene.ClientMac).IPv4(scene.Client, scene.Vip, options: options, df: true).Tcp(Scene.ClientPort, 80, TcpFlags.Syn),
            PacketBuilder.Ethernet(Scene.RealMac, Scene.InsideMac).IPv4(scene.Client, scene.Real, hops: 63, options: options, df: true).Tcp(Scene.ClientPort, 8080, TcpFlags.Syn));
    }

    [Fact]
    public void IPv6_extension_headers_stay_where_they_are()
    {
        using var scene = new Scene(isIPv6: true);
        scene.With(scene.Server());
        scene.Expect(
            scene.FromClient().HopByHopOptions(16).DestinationOptions().Routing().Tcp(Scene.ClientPort, 80, TcpFlags.Syn),
            scene.ToReal().HopByHopOptions(16).DestinationOptions().Routing().Tcp(Scene.ClientPort, 8080, TcpFlags.Syn));
        scene.Expect(
            scene.FromReal().DestinationOptions().Tcp(8080, Scene.ClientPort, SynAck),
            scene.ToClient().DestinationOptions().Tcp(80, Scene.ClientPort, SynAck));
    }

    [Fact]
    public void An_atomic_IPv6_fragment_is_a_whole_packet()
    {
        using var scene = new Scene(isIPv6: true);
        scene.With(scene.Server());
        scene.Expect(scene.FromClient().Fragment(9, 0, more: false).Udp(Scene.ClientPort, 80).Payload(10), scene.ToReal().Fragment(9, 0, more: false).Udp(Scene.ClientPort, 8080).Payload(10));
    }

    [Fact]
    public void Padding_behind_the_packet_is_left_out()
    {
        using var scene = new Scene();
        scene.With(scene.Server());
        byte[] padded = [.. scene.FromClient().Udp(Scene.ClientPort, 80).Build(), .. new byte[18]];
        Scene.AssertSent([scene.ToReal().Udp(Scene.ClientPort, 8080)], scene.Path.Send(Scene.Outside, padded));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_packet_over_the_MTU_is_refused_with_the_MTU_that_would_pass(bool isIPv6)
    {
        using var scene = new Scene(isIPv6, outsideMtu: 9000);
        scene.With(scene.Server());
        var tooLong = scene.FromClient(df: true).Udp(Scene.ClientPort, 80).Payload(2000);
        var quote = tooLong.Build()[14..];
        scene.Expect(tooLong, isIPv6
            ? scene.Answer().Icmp(2, 0, 1500).Payload(quote[..(1280 - 48)])
            : scene.Answer(trafficClass: 0xC0).Icmp(3, 4, 1500).Payload(quote[..(576 - 28)]));
        Assert.Equal(1UL, scene.Count(PacketCounter.DropTooBig));
    }

    [Fact]
    public void A_packet_over_the_MTU_that_may_be_fragmented_is()
    {
        using var scene = new Scene(outsideMtu: 9000);
        scene.With(scene.Server());
        var translated = scene.ToReal(id: 9).Udp(Scene.ClientPort, 8080).Payload(4000);
        scene.Expect(scene.FromClient(id: 9).Udp(Scene.ClientPort, 80).Payload(4000), translated.Fragments(1480, 1480, id: 9));
        scene.Expect(scene.FromClient(id: 9).Udp(Scene.ClientPort, 80, Checksum.Partial).Payload(4000), translated.Fragments(1480, 1480, id: 9));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_hop_limit_that_runs_out_is_told_to_the_sender(bool isIPv6)
    {
        using var scene = new Scene(isIPv6);
        scene.With(scene.Server());
        var last = scene.FromClient(hops: 1).Tcp(Scene.ClientPort, 80, TcpFlags.Syn);
        scene.Expect(last, isIPv6 ? scene.Answer().Icmp(3, 0).Payload(last.Build()[14..]) : scene.Answer(trafficClass: 0xC0).Icmp(11, 0).Payload(last.Build()[14..]));
        Assert.Equal(1UL, scene.Count(PacketCounter.DropHopLimit));

        scene.Open();
        var fromReal = scene.FromReal(hops: 1).Tcp(8080, Scene.ClientPort, TcpFlags.Ack);
        var back = PacketBuilder.Ethernet(Scene.RealMac, Scene.InsideMac);
        scene.Expect(fromReal, isIPv6
            ? back.IP(scene.InsideAddress, scene.Real).Icmp(3, 0).Payload(fromReal.Build()[14..])
            : back.IP(scene.InsideAddress, scene.Real, trafficClass: 0xC0).Icmp(11, 0).Payload(fromReal.Build()[14..]));
    }
}
