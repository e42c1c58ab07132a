using System.Buffers.Binary;
using Director.Forwarding.Links;

namespace Director.Forwarding.Tests.Hostile;

/// <summary>What an attack consists of.</summary>
internal enum AttackKind : byte
{
    /// <summary>A frame comes in.</summary>
    Frame,

    /// <summary>Milliseconds pass: <see cref="AttackStep.Value"/>.</summary>
    Wait,

    /// <summary>The table of number <see cref="AttackStep.Value"/> is applied.</summary>
    Table,

    /// <summary>Neighbours that are hard to find are found (1), or lost (0).</summary>
    Neighbours,

    /// <summary>Workers stop to take what others hand over (1), or do so again (0).</summary>
    Stall,
}

/// <summary>One step of an attack, as it is written down and done again.</summary>
internal sealed record AttackStep(AttackKind Kind, int Value, byte[] Bytes)
{
    private const int HeaderLength = 16;

    public byte Worker { get; init; }

    public byte Link { get; init; }

    /// <summary>What the link says of the frame.</summary>
    public FrameFlags Flags { get; init; }

    public ushort SegmentSize { get; init; }

    /// <summary>Whether the next frame is in the same batch.</summary>
    public bool IsFollowed { get; init; }

    /// <summary>See <see cref="GuardedMemory.Put"/>.</summary>
    public bool IsAtStart { get; init; }

    public int StoredLength => HeaderLength + Bytes.Length;

    public void Store(Span<byte> to)
    {
        to[0] = (byte)Kind;
        to[1] = Worker;
        to[2] = Link;
        to[3] = (byte)Flags;
        BinaryPrimitives.WriteUInt16LittleEndian(to[4..], SegmentSize);
        to[6] = (byte)(IsFollowed ? 1 : 0);
        to[7] = (byte)(IsAtStart ? 1 : 0);
        BinaryPrimitives.WriteInt32LittleEndian(to[8..], Value);
        BinaryPrimitives.WriteInt32LittleEndian(to[12..], Bytes.Length);
        Bytes.CopyTo(to[HeaderLength..]);
    }

    public static AttackStep Read(ReadOnlySpan<byte> from) =>
        new((AttackKind)from[0], BinaryPrimitives.ReadInt32LittleEndian(from[8..]), from.Slice(HeaderLength, BinaryPrimitives.ReadInt32LittleEndian(from[12..])).ToArray())
        {
            Worker = from[1],
            Link = from[2],
            Flags = (FrameFlags)from[3],
            SegmentSize = BinaryPrimitives.ReadUInt16LittleEndian(from[4..]),
            IsFollowed = from[6] != 0,
            IsAtStart = from[7] != 0,
        };

    public override string ToString() => Kind == AttackKind.Frame
        ? $"worker {Worker} link {Link}{(Flags == 0 ? "" : $" {Flags} of {SegmentSize}")}{(IsFollowed ? " +" : "")} {Convert.ToHexString(Bytes.AsSpan(0, Math.Min(Bytes.Length, 400)))}{(Bytes.Length > 400 ? $".. ({Bytes.Length} bytes)" : "")}"
        : $"{Kind} {Value}";
}
