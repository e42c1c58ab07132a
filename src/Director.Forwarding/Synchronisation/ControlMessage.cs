using System.Buffers.Binary;

namespace Director.Forwarding.Synchronisation;

/// <summary>
/// What directors say beside records, one peer to another: how far each stream has come, how far the peer's have come here, and which datagrams are to be sent again. Sealed like records, on a stream
/// of its own whose gaps nobody minds.
/// </summary>
internal static class ControlMessage
{
    /// <summary>The sender's streams and the receiver's as they have come here.</summary>
    public const byte Positions = 1;

    /// <summary>Numbers of the receiver's datagrams that are to be sent again.</summary>
    public const byte Ask = 2;

    /// <summary>Ranges in a request at most.</summary>
    public const int MostRanges = 96;

    private const int Head = 18;

    /// <summary>Writes <see cref="Positions"/>.</summary>
    /// <param name="to">Room.</param>
    /// <param name="peer">Boot of the receiver.</param>
    /// <param name="isSynchronised">Whether the sender has caught up with all.</param>
    /// <param name="own">The last number of each of the sender's streams.</param>
    /// <param name="received">The last number of each of the receiver's streams before which all has come.</param>
    /// <returns>The bytes written.</returns>
    public static int WritePositions(Span<byte> to, UInt128 peer, bool isSynchronised, ReadOnlySpan<ulong> own, ReadOnlySpan<ulong> received)
    {
        to[0] = Positions;
        BinaryPrimitives.WriteUInt128BigEndian(to[1..], peer);
        to[17] = isSynchronised ? (byte)1 : (byte)0;
        var length = Head;
        foreach (var positions in (ReadOnlySpan<bool>)[true, false])
        {
            var list = positions ? own : received;
            to[length++] = (byte)list.Length;
            foreach (var position in list)
            {
                BinaryPrimitives.WriteUInt64BigEndian(to[length..], position);
                length += sizeof(ulong);
            }
        }

        return length;
    }

    /// <summary>Reads <see cref="Positions"/>.</summary>
    /// <returns>False when it is malformed.</returns>
    public static bool TryReadPositions(ReadOnlySpan<byte> from, out bool isSynchronised, Span<ulong> own, out int ownCount, Span<ulong> received, out int receivedCount)
    {
        (isSynchronised, ownCount, receivedCount) = (false, 0, 0);
        if (from.Length < Head)
            return false;
        isSynchronised = from[17] != 0;
        var rest = from[Head..];
        return TryReadList(ref rest, own, out ownCount) && TryReadList(ref rest, received, out receivedCount) && rest.IsEmpty;
    }

    private static bool TryReadList(ref ReadOnlySpan<byte> rest, Span<ulong> to, out int count)
    {
        count = 0;
        if (rest.IsEmpty || rest[0] > to.Length || rest.Length < 1 + (rest[0] * sizeof(ulong)))
            return false;
        count = rest[0];
        for (var i = 0; i < count; i++)
            to[i] = BinaryPrimitives.ReadUInt64BigEndian(rest[(1 + (i * sizeof(ulong)))..]);
        rest = rest[(1 + (count * sizeof(ulong)))..];
        return true;
    }

    /// <summary>Writes <see cref="Ask"/>.</summary>
    /// <returns>The bytes written.</returns>
    public static int WriteAsk(Span<byte> to, UInt128 peer, byte stream, ReadOnlySpan<(ulong First, ushort Count)> ranges)
    {
        to[0] = Ask;
        BinaryPrimitives.WriteUInt128BigEndian(to[1..], peer);
        to[17] = stream;
        var length = Head;
        foreach (var (first, count) in ranges)
        {
            BinaryPrimitives.WriteUInt64BigEndian(to[length..], first);
            BinaryPrimitives.WriteUInt16BigEndian(to[(length + 8)..], count);
            length += 10;
        }

        return length;
    }

    /// <summary>Reads <see cref="Ask"/>.</summary>
    /// <returns>False when it is malformed.</returns>
    public static bool TryReadAsk(ReadOnlySpan<byte> from, out byte stream, Span<(ulong First, ushort Count)> ranges, out int count)
    {
        (stream, count) = (0, 0);
        if (from.Length < Head || (from.Length - Head) % 10 != 0 || (from.Length - Head) / 10 > ranges.Length)
            return false;
        stream = from[17];
        count = (from.Length - Head) / 10;
        for (var i = 0; i < count; i++)
            ranges[i] = (BinaryPrimitives.ReadUInt64BigEndian(from[(Head + (i * 10))..]), BinaryPrimitives.ReadUInt16BigEndian(from[(Head + (i * 10) + 8)..]));
        return true;
    }

    /// <summary>The boot of the director that a message is for; 0 when it is too short.</summary>
    public static UInt128 Receiver(ReadOnlySpan<byte> message) => message.Length < Head ? 0 : BinaryPrimitives.ReadUInt128BigEndian(message[1..]);
}
