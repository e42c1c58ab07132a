using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Director.Decapsulate;
using Director.Forwarding.Tests.Kernel;
using Xunit;

namespace Director.Tests.Decapsulate;

public class TunnelPacketTests
{
    private static readonly byte[][] Vips = [[10, 0, 0, 100], [0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0]];
    private static readonly byte[] Inner4 = UdpPackets.Build("10.9.0.1", 9000, "10.0.0.100", 80, "hello");
    private static readonly byte[] Inner6 = UdpPackets.Build("2001:db8::9", 9000, "2001:db8::100", 80, "hello");

    [Fact]
    public void An_inner_packet_of_either_family_is_found_without_what_lies_behind_it()
    {
        Assert.Equal((Verdict.Delivered, 0..Inner4.Length), Find([.. Inner4, 1, 2, 3]));
        Assert.Equal((Verdict.Delivered, 0..Inner6.Length), Find([.. Inner6, 1, 2, 3]));
    }

    [Theory]
    [InlineData("00000800", 4)]
    [InlineData("80000800" + "12340000", 8)]
    [InlineData("B0000800" + "12340000" + "00000007" + "00000001", 16)]
    public void A_GRE_header_is_stepped_over_with_its_options(string header, int length) =>
        Assert.Equal((Verdict.Delivered, length..(length + Inner4.Length)), Find([.. Convert.FromHexString(header), .. Inner4], Encapsulation.Gre));

    [Theory]
    [InlineData("00040000", 4)]
    [InlineData("02040001" + "80000000" + "00140010", 12)]
    public void A_GUE_header_is_stepped_over_with_its_options(string header, int length) =>
        Assert.Equal((Verdict.Delivered, length..(length + Inner4.Length)), Find([.. Convert.FromHexString(header), .. Inner4], Encapsulation.Gue));

    [Theory]
    [InlineData("40000800")]
    [InlineData("00010800")]
    [InlineData("00006558")]
    public void GRE_with_routing_or_another_version_or_a_foreign_payload_is_refused(string header) =>
        Assert.Equal(Verdict.Unsupported, Find([.. Convert.FromHexString(header), .. Inner4], Encapsulation.Gre).Verdict);

    [Theory]
    [InlineData("20040000")]
    [InlineData("40040000")]
    [InlineData("00060000")]
    public void GUE_control_messages_and_foreign_payloads_are_refused(string header) =>
        Assert.Equal(Verdict.Unsupported, Find([.. Convert.FromHexString(header), .. Inner4], Encapsulation.Gue).Verdict);

    [Fact]
    public void What_is_not_for_a_vip_is_refused()
    {
        Assert.Equal(Verdict.NotForVip, Find(UdpPackets.Build("10.9.0.1", 9000, "10.0.0.101", 80, "x")).Verdict);
        Assert.Equal(Verdict.NotForVip, Find(UdpPackets.Build("2001:db8::9", 9000, "2001:db8::101", 80, "x")).Verdict);
    }

    [Fact]
    public void A_tunnel_in_the_tunnel_is_refused()
    {
        var nested = UdpPackets.Build("2001:db8::9", 9000, "2001:db8::100", 80, "x");
        nested[6] = 41;
        Assert.Equal(Verdict.Nested, Find(nested).Verdict);
    }

    [Theory]
    [InlineData(0, 0x35)] // version 3
    [InlineData(0, 0x44)] // header of 16 bytes
    [InlineData(0, 0x4F)] // header longer than the packet
    [InlineData(2, 0x01)] // longer than what arrived
    [InlineData(3, 0x05)] // shorter than its header
    [InlineData(8, 0x01)] // checksum
    public void A_malformed_IPv4_header_is_refused(int at, byte value)
    {
        var packet = Inner4.ToArray();
        packet[at] = value;
        Assert.Equal(Verdict.Malformed, Find(packet).Verdict);
    }

    [Fact]
    public void No_truncation_is_read_past_its_end()
    {
        foreach (var (encapsulation, header) in new[] { (Encapsulation.Ip, ""), (Encapsulation.Gre, "B0000800123400000000000700000001"), (Encapsulation.Gue, "020400018000000000140010") })
        {
            foreach (var inner in new[] { Inner4, Inner6 })
            {
                byte[] whole = [.. Convert.FromHexString(header), .. inner];
                for (var length = 0; length < whole.Length; length++)
                    Assert.Equal(Verdict.Malformed, Find(whole[..length], encapsulation).Verdict);
            }
        }
    }

    [Fact]
    public void Random_bytes_neither_throw_nor_reach_outside()
    {
        var random = new Random(4);
        for (var i = 0; i < 200_000; i++)
        {
            var bytes = (random.Next(2) == 0 ? Inner4 : Inner6).ToArray();
            for (var change = random.Next(6); change > 0; change--)
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            if (bytes[0] >> 4 == 4 && random.Next(4) > 0)
                Correct(bytes);
            var packet = bytes.AsSpan(0, random.Next(bytes.Length + 1));
            _ = TunnelPacket.IPv4Payload(packet);
            if (TunnelPacket.Find(packet, (Encapsulation)random.Next(3), Vips, out var inner) != Verdict.Delivered)
                continue;
            var header = TunnelPacket.Offload(packet[inner], random.Next(20, 60));
            Assert.True(header.Flags == 0 || header.ChecksumStart + header.ChecksumOffset + 2 <= packet[inner].Length);
            Assert.True(header.SegmentationType == 0 || (header.HeaderLength <= packet[inner].Length && header.SegmentSize > 0));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_checksum_that_an_offload_left_undone_is_finished_by_the_kernel(bool isIPv6)
    {
        var packet = (isIPv6 ? Inner6 : Inner4).ToArray();
        Assert.Equal(default, TunnelPacket.Offload(packet, 1500));
        var start = isIPv6 ? 40 : 20;
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(start + 6), PseudoSum(packet, isIPv6, 17));
        var header = TunnelPacket.Offload(packet, 1500);
        Assert.Equal((VirtioHeader.NeedsChecksum, start, 6), (header.Flags, header.ChecksumStart, header.ChecksumOffset));
    }

    [Fact]
    public void A_merged_tcp_packet_is_marked_with_a_segment_size()
    {
        var packet = Tcp(3000);
        var header = TunnelPacket.Offload(packet, 1500);
        Assert.Equal((VirtioHeader.TcpIPv4, 40, 1460), (header.SegmentationType, header.HeaderLength, header.SegmentSize));
        Assert.Equal(0, TunnelPacket.Offload(Tcp(1460), 1500).SegmentationType);
    }

    [Fact]
    public void A_fragment_is_left_as_it_is()
    {
        var packet = Inner4.ToArray();
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(26), PseudoSum(packet, false, 17));
        packet[6] = 0x20;
        Assert.Equal(default, TunnelPacket.Offload(packet, 1500));
    }

    [Fact]
    public void The_virtio_header_is_laid_out_as_the_kernels()
    {
        Assert.Equal(VirtioHeader.Length, Marshal.SizeOf<VirtioHeader>());
        Assert.Equal([2, 4, 6, 8], new[] { nameof(VirtioHeader.HeaderLength), nameof(VirtioHeader.SegmentSize), nameof(VirtioHeader.ChecksumStart), nameof(VirtioHeader.ChecksumOffset) }
            .Select(field => (int)Marshal.OffsetOf<VirtioHeader>(field)));
    }

    private static (Verdict Verdict, Range Inner) Find(byte[] payload, Encapsulation encapsulation = Encapsulation.Ip) =>
        (TunnelPacket.Find(payload, encapsulation, Vips, out var inner), inner);

    private static byte[] Tcp(int payload)
    {
        var packet = new byte[40 + payload];
        Inner4.AsSpan(0, 20).CopyTo(packet);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(2), (ushort)packet.Length);
        packet[9] = 6;
        packet[32] = 0x50;
        return packet;
    }

    private static void Correct(Span<byte> packet)
    {
        packet[10..12].Clear();
        BinaryPrimitives.WriteUInt16BigEndian(packet[10..], (ushort)~Sum(packet[..20], 0));
    }

    private static ushort PseudoSum(ReadOnlySpan<byte> packet, bool isIPv6, uint protocol) => isIPv6
        ? Sum(packet.Slice(8, 32), protocol + (uint)packet.Length - 40)
        : Sum(packet.Slice(12, 8), protocol + (uint)packet.Length - 20);

    private static ushort Sum(ReadOnlySpan<byte> bytes, uint sum)
    {
        for (var i = 0; i < bytes.Length; i += 2)
            sum += BinaryPrimitives.ReadUInt16BigEndian(bytes[i..]);
        while (sum > 0xFFFF)
            sum = (sum & 0xFFFF) + (sum >> 16);
        return (ushort)sum;
    }
}
