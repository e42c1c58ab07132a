using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Director.Forwarding.Tests.Kernel;

/// <summary>Whole IP packets with a UDP datagram.</summary>
internal static class UdpPackets
{
    public static byte[] Build(string source, int sourcePort, string destination, int destinationPort, string payload)
    {
        var from = IPAddress.Parse(source);
        var to = IPAddress.Parse(destination);
        var isIPv6 = from.AddressFamily == AddressFamily.InterNetworkV6;
        var header = isIPv6 ? 40 : 20;
        var length = 8 + payload.Length;
        var packet = new byte[header + length];
        if (isIPv6)
        {
            packet[0] = 0x60;
            BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(4), (ushort)length);
            packet[6] = 17;
            packet[7] = 64;
        }
        else
        {
            packet[0] = 0x45;
            BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(2), (ushort)packet.Length);
            packet[8] = 64;
            packet[9] = 17;
        }
        from.GetAddressBytes().CopyTo(packet, isIPv6 ? 8 : 12);
        to.GetAddressBytes().CopyTo(packet, isIPv6 ? 24 : 16);
        if (!isIPv6)
            BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(10), Checksum(packet.AsSpan(0, 20), 0));
        var udp = packet.AsSpan(header);
        BinaryPrimitives.WriteUInt16BigEndian(udp, (ushort)sourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(udp[2..], (ushort)destinationPort);
        BinaryPrimitives.WriteUInt16BigEndian(udp[4..], (ushort)length);
        System.Text.Encoding.ASCII.GetBytes(payload, udp[8..]);
        var addresses = packet.AsSpan(isIPv6 ? 8 : 12, isIPv6 ? 32 : 8);
        BinaryPrimitives.WriteUInt16BigEndian(udp[6..], Checksum(udp, (uint)(17 + length + Sum(addresses))));
        return packet;
    }

    /// <summary>Source port, destination port and payload of a packet; null when it is not UDP.</summary>
    public static (int SourcePort, int DestinationPort, string Payload)? Read(byte[] packet)
    {
        var isIPv6 = packet[0] >> 4 == 6;
        if (packet[isIPv6 ? 6 : 9] != 17)
            return null;
        var udp = packet.AsSpan(isIPv6 ? 40 : 20);
        return (BinaryPrimitives.ReadUInt16BigEndian(udp), BinaryPrimitives.ReadUInt16BigEndian(udp[2..]), System.Text.Encoding.ASCII.GetString(udp[8..]));
    }

    private static uint Sum(ReadOnlySpan<byte> bytes)
    {
        var sum = 0u;
        for (var i = 0; i < bytes.Length; i++)
            sum += i % 2 == 0 ? (uint)bytes[i] << 8 : bytes[i];
        return sum;
    }

    private static ushort Checksum(ReadOnlySpan<byte> bytes, uint start)
    {
        var sum = start + Sum(bytes);
        while (sum > 0xFFFF)
            sum = (sum & 0xFFFF) + (sum >> 16);
        return (ushort)~sum;
    }
}
