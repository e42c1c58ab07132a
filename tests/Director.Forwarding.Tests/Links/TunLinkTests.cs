using System.Net;
using System.Net.Sockets;
using Director.Forwarding.Links;
using PacketDotNet;
using Xunit;
using static Director.Forwarding.Tests.Links.PrivateNetwork;
using ProtocolType = System.Net.Sockets.ProtocolType;

namespace Director.Forwarding.Tests.Links;

public sealed class TunLinkTests
{
    [SkippableFact]
    public void Packets_of_the_host_arrive_and_ours_reach_it() => RunWithTun(link =>
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Parse("10.9.0.1"), 5000));
        socket.SendTo([1, 2, 3], new IPEndPoint(IPAddress.Parse("10.9.0.2"), 7));

        using var batch = ReceiveOne(link);

        ref var frame = ref batch[0];
        var packet = Packet.ParsePacket(LinkLayers.Raw, PcapLinkTests.Bytes(frame)).Extract<IPv4Packet>();
        Assert.Equal(("10.9.0.1", "10.9.0.2"), (packet.SourceAddress.ToString(), packet.DestinationAddress.ToString()));
        Assert.Equal([1, 2, 3], packet.Extract<UdpPacket>().PayloadData);
        // The host leaves the checksum to us, as it would to a NIC.
        Assert.Equal((FrameFlags.PartialChecksum, 20, 6), (frame.Flags, frame.TransportOffset, frame.ChecksumOffset));

        // Swapped, the pseudo-header sum is the same and still to be finished.
        Reverse(ref frame);
        Assert.Equal(1, link.Send(batch.Frames));
        var reply = new byte[10];
        Assert.True(socket.Poll(TimeSpan.FromSeconds(10), SelectMode.SelectRead));
        EndPoint from = new IPEndPoint(IPAddress.Any, 0);
        Assert.Equal(3, socket.ReceiveFrom(reply, ref from));
        Assert.Equal("10.9.0.2:7", from.ToString());
    });

    [SkippableFact]
    public void Superframes_pass_both_ways() => RunWithTun(link =>
    {
        // A TCP connection of the host with itself through us: each packet comes back with its addresses swapped.
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Parse("10.9.0.1"), 80));
        listener.Listen();
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        client.Bind(new IPEndPoint(IPAddress.Parse("10.9.0.1"), 0));
        var connecting = client.ConnectAsync(IPAddress.Parse("10.9.0.2"), 80);
        var accepting = listener.AcceptAsync();
        using var batch = new FrameBatch();
        var largest = 0;
        var segmentSizes = new HashSet<int>();
        void Swap()
        {
            batch.Clear();
            link.Receive(batch);
            for (var i = 0; i < batch.Count; i++)
            {
                ref var frame = ref batch[i];
                largest = Math.Max(largest, frame.Length);
                if ((frame.Flags & FrameFlags.Superframe) != 0)
                {
                    Assert.True(frame.Length > 1500 && frame.TransportHeaderLength is >= 20 and <= 60);
                    segmentSizes.Add(frame.SegmentSize);
                }

                SwapAddresses(ref frame);
            }

            Assert.Equal(batch.Count, link.Send(batch.Frames));
        }

        Eventually(() =>
        {
            Swap();
            return connecting.IsCompleted && accepting.IsCompleted;
        }, "the connection is established");
        using var server = accepting.Result;
        var data = new byte[300_000];
        new Random(1).NextBytes(data);
        var sending = client.SendAsync(data);
        var arrived = new List<byte>();
        var buffer = new byte[65536];
        server.Blocking = false;
        Eventually(() =>
        {
            Swap();
            while (server.Available > 0)
            {
                arrived.AddRange(buffer.AsSpan(0, server.Receive(buffer)));
            }

            return arrived.Count == data.Length;
        }, "all bytes arrive");

        Assert.Equal(data, arrived);
        Assert.InRange(largest, 1501, 65535);
        Assert.Equal([1448], segmentSizes);
        Assert.Equal(0, link.Counters.Ignored);
    });

    [SkippableFact]
    public void Workers_have_a_queue_each_and_packets_reach_the_one_that_the_hash_names() => Run(() =>
    {
        using var program = SteeringTests.Load(3, []);
        var queues = Enumerable.Range(0, 3).Select(_ => new TunLink("dtun0", 0, program)).ToArray();
        try
        {
            Shell("ip address add 10.9.0.1/16 dev dtun0; ip link set dtun0 up");
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            socket.Bind(new IPEndPoint(IPAddress.Parse("10.9.0.1"), 5000));
            for (var i = 0; i < 60; i++)
            {
                var client = new IPEndPoint(IPAddress.Parse($"10.9.1.{i}"), 4000 + i);
                socket.SendTo([(byte)i], client);
                var receivers = new List<int>();
                Eventually(() =>
                {
                    receivers.AddRange(Enumerable.Range(0, 3).Where(queue => PcapLinkTests.Receive(queues[queue], 0).Any(packet => packet[^1] == i && packet[9] == 17)));
                    return receivers.Count > 0;
                }, "a queue has the packet");
                Assert.Equal([Steering.WorkerOf(SteeringTests.Address(client.Address.ToString()), (ushort)client.Port, 3)], receivers);
            }
        }
        finally
        {
            Array.ForEach(queues, queue => queue.Dispose());
        }

        // A process that another test starts at this moment may hold the queues for the blink between fork and exec.
        Eventually(() => InterfaceList.Find("dtun0") is null, "the device is gone");
    });

    [SkippableFact]
    public void Garbage_is_refused_by_the_kernel_and_the_packets_after_it_pass() => RunWithTun(link =>
    {
        var random = new Random(6);
        using var batch = new FrameBatch();
        for (var round = 0; round < 200; round++)
        {
            batch.Clear();
            for (var i = 0; i < 20; i++)
            {
                var bytes = new byte[random.Next(0, 200)];
                random.NextBytes(bytes);
                ref var frame = ref batch.Append(bytes, 0);
                frame.Flags = (FrameFlags)random.Next(8);
                frame.TransportOffset = (ushort)random.Next(300);
                frame.ChecksumOffset = (byte)random.Next(256);
                frame.SegmentSize = (ushort)random.Next(2000);
                frame.TransportHeaderLength = (byte)random.Next(100);
            }

            link.Send(batch.Frames);
        }

        Assert.Equal(200 * 20, link.Counters.Sent + link.Counters.RefusedOtherwise);
        Assert.NotEqual(0, link.Counters.RefusedOtherwise);
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.SendTo([1], new IPEndPoint(IPAddress.Parse("10.9.0.2"), 7));
        ReceiveOne(link).Dispose();
    });

    [SkippableFact]
    public void A_device_that_is_down_takes_nothing() => Run(() =>
    {
        using var link = new TunLink("dtun0");
        var packet = new IPv4Packet(IPAddress.Parse("10.9.0.2"), IPAddress.Parse("10.9.0.1")) { PayloadPacket = new UdpPacket(1, 2) }.Bytes;

        Assert.Equal(0, PcapLinkTests.Send(link, packet, packet));

        Assert.Equal(2, link.Counters.InterfaceDown);
        Assert.Empty(PcapLinkTests.Receive(link, 0));
    });

    [SkippableFact]
    public void A_name_that_is_taken_is_said() => Run(() =>
    {
        Shell("ip link add dtun0 type veth peer name right");

        Assert.Contains("dtun0", Assert.Throws<LinkException>(() => new TunLink("dtun0")).Message);
    });

    [SkippableFact]
    public void Nothing_is_allocated_for_packets() => RunWithTun(link =>
    {
        using var batch = new FrameBatch();
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.SendTo([1], new IPEndPoint(IPAddress.Parse("10.9.0.2"), 7));
        Eventually(() => link.Receive(batch) > 0, "the packet arrives");
        long allocated = 0;
        for (var round = 0; round < 200; round++)
        {
            if (round == 100)
            {
                allocated = GC.GetAllocatedBytesForCurrentThread();
            }

            link.Send(batch.Frames[..1]);
            link.Receive(batch);
        }

        Assert.Equal(allocated, GC.GetAllocatedBytesForCurrentThread());
    });

    private static void RunWithTun(Action<TunLink> test) => Run(() =>
    {
        using var link = new TunLink("dtun0");
        Assert.Equal((LinkKind.Ip, 0ul, 1500, "dtun0"), (link.Kind, link.Mac, link.Mtu, link.Name));
        Shell("ip address add 10.9.0.1/24 dev dtun0; ip link set dtun0 up");
        test(link);
    });

    private static FrameBatch ReceiveOne(TunLink link)
    {
        var batch = new FrameBatch();
        Eventually(() => link.Receive(batch) > 0, "a packet arrives");
        return batch;
    }

    private static unsafe void SwapAddresses(ref Frame frame)
    {
        var addresses = new Span<byte>(frame.Data + 12, 8);
        byte[] swapped = [.. addresses[4..], .. addresses[..4]];
        swapped.CopyTo(addresses);
    }

    private static unsafe void Reverse(ref Frame frame)
    {
        SwapAddresses(ref frame);
        var ports = new Span<byte>(frame.Data + 20, 4);
        byte[] swapped = [.. ports[2..], .. ports[..2]];
        swapped.CopyTo(ports);
    }
}
