using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Director.Forwarding.Synchronisation;

/// <summary>Where the other directors take datagrams, as the kernel wants addresses; replaced whole. In memory that does not move, since workers hand it to system calls.</summary>
internal sealed class PeerAddresses
{
    /// <summary>Bytes of each address: <c>struct sockaddr_in6</c>.</summary>
    public const int Size = 28;

    private const ushort InterNetwork = 2;
    private const ushort InterNetworkV6 = 10;

    private readonly byte[] _bytes;

    /// <param name="endPoints">The peers, all of one family.</param>
    public PeerAddresses(IReadOnlyList<IPEndPoint> endPoints)
    {
        Count = endPoints.Count;
        _bytes = GC.AllocateArray<byte>(Math.Max(Count, 1) * Size, pinned: true);
        for (var i = 0; i < Count; i++)
        {
            var to = _bytes.AsSpan(i * Size, Size);
            var isIPv6 = endPoints[i].AddressFamily == AddressFamily.InterNetworkV6;
            BitConverter.TryWriteBytes(to, isIPv6 ? InterNetworkV6 : InterNetwork);
            BinaryPrimitives.WriteUInt16BigEndian(to[2..], (ushort)endPoints[i].Port);
            endPoints[i].Address.TryWriteBytes(to[(isIPv6 ? 8 : 4)..], out _);
            if (isIPv6)
                BitConverter.TryWriteBytes(to[24..], (uint)endPoints[i].Address.ScopeId);
            Length = isIPv6 ? 28u : 16u;
        }
    }

    /// <summary>Nobody.</summary>
    public static PeerAddresses None { get; } = new([]);

    /// <summary>How many.</summary>
    public int Count { get; }

    /// <summary>Bytes of an address that count.</summary>
    public uint Length { get; }

    /// <summary>The address of a peer.</summary>
    public unsafe void* this[int index]
    {
        get
        {
            fixed (byte* bytes = _bytes)
                return bytes + (index * Size);
        }
    }
}
