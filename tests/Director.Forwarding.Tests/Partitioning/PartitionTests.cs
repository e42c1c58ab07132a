using System.Net;
using Director.Forwarding.Connections;
using Director.Forwarding.Engine;
using Director.Forwarding.Links;
using Director.Forwarding.Packets;
using Director.Forwarding.Partitioning;
using Director.Forwarding.Tests.Engine;
using Director.Forwarding.Tests.Packets;
using Xunit;

namespace Director.Forwarding.Tests.Partitioning;

/// <summary>Directors that share clients: of every packet, whichever way it goes, one of them takes care.</summary>
public sealed class PartitionTests
{
    private const ulong Broadcast = 0xFFFF_FFFF_FFFF;
    private const string Gateway = "192.168.1.254", World = "10.9.0.200";
    private static readonly IPAddress[] V4 = [IPAddress.Parse("10.9.0.100"), IPAddress.Parse(Gateway), IPAddress.Parse(World)];
    private static readonly IPAddress[] V6 = [IPAddress.Parse("2001:db8:9::100")];

    [Fact]
    public void Blocks_are_even_for_clients_that_use_even_ports_only_and_independent_of_the_worker()
    {
        var client = InetAddress.From(IPAddress.Parse("10.9.0.7"));
        var blocks = new int[PartitionShare.BlockCount];
        var workers = new int[4, 4];
        for (var port = 32_768; port < 65_536; port += 2)
        {
            var block = BlockHash.Of(client, (ushort)port);
            blocks[block]++;
            workers[block / 128, Steering.WorkerOf(client, (ushort)port, 4)]++;
        }

        // 32 expected in each; six standard deviations.
        Assert.All(blocks, count => Assert.InRange(count, 2, 70));
        Assert.All(workers.Cast<int>(), count => Assert.InRange(count, 850, 1200));
        var byPort = Enumerable.Range(0, 16_384).GroupBy(i => BlockHash.Of((ushort)(32_768 + (2 * i)))).Select(group => group.Count()).ToArray();
        Assert.Equal((512, true), (byPort.Length, byPort.All(count => count is > 2 and < 70)));
        var byAddress = Enumerable.Range(0, 16_384).GroupBy(i => BlockHash.Of(InetAddress.FromIPv4((uint)(i << 18)))).Count();
        Assert.Equal(512, byAddress);
    }

    /// <summary>Directors of different builds must agree: the hash is part of what they share.</summary>
    [Fact]
    public void The_hash_is_this_one()
    {
        var four = InetAddress.From(IPAddress.Parse("10.9.0.7"));
        var six = InetAddress.From(IPAddress.Parse("2001:db8:9::7"));
        Assert.Equal((361, 330, 143, 96, 397), (BlockHash.Of(four), BlockHash.Of(four, 40_000), BlockHash.Of((ushort)40_000), BlockHash.Of(six), BlockHash.Of(six, 40_000)));
    }

    [Theory]
    [InlineData(false, BlockSense.Source)]
    [InlineData(true, BlockSense.Source)]
    [InlineData(false, BlockSense.SourceAddress)]
    [InlineData(true, BlockSense.SourcePort)]
    public void Each_packet_of_a_connection_is_forwarded_by_one_director_and_the_same(bool isIPv6, BlockSense sense)
    {
        using var segment = Serving(isIPv6, sense);
        var scene = segment[0];
        var forwarded = new int[3];
        for (var port = 40_000; port < 40_060; port += 2)
        {
            var (first, syn) = segment.FloodOnce(Scene.Outside, Shared(scene.FromClient().Tcp(port, 80, TcpFlags.Syn)));
            Assert.Equal(Hex(scene.ToReal().Tcp(port, 8080, TcpFlags.Syn)), Hex(syn));
            var (second, answer) = segment.FloodOnce(Scene.Inside, Shared(scene.FromReal().Tcp(8080, port, TcpFlags.Syn | TcpFlags.Ack)));
            Assert.Equal(Hex(scene.ToClient().Tcp(80, port, TcpFlags.Syn | TcpFlags.Ack)), Hex(answer));
            var (third, _) = segment.FloodOnce(Scene.Outside, Shared(scene.FromClient().Tcp(port, 80, TcpFlags.Ack)));
            Assert.Equal((first, first), (second, third));
            Assert.Equal(Block(scene, sense, port) % 3, first);
            forwarded[first]++;
        }

        Assert.Equal(180UL, segment.Count(PacketCounter.DropOtherBlock));
        Assert.Equal(30UL, segment.Count(PacketCounter.ConnectionsCreated));
        Assert.True(sense == BlockSense.SourceAddress ? forwarded.Max() == 30 : forwarded.Min() > 2);
    }

    [Fact]
    public void A_frame_to_the_shared_MAC_is_ours_and_one_to_anybody_else_is_not()
    {
        using var segment = Serving(false);
        var scene = segment[0].Hold(SharedSegment.Group(V4, SharedSegment.Share(_ => true)));
        Assert.Single(scene.Path.Send(Scene.Outside, Shared(scene.FromClient().Tcp(Scene.ClientPort, 80, TcpFlags.Syn)).Build()));
        Assert.Empty(scene.Path.Send(Scene.Outside, scene.FromClient().Tcp(Scene.ClientPort, 80, TcpFlags.Syn).To(SharedSegment.SharedMac + (1UL << 40)).Build()));
        Assert.Equal(1UL, scene.Count(PacketCounter.OtherHost));
        scene.Hold(SharedSegment.Group(V4, null));
        Assert.Empty(scene.Path.Send(Scene.Outside, Shared(scene.FromClient().Tcp(Scene.ClientPort, 80, TcpFlags.Ack)).Build()));
        Assert.Equal(2UL, scene.Count(PacketCounter.OtherHost));
    }

    [Fact]
    public void ARP_is_answered_by_one_director_from_its_own_MAC_with_the_shared_one()
    {
        using var segment = Serving(false);
        for (var host = 1; host < 60; host++)
        {
            var asker = $"10.9.0.{host}";
            var (director, answer) = segment.FloodOnce(Scene.Outside, Arp(Broadcast, Scene.ClientMac, 1, Scene.ClientMac, asker, 0, "10.9.0.100"));
            Assert.Equal(BlockHash.Of(Address(asker)) % 3, director);
            Assert.Equal(Hex(Arp(Scene.ClientMac, Scene.OutsideMac, 2, SharedSegment.SharedMac, "10.9.0.100", Scene.ClientMac, asker)), Hex(answer));
        }

        // A neighbour that refreshes asks the MAC address that it knows; one that probes has no address.
        segment.FloodOnce(Scene.Outside, Arp(SharedSegment.SharedMac, Scene.ClientMac, 1, Scene.ClientMac, "10.9.0.7", 0, "10.9.0.100"));
        segment.FloodOnce(Scene.Outside, Arp(Broadcast, Scene.ClientMac, 1, Scene.ClientMac, "0.0.0.0", 0, "10.9.0.100"));
        segment.FloodOnce(Scene.Inside, Arp(Broadcast, Scene.RealMac, 1, Scene.RealMac, "192.168.1.11", 0, Gateway));
    }

    [Fact]
    public void Another_directors_answer_with_the_shared_MAC_is_no_conflict_and_a_strangers_is()
    {
        using var segment = Serving(false);
        Assert.Empty(segment.Flood(Scene.Outside, Arp(Broadcast, 0x99_00_00_00_00_02, 2, SharedSegment.SharedMac, "10.9.0.100", Scene.ClientMac, "10.9.0.7")));
        Assert.Equal(0UL, segment.Count(PacketCounter.AddressConflict));
        segment.Flood(Scene.Outside, Arp(Broadcast, Scene.ClientMac, 2, Scene.ClientMac, "10.9.0.100", 0, "10.9.0.7"));
        Assert.Equal(3UL, segment.Count(PacketCounter.AddressConflict));
    }

    [Fact]
    public void Neighbour_solicitations_are_answered_by_one_director_with_the_shared_MAC_as_link_layer_address()
    {
        using var segment = Serving(true);
        var vip = IPAddress.Parse(segment[0].Vip).GetAddressBytes();
        for (var host = 1; host < 20; host++)
        {
            var asker = $"2001:db8:9::{host}";
            var (director, answer) = segment.FloodOnce(Scene.Outside, PacketBuilder.Ethernet(0x0001_00FF_3333, Scene.ClientMac).IPv6(asker, "ff02::1:ff00:100", 255)
                .Icmp(135, 0, 0).Payload([.. vip, 1, 1, .. Bytes(Scene.ClientMac)]));
            Assert.Equal(BlockHash.Of(Address(asker)) % 3, director);
            Assert.Equal(
                Hex(PacketBuilder.Ethernet(Scene.ClientMac, Scene.OutsideMac).IPv6(segment[0].Vip, asker, 255).Icmp(136, 0, 0x6000_0000).Payload([.. vip, 2, 1, .. Bytes(SharedSegment.SharedMac)])),
                Hex(answer));
        }

        segment.FloodOnce(Scene.Outside, PacketBuilder.Ethernet(0x0001_00FF_3333, Scene.ClientMac).IPv6("::", "ff02::1:ff00:100", 255).Icmp(135, 0, 0).Payload(vip));
    }

    [Fact]
    public void An_announcement_names_the_shared_MAC_and_comes_from_the_directors_own()
    {
        using var segment = Serving(false);
        segment[0].Path.Forwarder.Announce([Address("10.9.0.100")], 1000);
        Scene.AssertSent(
            [
                Arp(Broadcast, Scene.OutsideMac, 1, SharedSegment.SharedMac, "10.9.0.100", Broadcast, "10.9.0.100"),
                Arp(Broadcast, Scene.OutsideMac, 2, SharedSegment.SharedMac, "10.9.0.100", SharedSegment.SharedMac, "10.9.0.100"),
                Arp(Broadcast, Scene.InsideMac, 1, SharedSegment.SharedMac, "10.9.0.100", Broadcast, "10.9.0.100"),
                Arp(Broadcast, Scene.InsideMac, 2, SharedSegment.SharedMac, "10.9.0.100", SharedSegment.SharedMac, "10.9.0.100"),
            ],
            segment[0].Path.TakeSent());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Echo_requests_and_their_fragments_are_answered_by_the_owner_of_the_askers_address(bool isIPv6)
    {
        using var segment = Serving(isIPv6, BlockSense.SourcePort);
        var scene = segment[0];
        var owner = BlockHash.Of(Address(scene.Client)) % 3;
        Assert.Equal(owner, segment.FloodOnce(Scene.Outside, Shared(scene.FromClient().Icmp(isIPv6 ? (byte)128 : (byte)8, 0, 1))).Director);
        var request = Shared(scene.FromClient().Icmp(isIPv6 ? (byte)128 : (byte)8, 0, 1).Payload(3000)).Fragments(1400, 800, 5);
        foreach (var fragment in request)
            Assert.Equal(owner, segment.FloodOnce(Scene.Outside, fragment).Director);
        Assert.Equal((ulong)(2 * (1 + request.Length)), segment.Count(PacketCounter.DropOtherBlock));
    }

    [Fact]
    public void ICMP_errors_belong_to_the_connection_that_they_quote_both_ways()
    {
        using var segment = Serving(false);
        var scene = segment[0];
        for (var port = 40_000; port < 40_020; port += 2)
        {
            var owner = segment.FloodOnce(Scene.Outside, Shared(scene.FromClient().Tcp(port, 80, TcpFlags.Syn))).Director;
            var toClient = PacketBuilder.Network.IP(scene.Vip, scene.Client).Tcp(80, port, TcpFlags.Ack).Build();
            // From a router on the way, whose address is in another block.
            Assert.Equal(owner, segment.FloodOnce(Scene.Outside, PacketBuilder.Ethernet(SharedSegment.SharedMac, Scene.ClientMac).IP("10.9.0.99", scene.Vip).Icmp(3, 1).Payload(toClient)).Director);
            var toReal = PacketBuilder.Network.IP(scene.Client, scene.Real).Tcp(port, 8080, TcpFlags.Ack).Build();
            Assert.Equal(owner, segment.FloodOnce(Scene.Inside, Shared(scene.FromReal().Icmp(3, 1).Payload(toReal))).Director);
        }
    }

    [Fact]
    public void Fragments_go_with_their_first_in_any_order()
    {
        using var segment = Serving(false);
        var scene = segment[0];
        for (var port = 40_000; port < 40_010; port += 2)
        {
            var fragments = Shared(scene.FromClient().Udp(port, 80).Payload(2500)).Fragments(1000, 800, (uint)port);
            var owner = segment.FloodOnce(Scene.Outside, fragments[0]).Director;
            Assert.Equal(owner, segment.FloodOnce(Scene.Outside, fragments[1]).Director);
            Assert.Equal(owner, segment.FloodOnce(Scene.Outside, fragments[2]).Director);

            var late = Shared(scene.FromClient().Udp(port, 80).Payload(1500)).Fragments(1000, 800, (uint)port + 1);
            Assert.Empty(segment.Flood(Scene.Outside, late[1]));
            Assert.Equal([owner, owner], segment.Flood(Scene.Outside, late[0]).Select(each => each.Director));
        }
    }

    [Fact]
    public void Masqueraded_connections_go_by_their_destination_both_ways()
    {
        using var segment = Serving(false);
        var scene = segment[0];
        var directors = new HashSet<int>();
        for (var port = 50; port < 70; port++)
        {
            var owner = BlockHash.Of(Address(scene.Client), (ushort)port) % 3;
            var (director, sent) = segment.FloodOnce(Scene.Inside, Shared(scene.FromReal().Udp(5353, port)));
            Assert.Equal((owner, Hex(PacketBuilder.Ethernet(Scene.ClientMac, Scene.OutsideMac).IP(World, scene.Client, 63).Udp(5353, port))), (director, Hex(sent)));
            var (back, received) = segment.FloodOnce(Scene.Outside, PacketBuilder.Ethernet(SharedSegment.SharedMac, Scene.ClientMac).IP(scene.Client, World).Udp(port, 5353));
            Assert.Equal((owner, Hex(scene.ToReal().Udp(port, 5353))), (back, Hex(received)));
            directors.Add(director);
        }

        Assert.Equal(3, directors.Count);
    }

    [Fact]
    public void A_persistent_services_clients_go_by_their_network_whatever_the_sense_is()
    {
        using var segment = new SharedSegment(3);
        var scene = segment[0];
        segment.Apply(new ForwardingTable { Services = [scene.Service(Protocol.Tcp, scene.Server()) with { Persistence = new Persistence(60, 24) }, scene.Service(Protocol.Udp, scene.Server())] });
        segment.Divide(block => block % 3, V4);
        var owner = BlockHash.Of(Address("10.9.0.0")) % 3;
        for (var i = 1; i < 40; i++)
        {
            var client = $"10.9.0.{i}";
            Assert.Equal(owner, segment.FloodOnce(Scene.Outside, PacketBuilder.Ethernet(SharedSegment.SharedMac, Scene.ClientMac).IP(client, scene.Vip).Tcp(40_000 + i, 80, TcpFlags.Syn)).Director);
            Assert.Equal(owner, segment.FloodOnce(Scene.Inside, PacketBuilder.Ethernet(SharedSegment.SharedMac, Scene.RealMac).IP(scene.Real, client).Tcp(8080, 40_000 + i, TcpFlags.Syn | TcpFlags.Ack)).Director);
        }

        var others = Enumerable.Range(0, 40).Select(i => segment.FloodOnce(Scene.Outside, Shared(scene.FromClient().Udp(40_000 + i, 80))).Director).Distinct();
        Assert.Equal(3, others.Count());
    }

    [Fact]
    public void A_block_that_ends_here_keeps_its_connections_and_gets_no_new_one()
    {
        using var segment = Serving(false);
        var scene = segment[0].Hold(SharedSegment.Group(V4, SharedSegment.Share(_ => true)));
        scene.Open();
        scene.Send(scene.FromReal().Tcp(8080, Scene.ClientPort, TcpFlags.Fin | TcpFlags.Ack));
        scene.Send(scene.FromClient().Tcp(Scene.ClientPort, 80, TcpFlags.Fin | TcpFlags.Ack));
        scene.Open(Scene.ClientPort + 1);
        scene.Hold(SharedSegment.Group(V4, SharedSegment.Share(_ => false) with { Ending = [.. Enumerable.Repeat(true, 512)] }));

        scene.Expect(scene.FromClient().Tcp(Scene.ClientPort + 1, 80, TcpFlags.Ack), scene.ToReal().Tcp(Scene.ClientPort + 1, 8080, TcpFlags.Ack));
        scene.Expect(scene.FromReal().Tcp(8080, Scene.ClientPort + 1, TcpFlags.Ack), scene.ToClient().Tcp(80, Scene.ClientPort + 1, TcpFlags.Ack));
        scene.ExpectDrop(scene.FromClient().Tcp(Scene.ClientPort + 2, 80, TcpFlags.Syn), PacketCounter.DropOtherBlock);
        scene.ExpectDrop(scene.FromClient().Tcp(Scene.ClientPort + 2, 80, TcpFlags.Ack), PacketCounter.DropOtherBlock);
        scene.ExpectDrop(scene.FromClient().Udp(Scene.ClientPort, 81), PacketCounter.DropOtherBlock);
        scene.ExpectDrop(scene.FromReal().Udp(5353, 53), PacketCounter.DropOtherBlock);
        scene.Expect(Arp(Broadcast, Scene.ClientMac, 1, Scene.ClientMac, scene.Client, 0, scene.Vip));
        Assert.Equal(2, scene.Path.Connections.Count);
    }

    [Fact]
    public void Without_synchronisation_a_director_keeps_its_connections_and_resets_none_of_the_others()
    {
        using var scene = new Scene().With(Server());
        scene.Hold(SharedSegment.Group(V4, SharedSegment.Share(_ => true)));
        scene.Open();
        scene.Hold(SharedSegment.Group(V4, SharedSegment.Share(_ => false) with { KeepsOwnConnections = true }));
        scene.Expect(scene.FromClient().Tcp(Scene.ClientPort, 80, TcpFlags.Ack), scene.ToReal().Tcp(Scene.ClientPort, 8080, TcpFlags.Ack));
        scene.ExpectDrop(scene.FromClient().Tcp(Scene.ClientPort + 2, 80, TcpFlags.Syn), PacketCounter.DropOtherBlock);
        scene.Hold(SharedSegment.Group(V4, SharedSegment.Share(_ => true) with { KeepsOwnConnections = true }));
        scene.ExpectDrop(scene.FromClient().Tcp(Scene.ClientPort + 2, 80, TcpFlags.Ack), PacketCounter.DropNotSyn);
    }

    [Fact]
    public void What_is_no_connection_of_ours_goes_through_the_gateway_owners_kernel_alone()
    {
        using var segment = Serving(false);
        var scene = segment[0];
        // A daemon of the real server, on a port that real servers of no service answer from; the masqueraded network is hidden from the kernel.
        segment.Flood(Scene.Outside, PacketBuilder.Ethernet(SharedSegment.SharedMac, Scene.ClientMac).IP(scene.Client, scene.Real).Tcp(1000, 22, TcpFlags.Syn));
        Assert.Equal((2UL, 1UL), (segment.Count(PacketCounter.LeftToGatewayOwner), segment[0].Count(PacketCounter.LeftToKernel)));
        var (director, _) = segment.FloodOnce(Scene.Inside, Shared(scene.FromReal().Tcp(22, 1000, TcpFlags.Syn | TcpFlags.Ack)));
        Assert.Equal((0, 1UL), (director, segment[0].Count(PacketCounter.HandedBack)));
    }

    [Fact]
    public void A_gateway_address_that_is_shared_is_refused_and_pinged_by_one()
    {
        using var segment = Serving(false);
        var scene = segment[0];
        var toGateway = PacketBuilder.Ethernet(SharedSegment.SharedMac, Scene.RealMac).IP(scene.Real, Gateway);
        segment.FloodOnce(Scene.Inside, toGateway.Icmp(8, 0, 1));
        segment.FloodOnce(Scene.Inside, toGateway.Tcp(1000, 22, TcpFlags.Syn));
    }

    /// <summary>Another director forwards by direct routing to this one, which has the VIP on lo.</summary>
    [Fact]
    public void A_frame_to_the_own_MAC_for_a_shared_VIP_on_this_host_is_the_kernels()
    {
        using var scene = new Scene();
        scene.Path.Routes.AddLocal(scene.Vip);
        scene.With(Server()).Hold(SharedSegment.Group(V4, SharedSegment.Share(_ => true)));
        scene.ExpectDrop(scene.FromClient().Tcp(Scene.ClientPort, 80, TcpFlags.Syn), PacketCounter.LeftToKernel);
        Assert.Single(scene.Path.Send(Scene.Outside, Shared(scene.FromClient().Tcp(Scene.ClientPort, 80, TcpFlags.Syn)).Build()));
    }

    [Fact]
    public void Groups_are_divided_each_for_itself()
    {
        using var scene = new Scene();
        var other = IPAddress.Parse("10.9.0.101");
        scene.Apply(new ForwardingTable { Services = [scene.Service(Protocol.Udp, Server()), scene.Service(Protocol.Udp, Server()) with { Key = ServiceKey.ForAddress(Protocol.Udp, other, 80) }] });
        scene.Hold(SharedSegment.Group([V4[0]], SharedSegment.Share(_ => true)), SharedSegment.Group([other], SharedSegment.Share(_ => false)) with { Name = "other" });
        Assert.Single(scene.Send(scene.FromClient().Udp(Scene.ClientPort, 80)));
        scene.ExpectDrop(PacketBuilder.Ethernet(Scene.OutsideMac, Scene.ClientMac).IP(scene.Client, "10.9.0.101").Udp(Scene.ClientPort, 80), PacketCounter.DropOtherBlock);
    }

    /// <summary>10,000 connections by three directors of weights 1, 1 and 2; then every block moves on to the next director and every connection goes on.</summary>
    [Fact]
    public void Ten_thousand_connections_are_shared_by_weight_and_live_on_when_their_blocks_move()
    {
        const int connections = 10_000;
        using var segment = new SharedSegment(3, connections: 16_384);
        var scene = segment[0];
        segment.Apply(new ForwardingTable { Services = [scene.Service(Protocol.Tcp, scene.Server(), scene.Server(address: scene.OtherReal))], Options = new() { DropEntry = DefenceMode.Off } });
        segment.Divide(Owner, V4);
        var owners = new int[connections];
        var reals = new string[connections];
        var shares = new int[3];
        for (var i = 0; i < connections; i++)
        {
            (owners[i], var syn) = segment.FloodOnce(Scene.Outside, Packet(i, TcpFlags.Syn));
            reals[i] = Convert.ToHexString(syn[30..34]);
            shares[owners[i]]++;
        }

        for (var director = 0; director < 3; director++)
            Assert.InRange(shares[director], connections * Weight(director) * 0.95 / 4, connections * Weight(director) * 1.05 / 4);

        segment.Divide(block => (Owner(block) + 1) % 3, V4);
        for (var i = 0; i < connections; i++)
        {
            var (director, ack) = segment.FloodOnce(Scene.Outside, Packet(i, TcpFlags.Ack));
            Assert.Equal(((owners[i] + 1) % 3, reals[i]), (director, Convert.ToHexString(ack[30..34])));
        }

        Assert.Equal(((ulong)connections, 0UL), (segment.Count(PacketCounter.ConnectionsCreated), segment.Count(PacketCounter.DropNotSyn)));
        Assert.Equal((ulong)(4 * connections), segment.Count(PacketCounter.DropOtherBlock));

        static int Owner(int block) => block % 4 == 3 ? 2 : block % 4;
        static int Weight(int director) => director == 2 ? 2 : 1;
        PacketBuilder Packet(int i, TcpFlags flags) => PacketBuilder.Ethernet(SharedSegment.SharedMac, Scene.ClientMac).IP($"10.9.{1 + (i / 100)}.7", scene.Vip).Tcp(32_768 + (i % 100 * 2), 80, flags);
    }

    private static SharedSegment Serving(bool isIPv6, BlockSense sense = BlockSense.Source)
    {
        var segment = new SharedSegment(3, isIPv6);
        var scene = segment[0];
        segment.Apply(new ForwardingTable
        {
            Services = [scene.Service(Protocol.Tcp, scene.Server()), scene.Service(Protocol.Udp, scene.Server())],
            Masquerade = isIPv6 ? [] : [new MasqueradeRule(IPNetwork.Parse("192.168.1.0/24"), IPAddress.Parse(World))],
        });
        segment.Divide(block => block % 3, isIPv6 ? V6 : V4, sense);
        return segment;
    }

    private static RealServerSpec Server() => new(IPAddress.Parse("192.168.1.11"), 8080) { Method = ForwardingMethod.Nat };

    private static int Block(Scene scene, BlockSense sense, int port) => sense switch
    {
        BlockSense.SourceAddress => BlockHash.Of(Address(scene.Client)),
        BlockSense.SourcePort => BlockHash.Of((ushort)port),
        _ => BlockHash.Of(Address(scene.Client), (ushort)port),
    };

    private static InetAddress Address(string text) => InetAddress.From(IPAddress.Parse(text));

    private static PacketBuilder Shared(PacketBuilder packet) => packet.To(SharedSegment.SharedMac);

    

    private static byte[] Bytes(ulong mac) => BitConverter.GetBytes(mac)[..6];

    private static string Hex(PacketBuilder packet) => Convert.ToHexString(packet.Build());

    private static string Hex(byte[] bytes) => Convert.ToHexString(bytes);

    private static PacketBuilder Arp(ulong to, ulong from, byte operation, ulong senderMac, string sender, ulong targetMac, string target) =>
        PacketBuilder.Ethernet(to, from, 0x0806).Payload(
            [0, 1, 8, 0, 6, 4, 0, operation, .. Bytes(senderMac), .. IPAddress.Parse(sender).GetAddressBytes(), .. Bytes(targetMac), .. IPAddress.Parse(target).GetAddressBytes()]);
}
