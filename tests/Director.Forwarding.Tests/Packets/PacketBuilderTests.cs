using System.Net;
using PacketDotNet;
using Xunit;

namespace Director.Forwarding.Tests.Packets;

/// <summary>The builder of test packets itself, with PacketDotNet as witness.</summary>
public sealed class PacketBuilderTests
{
    [Theory]
    [InlineData("10.0.0.1", "10.0.0.2", 0)]
    [InlineData("10.0.0.1", "10.0.0.2", 333)]
    [InlineData("2001:db8::1", "2001:db8::2", 0)]
    [InlineData("2001:db8::1", "2001:db8::2", 333)]
    public void A_TCP_packet_reads_back_with_right_checksums(string source, string destination, int length)
    {
        var packet = Parse(PacketBuilder.Ethernet(0x0200, 0x0300).IP(source, destination, hops: 9).Tcp(1234, 80, TcpFlags.Syn | TcpFlags.Ack, 7, 8).Payload(length));
        var ip = packet.Extract<IPPacket>();
        Assert.Equal((IPAddress.Parse(source), IPAddress.Parse(destination), 9), (ip.SourceAddress, ip.DestinationAddress, ip.TimeToLive));
        var tcp = packet.Extract<TcpPacket>();
        Assert.Equal((1234, 80, 7u, 8u, true, true, false), (tcp.SourcePort, tcp.DestinationPort, tcp.SequenceNumber, tcp.AcknowledgmentNumber, tcp.Synchronize, tcp.Acknowledgment, tcp.Finished));
        Assert.Equal(tcp.CalculateTcpChecksum(), tcp.Checksum);
        if (ip is IPv4Packet ipv4)
            Assert.True(ipv4.ValidChecksum);
    }

    [Theory]
    [InlineData("10.0.0.1", "10.0.0.2", 21)]
    [InlineData("2001:db8::1", "2001:db8::2", 1)]
    public void A_UDP_packet_reads_back_with_a_right_checksum(string source, string destination, int length)
    {
        var udp = Parse(PacketBuilder.Ethernet(0x0200, 0x0300).IP(source, destination).Udp(1234, 53).Payload(length)).Extract<UdpPacket>();
        Assert.Equal((1234, 53, 8 + length), (udp.SourcePort, udp.DestinationPort, udp.Length));
        Assert.True(udp.ValidChecksum);
    }

    [Fact]
    public void An_ICMP_message_reads_back_with_a_right_checksum() =>
        Assert.True(Parse(PacketBuilder.Ethernet(0x0200, 0x0300).IP("10.0.0.1", "10.0.0.2").Icmp(8, 0, 0x0001_0002).Payload(5)).Extract<IcmpV4Packet>().ValidIcmpChecksum);

    [Fact]
    public void An_ICMPv6_checksum_covers_the_pseudo_header() =>
        // ::1 twice is 2, the length 8, the protocol 0x3A, the message 0x8000 + 0x1234 + 1: 0x9279, complemented.
        Assert.Equal("80006D8612340001", Convert.ToHexString(PacketBuilder.Network.IP("::1", "::1").Icmp(128, 0, 0x1234_0001).Build()[40..]));

    [Fact]
    public void Fragments_carry_the_datagram_in_order()
    {
        var whole = PacketBuilder.Network.IP("10.0.0.1", "10.0.0.2").Udp(1, 2).Payload(100);
        var fragments = whole.Fragments(24, 40).Select(fragment => fragment.Build()).ToArray();
        Assert.Equal([0x2000, 0x2003, 0x2008, 0x000D], fragments.Select(fragment => (fragment[6] << 8) | fragment[7]));
        Assert.Equal(whole.Build()[20..], fragments.SelectMany(fragment => fragment[20..]));
    }

    private static Packet Parse(PacketBuilder builder) => Packet.ParsePacket(LinkLayers.Ethernet, builder.Build());
}
