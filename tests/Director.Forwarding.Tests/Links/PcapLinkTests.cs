using System.Buffers.Binary;
using System.Net;
using Director.Forwarding.Links;
using PacketDotNet;
using Xunit;
using static Director.Forwarding.Tests.Links.PrivateNetwork;

namespace Director.Forwarding.Tests.Links;

public sealed class PcapLinkTests
{
    private static readonly LinkOptions Small = new() { ReceiveBufferBytes = 16 << 20 };

    [SkippableTheory]
    [InlineData(true)]
    [InlineData(false)]
    public void Frames_of_every_length_arrive_as_they_were_sent(bool immediate) => Run(() =>
    {
        Shell("ip link add left type veth peer name right; ip link set left up; ip link set right up");
        using var left = Open("left", Small with { Immediate = immediate });
        using var right = Open("right", Small with { Immediate = immediate });
        byte[][] frames = [.. new[] { 60, 61, 590, 1513, 1514 }.Select((length, seed) => FrameOf(length, seed))];

        Send(left, frames);

        Assert.Equal(frames, Receive(right, frames.Length));
        Assert.Equal(frames.Length, left.Counters.Sent);
        Assert.Equal(frames.Length, right.Counters.Received);
        Assert.Empty(Receive(left, 0));
    });

    [SkippableFact]
    public void Frames_that_leave_do_not_come_back() => RunWithVeth((left, right) =>
    {
        Send(left, FrameOf(60, 1), FrameOf(60, 2));
        Send(right, FrameOf(60, 3));

        Assert.Equal([FrameOf(60, 3)], Receive(left, 1));
        Assert.Equal([FrameOf(60, 1), FrameOf(60, 2)], Receive(right, 2));
    });

    [SkippableTheory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_message_that_the_kernel_refuses_holds_none_of_the_others_up(bool bypass) => RunWithVeth((left, right) =>
    {
        byte[][] good = [.. Enumerable.Range(0, 150).Select(seed => FrameOf(100, seed))];

        var sent = Send(left, [.. good[..70], FrameOf(1515, 0), FrameOf(9000, 0), .. good[70..], FrameOf(1600, 0)]);

        Assert.Equal(good.Length, sent);
        Assert.Equal((good.Length, 3), (left.Counters.Sent, left.Counters.TooLong));
        Assert.Equal(good, Receive(right, good.Length));
    }, Small with { BypassQueueingDiscipline = bypass });

    [SkippableFact]
    public void Frames_that_the_queueing_discipline_drops_are_counted() => RunWithVeth((left, _) =>
    {
        Skip.IfNot(TryShell("tc qdisc add dev left root tbf rate 8kbit burst 2kb limit 2kb"), "needs a kernel with the token bucket filter (CONFIG_NET_SCH_TBF)");

        Send(left, [.. Enumerable.Range(0, 200).Select(seed => FrameOf(1000, seed))]);

        Assert.InRange(left.Counters.Sent, 2, 10);
        Assert.Equal(200, left.Counters.Sent + left.Counters.NoBuffers);
    }, Small with { BypassQueueingDiscipline = false });

    [SkippableFact]
    public void Frames_that_the_sockets_buffer_has_no_room_for_are_counted() => RunWithVeth((left, _) =>
    {
        Skip.IfNot(TryShell("tc qdisc add dev left root tbf rate 8kbit burst 2kb limit 100mb"), "needs a kernel with the token bucket filter (CONFIG_NET_SCH_TBF)");
        byte[][] frames = [.. Enumerable.Range(0, FrameBatch.MaximumFrames).Select(seed => FrameOf(1500, seed))];

        Eventually(() => Send(left, frames) == 0, "the buffer is full");

        Assert.InRange(left.Counters.SendBufferFull, FrameBatch.MaximumFrames, 2 * FrameBatch.MaximumFrames);
        Assert.Equal((0, 0), (left.Counters.NoBuffers, left.Counters.RefusedOtherwise));
        Assert.True(left.Counters.Sent > 1000, "eight megabytes hold more than a thousand frames");
    }, Small with { BypassQueueingDiscipline = false });

    [SkippableFact]
    public void A_refused_frame_is_counted_by_its_reason() => RunWithVeth((left, right) =>
    {
        using var batch = new FrameBatch();
        // The kernel checks where a checksum goes.
        ref var bad = ref batch.Append(FrameOf(100, 1), 0);
        bad.Flags = FrameFlags.PartialChecksum;
        bad.TransportOffset = 2000;
        bad.ChecksumOffset = 16;
        batch.Append(FrameOf(100, 2), 0);

        Assert.Equal(1, left.Send(batch.Frames));

        const int InvalidArgument = 22;
        Assert.Equal((1, InvalidArgument), (left.Counters.RefusedOtherwise, left.Counters.LastError));
        Assert.Equal([FrameOf(100, 2)], Receive(right, 1));
    });

    [SkippableTheory]
    [InlineData(false, true)]
    [InlineData(false, false)]
    [InlineData(true, true)]
    public void A_superframe_is_cut_and_its_checksums_finished_where_the_NIC_does_neither(bool isIPv6, bool bypass) => RunWithVeth((left, right) =>
    {
        Shell("ethtool -K left tx off tso off gso off >/dev/null; ethtool -K right gro off >/dev/null");
        var payload = new byte[20_000];
        new Random(1).NextBytes(payload);
        using var batch = new FrameBatch();
        batch.Append(FrameOf(60, 1), 0);
        AppendSuperframe(batch, isIPv6, payload, segmentSize: 1200);
        batch.Append(FrameOf(60, 2), 0);

        Assert.Equal(3, left.Send(batch.Frames));

        var received = Receive(right, 2 + 17);
        Assert.Equal(FrameOf(60, 1), received[0]);
        Assert.Equal(FrameOf(60, 2), received[^1]);
        var segments = received[1..^1].Select(frame => Packet.ParsePacket(LinkLayers.Ethernet, frame).Extract<TcpPacket>()).ToArray();
        Assert.Equal(17, segments.Length);
        Assert.All(segments, segment => Assert.True(segment.ValidTcpChecksum));
        Assert.All(segments[..^1], segment => Assert.Equal(1200, segment.PayloadData.Length));
        Assert.Equal(Enumerable.Range(0, 17).Select(index => 1000u + (uint)(index * 1200)), segments.Select(segment => segment.SequenceNumber));
        Assert.Equal(payload, segments.SelectMany(segment => segment.PayloadData));
    }, Small with { BypassQueueingDiscipline = bypass });

    [SkippableFact]
    public void A_superframe_crosses_in_one_piece_where_the_NIC_cuts_it() => RunWithVeth((left, right) =>
    {
        var payload = new byte[60_000];
        new Random(1).NextBytes(payload);
        using var batch = new FrameBatch();
        AppendSuperframe(batch, isIPv6: false, payload, segmentSize: 1448);

        Assert.Equal(1, left.Send(batch.Frames));

        var frame = Assert.Single(Receive(right, 1));
        Assert.Equal(payload, Packet.ParsePacket(LinkLayers.Ethernet, frame).Extract<TcpPacket>().PayloadData);
    });

    [SkippableTheory]
    [InlineData(PacketDotNet.ProtocolType.Tcp)]
    [InlineData(PacketDotNet.ProtocolType.Udp)]
    public void A_partial_checksum_is_finished_where_the_NIC_does_not(PacketDotNet.ProtocolType transport) => RunWithVeth((left, right) =>
    {
        Shell("ethtool -K left tx off >/dev/null");
        var frame = SteeringTests.Packet(SteeringTests.Address("192.0.2.1"), 4711, SteeringTests.Address("192.0.2.2"), 80, transport);
        var offset = transport == PacketDotNet.ProtocolType.Tcp ? 16 : 6;
        PutPseudoHeaderSum(frame, Ethernet + 20, offset);
        using var batch = new FrameBatch();
        ref var sent = ref batch.Append(frame, 0);
        sent.Flags = FrameFlags.PartialChecksum;
        sent.TransportOffset = Ethernet + 20;
        sent.ChecksumOffset = (byte)offset;

        Assert.Equal(1, left.Send(batch.Frames));

        var packet = Packet.ParsePacket(LinkLayers.Ethernet, Assert.Single(Receive(right, 1)));
        Assert.True(packet.Extract<TcpPacket>()?.ValidTcpChecksum ?? packet.Extract<UdpPacket>().ValidUdpChecksum);
    });

    [SkippableFact]
    public void Tagged_frames_are_not_ours() => RunWithVeth((left, right) =>
    {
        Send(left, Tag(FrameOf(60, 1), [0x81, 0x00], 5), Tag(FrameOf(60, 3), [0x88, 0xa8], 5), FrameOf(60, 4));

        Assert.Equal([FrameOf(60, 4)], Receive(right, 1));
        Assert.Equal(2, right.Counters.Ignored);
    });

    [SkippableFact]
    public void A_VLAN_device_takes_and_sends_the_frames_of_its_tag() => RunWithVeth((left, right) =>
    {
        Skip.IfNot(TryShell("ip link add link right name right.5 type vlan id 5 && ip link set right.5 up"), "needs a kernel with VLAN devices (CONFIG_VLAN_8021Q)");
        using var tagged = Open("right.5", Small);

        Send(left, Tag(FrameOf(60, 1), [0x81, 0x00], 5), Tag(FrameOf(60, 2), [0x81, 0x00], 6));

        Assert.Equal([FrameOf(60, 1)], Receive(tagged, 1));
        Send(tagged, FrameOf(60, 7));
        Eventually(() => Receive(left, 0).Length == 0 && left.Counters.Ignored == 1, "the tagged frame arrives");
    });

    [SkippableFact]
    public void An_interface_that_goes_down_goes_on_when_it_is_up_again() => RunWithVeth((left, right) =>
    {
        Shell("ip link set left down");
        Assert.Equal(0, Send(left, FrameOf(60, 1), FrameOf(60, 2)));
        Assert.Equal(2, left.Counters.InterfaceDown);
        Assert.Empty(Receive(left, 0));
        // A worker that waits for frames does not spin.
        Assert.False(HasEvents(left.Descriptor));

        Shell("ip link set left up");

        AssertPasses(left, right);
        AssertPasses(right, left);
    });

    [SkippableFact]
    public void An_interface_that_is_removed_is_opened_again_when_one_of_its_name_appears() => RunWithVeth((left, right) =>
    {
        var index = left.InterfaceIndex;
        Shell("ip link delete left");
        Assert.Equal(0, Send(left, FrameOf(60, 1)));
        Assert.Equal(1, left.Counters.InterfaceDown);
        Eventually(() => Receive(left, 0).Length == 0 && left.Descriptor < 0, "the loss is noticed");
        Assert.Equal(0, Send(left, FrameOf(60, 1)));

        Shell("ip link add left mtu 1400 type veth peer name right; ip link set left up; ip link set right up");

        Eventually(() => Receive(left, 0).Length == 0 && left.Descriptor >= 0, "the new interface is opened");
        Assert.Equal((1, 1400), (left.Counters.Reopened, left.Mtu));
        Assert.NotEqual(index, left.InterfaceIndex);
        AssertPasses(left, right);
        AssertPasses(right, left);
    });

    [SkippableFact]
    public void A_full_ring_is_counted_as_the_kernels_drops() => RunWithVeth((left, right) =>
    {
        const int RoundsThatOverflow = 200;
        using var batch = new FrameBatch();
        while (batch.HasRoom)
        {
            batch.Append(FrameOf(60, 1), 0);
        }

        for (var i = 0; i < RoundsThatOverflow; i++)
        {
            left.Send(batch.Frames);
        }

        Assert.InRange(right.KernelDropped, 1, RoundsThatOverflow * FrameBatch.MaximumFrames);
        Assert.Equal(0, left.KernelDropped);
        Assert.Equal(RoundsThatOverflow * FrameBatch.MaximumFrames - right.KernelDropped, Receive(right, (int)(RoundsThatOverflow * FrameBatch.MaximumFrames - right.KernelDropped)).Length);
    });

    [SkippableFact]
    public void Nothing_is_allocated_for_frames() => RunWithVeth((left, right) =>
    {
        using var batch = new FrameBatch();
        using var received = new FrameBatch();
        for (var i = 0; i < 32; i++)
        {
            batch.Append(FrameOf(60 + i, i), 0);
        }

        AppendSuperframe(batch, isIPv6: false, new byte[5000], 1000);
        batch.Append(FrameOf(3000, 0), 0); // refused
        long allocated = 0;
        for (var round = 0; round < 200; round++)
        {
            if (round == 100)
            {
                allocated = GC.GetAllocatedBytesForCurrentThread();
            }

            left.Send(batch.Frames);
            do
            {
                received.Clear();
            }
            while (right.Receive(received) > 0);
        }

        Assert.Equal(allocated, GC.GetAllocatedBytesForCurrentThread());
        Assert.Equal(200, left.Counters.TooLong);
        Assert.InRange(right.Counters.Received, 100 * 33, 200 * 33);
    });

    [SkippableFact]
    public void Garbage_from_the_wire_is_passed_on_whole_or_ignored() => RunWithVeth((left, right) =>
    {
        var random = new Random(4);
        var frames = Enumerable.Range(0, 2000).Select(_ =>
        {
            var frame = new byte[random.Next(20, 1515)];
            random.NextBytes(frame);
            // Half of them look like something. (The kernel drops tagged frames that end before the inner type: hence 20 bytes.)
            if (random.Next(2) == 0)
            {
                var type = random.GetItems<ushort>([0x0800, 0x86dd, 0x0806, 0x8100, 0x88a8], 1)[0];
                (frame[12], frame[13]) = ((byte)(type >> 8), (byte)type);
            }

            return frame;
        }).ToArray();
        var expected = frames.Where(frame => (frame[12], frame[13]) is not ((0x81, 0x00) or (0x88, 0xa8))).ToArray();
        var received = new List<byte[]>();
        foreach (var chunk in frames.Chunk(40))
        {
            var before = right.Counters.Received + right.Counters.Ignored;
            Assert.Equal(chunk.Length, Send(left, chunk));
            Eventually(() =>
            {
                received.AddRange(Receive(right, 0));
                return right.Counters.Received + right.Counters.Ignored == before + chunk.Length;
            }, "all frames are seen");
        }

        Assert.Equal(expected, received);
    });

    [SkippableFact]
    public void An_interface_that_is_not_there_is_named() => Run(() =>
    {
        var error = Assert.Throws<LinkException>(() => new PcapLink(new InterfaceInfo("nowhere0", 99, 0, 1500), Small));
        Assert.Contains("nowhere0", error.Message);
    });

    [SkippableFact]
    public void An_interface_that_is_down_is_named() => Run(() =>
    {
        Shell("ip link add left type veth peer name right");
        var error = Assert.Throws<LinkException>(() => Open("left", Small));
        Assert.Contains("left", error.Message);
        Assert.Contains("not up", error.Message);
    });

    private const int Ethernet = 14;

    private static void RunWithVeth(Action<PcapLink, PcapLink> test, LinkOptions? options = null) => Run(() =>
    {
        Shell("ip link add left type veth peer name right; ip link set left up; ip link set right up");
        using var left = Open("left", options ?? Small);
        using var right = Open("right", options ?? Small);
        test(left, right);
    });

    private static unsafe bool HasEvents(int descriptor)
    {
        var poll = new Libc.PollDescriptor { Descriptor = descriptor, Events = Libc.PollIn };
        return Libc.poll(&poll, 1, 0) != 0;
    }

    private static byte[] Tag(byte[] frame, byte[] type, byte vlan) => [.. frame[..12], .. type, 0, vlan, .. frame[12..]];

    private static void AssertPasses(PcapLink from, PcapLink to)
    {
        // After an interruption the carrier takes its time.
        Eventually(() => Send(from, FrameOf(60, 9)) == 1 && Receive(to, 0).Length > 0, $"a frame goes from {from.Name} to {to.Name}");
    }

    private static void AppendSuperframe(FrameBatch batch, bool isIPv6, byte[] payload, ushort segmentSize)
    {
        var (from, to) = isIPv6 ? ("2001:db8::1", "2001:db8::2") : ("192.0.2.1", "192.0.2.2");
        var tcp = new TcpPacket(4711, 80) { SequenceNumber = 1000, Acknowledgment = true, PayloadData = payload };
        IPPacket ip = isIPv6 ? new IPv6Packet(IPAddress.Parse(from), IPAddress.Parse(to)) : new IPv4Packet(IPAddress.Parse(from), IPAddress.Parse(to));
        ip.PayloadPacket = tcp;
        (ip as IPv4Packet)?.UpdateIPChecksum();
        var type = isIPv6 ? EthernetType.IPv6 : EthernetType.IPv4;
        var frame = new EthernetPacket(new([2, 0, 0, 0, 0, 1]), new([2, 0, 0, 0, 0, 2]), type) { PayloadPacket = ip }.Bytes;
        var transport = Ethernet + (isIPv6 ? 40 : 20);
        PutPseudoHeaderSum(frame, transport, checksumOffset: 16);
        ref var superframe = ref batch.Append(frame, 0);
        superframe.Flags = FrameFlags.PartialChecksum | FrameFlags.Superframe | (isIPv6 ? FrameFlags.IPv6 : FrameFlags.None);
        superframe.TransportOffset = (ushort)transport;
        superframe.ChecksumOffset = 16;
        superframe.TransportHeaderLength = 20;
        superframe.SegmentSize = segmentSize;
    }

    // What a sender's kernel leaves in the checksum field for the NIC to go on from.
    private static void PutPseudoHeaderSum(byte[] frame, int transport, int checksumOffset)
    {
        var isIPv6 = transport == Ethernet + 40;
        var addresses = isIPv6 ? frame.AsSpan(Ethernet + 8, 32) : frame.AsSpan(Ethernet + 12, 8);
        uint sum = (uint)(frame.Length - transport) + frame[Ethernet + (isIPv6 ? 6 : 9)];
        for (var i = 0; i < addresses.Length; i += 2)
        {
            sum += BinaryPrimitives.ReadUInt16BigEndian(addresses[i..]);
        }

        sum = (sum & 0xffff) + (sum >> 16);
        sum = (sum & 0xffff) + (sum >> 16);
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(transport + checksumOffset), (ushort)sum);
    }

    internal static PcapLink Open(string name, LinkOptions options, int number = 0, FanOut? fanOut = null, int worker = 0)
    {
        var info = InterfaceList.Find(name);
        Assert.NotNull(info);
        return new PcapLink(info, options, number, fanOut, worker);
    }

    /// <summary>A frame of an experimental Ethernet type (IEEE 802, 88b5), which no kernel answers.</summary>
    internal static byte[] FrameOf(int length, int seed)
    {
        var frame = new byte[length];
        new Random(seed).NextBytes(frame);
        frame.AsSpan(0, 12).Fill(2);
        frame[12] = 0x88;
        frame[13] = 0xb5;
        return frame;
    }

    internal static int Send(ILink link, params byte[][] frames)
    {
        using var batch = new FrameBatch();
        var sent = 0;
        foreach (var chunk in frames.Chunk(FrameBatch.MaximumFrames))
        {
            batch.Clear();
            foreach (var frame in chunk)
            {
                batch.Append(frame, 0);
            }

            sent += link.Send(batch.Frames);
        }

        return sent;
    }

    internal static byte[][] Receive(ILink link, int count)
    {
        using var batch = new FrameBatch();
        var received = new List<byte[]>();
        Eventually(() =>
        {
            batch.Clear();
            link.Receive(batch);
            foreach (ref readonly var frame in batch.Frames)
            {
                received.Add(Bytes(frame));
            }

            return received.Count >= count;
        }, $"{count} frames arrive");
        return [.. received];
    }

    internal static unsafe byte[] Bytes(in Frame frame) => new ReadOnlySpan<byte>(frame.Data, frame.Length).ToArray();
}
