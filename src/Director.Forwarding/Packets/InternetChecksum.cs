using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Director.Forwarding.Packets;

/// <summary>
/// The Internet checksum (RFC 1071) and its incremental update (RFC 1624, equation 3). Sums are taken over words as they lie in memory: one's complement addition does not
/// care about byte order, so a field is stored as it was computed.
/// </summary>
internal static unsafe class InternetChecksum
{
    /// <summary>Folds a sum of 16-bit words to 16 bits. Zero only when every word was zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ushort Fold(ulong sum)
    {
        sum = (sum & 0xFFFF_FFFF) + (sum >> 32);
        sum = (sum & 0xFFFF_FFFF) + (sum >> 32);
        var folded = (uint)((sum & 0xFFFF) + (sum >> 16));
        folded = (folded & 0xFFFF) + (folded >> 16);
        return (ushort)((folded & 0xFFFF) + (folded >> 16));
    }

    /// <summary>The unfolded sum of <paramref name="length"/> bytes; an odd last byte is padded with zero.</summary>
    public static ulong Sum(byte* bytes, int length)
    {
        ulong sum = 0;
        if (Vector256.IsHardwareAccelerated && length >= 128)
        {
            // 32-bit words widened to 64-bit lanes: no carry is lost below 2^32 words.
            var low = Vector256<ulong>.Zero;
            var high = Vector256<ulong>.Zero;
            while (length >= 32)
            {
                var (lower, upper) = Vector256.Widen(Vector256.Load((uint*)bytes));
                low += lower;
                high += upper;
                bytes += 32;
                length -= 32;
            }

            sum = Vector256.Sum(low + high);
        }

        while (length >= 4)
        {
            sum += Unsafe.ReadUnaligned<uint>(bytes);
            bytes += 4;
            length -= 4;
        }

        if (length >= 2)
        {
            sum += Unsafe.ReadUnaligned<ushort>(bytes);
            bytes += 2;
            length -= 2;
        }

        return length == 0 ? sum : sum + *bytes;
    }

    /// <summary>The unfolded sum of an IPv4 header without options.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong SumOfIPv4Header(byte* header) =>
        (ulong)Unsafe.ReadUnaligned<uint>(header) + Unsafe.ReadUnaligned<uint>(header + 4) + Unsafe.ReadUnaligned<uint>(header + 8)
        + Unsafe.ReadUnaligned<uint>(header + 12) + Unsafe.ReadUnaligned<uint>(header + 16);

    /// <summary>The sum of an address's words.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Sum(in InetAddress address)
    {
        var first = address.First;
        var second = address.Second;
        return (first & 0xFFFF_FFFF) + (first >> 32) + (second & 0xFFFF_FFFF) + (second >> 32);
    }

    /// <summary>The unfolded sum of the pseudo-header (RFC 9293 3.1, RFC 8200 8.1).</summary>
    /// <param name="source">Source address.</param>
    /// <param name="destination">Destination address.</param>
    /// <param name="protocol">IP protocol number.</param>
    /// <param name="length">Length of the layer-4 header and payload in bytes.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong PseudoHeader(in InetAddress source, in InetAddress destination, byte protocol, int length) =>
        Sum(source) + Sum(destination) + BinaryPrimitives.ReverseEndianness((ushort)protocol) + BinaryPrimitives.ReverseEndianness((uint)length);

    /// <summary>What a checksum's sum changes by when words that summed to <paramref name="removed"/> give way to words that sum to <paramref name="added"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Difference(ulong removed, ulong added) => (uint)Fold(~removed) + Fold(added);

    /// <summary>A checksum after its words changed by a <see cref="Difference"/>, or the sum of several.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ushort Update(ushort checksum, uint difference) => (ushort)~Fold((ulong)(ushort)~checksum + difference);
}
