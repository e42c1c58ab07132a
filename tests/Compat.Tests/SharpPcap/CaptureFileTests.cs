using PacketDotNet;
using SharpPcap;
using SharpPcap.LibPcap;
using Xunit;

namespace Compat.Tests.SharpPcap;

public sealed class CaptureFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("compat-test-").FullName;

    private string FileName => Path.Combine(_folder, "frames.pcap");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Frames_are_read_as_they_were_written()
    {
        var time = new DateTime(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc);
        using (var writer = new CaptureFileWriterDevice(FileName))
        {
            writer.Open(LinkLayers.Ethernet);
            var header = new PcapHeader(1234, 567_890, packetLength: 1500, captureLength: 4);
            writer.Write([1, 2, 3, 4], ref header);
            writer.Write(new RawCapture(LinkLayers.Ethernet, new PosixTimeval(time), [5, 6]));
            writer.Write([7]);
        }

        using var reader = new CaptureFileReaderDevice(FileName);
        reader.Open();
        Assert.Equal((LinkLayers.Ethernet, FileName), (reader.LinkType, reader.Name));

        Assert.Equal(GetPacketStatus.PacketRead, reader.GetNextPacket(out var captured));
        Assert.Equal([1, 2, 3, 4], captured.Data.ToArray());
        Assert.Equal((1234ul, 567_890ul), (captured.Header.Timeval.Seconds, captured.Header.Timeval.MicroSeconds));
        Assert.Equal(4, captured.GetPacket().PacketLength);
        Assert.Equal(GetPacketStatus.PacketRead, reader.GetNextPacket(out captured));
        Assert.Equal((time, 2), (captured.Header.Timeval.Date, captured.GetPacket().PacketLength));
        Assert.Equal(GetPacketStatus.PacketRead, reader.GetNextPacket(out captured));
        Assert.Equal([7], captured.GetPacket().Data);
        Assert.Equal(GetPacketStatus.NoRemainingPackets, reader.GetNextPacket(out _));
    }

    [Fact]
    public unsafe void Pointers_show_the_header_and_the_frame()
    {
        Write(LinkLayers.Ethernet, [1, 2, 3], [4, 5, 6, 7, 8]);
        using var reader = new CaptureFileReaderDevice(FileName);
        reader.Open();
        nint header = 0, data = 0;

        Assert.Equal(1, reader.GetNextPacketPointers(ref header, ref data));
        Assert.Equal(1, reader.GetNextPacketPointers(ref header, ref data));

        // struct pcap_pkthdr on a 64-bit machine: seconds, microseconds, captured length, length.
        Assert.Equal((5u, 5u), (*(uint*)(header + 16), *(uint*)(header + 20)));
        Assert.Equal([4, 5, 6, 7, 8], new ReadOnlySpan<byte>((void*)data, 5).ToArray());
        Assert.Equal(-2, reader.GetNextPacketPointers(ref header, ref data));
    }

    [Fact]
    public void A_file_is_begun_anew()
    {
        Write(LinkLayers.Ethernet, [1], [2]);
        Write(LinkLayers.Ethernet, [3]);

        Assert.Equal([[3]], Read());
    }

    [Fact]
    public void A_filter_passes_what_it_names()
    {
        byte[] arp = [.. new byte[12], 8, 6, .. new byte[46]];
        byte[] other = [.. new byte[12], 8, 0, .. new byte[46]];
        Write(LinkLayers.Ethernet, arp, other, arp);
        using var reader = new CaptureFileReaderDevice(FileName);
        reader.Open();
        reader.Filter = "ip";

        Assert.Equal(GetPacketStatus.PacketRead, reader.GetNextPacket(out var captured));
        Assert.Equal(other, captured.Data.ToArray());
        Assert.Equal(GetPacketStatus.NoRemainingPackets, reader.GetNextPacket(out _));
        Assert.ThrowsAny<PcapException>(() => reader.Filter = "no such words");
    }

    [Fact]
    public void The_link_type_is_libpcaps_own()
    {
        Write(LinkLayers.RawLegacy, [0x45]);
        using var reader = new CaptureFileReaderDevice(FileName);
        reader.Open();
        Assert.Equal(LinkLayers.RawLegacy, reader.LinkType);
    }

    [Fact]
    public void A_captured_frame_is_parsed()
    {
        var packet = new EthernetPacket(new([2, 0, 0, 0, 0, 1]), new([2, 0, 0, 0, 0, 2]), EthernetType.IPv6) { PayloadData = new byte[46] };
        Write(LinkLayers.Ethernet, packet.Bytes);
        using var reader = new CaptureFileReaderDevice(FileName);
        reader.Open();
        reader.GetNextPacket(out var captured);

        var parsed = Assert.IsType<EthernetPacket>(captured.GetPacket().GetPacket());
        Assert.Equal(packet.DestinationHardwareAddress, parsed.DestinationHardwareAddress);
    }

    [Fact]
    public void Files_that_cannot_be_opened_are_refused()
    {
        using var reader = new CaptureFileReaderDevice(Path.Combine(_folder, "missing.pcap"));
        Assert.ThrowsAny<PcapException>(() => reader.Open());
        using var writer = new CaptureFileWriterDevice(Path.Combine(_folder, "missing", "frames.pcap"));
        Assert.ThrowsAny<PcapException>(() => writer.Open(LinkLayers.Ethernet));
    }

    private void Write(LinkLayers type, params byte[][] frames)
    {
        using var writer = new CaptureFileWriterDevice(FileName);
        writer.Open(type);
        foreach (var frame in frames)
        {
            writer.Write(frame);
        }
    }

    private byte[][] Read()
    {
        using var reader = new CaptureFileReaderDevice(FileName);
        reader.Open();
        var frames = new List<byte[]>();
        while (reader.GetNextPacket(out var captured) == GetPacketStatus.PacketRead)
        {
            frames.Add(captured.Data.ToArray());
        }

        return [.. frames];
    }
}
