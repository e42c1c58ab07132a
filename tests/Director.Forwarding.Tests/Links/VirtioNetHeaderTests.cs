using System.Runtime.InteropServices;
using Director.Forwarding.Links;
using Xunit;

namespace Director.Forwarding.Tests.Links;

public sealed unsafe class VirtioNetHeaderTests
{
    private const int Transport = 34;

    [Fact]
    public void A_complete_frame_has_nothing_to_finish() => Assert.Equal(new byte[10], HeaderOf(new Frame { Length = 60, TransportOffset = Transport, ChecksumOffset = 16, SegmentSize = 1000 }));

    [Fact]
    public void A_partial_checksum_says_where_it_begins_and_where_it_goes()
    {
        var header = HeaderOf(new Frame { Length = 60, Flags = FrameFlags.PartialChecksum, TransportOffset = Transport, ChecksumOffset = 6 });

        Assert.Equal([1, 0, 0, 0, 0, 0, Transport, 0, 6, 0], header);
    }

    [Theory]
    [InlineData(FrameFlags.Superframe, 0x00, 1)]
    [InlineData(FrameFlags.Superframe | FrameFlags.PartialChecksum | FrameFlags.IPv6, 0x00, 4)]
    [InlineData(FrameFlags.Superframe, 0x80, 0x81)]
    public void A_superframe_says_how_it_is_cut(object flags, byte tcpFlags, byte segmentType)
    {
        var header = HeaderOf(
            new Frame { Length = 3000, Flags = (FrameFlags)flags, TransportOffset = Transport, ChecksumOffset = 16, SegmentSize = 0x0102, TransportHeaderLength = 32 },
            bytes => bytes[Transport + 13] = tcpFlags);

        Assert.Equal([1, segmentType, Transport + 32, 0, 2, 1, Transport, 0, 16, 0], header);
    }

    [Theory]
    [InlineData(FrameFlags.None)]
    [InlineData(FrameFlags.PartialChecksum)]
    [InlineData(FrameFlags.PartialChecksum | FrameFlags.Superframe)]
    [InlineData(FrameFlags.PartialChecksum | FrameFlags.Superframe | FrameFlags.IPv6)]
    public void What_is_written_is_read_back(object flags) => WithFrame(3000, (ref Frame frame) =>
    {
        frame.Data[20 + 12] = 0x80;
        frame.Flags = (FrameFlags)flags;
        frame.TransportOffset = 20;
        frame.ChecksumOffset = 16;
        frame.SegmentSize = 1448;
        frame.TransportHeaderLength = 32;
        var header = (VirtioNetHeader*)VirtioNetHeader.PutBefore(frame);
        var read = new Frame { Data = frame.Data, Length = frame.Length };

        Assert.True(header->TryDescribe(ref read));

        Assert.Equal(frame.Flags, read.Flags);
        if ((frame.Flags & FrameFlags.PartialChecksum) != 0)
        {
            Assert.Equal((20, 16), (read.TransportOffset, read.ChecksumOffset));
        }

        if ((frame.Flags & FrameFlags.Superframe) != 0)
        {
            Assert.Equal((1448, 32), (read.SegmentSize, read.TransportHeaderLength));
        }
    });

    [Theory]
    [InlineData(1, 0, 0, 59, 0, 0x50)] // the checksum reaches beyond the frame
    [InlineData(1, 0, 0, 65535, 65535, 0x50)]
    [InlineData(1, 0, 0, 0, 300, 0x50)]
    [InlineData(1, 3, 1000, 20, 16, 0x50)] // a UDP superframe (the old kind)
    [InlineData(1, 5, 1000, 20, 16, 0x50)] // a UDP superframe
    [InlineData(1, 1, 0, 20, 16, 0x50)] // cut into nothing
    [InlineData(0, 1, 1000, 20, 16, 0x50)] // TCP that is complete and yet to be cut
    [InlineData(1, 1, 1000, 20, 6, 0x50)] // the checksum is not TCP's
    [InlineData(1, 1, 1000, 42, 16, 0x50)] // no room for a TCP header
    [InlineData(1, 1, 1000, 20, 16, 0x40)] // a TCP header of 16 bytes
    [InlineData(1, 1, 1000, 36, 16, 0xf0)] // a TCP header longer than the frame
    public void A_header_that_lies_is_refused(byte flags, byte segmentType, ushort segmentSize, ushort checksumStart, ushort checksumOffset, byte tcpDataOffset) => WithFrame(60, (ref Frame frame) =>
    {
        if (checksumStart + 12 < frame.Length)
        {
            frame.Data[checksumStart + 12] = tcpDataOffset;
        }

        var header = new VirtioNetHeader { Flags = flags, SegmentType = segmentType, SegmentSize = segmentSize, ChecksumStart = checksumStart, ChecksumOffset = checksumOffset };

        Assert.False(header.TryDescribe(ref frame));
    });

    private static byte[] HeaderOf(Frame described, Action<byte[]>? change = null)
    {
        byte[] header = [];
        var bytes = new byte[described.Length];
        change?.Invoke(bytes);
        WithFrame(described.Length, (ref Frame frame) =>
        {
            described.Data = frame.Data;
            bytes.CopyTo(new Span<byte>(frame.Data, frame.Length));
            var begin = VirtioNetHeader.PutBefore(described);
            Assert.True(begin == frame.Data - 10);
            header = new ReadOnlySpan<byte>(begin, 10).ToArray();
        });
        return header;
    }

    private delegate void OnFrame(ref Frame frame);

    private static void WithFrame(int length, OnFrame test)
    {
        var memory = (byte*)NativeMemory.AllocZeroed((nuint)(Frame.Headroom + length));
        try
        {
            var frame = new Frame { Data = memory + Frame.Headroom, Length = length };
            test(ref frame);
        }
        finally
        {
            NativeMemory.Free(memory);
        }
    }
}
