using System.Buffers.Binary;
using Director.Forwarding.Packets;

namespace Director.Forwarding.Links;

/// <summary>
/// Which worker a packet goes to: a hash of the client's end, which is the source if the destination is virtual, else the destination. So both directions of a connection reach one worker.
/// The kernel computes the same in <see cref="SteeringCode"/>.
/// </summary>
internal static class Steering
{
    /// <summary>The odd number closest to 2^32 divided by the golden ratio (Knuth, multiplicative hashing).</summary>
    public const uint Multiplier = 0x9E3779B1;

    /// <summary>How far the upper bits are folded down after each step.</summary>
    public const int FoldShift = 15;

    /// <summary>The worker of a packet.</summary>
    /// <param name="client">The client's address.</param>
    /// <param name="port">The client's port where the packet is unfragmented TCP or UDP directly behind the IP header, else 0.</param>
    /// <param name="workers">Number of workers, 1 to 65,535.</param>
    public static int WorkerOf(in InetAddress client, ushort port, int workers)
    {
        var hash = Mix(0, (uint)client.First);
        if (client.IsIPv6)
        {
            hash = Mix(hash, (uint)(client.First >> 32));
            hash = Mix(hash, (uint)client.Second);
            hash = Mix(hash, (uint)(client.Second >> 32));
        }

        hash = Step(hash ^ port);
        return (int)(((hash >> 16) * (uint)workers) >> 16);
    }

    // Words count as on the wire, so that a classic BPF program could compute them too.
    private static uint Mix(uint hash, uint raw) => Step(hash ^ BinaryPrimitives.ReverseEndianness(raw));

    private static uint Step(uint value)
    {
        value *= Multiplier;
        return value ^ (value >> FoldShift);
    }
}
