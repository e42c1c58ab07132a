using System.Buffers.Binary;
using System.Numerics;
using Director.Forwarding.Packets;

namespace Director.Forwarding.Scheduling;

/// <summary>The hashes of addresses that the kernel's schedulers use; a director must agree with them bit by bit.</summary>
internal static class AddressHash
{
    /// <summary>2^32 divided by the square of the golden ratio, the kernel's GOLDEN_RATIO_32.</summary>
    private const uint Multiplier = 0x61C88647;

    /// <summary>An address as one number: an IPv4 address in host order, an IPv6 address with its four words folded by exclusive or.</summary>
    public static uint Fold(in InetAddress address)
    {
        ulong folded = address.First ^ address.Second;
        return BinaryPrimitives.ReverseEndianness((uint)folded ^ (uint)(folded >> 32));
    }

    /// <summary>
    /// The bucket of 256 for a number: the kernel's <c>hash_32()</c> to eight bits (include/linux/hash.h). Older kernels took the low bits of another product
    /// instead.
    /// </summary>
    public static byte Bucket(uint value) => (byte)(unchecked(value * Multiplier) >> 24);

    /// <summary>
    /// The kernel's <c>hsiphash()</c> of one 32-bit number on a 64-bit machine: SipHash with one round for the message and three at the end (lib/siphash.c),
    /// cut to 32 bits. Both halves of the key are <paramref name="key"/>.
    /// </summary>
    public static uint SipHash13(uint value, ulong key)
    {
        ulong v0 = 0x736f6d6570736575 ^ key;
        ulong v1 = 0x646f72616e646f6d ^ key;
        ulong v2 = 0x6c7967656e657261 ^ key;
        ulong v3 = 0x7465646279746573 ^ key;
        ulong message = ((ulong)sizeof(uint) << 56) | value;
        v3 ^= message;
        Round();
        v0 ^= message;
        v2 ^= 0xff;
        Round();
        Round();
        Round();
        return (uint)(v0 ^ v1 ^ v2 ^ v3);

        void Round()
        {
            v0 += v1;
            v1 = BitOperations.RotateLeft(v1, 13) ^ v0;
            v0 = BitOperations.RotateLeft(v0, 32);
            v2 += v3;
            v3 = BitOperations.RotateLeft(v3, 16) ^ v2;
            v0 += v3;
            v3 = BitOperations.RotateLeft(v3, 21) ^ v0;
            v2 += v1;
            v1 = BitOperations.RotateLeft(v1, 17) ^ v2;
            v2 = BitOperations.RotateLeft(v2, 32);
        }
    }
}
