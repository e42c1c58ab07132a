using System.Diagnostics;
using Director.Forwarding.Engine;
using Director.Forwarding.Links;
using Xunit;

namespace Director.Forwarding.Tests.Engine;

public sealed unsafe class HandOverRingTests
{
    [Fact]
    public void Frames_come_out_as_they_went_in_with_what_is_known_of_them()
    {
        using var ring = new HandOverRing();
        using var batch = new FrameBatch();
        ref var frame = ref batch.Append([1, 2, 3], 7);
        (frame.Flags, frame.SegmentSize, frame.TransportOffset) = (FrameFlags.Superframe, 1400, 34);
        Assert.True(ring.IsEmpty);
        Assert.True(ring.TryWrite(frame, 11, 22));
        Assert.False(ring.IsEmpty);
        Assert.True(ring.TryPeek(out var taken, out var source, out var destination));
        Assert.Equal((7, FrameFlags.Superframe, 1400, 34, 11, 22), (taken.Link, taken.Flags, taken.SegmentSize, taken.TransportOffset, source, destination));
        Assert.Equal([1, 2, 3], new ReadOnlySpan<byte>(taken.Data, taken.Length).ToArray());
        // The reader may write before it, as a tunnel does.
        new Span<byte>(taken.Data - Frame.Headroom, Frame.Headroom).Fill(0xEE);
        ring.Release();
        Assert.True(ring.IsEmpty);
        Assert.False(ring.TryPeek(out _, out _, out _));
    }

    [Fact]
    public void A_full_ring_refuses_and_takes_again_after_a_release()
    {
        using var ring = new HandOverRing();
        using var batch = new FrameBatch();
        var frame = batch.Append(new byte[60_000], 0);
        var written = 0;
        while (ring.TryWrite(frame, (ushort)written, 0))
            written++;
        Assert.InRange(written, 10, 17);
        for (var round = 0; round < 100; round++)
        {
            Assert.True(ring.TryPeek(out _, out var number, out _));
            Assert.Equal(round, number);
            ring.Release();
            // The hole at the end of the buffer may cost one more.
            if (ring.TryWrite(frame, (ushort)written, 0))
                written++;
        }

        Assert.True(written > 90);
    }

    [Fact]
    public void Two_threads_lose_and_damage_nothing_however_often_it_wraps_around()
    {
        const int frames = 60_000;
        using var ring = new HandOverRing();
        var deadline = Stopwatch.StartNew();
        var writer = new Thread(() =>
        {
            using var batch = new FrameBatch();
            var random = new Random(1);
            for (var i = 0; i < frames; i++)
            {
                batch.Clear();
                ref var frame = ref batch.Append(random.Next(50) == 0 ? random.Next(65_000) : random.Next(4, 1500), i & 3);
                new Span<byte>(frame.Data, frame.Length).Fill((byte)i);
                while (!ring.TryWrite(frame, (ushort)i, (ushort)frame.Length) && deadline.Elapsed < TimeSpan.FromSeconds(60))
                    Thread.Yield();
            }
        });
        writer.Start();
        var received = 0;
        while (received < frames && deadline.Elapsed < TimeSpan.FromSeconds(60))
        {
            if (!ring.TryPeek(out var frame, out var number, out var length))
            {
                Thread.Yield();
                continue;
            }

            if (number != (ushort)received || length != (ushort)frame.Length || frame.Link != (received & 3)
                || new ReadOnlySpan<byte>(frame.Data, frame.Length).ContainsAnyExcept((byte)received))
            {
                break;
            }

            ring.Release();
            received++;
        }

        writer.Join();
        Assert.Equal(frames, received);
        Assert.True(ring.IsEmpty);
    }
}
