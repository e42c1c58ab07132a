using Director.Forwarding.Links;
using Director.Forwarding.Packets;
using PacketDotNet;
using Xunit;
using static Director.Forwarding.Tests.Links.PrivateNetwork;

namespace Director.Forwarding.Tests.Links;

public sealed class FanOutTests
{
    private const int Workers = 3;
    private static readonly LinkOptions Options = new() { ReceiveBufferBytes = 64 << 20 };

    [SkippableFact]
    public void Both_directions_of_500_flows_reach_one_worker_the_one_that_the_hash_names() => RunShared((sender, workers, program) =>
    {
        program.SetVirtualAddresses([(SteeringTests.Address("10.1.0.1"), 32), (SteeringTests.Address("2001:db8::100"), 128)]);
        for (var flow = 0; flow < 500; flow++)
        {
            var isIPv6 = flow % 2 == 1;
            var client = SteeringTests.Address(isIPv6 ? $"2001:db8:1::{flow:x}" : $"192.0.2.{flow % 200}");
            var virtualAddress = SteeringTests.Address(isIPv6 ? "2001:db8::100" : "10.1.0.1");
            var realServer = SteeringTests.Address(isIPv6 ? "fd00::1" : "172.16.0.1");
            var port = (ushort)(32768 + (flow * 2));
            var transport = flow % 3 == 0 ? ProtocolType.Udp : ProtocolType.Tcp;

            var request = SteeringTests.Packet(client, port, virtualAddress, 80, transport);
            var reply = SteeringTests.Packet(realServer, 80, client, port, transport);

            var expected = Steering.WorkerOf(client, port, Workers);
            Assert.Equal((expected, expected), (WorkerThatReceives(sender, workers, request), WorkerThatReceives(sender, workers, reply)));
        }
    });

    [SkippableFact]
    public void Frames_from_before_the_last_worker_joined_are_discarded() => Run(() =>
    {
        Shell("ip link add left type veth peer name right; ip link set left up; ip link set right up");
        using var sender = PcapLinkTests.Open("left", Options);
        using var program = SteeringTests.Load(2, []);
        var fanOut = new FanOut(program);
        using var first = PcapLinkTests.Open("right", Options, 0, fanOut, worker: 0);
        var frame = PcapLinkTests.FrameOf(60, 1);

        PcapLinkTests.Send(sender, frame, frame);
        Eventually(() => PcapLinkTests.Receive(first, 0).Length == 0 && first.Counters.DiscardedBeforeFanOut == 2, "the frames are discarded");
        PcapLinkTests.Send(sender, frame);
        using var second = PcapLinkTests.Open("right", Options, 0, fanOut, worker: 1);
        // The link discards what waits when it sees that the fan-out is complete, and then delivers.
        Assert.Empty(PcapLinkTests.Receive(first, 0));
        Assert.Equal(3, first.Counters.DiscardedBeforeFanOut);
        PcapLinkTests.Send(sender, PcapLinkTests.FrameOf(60, 2));

        Assert.Equal([PcapLinkTests.FrameOf(60, 2)], PcapLinkTests.Receive(first, 1));
        Assert.Empty(PcapLinkTests.Receive(second, 0));
    });

    [SkippableFact]
    public void Frames_that_leave_do_not_come_back_to_any_worker() => RunShared((sender, workers, _) =>
    {
        PcapLinkTests.Send(workers[1], PcapLinkTests.FrameOf(60, 1));
        Assert.Equal([PcapLinkTests.FrameOf(60, 1)], PcapLinkTests.Receive(sender, 1));

        // All wait for what comes after it.
        Assert.Equal(0, WorkerThatReceives(sender, workers, PcapLinkTests.FrameOf(60, 2)));
    });

    [SkippableFact]
    public void Workers_keep_their_flows_when_the_interface_goes_down_and_up() => RunShared((sender, workers, program) =>
    {
        Shell("ip link set right down");
        foreach (var worker in workers)
        {
            PcapLinkTests.Receive(worker, 0);
        }

        Shell("ip link set right up");

        AssertSteered(sender, workers, program);
    });

    [SkippableFact]
    public void Workers_keep_their_flows_when_the_interface_is_removed_and_comes_back() => RunShared((sender, workers, program) =>
    {
        Shell("ip link delete right");
        // In another order than that of joining.
        foreach (var worker in workers.Reverse().Append(sender))
        {
            Eventually(() => PcapLinkTests.Receive(worker, 0).Length == 0 && worker.Descriptor < 0, "the loss is noticed");
        }

        Shell("ip link add left type veth peer name right; ip link set left up; ip link set right up");

        PcapLink[] all = [.. workers.Reverse(), sender];
        Eventually(() => all.Count(link => PcapLinkTests.Receive(link, 0).Length == 0 && link.Descriptor >= 0) == all.Length, "all have opened it again");
        AssertSteered(sender, workers, program);
    });

    [SkippableFact]
    public void A_worker_that_joins_out_of_turn_is_refused() => Run(() =>
    {
        Shell("ip link add left type veth peer name right; ip link set left up; ip link set right up");
        using var program = SteeringTests.Load(2, []);

        var error = Assert.Throws<LinkException>(() => PcapLinkTests.Open("right", Options, 0, new FanOut(program), worker: 1));

        Assert.Contains("worker 1", error.Message);
    });

    [SkippableFact]
    public void Garbage_reaches_exactly_one_worker() => RunShared((sender, workers, program) =>
    {
        var random = new Random(5);
        for (var i = 0; i < 500; i++)
        {
            var frame = new byte[random.Next(14, 80)];
            random.NextBytes(frame);
            (frame[12], frame[13]) = random.Next(2) == 0 ? ((byte)0x08, (byte)0x00) : ((byte)0x86, (byte)0xdd);

            Assert.InRange(WorkerThatReceives(sender, workers, frame), 0, Workers - 1);
        }
    });

    private static void AssertSteered(PcapLink sender, PcapLink[] workers, SteeringProgram program)
    {
        program.SetVirtualAddresses([(SteeringTests.Address("10.1.0.1"), 32)]);
        // An interface that has just come up may lose the first frames.
        Eventually(() => PcapLinkTests.Send(sender, PcapLinkTests.FrameOf(60, 0)) == 1 && PcapLinkTests.Receive(workers[0], 0).Length > 0, "frames pass again");
        for (var flow = 0; flow < 50; flow++)
        {
            var client = InetAddress.FromIPv4((uint)(0x0002000a + (flow << 24)));
            var frame = SteeringTests.Packet(client, 4711, SteeringTests.Address("10.1.0.1"), 80, ProtocolType.Tcp);
            Assert.Equal(Steering.WorkerOf(client, 4711, Workers), WorkerThatReceives(sender, workers, frame));
        }
    }

    private static int WorkerThatReceives(ILink sender, PcapLink[] workers, byte[] frame)
    {
        Assert.Equal(1, PcapLinkTests.Send(sender, frame));
        var receivers = new List<int>();
        Eventually(() =>
        {
            for (var worker = 0; worker < workers.Length; worker++)
            {
                receivers.AddRange(PcapLinkTests.Receive(workers[worker], 0).Where(received => received.AsSpan().SequenceEqual(frame)).Select(_ => worker));
            }

            return receivers.Count > 0;
        }, "a worker receives the frame");
        return Assert.Single(receivers);
    }

    private static void RunShared(Action<PcapLink, PcapLink[], SteeringProgram> test) => Run(() =>
    {
        Shell("ip link add left type veth peer name right; ip link set left up; ip link set right up");
        using var sender = PcapLinkTests.Open("left", Options);
        using var program = SteeringTests.Load(Workers, []);
        var fanOut = new FanOut(program);
        var workers = Enumerable.Range(0, Workers).Select(worker => PcapLinkTests.Open("right", Options, 0, fanOut, worker)).ToArray();
        try
        {
            foreach (var worker in workers)
            {
                PcapLinkTests.Receive(worker, 0);
            }

            test(sender, workers, program);
        }
        finally
        {
            Array.ForEach(workers, worker => worker.Dispose());
        }
    });
}
