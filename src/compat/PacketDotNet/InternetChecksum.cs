using System.Buffers.Binary;

namespace PacketDotNet;

/// <summary>RFC 1071, and the pseudo-headers of RFC 9293 and RFC 8200 section 8.1.</summary>
internal static class InternetChecksum
{
    /// <summary>The checksum of <paramref name="bytes"/>; 0 when they hold a correct one.</summary>
    public static ushort Of(ReadOnlySpan<byte> bytes) => Finish(Sum(bytes));

    /// <summary>The checksum of a packet with the pseudo-header of the IP packet around it, its field counted as it is.</summary>
    public static ushort WithPseudoHeader(Packet packet, ProtocolType protocol)
    {
        var bytes = packet.Bytes;
        var around = (IPPacket)packet.ParentPacket;
        return Finish(Sum(around.SourceAddress.GetAddressBytes()) + Sum(around.DestinationAddress.GetAddressBytes())
            + (ulong)protocol + (ulong)bytes.Length + Sum(bytes));
    }

    private static ulong Sum(ReadOnlySpan<byte> bytes)
    {
        ulong sum = 0;
        for (; bytes.Length >= 2; bytes = bytes[2..])
        {
            sum += BinaryPrimitives.ReadUInt16BigEndian(bytes);
        }

        return bytes.IsEmpty ? sum : sum + ((ulong)bytes[0] << 8);
    }

    private static ushort Finish(ulong sum)
    {
        while (sum >> 16 != 0)
        {
            sum = (sum & 0xffff) + (sum >> 16);
        }

        return (ushort)~sum;
    }
}
