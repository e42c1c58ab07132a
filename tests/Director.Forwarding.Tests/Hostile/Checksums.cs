using System.Buffers.Binary;

namespace Director.Forwarding.Tests.Hostile;

/// <summary>Makes the checksums of a mangled frame right again, as far as its lengths allow, so that it gets past the checks to what lies behind.</summary>
internal static class Checksums
{
    public static void Repair(Span<byte> ip, bool isPartial = false)
    {
        if (ip.Length < 20)
            return;
        var isIPv6 = ip[0] >> 4 == 6;
        int transport, end, protocol;
        ulong pseudo;
        if (isIPv6)
        {
            if (ip.Length < 40)
                return;
            transport = 40;
            end = Math.Min(ip.Length, 40 + BinaryPrimitives.ReadUInt16BigEndian(ip[4..]));
            protocol = ip[6];
            while (protocol is 0 or 43 or 44 or 51 or 60 && transport + 8 <= end)
            {
                var length = protocol == 44 ? 8 : protocol == 51 ? (ip[transport + 1] + 2) * 4 : (ip[transport + 1] + 1) * 8;
                protocol = ip[transport];
                transport += length;
            }

            pseudo = PacketWitness.Sum(ip.Slice(8, 32));
        }
        else
        {
            transport = Math.Min((ip[0] & 15) * 4, ip.Length);
            if (transport >= 12)
            {
                ip[10] = ip[11] = 0;
                BinaryPrimitives.WriteUInt16BigEndian(ip[10..], (ushort)~PacketWitness.Fold(PacketWitness.Sum(ip[..transport])));
            }

            end = Math.Min(ip.Length, BinaryPrimitives.ReadUInt16BigEndian(ip[2..]));
            protocol = ip[9];
            pseudo = PacketWitness.Sum(ip.Slice(12, 8));
        }

        if (transport >= end)
            return;
        var data = ip[transport..end];
        var field = protocol switch { 6 => 16, 17 => 6, 1 or 58 => 2, _ => int.MaxValue };
        if (field > data.Length - 2)
            return;
        if (protocol == 17 && BinaryPrimitives.ReadUInt16BigEndian(data[4..]) is var covered and >= 8 && covered < data.Length)
            data = data[..covered];
        var sum = protocol == 1 ? 0 : pseudo + (ulong)protocol + (ulong)data.Length;
        if (isPartial && protocol is 6 or 17)
        {
            BinaryPrimitives.WriteUInt16BigEndian(data[field..], PacketWitness.Fold(sum));
            return;
        }

        data[field] = data[field + 1] = 0;
        var checksum = (ushort)~PacketWitness.Fold(sum + PacketWitness.Sum(data));
        BinaryPrimitives.WriteUInt16BigEndian(data[field..], protocol == 17 && checksum == 0 ? (ushort)0xFFFF : checksum);
    }
}
