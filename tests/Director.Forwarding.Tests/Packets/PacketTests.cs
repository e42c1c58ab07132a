using Director.Forwarding.Packets;
using Xunit;

namespace Director.Forwarding.Tests.Packets;

/// <summary>Packets as hostile senders make them: what cannot be read is refused for its own reason, and nothing beyond the frame is looked at.</summary>
public sealed unsafe class PacketTests
{
    private static readonly PacketBuilder Udp4 = PacketBuilder.Network.IP("10.0.0.1", "10.0.0.2").Udp(1000, 53).Payload(20);
    private static readonly PacketBuilder Tcp6 = PacketBuilder.Network.IP("2001:db8::1", "2001:db8::2").Tcp(1000, 80, TcpFlags.Ack).Payload(20);

    private static readonly Dictionary<string, (byte[] Bytes, PacketError Error)> Rows = new()
    {
        ["IPv4 header cut off"] = (Udp4.Build()[..19], PacketError.Truncated),
        ["IPv6 header cut off"] = (Tcp6.Build()[..39], PacketError.Truncated),
        ["IPv4 longer than the frame"] = (Udp4.Build()[..47], PacketError.Truncated),
        ["IPv6 longer than the frame"] = (Tcp6.Build()[..79], PacketError.Truncated),
        ["IPv4 header length below 20"] = (Changed(Udp4, 0, 0x44), PacketError.BadLength),
        ["IPv4 header longer than the packet"] = (Repaired(Changed(Changed(Udp4, 0, 0x4F), 3, 48)), PacketError.BadLength),
        ["IPv4 total length below the header"] = (Changed(Udp4, 3, 19), PacketError.BadLength),
        ["IPv4 checksum"] = (Changed(Udp4, 11, 0), PacketError.BadHeaderChecksum),
        ["UDP header cut off"] = (PacketBuilder.Network.IPv4("10.0.0.1", "10.0.0.2", carries: 17).Payload(7).Build(), PacketError.BadTransport),
        ["UDP length below 8"] = (Changed(Udp4, 25, 7), PacketError.BadTransport),
        ["UDP length beyond the packet"] = (Changed(Udp4, 25, 29), PacketError.BadTransport),
        ["TCP header cut off"] = (PacketBuilder.Network.IPv6("::1", "::2", carries: 6).Payload(19).Build(), PacketError.BadTransport),
        ["TCP header length below 20"] = (Changed(Tcp6, 52, 0x40), PacketError.BadTransport),
        ["TCP header longer than the packet"] = (Changed(Tcp6, 52, 0xF0), PacketError.BadTransport),
        ["ICMP header cut off"] = (PacketBuilder.Network.IPv4("10.0.0.1", "10.0.0.2", carries: 1).Payload(7).Build(), PacketError.BadTransport),
        ["extension header cut off"] = (PacketBuilder.Network.IPv6("::1", "::2", carries: 0).Payload(7).Build(), PacketError.BadExtensionHeader),
        ["extension header longer than the packet"] = (PacketBuilder.Network.IPv6("::1", "::2", carries: 60).Payload([6, 200, 0, 0, 0, 0, 0, 0, 0, 0]).Build(), PacketError.BadExtensionHeader),
        ["fragment header cut off"] = (PacketBuilder.Network.IPv6("::1", "::2", carries: 44).Payload(7).Build(), PacketError.BadExtensionHeader),
        ["two fragment headers"] = (PacketBuilder.Network.IPv6("::1", "::2").Fragment(1, 0, true).Fragment(1, 0, true).Udp(1, 2).Build(), PacketError.BadExtensionHeader),
        ["extension headers without end"] = (Enumerable.Range(0, 12).Aggregate(PacketBuilder.Network.IPv6("::1", "::2"), (packet, _) => packet.DestinationOptions()).Udp(1, 2).Build(), PacketError.BadExtensionHeader),
    };

    public static TheoryData<string> Malformed => [.. Rows.Keys];

    [Theory]
    [MemberData(nameof(Malformed))]
    public void What_cannot_be_read_is_refused_for_its_reason(string what)
    {
        var (bytes, error) = Rows[what];
        Assert.Equal(error, Read(bytes, bytes.Length, bytes[0] >> 4 == 6));
    }

    [Fact]
    public void The_version_must_be_the_EtherTypes()
    {
        Assert.Equal(PacketError.BadVersion, Read(Udp4.Build(), 48, isIPv6: true));
        Assert.Equal(PacketError.BadVersion, Read(Tcp6.Build(), 80, isIPv6: false));
    }

    [Fact]
    public void Every_truncation_is_refused()
    {
        foreach (var whole in (PacketBuilder[])[Udp4, Tcp6, PacketBuilder.Network.IPv6("::1", "::2").HopByHopOptions(24).Routing().Udp(1, 2).Payload(9)])
        {
            var bytes = whole.Build();
            for (var length = 0; length < bytes.Length; length++)
                Assert.Equal(PacketError.Truncated, Read(bytes, length, bytes[0] >> 4 == 6));
        }
    }

    [Theory]
    [InlineData(Checksum.Right, false)]
    [InlineData(Checksum.Partial, true)]
    [InlineData(Checksum.None, false)]
    [InlineData(Checksum.Wrong, false)]
    internal void A_partial_checksum_is_known_by_the_pseudo_header(Checksum checksum, bool isPartial)
    {
        foreach (var (source, destination) in ((string, string)[])[("10.0.0.1", "10.0.0.2"), ("2001:db8::1", "2001:db8::2")])
        {
            foreach (var packet in (PacketBuilder[])
                [
                    PacketBuilder.Network.IP(source, destination).Tcp(1, 2, TcpFlags.Ack, checksum: checksum).Payload(11),
                    PacketBuilder.Network.IP(source, destination).Udp(1, 2, checksum).Payload(11),
                ])
            {
                var bytes = packet.Build();
                fixed (byte* start = bytes)
                {
                    Assert.Equal(PacketError.None, Packet.Read(start, bytes.Length, bytes[0] >> 4 == 6, out var read));
                    Assert.Equal(isPartial, read.HasPartialChecksum);
                }
            }
        }
    }

    [Theory]
    [InlineData("020405B4", 1460)]
    [InlineData("01010101020405B4", 1460)]
    [InlineData("0402080A000000010000000002040218", 536)]
    [InlineData("", 0)]
    [InlineData("00020405", 0)]
    [InlineData("02030500", 0)]
    [InlineData("02000000", 0)]
    [InlineData("01010102", 0)]
    [InlineData("010102FF", 0)]
    [InlineData("08FF0000020405B4", 0)]
    public void The_MSS_is_found_among_the_options(string options, int expected)
    {
        var bytes = PacketBuilder.Network.IP("10.0.0.1", "10.0.0.2").Tcp(1, 2, TcpFlags.Syn, options: Convert.FromHexString(options)).Payload(4).Build();
        fixed (byte* start = bytes)
        {
            Packet.Read(start, bytes.Length, false, out var packet);
            Assert.Equal(expected, TcpOptions.MaximumSegmentSize(packet));
        }
    }

    [Fact]
    public void The_checksum_is_RFC_1071s_for_any_bytes_at_any_place()
    {
        var random = new Random(1);
        var bytes = new byte[70_000];
        foreach (var fill in (string[])["random", "ones", "zeros"])
        {
            if (fill == "random")
                random.NextBytes(bytes);
            else
                Array.Fill(bytes, fill == "ones" ? (byte)0xFF : (byte)0);
            foreach (var length in Enumerable.Range(0, 300).Concat([1459, 1460, 1461, 20_001, 65_535, 65_536]))
            {
                fixed (byte* start = bytes)
                {
                    var at = random.Next(64);
                    var sum = InternetChecksum.Fold(InternetChecksum.Sum(start + at, length));
                    Assert.Equal(ReferenceChecksum.Sum(bytes[at..(at + length)]), System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(sum));
                }
            }
        }
    }

    private static byte[] Changed(PacketBuilder packet, int offset, byte value) => Changed(packet.Build(), offset, value);

    private static byte[] Changed(byte[] bytes, int offset, byte value)
    {
        bytes[offset] = value;
        return bytes;
    }

    private static byte[] Repaired(byte[] ip)
    {
        ip[10] = ip[11] = 0;
        var sum = (ushort)~ReferenceChecksum.Sum(ip[..Math.Min((ip[0] & 15) * 4, ip.Length)]);
        (ip[10], ip[11]) = ((byte)(sum >> 8), (byte)sum);
        return ip;
    }

    /// <summary>Of a truncated packet the rest lies behind: only a look beyond the end finds it.</summary>
    private static PacketError Read(byte[] memory, int length, bool isIPv6)
    {
        byte[] padded = [.. memory, .. new byte[256]];
        fixed (byte* start = padded)
            return Packet.Read(start, length, isIPv6, out _);
    }
}
