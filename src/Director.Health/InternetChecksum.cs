using System.Buffers.Binary;

namespace Director.Health;

/// <summary>The Internet checksum (RFC 1071).</summary>
internal static class InternetChecksum
{
    /// <summary>The checksum of two pieces that follow each other.</summary>
    /// <param name="first">An even number of bytes.</param>
    /// <param name="second">Any number of bytes.</param>
    public static ushort Of(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second = default)
    {
        var sum = Sum(first) + Sum(second);
        while (sum >> 16 != 0)
        {
            sum = (sum & 0xffff) + (sum >> 16);
        }

        return (ushort)~sum;
    }

    private static ulong Sum(ReadOnlySpan<byte> bytes)
    {
        ulong sum = 0;
        for (; bytes.Length > 1; bytes = bytes[2..])
        {
            sum += BinaryPrimitives.ReadUInt16BigEndian(bytes);
        }

        return bytes.IsEmpty ? sum : sum + ((ulong)bytes[0] << 8);
    }
}
