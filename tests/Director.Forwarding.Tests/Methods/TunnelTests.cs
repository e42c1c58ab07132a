using Director.Forwarding.Engine;
using Director.Forwarding.Tests.Engine;
using Director.Forwarding.Tests.Packets;
using Xunit;

namespace Director.Forwarding.Tests.Methods;

/// <summary>Tunnels to real servers: IPIP, GUE and GRE around either family over either family.</summary>
public sealed class TunnelTests
{
    private const string Real4 = "192.168.1.11";
    private const string Real6 = "2001:db8:1::11";

    public static TheoryData<bool, bool, TunnelType, TunnelChecksum> Encapsulations
    {
        get
        {
            var rows = new TheoryData<bool, bool, TunnelType, TunnelChecksum>();
            foreach (var inner in (bool[])[false, true])
            {
                foreach (var outer in (bool[])[false, true])
                {
                    rows.Add(inner, outer, TunnelType.IpIp, TunnelChecksum.None);
                    rows.Add(inner, outer, TunnelType.Gre, TunnelChecksum.None);
                    rows.Add(inner, outer, TunnelType.Gre, TunnelChecksum.Full);
                    rows.Add(inner, outer, TunnelType.Gue, TunnelChecksum.None);
                    rows.Add(inner, outer, TunnelType.Gue, TunnelChecksum.Full);
                }
            }

            return rows;
        }
    }

    [Theory]
    [MemberData(nameof(Encapsulations))]
    public void The_packet_travels_whole_in_an_outer_one(bool isInnerIPv6, bool isOuterIPv6, TunnelType type, TunnelChecksum checksum)
    {
        using var scene = Tunnel(isInnerIPv6, isOuterIPv6, type, checksum);
        foreach (var packet in (Func<PacketBuilder, PacketBuilder>[])
            [
                ip => ip.Tcp(Scene.ClientPort, 80, TcpFlags.Syn, options: [2, 4, 5, 180]),
                ip => ip.Tcp(Scene.ClientPort, 80, TcpFlags.Ack).Payload(333),
                ip => ip.Udp(Scene.ClientPort, 80).Payload(21),
            ])
        {
            var sent = Assert.Single(scene.Send(packet(scene.FromClient(trafficClass: 0x28, id: 7, df: true))));
            var inner = packet(PacketBuilder.Network.IP(scene.Client, scene.Vip, hops: 63, trafficClass: 0x28, id: 7, df: true));
            var outer = Outer(isOuterIPv6, hops: 63, trafficClass: 0x28, df: true);
            Assert.Equal(
                Convert.ToHexString(Around(outer, type, checksum, isOuterIPv6, SourcePort(sent.Frame.Bytes, isOuterIPv6)).Inside(inner).Build()),
                Convert.ToHexString(sent.Frame.Bytes));
        }
    }

    /// <summary>Nothing finishes a checksum inside a tunnel.</summary>
    [Theory]
    [InlineData(TunnelType.IpIp)]
    [InlineData(TunnelType.Gre)]
    [InlineData(TunnelType.Gue)]
    public void A_partial_checksum_is_finished(TunnelType type)
    {
        using var scene = Tunnel(false, false, type, TunnelChecksum.None);
        var sent = Assert.Single(scene.Send(scene.FromClient(df: true).Tcp(Scene.ClientPort, 80, TcpFlags.Syn, checksum: Checksum.Partial).Payload(7)));
        var inner = PacketBuilder.Network.IP(scene.Client, scene.Vip, hops: 63, df: true).Tcp(Scene.ClientPort, 80, TcpFlags.Syn).Payload(7);
        Assert.Equal(
            Convert.ToHexString(Around(Outer(false, 63, 0, true), type, TunnelChecksum.None, false, SourcePort(sent.Frame.Bytes, false)).Inside(inner).Build()),
            Convert.ToHexString(sent.Frame.Bytes));
    }

    [Fact]
    public void A_flow_keeps_its_source_port_and_flows_differ()
    {
        using var scene = Tunnel(false, false, TunnelType.Gue, TunnelChecksum.None);
        var ports = Enumerable.Range(0, 64).Select(i => (First: PortOf(i), Second: PortOf(i))).ToArray();
        Assert.All(ports, port => Assert.Equal(port.First, port.Second));
        Assert.All(ports, port => Assert.InRange(port.First, 0xC000, 0xFFFF));
        Assert.True(ports.Select(port => port.First).Distinct().Count() > 56);

        int PortOf(int i) => SourcePort(Assert.Single(scene.Send(scene.FromClient().Udp(30_000 + i, 80))).Frame.Bytes, false);
    }

    /// <summary>RFC 3168 9.1.1: CE does not go outside, ECT(0) does instead.</summary>
    [Theory]
    [InlineData(0x00, 0x00)]
    [InlineData(0x29, 0x29)]
    [InlineData(0xFE, 0xFE)]
    [InlineData(0x03, 0x02)]
    [InlineData(0xBB, 0xBA)]
    public void Congestion_marks_are_carried_by_the_full_functionality_rule(int inside, int outside)
    {
        foreach (var (isInnerIPv6, isOuterIPv6) in ((bool, bool)[])[(false, false), (true, false), (false, true), (true, true)])
        {
            using var scene = Tunnel(isInnerIPv6, isOuterIPv6, TunnelType.IpIp, TunnelChecksum.None);
            scene.Expect(
                scene.FromClient(trafficClass: inside, df: true).Udp(Scene.ClientPort, 80),
                Outer(isOuterIPv6, 63, outside, df: true).Inside(PacketBuilder.Network.IP(scene.Client, scene.Vip, 63, inside, df: true).Udp(Scene.ClientPort, 80)));
        }
    }

    [Fact]
    public void Without_DF_inside_there_is_none_outside_and_each_packet_has_its_own_id()
    {
        using var scene = Tunnel(false, false, TunnelType.IpIp, TunnelChecksum.None);
        var ids = Enumerable.Range(0, 5).Select(_ => Assert.Single(scene.Send(scene.FromClient().Udp(Scene.ClientPort, 80))).Frame.Bytes).ToArray();
        Assert.All(ids, frame => Assert.Equal(0, frame[14 + 6]));
        Assert.Equal(5, ids.Select(frame => (frame[14 + 4] << 8) | frame[14 + 5]).Distinct().Count());
    }

    [Fact]
    public void With_path_MTU_discovery_off_the_outer_packet_may_be_fragmented()
    {
        using var scene = Tunnel(false, false, TunnelType.IpIp, TunnelChecksum.None, pathMtuDiscovery: false);
        Assert.Equal(0, Assert.Single(scene.Send(scene.FromClient(df: true).Udp(Scene.ClientPort, 80))).Frame.Bytes[14 + 6]);

        var sent = scene.Send(scene.FromClient(id: 5, df: true).Udp(Scene.ClientPort, 80).Payload(1472));
        Assert.Equal(2, sent.Count);
        Assert.All(sent, each => Assert.InRange(each.Frame.Bytes.Length, 34, 1514));
    }

    [Theory]
    [InlineData(false, false, TunnelType.IpIp, TunnelChecksum.None, 1480)]
    [InlineData(false, true, TunnelType.IpIp, TunnelChecksum.None, 1460)]
    [InlineData(true, false, TunnelType.IpIp, TunnelChecksum.None, 1480)]
    [InlineData(true, true, TunnelType.IpIp, TunnelChecksum.None, 1460)]
    [InlineData(false, false, TunnelType.Gre, TunnelChecksum.None, 1476)]
    [InlineData(false, false, TunnelType.Gre, TunnelChecksum.Full, 1472)]
    [InlineData(false, false, TunnelType.Gue, TunnelChecksum.Full, 1468)]
    [InlineData(true, true, TunnelType.Gue, TunnelChecksum.Full, 1448)]
    public void A_packet_too_long_for_the_tunnel_is_refused_with_the_MTU_that_would_pass(bool isInnerIPv6, bool isOuterIPv6, TunnelType type, TunnelChecksum checksum, int mtu)
    {
        using var scene = Tunnel(isInnerIPv6, isOuterIPv6, type, checksum);
        var headers = (isInnerIPv6 ? 40 : 20) + 8;
        var tooLong = scene.FromClient(df: true).Udp(Scene.ClientPort, 80).Payload(mtu - headers + 1);
        scene.Expect(tooLong, isInnerIPv6
            ? scene.Answer().Icmp(2, 0, (uint)mtu).Payload(tooLong.Build()[14..(14 + 1280 - 48)])
            : scene.Answer(trafficClass: 0xC0).Icmp(3, 4, (uint)mtu).Payload(tooLong.Build()[14..(14 + 576 - 28)]));

        var longest = Assert.Single(scene.Send(scene.FromClient(df: true).Udp(Scene.ClientPort, 80).Payload(mtu - headers)));
        Assert.Equal(1514, longest.Frame.Bytes.Length);
    }

    [Fact]
    public void A_packet_too_long_for_the_tunnel_that_may_be_fragmented_is_before_it_enters()
    {
        using var scene = Tunnel(false, false, TunnelType.IpIp, TunnelChecksum.None);
        var sent = scene.Send(scene.FromClient(id: 4).Udp(Scene.ClientPort, 80, Checksum.Partial).Payload(1472));
        var fragments = PacketBuilder.Network.IP(scene.Client, scene.Vip, 63, id: 4).Udp(Scene.ClientPort, 80).Payload(1472).Fragments(1456, 1456, id: 4);
        Assert.Equal(fragments.Select(fragment => Convert.ToHexString(fragment.Build())), sent.Select(each => Convert.ToHexString(each.Frame.Bytes.AsSpan(34))));
        Assert.All(sent, each => Assert.Equal(4, each.Frame.Bytes[14 + 9]));
    }

    private static Scene Tunnel(bool isInnerIPv6, bool isOuterIPv6, TunnelType type, TunnelChecksum checksum, bool pathMtuDiscovery = true)
    {
        var scene = new Scene(isInnerIPv6);
        var server = scene.Server(ForwardingMethod.Tunnel, port: 80, address: isOuterIPv6 ? Real6 : Real4, tunnel: new TunnelOptions(type, (ushort)(type == TunnelType.Gue ? 6080 : 0), checksum));
        return scene.Apply(new ForwardingTable
        {
            Services = [scene.Service(Protocol.Tcp, server), scene.Service(Protocol.Udp, server)],
            Options = new ForwardingOptions { PathMtuDiscovery = pathMtuDiscovery },
        });
    }

    private static PacketBuilder Outer(bool isIPv6, int hops, int trafficClass, bool df) =>
        PacketBuilder.Ethernet(Scene.RealMac, Scene.InsideMac).IP(isIPv6 ? "2001:db8:1::1" : "192.168.1.1", isIPv6 ? Real6 : Real4, hops, trafficClass, df: df);

    private static PacketBuilder Around(PacketBuilder outer, TunnelType type, TunnelChecksum checksum, bool isOuterIPv6, int sourcePort) => type switch
    {
        TunnelType.Gre => outer.Gre(checksum == TunnelChecksum.Full),
        TunnelType.Gue => outer.Udp(sourcePort, 6080, checksum == TunnelChecksum.Full || isOuterIPv6 ? Checksum.Right : Checksum.None).Gue(),
        _ => outer,
    };

    private static int SourcePort(byte[] frame, bool isOuterIPv6)
    {
        var at = 14 + (isOuterIPv6 ? 40 : 20);
        return (frame[at] << 8) | frame[at + 1];
    }
}
