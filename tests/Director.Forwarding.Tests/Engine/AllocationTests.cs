using System.Net;
using Director.Forwarding.Engine;
using Director.Forwarding.Links;
using Director.Forwarding.Tests.Packets;
using Xunit;

namespace Director.Forwarding.Tests.Engine;

/// <summary>The garbage collector has nothing to do with packets.</summary>
[Collection(nameof(Alone))]
public sealed class AllocationTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void No_packet_allocates(bool isIPv6)
    {
        using var scene = new Scene(isIPv6, outsideMtu: 9000, keepsSent: false);
        scene.Apply(Table(scene));
        var frames = Frames(scene);
        using var batch = new FrameBatch();

        // Everything is compiled and every way is known afterwards.
        long now = 1000;
        for (var round = 0; round < 40; round++)
            Run(scene.Path.Forwarder, scene.Path.Templates, batch, frames, ref now);
        var created = scene.Count(PacketCounter.ConnectionsCreated);

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var round = 0; round < 20; round++)
            Run(scene.Path.Forwarder, scene.Path.Templates, batch, frames, ref now);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.Equal(0, allocated);
        // The rounds did what they are here for: each set its connections up anew.
        Assert.True(scene.Count(PacketCounter.ConnectionsCreated) >= created + (20 * 200));
        foreach (var counter in (PacketCounter[])
            [
                PacketCounter.ForwardedIn, PacketCounter.ForwardedOut, PacketCounter.ConnectionsExpired, PacketCounter.SegmentedSuperframes, PacketCounter.EchoAnswered, PacketCounter.IcmpForwarded,
                PacketCounter.IcmpSent, PacketCounter.DropTooBig, PacketCounter.DropNoService, PacketCounter.DropNoRealServer, PacketCounter.DropNotSyn, PacketCounter.DropHopLimit,
                PacketCounter.DropOrphanFragment, PacketCounter.HandedBack, PacketCounter.LeftToKernel, isIPv6 ? PacketCounter.SolicitationAnswered : PacketCounter.ArpAnswered,
            ])
        {
            Assert.True(scene.Count(counter) > 0, counter.ToString());
        }
    }

    private static void Run(Forwarder forwarder, Forwarding.Connections.PersistenceTemplates templates, FrameBatch batch, (int Link, byte[] Bytes)[] frames, ref long now)
    {
        for (var i = 0; i < frames.Length;)
        {
            batch.Clear();
            var link = frames[i].Link;
            for (; i < frames.Length && batch.HasRoom && frames[i].Link == link; i++)
                batch.Append(frames[i].Bytes, link);
            forwarder.Process(batch, now);
        }

        // Long enough for all of it to expire.
        for (var step = 0; step < 50; step++)
        {
            now += 40_000;
            forwarder.Tick(now);
            templates.Expire((uint)(now / 10));
        }
    }

    private static ForwardingTable Table(Scene scene)
    {
        VirtualServiceSpec[] services =
        [
            scene.Service(Protocol.Tcp, 80, scene.Server(), scene.Server(address: scene.OtherReal)),
            scene.Service(Protocol.Udp, 80, scene.Server(), scene.Server(address: scene.OtherReal)),
            scene.Service(Protocol.Tcp, 81, scene.Server(ForwardingMethod.Direct, 81)),
            scene.Service(Protocol.Tcp, 82, scene.Server(ForwardingMethod.Tunnel, 82)),
            scene.Service(Protocol.Udp, 83, scene.Server(ForwardingMethod.Tunnel, 83, tunnel: new TunnelOptions(TunnelType.Gue, 6080, TunnelChecksum.Full))),
            scene.Service(Protocol.Udp, 84, scene.Server(ForwardingMethod.Tunnel, 84, address: scene.IsIPv6 ? "192.168.1.11" : "2001:db8:1::11", tunnel: new TunnelOptions(TunnelType.Gre, 0, TunnelChecksum.Full))),
            scene.Service(Protocol.Tcp, 85, scene.Server(address: scene.IsIPv6 ? "::1" : "127.0.0.1")),
            scene.Service(Protocol.Udp, 86, scene.Server(), scene.Server(address: scene.OtherReal)) with { OnePacket = true },
            scene.Service(Protocol.Udp, 87, scene.Server(), scene.Server(address: scene.OtherReal)) with { Persistence = new Persistence(60, 32) },
            scene.Service(Protocol.Tcp, 88, scene.Server(weight: 0)),
        ];
        return new ForwardingTable
        {
            Services = [.. services],
            Masquerade = [new MasqueradeRule(IPNetwork.Parse(scene.IsIPv6 ? "2001:db8:1:7::/64" : "192.168.1.128/25"), IPAddress.Parse(scene.IsIPv6 ? "2001:db8:9::200" : "10.9.0.200"))],
        };
    }

    private static (int Link, byte[] Bytes)[] Frames(Scene scene)
    {
        var packets = new List<PacketBuilder>();
        for (var port = 20_000; port < 20_040; port++)
        {
            packets.Add(scene.FromClient().Tcp(port, 80, TcpFlags.Syn, options: [2, 4, 5, 180]));
            foreach (var service in (int[])[81, 82, 85])
                packets.Add(scene.FromClient().Tcp(port, service, TcpFlags.Syn));
            foreach (var service in (int[])[80, 83, 84, 86, 87])
                packets.Add(scene.FromClient().Udp(port, service).Payload(100));
            packets.Add(scene.FromReal().Tcp(8080, port, TcpFlags.Syn | TcpFlags.Ack));
            packets.Add(scene.FromReal(real: scene.OtherReal).Tcp(8080, port, TcpFlags.Syn | TcpFlags.Ack));
            packets.Add(scene.FromClient().Tcp(port, 80, TcpFlags.Ack).Payload(700));
            packets.Add(scene.FromReal().Udp(8080, port).Payload(300));
            packets.Add(scene.FromClient().Tcp(port, 80, TcpFlags.Fin | TcpFlags.Ack));
        }

        var v6 = scene.IsIPv6;
        packets.Add(scene.FromClient(df: true).Tcp(20_000, 82, TcpFlags.Ack).Payload(30_000));
        packets.Add(scene.FromClient(df: true).Tcp(20_000, 80, TcpFlags.Ack).Payload(30_000));
        packets.Add(scene.FromClient(df: true).Udp(20_000, 80).Payload(3000));
        packets.Add(scene.FromClient().Udp(20_000, 80).Payload(3000));
        packets.AddRange(scene.FromClient().Udp(20_001, 80).Payload(3000).Fragments(1400, 800));
        packets.AddRange(scene.FromClient().Udp(20_002, 80).Payload(3000).Fragments(1400, 800, 5).Reverse());
        packets.Add(scene.FromClient().Udp(20_003, 80).Payload(3000).Fragments(1400, 800, 6)[1]);
        packets.Add(scene.FromClient().Tcp(1, 99, TcpFlags.Syn));
        packets.Add(scene.FromClient().Tcp(1, 80, TcpFlags.Ack));
        packets.Add(scene.FromClient().Tcp(1, 88, TcpFlags.Syn));
        packets.Add(scene.FromClient(hops: 1).Tcp(20_000, 80, TcpFlags.Ack));
        packets.Add(scene.FromClient().Icmp(v6 ? (byte)128 : (byte)8, 0, 1).Payload(20));
        packets.Add(scene.FromClient().Icmp(v6 ? (byte)1 : (byte)3, 4).Payload(PacketBuilder.Network.IP(scene.Vip, scene.Client).Udp(80, 20_000).Build()));
        packets.Add(scene.FromReal().Icmp(v6 ? (byte)1 : (byte)3, 4).Payload(PacketBuilder.Network.IP(scene.Client, scene.Real).Udp(20_000, 8080).Build()));
        packets.Add(scene.FromReal().Udp(8080, 9));
        packets.Add(scene.FromReal().Tcp(8080, 9, TcpFlags.Ack));
        packets.Add(scene.FromReal().Udp(9, 9));
        packets.Add(PacketBuilder.Ethernet(Scene.InsideMac, Scene.RealMac).IP(v6 ? "2001:db8:1:7::9" : "192.168.1.200", scene.Client).Udp(5353, 53));
        packets.Add(v6
            ? PacketBuilder.Ethernet(0x0001_00FF_3333, Scene.ClientMac).IPv6(scene.Client, "ff02::1:ff00:100", 255).Icmp(135, 0).Payload(IPAddress.Parse(scene.Vip).GetAddressBytes())
            : PacketBuilder.Ethernet(0xFFFF_FFFF_FFFF, Scene.ClientMac, 0x0806).Payload([0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 7, 10, 9, 0, 7, 0, 0, 0, 0, 0, 0, 10, 9, 0, 100]));
        return [.. packets.Select(packet => (packet.ToMac == Scene.InsideMac ? Scene.Inside : Scene.Outside, packet.Build()))];
    }
}
