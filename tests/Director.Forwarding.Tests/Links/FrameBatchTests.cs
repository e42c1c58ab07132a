using Director.Forwarding.Links;
using Xunit;

namespace Director.Forwarding.Tests.Links;

public sealed unsafe class FrameBatchTests
{
    [Fact]
    public void Frames_keep_their_bytes_and_their_headroom()
    {
        using var batch = new FrameBatch();
        var random = new Random(1);
        var expected = new List<byte[]>();
        while (batch.HasRoom)
        {
            var bytes = new byte[random.Next(1, Frame.MaximumLength + 1)];
            random.NextBytes(bytes);
            expected.Add(bytes);
            batch.Append(bytes, link: 3);
        }

        foreach (ref readonly var frame in batch.Frames)
        {
            new Span<byte>(frame.Data - Frame.Headroom, Frame.Headroom).Fill(0xee);
        }

        Assert.Equal(expected.Count, batch.Count);
        Assert.Equal(expected, batch.Frames.ToArray().Select(frame => PcapLinkTests.Bytes(frame)));
        Assert.All(batch.Frames.ToArray(), frame => Assert.Equal(3, frame.Link));
    }

    [Fact]
    public void Sixty_four_frames_of_an_ordinary_size_and_no_more_fit()
    {
        using var batch = new FrameBatch();
        for (var i = 0; i < FrameBatch.MaximumFrames; i++)
        {
            Assert.True(batch.HasRoom);
            batch.Append(1514, 0);
        }

        Assert.False(batch.HasRoom);
        batch.Clear();
        Assert.True(batch.HasRoom);
        Assert.Equal(0, batch.Frames.Length);
    }

    [Fact]
    public void A_removed_frame_gives_its_room_back()
    {
        using var batch = new FrameBatch();
        batch.Append(100, 0);
        var next = (nint)batch.Next;
        batch.Append(5000, 0);

        batch.RemoveLast();

        Assert.Equal(1, batch.Count);
        Assert.Equal(next, (nint)batch.Next);
    }

    [Fact]
    public void A_frame_appended_after_another_of_its_place_has_no_flags_of_it()
    {
        using var batch = new FrameBatch();
        batch.Append(100, 0).Flags = FrameFlags.Superframe;
        batch.RemoveLast();

        Assert.Equal(FrameFlags.None, batch.Append(100, 0).Flags);
    }
}
