using System.Net;
using Director.Forwarding.Engine;
using Director.Forwarding.Tests.Packets;
using Xunit;

namespace Director.Forwarding.Tests.Engine;

/// <summary>Frames that reach another worker than the one that has their connection get there all the same.</summary>
public sealed class HandOverTests
{
    private const string Vip = "10.9.0.100";
    private const string Real = "192.168.1.11";

    [Fact]
    public void Wherever_a_frame_arrives_its_connection_is_found()
    {
        using var workers = Serving(3);
        for (var port = 30_000; port < 30_090; port++)
        {
            foreach (var worker in (int[])[0, 1, 2])
            {
                Assert.Single(workers.SendAt(worker, Request(port).Build()));
                var reply = Assert.Single(workers.SendAt(worker, To().IP(Real, "10.8.0.7").Udp(8080, port).Build()));
                Assert.Equal(Convert.ToHexString(From().IP(Vip, "10.8.0.7", 63).Udp(80, port).Build()), Convert.ToHexString(reply.Bytes));
            }
        }

        Assert.Equal(90UL, workers.Count(PacketCounter.ConnectionsCreated));
        Assert.Equal(90UL * 4, workers.Count(PacketCounter.HandedOver));
        Assert.All(workers.CountEach(PacketCounter.ConnectionsCreated), created => Assert.InRange(created, 15UL, 50UL));
    }

    [Fact]
    public void Steered_frames_need_no_hand_over()
    {
        using var workers = Serving(3);
        for (var port = 30_000; port < 30_030; port++)
        {
            workers.Send(Request(port).Build());
            workers.Send(To().IP(Real, "10.8.0.7").Udp(8080, port).Build());
        }

        Assert.Equal((30UL, 30UL, 0UL), (workers.Count(PacketCounter.ForwardedIn), workers.Count(PacketCounter.ForwardedOut), workers.Count(PacketCounter.HandedOver)));
    }

    /// <summary>The kernel steers a fragment by addresses alone: all of a datagram reach one worker, which knows the ports.</summary>
    [Fact]
    public void Fragments_and_errors_find_the_worker_of_their_connection()
    {
        using var workers = Serving(3);
        for (var port = 30_000; port < 30_030; port++)
        {
            workers.Send(Request(port).Build());
            foreach (var (fragment, expected) in Request(port, 3000).Fragments(1400, 800, (uint)port).Zip(From().IP("10.8.0.7", Real, 63).Udp(port, 8080).Payload(3000).Fragments(1400, 800, (uint)port)))
                Assert.Equal(Convert.ToHexString(expected.Build()), Convert.ToHexString(Assert.Single(workers.Send(fragment.Build())).Bytes));
            var error = To().IP(Real, "10.8.0.7").Icmp(3, 3).Payload(PacketBuilder.Network.IP("10.8.0.7", Real).Udp(port, 8080).Build());
            var relayed = From().IP(Vip, "10.8.0.7", 63).Icmp(3, 3).Payload(PacketBuilder.Network.IP("10.8.0.7", Vip).Udp(port, 80).Build());
            Assert.Equal(Convert.ToHexString(relayed.Build()), Convert.ToHexString(Assert.Single(workers.Send(error.Build())).Bytes));
        }

        Assert.Equal(30UL, workers.Count(PacketCounter.ConnectionsCreated));
    }

    [Fact]
    public void With_one_packet_scheduling_fragments_stay_together_on_any_worker()
    {
        using var workers = Serving(3, onePacket: true);
        for (var port = 30_000; port < 30_020; port++)
        {
            foreach (var (fragment, expected) in Request(port, 3000).Fragments(1400, 800, (uint)port).Zip(From().IP("10.8.0.7", Real, 63).Udp(port, 8080).Payload(3000).Fragments(1400, 800, (uint)port)))
                Assert.Equal(Convert.ToHexString(expected.Build()), Convert.ToHexString(Assert.Single(workers.Send(fragment.Build())).Bytes));
        }

        Assert.Equal(0UL, workers.Count(PacketCounter.DropOrphanFragment));
    }

    /// <summary>The other side is the client's end of a masqueraded connection, whatever port it leaves by.</summary>
    [Fact]
    public void Masqueraded_connections_find_their_worker_too()
    {
        using var workers = new WorkersOnMemory(3);
        workers.Apply(new ForwardingTable { Masquerade = [new MasqueradeRule(IPNetwork.Parse("192.168.1.0/24"), IPAddress.Parse(Vip))] });
        for (var port = 1; port < 40; port++)
        {
            foreach (var real in (string[])[Real, "192.168.1.12"])
            {
                var sent = Assert.Single(workers.Send(To().IP(real, "10.8.0.7").Udp(5353, port).Build())).Bytes;
                var reply = Assert.Single(workers.Send(To().IP("10.8.0.7", Vip).Udp(port, (sent[34] << 8) | sent[35]).Build())).Bytes;
                Assert.Equal(Convert.ToHexString(From().IP("10.8.0.7", real, 63).Udp(port, 5353).Build()), Convert.ToHexString(reply));
            }
        }

        Assert.Equal(78UL, workers.Count(PacketCounter.ConnectionsCreated));
        Assert.Equal(0UL, workers.Count(PacketCounter.HandedOver));
    }

    /// <summary>A mark whose network contains the clients, as a transparent proxy has it: replies are steered as if they were requests.</summary>
    [Fact]
    public void Replies_into_a_marks_network_find_their_worker()
    {
        using var workers = new WorkersOnMemory(3);
        workers.Apply(new ForwardingTable
        {
            Services = [new VirtualServiceSpec(ServiceKey.ForMark(1)) { RealServers = [new RealServerSpec(IPAddress.Parse(Real), 8080) { Method = ForwardingMethod.Nat }] }],
            Marks = [new MarkRule(1, null, IPNetwork.Parse("10.0.0.0/8"), [80])],
        });
        for (var port = 30_000; port < 30_030; port++)
        {
            Assert.Single(workers.Send(To().IP("10.8.0.7", "10.7.0.9").Tcp(port, 80, TcpFlags.Syn).Build()));
            Assert.Equal(
                Convert.ToHexString(From().IP("10.7.0.9", "10.8.0.7", 63).Tcp(80, port, TcpFlags.Syn | TcpFlags.Ack).Build()),
                Convert.ToHexString(Assert.Single(workers.Send(To().IP(Real, "10.8.0.7").Tcp(8080, port, TcpFlags.Syn | TcpFlags.Ack).Build())).Bytes));
            Assert.Equal(
                Convert.ToHexString(From().IP("10.8.0.7", Real, 63).Tcp(port, 8080, TcpFlags.Ack).Build()),
                Convert.ToHexString(Assert.Single(workers.Send(To().IP("10.8.0.7", "10.7.0.9").Tcp(port, 80, TcpFlags.Ack).Build())).Bytes));
            Assert.Single(workers.Send(To().IP("10.8.0.7", "10.7.0.9").Udp(port, 80).Build()));
            Assert.Equal(
                Convert.ToHexString(From().IP("10.7.0.9", "10.8.0.7", 63).Udp(80, port).Build()),
                Convert.ToHexString(Assert.Single(workers.Send(To().IP(Real, "10.8.0.7").Udp(8080, port).Build())).Bytes));
        }

        Assert.Equal((60UL, 60UL), (workers.Count(PacketCounter.ConnectionsCreated), workers.Count(PacketCounter.ForwardedOut)));
    }

    private static WorkersOnMemory Serving(int workers, bool onePacket = false)
    {
        var path = new WorkersOnMemory(workers);
        path.Apply(new ForwardingTable
        {
            Services = [new VirtualServiceSpec(ServiceKey.ForAddress(Protocol.Udp, IPAddress.Parse(Vip), 80)) { OnePacket = onePacket, RealServers = [new RealServerSpec(IPAddress.Parse(Real), 8080) { Method = ForwardingMethod.Nat }] }],
        });
        return path;
    }

    private static PacketBuilder Request(int port, int length = 0) => To().IP("10.8.0.7", Vip).Udp(port, 80).Payload(length);

    private static PacketBuilder To() => PacketBuilder.Ethernet(WorkersOnMemory.Mac, WorkersOnMemory.OthersMac);

    private static PacketBuilder From() => PacketBuilder.Ethernet(WorkersOnMemory.OthersMac, WorkersOnMemory.Mac);
}
