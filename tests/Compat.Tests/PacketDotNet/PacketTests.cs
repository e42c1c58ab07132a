using System.Net;
using System.Net.NetworkInformation;
using PacketDotNet;
using Xunit;

namespace Compat.Tests.PacketDotNet;

public sealed class PacketTests
{
    private static readonly PhysicalAddress Here = new([2, 0, 0, 0, 0, 1]), There = new([2, 0, 0, 0, 0, 2]);

    private const string Echo = "020000000002020000000001" + "0800"
        + "4500002400004000" + "4001b6d5" + "c0000201c0000202"
        + "080080b6" + "12340001" + "68656c6c6f212121"
        + "00000000"; // Ethernet's padding

    [Fact]
    public void A_TCP_packet_over_IPv4_is_built_byte_for_byte()
    {
        var tcp = new TcpPacket(0x1234, 80)
        {
            SequenceNumber = 0x01020304,
            AcknowledgmentNumber = 0x05060708,
            Synchronize = true,
            Acknowledgment = true,
            WindowSize = 0xfaf0,
            PayloadData = "hi!"u8.ToArray(),
        };
        var ip = new IPv4Packet(IPAddress.Parse("10.0.0.1"), IPAddress.Parse("10.0.0.2")) { TimeToLive = 63, Id = 7, PayloadPacket = tcp };
        var ethernet = new EthernetPacket(Here, There, EthernetType.None) { PayloadPacket = ip };
        ip.UpdateIPChecksum();
        tcp.UpdateTcpChecksum();

        const string Expected = "020000000002020000000001" + "0800"
            + "4500002b00070000" + "3f0667c4" + "0a0000010a000002"
            + "12340050" + "01020304" + "05060708" + "5012faf0" + "f4da0000" + "686921";
        Assert.Equal(Expected.ToUpperInvariant(), Convert.ToHexString(ethernet.Bytes));
        Assert.True(ip.ValidIPChecksum && tcp.ValidTcpChecksum && tcp.ValidChecksum);
        Assert.Equal(Expected.Length / 2, ethernet.TotalPacketLength);
    }

    [Fact]
    public void A_UDP_packet_over_IPv6_is_built_byte_for_byte()
    {
        var udp = new UdpPacket(53, 5353) { PayloadData = [1, 2, 3] };
        var ip = new IPv6Packet(IPAddress.Parse("2001:db8::1"), IPAddress.Parse("2001:db8::2")) { HopLimit = 64, TrafficClass = 0xb8, FlowLabel = 0x12345, PayloadPacket = udp };
        var ethernet = new EthernetPacket(Here, There, EthernetType.None) { PayloadPacket = ip };
        // The length is in the checksum twice, so it comes first.
        _ = ethernet.Bytes;
        udp.UpdateUdpChecksum();

        const string Expected = "020000000002020000000001" + "86dd"
            + "6b812345" + "000b1140" + "20010db8000000000000000000000001" + "20010db8000000000000000000000002"
            + "003514e9" + "000b8b43" + "010203";
        Assert.Equal(Expected.ToUpperInvariant(), Convert.ToHexString(ethernet.Bytes));
        Assert.True(udp.ValidUdpChecksum && udp.ValidChecksum);
    }

    [Fact]
    public void An_ARP_request_is_built_and_read()
    {
        var arp = new ArpPacket(ArpOperation.Request, new PhysicalAddress(new byte[6]), IPAddress.Parse("10.0.0.2"), Here, IPAddress.Parse("10.0.0.1"));
        var bytes = new EthernetPacket(Here, new PhysicalAddress([255, 255, 255, 255, 255, 255]), EthernetType.None) { PayloadPacket = arp }.Bytes;
        Assert.Equal("FFFFFFFFFFFF0200000000010806" + "0001080006040001" + "0200000000010A000001" + "0000000000000A000002", Convert.ToHexString(bytes));

        var read = Packet.ParsePacket(LinkLayers.Ethernet, bytes).Extract<ArpPacket>();

        Assert.Equal((ArpOperation.Request, Here, "10.0.0.1", "10.0.0.2"), (read.Operation, read.SenderHardwareAddress, $"{read.SenderProtocolAddress}", $"{read.TargetProtocolAddress}"));
        Assert.Equal(new PhysicalAddress(new byte[6]), read.TargetHardwareAddress);
    }

    [Fact]
    public void An_echo_request_is_read_without_the_padding_behind_it()
    {
        var ethernet = (EthernetPacket)Packet.ParsePacket(LinkLayers.Ethernet, Convert.FromHexString(Echo));

        Assert.Equal((Here, There, EthernetType.IPv4), (ethernet.SourceHardwareAddress, ethernet.DestinationHardwareAddress, ethernet.Type));
        var ip = ethernet.Extract<IPv4Packet>();
        Assert.Equal((IPVersion.IPv4, ProtocolType.Icmp, 64, 36, 16, 2, 0), (ip.Version, ip.Protocol, ip.TimeToLive, ip.TotalLength, ip.PayloadLength, ip.FragmentFlags, ip.FragmentOffset));
        Assert.True(ip.ValidIPChecksum);
        var icmp = ethernet.Extract<IcmpV4Packet>();
        Assert.Equal((IcmpV4TypeCode.EchoRequest, (ushort)0x1234, (ushort)1), (icmp.TypeCode, icmp.Id, icmp.Sequence));
        Assert.Equal("hello!!!"u8.ToArray(), icmp.Data);
        Assert.True(icmp.ValidIcmpChecksum);
        Assert.Null(ethernet.Extract<TcpPacket>());
        Assert.Same(ip, icmp.ParentPacket);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_is_built_is_read_again(bool isIPv6)
    {
        var tcp = new TcpPacket(4711, 80) { SequenceNumber = 9, Push = true, Finished = true, PayloadData = [1, 2, 3, 4] };
        IPPacket ip = isIPv6
            ? new IPv6Packet(IPAddress.Parse("2001:db8::1"), IPAddress.Parse("2001:db8::2"))
            : new IPv4Packet(IPAddress.Parse("10.0.0.1"), IPAddress.Parse("10.0.0.2"));
        ip.PayloadPacket = tcp;
        tcp.UpdateTcpChecksum();

        var read = Packet.ParsePacket(LinkLayers.Raw, ip.Bytes).Extract<TcpPacket>();

        Assert.Equal((4711, 80, 9u, true, true, false, false), (read.SourcePort, read.DestinationPort, read.SequenceNumber, read.Push, read.Finished, read.Synchronize, read.Reset));
        Assert.Equal([1, 2, 3, 4], read.PayloadData);
        Assert.Equal(5, read.DataOffset);
        Assert.True(read.ValidTcpChecksum);
        Assert.Equal(ip.SourceAddress, ((IPPacket)read.ParentPacket).SourceAddress);
        Assert.Equal(64, ((IPPacket)read.ParentPacket).TimeToLive);
    }

    [Fact]
    public void A_packet_in_a_packet_is_read()
    {
        var inner = new IPv4Packet(IPAddress.Parse("192.0.2.1"), IPAddress.Parse("10.0.0.9")) { PayloadPacket = new UdpPacket(1, 2) { PayloadData = [7] } };
        var outer = new IPv4Packet(IPAddress.Parse("10.0.0.1"), IPAddress.Parse("10.0.0.2")) { Protocol = ProtocolType.IPv4, PayloadData = inner.Bytes };

        var read = Packet.ParsePacket(LinkLayers.Raw, outer.Bytes).Extract<IPv4Packet>();

        Assert.Equal("10.0.0.2", $"{read.DestinationAddress}");
        Assert.Equal("10.0.0.9", $"{((IPv4Packet)read.PayloadPacket).DestinationAddress}");
        Assert.Equal([7], read.Extract<UdpPacket>().PayloadData);
    }

    [Fact]
    public void A_changed_byte_makes_a_checksum_wrong()
    {
        var tcp = new TcpPacket(4711, 80) { PayloadData = [1, 2, 3] };
        var ip = new IPv4Packet(IPAddress.Parse("10.0.0.1"), IPAddress.Parse("10.0.0.2")) { PayloadPacket = tcp };
        ip.UpdateIPChecksum();
        tcp.UpdateTcpChecksum();
        var bytes = ip.Bytes;
        for (var i = 0; i < bytes.Length; i++)
        {
            if (i is 0 or 2 or 3 or 6 or 7 or 9 or 32 or 33)
            {
                continue; // lengths, protocols and offsets: another packet
            }

            byte[] changed = [.. bytes];
            changed[i] ^= 0x10;
            var read = Packet.ParsePacket(LinkLayers.Raw, changed);
            Assert.False(read.Extract<IPv4Packet>().ValidIPChecksum && read.Extract<TcpPacket>().ValidTcpChecksum, $"byte {i}");
        }
    }
}
