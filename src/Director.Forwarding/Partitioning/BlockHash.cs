using Director.Forwarding.Packets;

namespace Director.Forwarding.Partitioning;

/// <summary>
/// The block of a client: the same on every director, and independent of what chooses the worker and the real server, else a director's blocks would fill some of its workers only. All bits count:
/// Linux clients use even source ports for <c>connect()</c>.
/// </summary>
internal static class BlockHash
{
    // The finaliser of MurmurHash3 (public domain); the constants make every bit of the input flip half of the output.
    private const ulong FirstFactor = 0xFF51_AFD7_ED55_8CCD, SecondFactor = 0xC4CE_B9FE_1A85_EC53;
    private const int BlockBits = 9;

    /// <summary>The block of an address.</summary>
    public static int Of(in InetAddress address) => Of(address, 0);

    /// <summary>The block of a port.</summary>
    public static int Of(ushort port) => Take(Mix(port + 1UL));

    /// <summary>The block of an address and a port.</summary>
    public static int Of(in InetAddress address, ushort port) => Take(Mix(Mix(Mix(address.First) ^ address.Second) ^ port));

    private static int Take(ulong hash) => (int)(hash >> (64 - BlockBits));

    private static ulong Mix(ulong value)
    {
        value ^= value >> 33;
        value *= FirstFactor;
        value ^= value >> 33;
        value *= SecondFactor;
        return value ^ (value >> 33);
    }
}
