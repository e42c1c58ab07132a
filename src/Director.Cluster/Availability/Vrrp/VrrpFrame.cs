using System.Buffers.Binary;

namespace Director.Cluster.Availability.Vrrp;

/// <summary>The Ethernet frame of an advertisement that goes by multicast (RFC 5798 5.1, 7.3).</summary>
internal static class VrrpFrame
{
    /// <summary>The longest frame.</summary>
    public const int MaxBytes = EthernetBytes + 40 + VrrpFormat.MaxBytes;

    /// <summary>Bytes before the IP header.</summary>
    public const int EthernetBytes = 14;

    private const int IPv4Bytes = 20, IPv6Bytes = 40;
    private const int Protocol = 112, Ttl = 255;

    // Internetwork control (RFC 2474), as keepalived sends it.
    private const int TrafficClass = 0xC0;
    private static readonly byte[] IPv4Mac = [0x01, 0x00, 0x5E, 0, 0, 0x12], IPv6Mac = [0x33, 0x33, 0, 0, 0, 0x12];

    /// <summary>The MAC address that advertisements of a family go to.</summary>
    public static ReadOnlySpan<byte> GroupMac(bool isIPv6) => isIPv6 ? IPv6Mac : IPv4Mac;

    /// <summary>The MAC address of a virtual router (RFC 5798 7.3).</summary>
    public static byte[] VirtualMac(bool isIPv6, int routerId) => [0, 0, 0x5E, 0, (byte)(isIPv6 ? 2 : 1), (byte)routerId];

    /// <summary>Bytes before the message.</summary>
    public static int HeaderBytes(bool isIPv6) => EthernetBytes + (isIPv6 ? IPv6Bytes : IPv4Bytes);

    /// <summary>Writes what stands before a message that lies behind <see cref="HeaderBytes"/> already.</summary>
    /// <param name="frame">The whole frame.</param>
    /// <param name="isIPv6">Its family.</param>
    /// <param name="mac">The sender's MAC address.</param>
    /// <param name="source">The sender.</param>
    /// <param name="identification">Of the IPv4 packet.</param>
    public static void WriteHeaders(Span<byte> frame, bool isIPv6, ReadOnlySpan<byte> mac, UInt128 source, ushort identification)
    {
        GroupMac(isIPv6).CopyTo(frame);
        mac.CopyTo(frame[6..]);
        BinaryPrimitives.WriteUInt16BigEndian(frame[12..], isIPv6 ? (ushort)0x86DD : (ushort)0x0800);
        var ip = frame[EthernetBytes..];
        if (isIPv6)
        {
            ip[..IPv6Bytes].Clear();
            BinaryPrimitives.WriteUInt32BigEndian(ip, (6u << 28) | (TrafficClass << 20));
            BinaryPrimitives.WriteUInt16BigEndian(ip[4..], (ushort)(ip.Length - IPv6Bytes));
            ip[6] = Protocol;
            ip[7] = Ttl;
            VrrpAddress.Write(ip[8..], source, true);
            VrrpAddress.Write(ip[24..], VrrpAddress.IPv6Group, true);
            return;
        }

        ip[..IPv4Bytes].Clear();
        ip[0] = 0x45;
        ip[1] = TrafficClass;
        BinaryPrimitives.WriteUInt16BigEndian(ip[2..], (ushort)ip.Length);
        BinaryPrimitives.WriteUInt16BigEndian(ip[4..], identification);
        ip[8] = Ttl;
        ip[9] = Protocol;
        VrrpAddress.Write(ip[12..], source, false);
        VrrpAddress.Write(ip[16..], VrrpAddress.IPv4Group, false);
        var sum = 0;
        for (var i = 0; i < IPv4Bytes; i += 2)
            sum += BinaryPrimitives.ReadUInt16BigEndian(ip[i..]);
        sum = (sum & 0xFFFF) + (sum >> 16);
        BinaryPrimitives.WriteUInt16BigEndian(ip[10..], (ushort)~((sum & 0xFFFF) + (sum >> 16)));
    }
}
