using Director.Forwarding.Links;
using Xunit;

namespace Director.Forwarding.Tests.Links;

public sealed class MemoryLinkTests
{
    [Fact]
    public void Frames_are_received_in_order_a_batch_at_a_time()
    {
        using var link = new MemoryLink("eth0", number: 1);
        byte[][] frames = [.. Enumerable.Range(0, 100).Select(seed => PcapLinkTests.FrameOf(60, seed))];
        link.Deliver(frames);
        using var batch = new FrameBatch();

        Assert.Equal(FrameBatch.MaximumFrames, link.Receive(batch));
        Assert.Equal(0, link.Receive(batch));
        Assert.Equal(frames[..64], batch.Frames.ToArray().Select(frame => PcapLinkTests.Bytes(frame)));
        batch.Clear();
        Assert.Equal(36, link.Receive(batch));
    }

    [Fact]
    public void What_is_sent_is_kept_with_what_was_to_be_finished()
    {
        using var link = new MemoryLink("eth0");
        using var batch = new FrameBatch();
        ref var frame = ref batch.Append([1, 2, 3], 0);
        frame.Flags = FrameFlags.PartialChecksum;
        frame.TransportOffset = 34;

        Assert.Equal(1, link.Send(batch.Frames));

        var sent = Assert.Single(link.TakeSent());
        Assert.Equal([1, 2, 3], sent.Bytes);
        Assert.Equal((FrameFlags.PartialChecksum, 34), (sent.Flags, sent.TransportOffset));
        Assert.Empty(link.Sent);
    }

    [Fact]
    public void Nothing_is_allocated_when_nothing_is_kept()
    {
        using var link = new MemoryLink("eth0") { KeepsSent = false };
        using var batch = new FrameBatch();
        byte[][] frames = [.. Enumerable.Range(0, 10).Select(seed => PcapLinkTests.FrameOf(60, seed))];
        for (var round = 0; round < 10; round++)
        {
            link.Deliver(frames);
        }

        link.Receive(batch);
        batch.Clear();
        var allocated = GC.GetAllocatedBytesForCurrentThread();
        link.Receive(batch);
        link.Send(batch.Frames);

        Assert.Equal(allocated, GC.GetAllocatedBytesForCurrentThread());
        Assert.Equal(36, batch.Count);
    }
}
