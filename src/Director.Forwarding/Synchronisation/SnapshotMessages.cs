using System.Buffers.Binary;
using System.Text;

namespace Director.Forwarding.Synchronisation;

/// <summary>What the first frame of a snapshot's reader says.</summary>
/// <param name="Boot">Its boot.</param>
/// <param name="OwnOnly">Whether it wants those connections only that the sender was the last to tell of.</param>
/// <param name="Name">Its name.</param>
internal readonly record struct SnapshotRequest(UInt128 Boot, bool OwnOnly, string Name);

/// <summary>What the sender answers before the connections.</summary>
/// <param name="Boot">Its boot.</param>
/// <param name="WasSynchronised">Whether it has had the connections of all others at any time since its start; if not, it gives its own only.</param>
/// <param name="Size">About how many records follow.</param>
/// <param name="Positions">The last number of each of its streams: all that these told of is in the snapshot.</param>
/// <param name="Name">Its name.</param>
internal sealed record SnapshotStart(UInt128 Boot, bool WasSynchronised, uint Size, ulong[] Positions, string Name);

/// <summary>The frames of a snapshot but for their records.</summary>
internal static class SnapshotMessages
{
    /// <summary>First byte of <see cref="SnapshotRequest"/>.</summary>
    public const byte Request = 1;

    /// <summary>First byte of <see cref="SnapshotStart"/>.</summary>
    public const byte Start = 2;

    /// <summary>First byte of a frame of records.</summary>
    public const byte Records = 3;

    /// <summary>First byte of the last frame, which has the number of records sent (8).</summary>
    public const byte End = 4;

    /// <summary>Writes a request.</summary>
    public static int Write(in SnapshotRequest request, Span<byte> to)
    {
        to[0] = Request;
        BinaryPrimitives.WriteUInt128BigEndian(to[1..], request.Boot);
        to[17] = request.OwnOnly ? (byte)1 : (byte)0;
        return 18 + Encoding.UTF8.GetBytes(request.Name, to[18..]);
    }

    /// <summary>Reads a request.</summary>
    /// <exception cref="SnapshotException">It is none.</exception>
    public static SnapshotRequest ReadRequest(ReadOnlySpan<byte> from) => from.Length >= 18 && from[0] == Request
        ? new(BinaryPrimitives.ReadUInt128BigEndian(from[1..]), from[17] != 0, Encoding.UTF8.GetString(from[18..]))
        : throw new SnapshotException("it did not ask for a snapshot");

    /// <summary>Writes a start.</summary>
    public static int Write(SnapshotStart start, Span<byte> to)
    {
        to[0] = Start;
        BinaryPrimitives.WriteUInt128BigEndian(to[1..], start.Boot);
        to[17] = start.WasSynchronised ? (byte)1 : (byte)0;
        BinaryPrimitives.WriteUInt32BigEndian(to[18..], start.Size);
        to[22] = (byte)start.Positions.Length;
        var length = 23;
        foreach (var position in start.Positions)
        {
            BinaryPrimitives.WriteUInt64BigEndian(to[length..], position);
            length += sizeof(ulong);
        }

        return length + Encoding.UTF8.GetBytes(start.Name, to[length..]);
    }

    /// <summary>Reads a start.</summary>
    /// <exception cref="SnapshotException">It is none.</exception>
    public static SnapshotStart ReadStart(ReadOnlySpan<byte> from)
    {
        if (from.Length < 23 || from[0] != Start || from.Length < 23 + (from[22] * sizeof(ulong)))
            throw new SnapshotException("it did not begin its snapshot as it should");
        var positions = new ulong[from[22]];
        for (var i = 0; i < positions.Length; i++)
            positions[i] = BinaryPrimitives.ReadUInt64BigEndian(from[(23 + (i * sizeof(ulong)))..]);
        return new(
            BinaryPrimitives.ReadUInt128BigEndian(from[1..]),
            from[17] != 0,
            BinaryPrimitives.ReadUInt32BigEndian(from[18..]),
            positions,
            Encoding.UTF8.GetString(from[(23 + (positions.Length * sizeof(ulong)))..]));
    }
}
