using Director.Forwarding.Links;
using PacketDotNet;
using SharpPcap;
using SharpPcap.LibPcap;
using Xunit;

namespace Director.Forwarding.Tests.Links;

public sealed class CaptureFileLinkTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("director-test-").FullName;

    private string In => Path.Combine(_folder, "in.pcap");

    private string Out => Path.Combine(_folder, "out.pcap");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(LinkLayers.Ethernet, LinkKind.Ethernet)]
    [InlineData(LinkLayers.RawLegacy, LinkKind.Ip)]
    public void What_is_read_and_sent_again_is_written(LinkLayers type, object kind)
    {
        byte[][] frames = [.. Enumerable.Range(0, 150).Select(seed => PcapLinkTests.FrameOf(60 + seed, seed)), PcapLinkTests.FrameOf(65_535, 1)];
        WriteFile(In, type, frames);

        using (var link = new CaptureFileLink(In, Out, number: 2))
        {
            Assert.Equal(kind, link.Kind);
            using var batch = new FrameBatch();
            while (!link.IsAtEnd)
            {
                batch.Clear();
                link.Receive(batch);
                Assert.All(batch.Frames.ToArray(), frame => Assert.Equal(2, frame.Link));
                Assert.Equal(batch.Count, link.Send(batch.Frames));
            }

            Assert.Equal((frames.Length, frames.Length), (link.Counters.Received, link.Counters.Sent));
        }

        Assert.Equal(frames, ReadFile(Out, type));
        using var reader = new CaptureFileReaderDevice(Out);
        reader.Open(new DeviceConfiguration());
        Assert.Equal(GetPacketStatus.PacketRead, reader.GetNextPacket(out var captured));
        Assert.InRange(captured.Header.Timeval.Date, DateTime.UtcNow.AddMinutes(-10), DateTime.UtcNow);
    }

    [Fact]
    public void Frames_that_the_capture_cut_off_are_ignored()
    {
        using (var writer = new CaptureFileWriterDevice(In))
        {
            writer.Open(new DeviceConfiguration { LinkLayerType = LinkLayers.Ethernet });
            var cut = new PcapHeader(1, 2, packetLength: 1500, captureLength: 60);
            writer.Write(PcapLinkTests.FrameOf(60, 1), ref cut);
            writer.Write(PcapLinkTests.FrameOf(60, 2));
        }

        using var link = new CaptureFileLink(In, null);
        Assert.Equal([PcapLinkTests.FrameOf(60, 2)], PcapLinkTests.Receive(link, 1));
        Assert.Equal(1, link.Counters.Ignored);
    }

    [Fact]
    public void A_file_that_ends_in_the_middle_of_a_frame_ends_before_it()
    {
        WriteFile(In, LinkLayers.Ethernet, [PcapLinkTests.FrameOf(60, 1), PcapLinkTests.FrameOf(60, 2)]);
        File.WriteAllBytes(In, File.ReadAllBytes(In)[..^10]);

        using var link = new CaptureFileLink(In, null);

        Assert.Equal([PcapLinkTests.FrameOf(60, 1)], PcapLinkTests.Receive(link, 1));
        Assert.Empty(PcapLinkTests.Receive(link, 0));
        Assert.True(link.IsAtEnd);
    }

    [Fact]
    public void A_file_that_cannot_be_used_is_named()
    {
        Assert.Contains(In, Assert.Throws<LinkException>(() => new CaptureFileLink(In, null)).Message);
        File.WriteAllText(In, "not a capture at all, but longer than a header");
        Assert.Contains(In, Assert.Throws<LinkException>(() => new CaptureFileLink(In, null)).Message);
        WriteFile(In, LinkLayers.LinuxSll, [new byte[60]]);
        Assert.Contains("LinuxSll", Assert.Throws<LinkException>(() => new CaptureFileLink(In, null)).Message);
    }

    private static void WriteFile(string name, LinkLayers type, byte[][] frames)
    {
        using var writer = new CaptureFileWriterDevice(name);
        writer.Open(new DeviceConfiguration { LinkLayerType = type });
        foreach (var frame in frames)
        {
            writer.Write(frame);
        }
    }

    private static byte[][] ReadFile(string name, LinkLayers type)
    {
        using var reader = new CaptureFileReaderDevice(name);
        reader.Open(new DeviceConfiguration());
        Assert.Equal(type, reader.LinkType);
        var frames = new List<byte[]>();
        while (reader.GetNextPacket(out var captured) == GetPacketStatus.PacketRead)
        {
            frames.Add(captured.Data.ToArray());
        }

        return [.. frames];
    }
}
