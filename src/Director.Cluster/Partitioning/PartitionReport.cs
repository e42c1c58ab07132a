using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using Director.Forwarding;

namespace Director.Cluster.Partitioning;

/// <summary>What a director tells the others of its part in a group, with its heartbeats.</summary>
/// <param name="Group">The group.</param>
/// <param name="Weight">Its share beside the others, 0 to 1,000.</param>
/// <param name="IsReady">Whether it may be given blocks: it has the connections of the others, or has waited for them for long enough.</param>
/// <param name="Map">The map that it obeys.</param>
/// <param name="Settled">The last epoch whose blocks it has all begun to serve.</param>
public sealed record PartitionReport(string Group, int Weight, bool IsReady, PartitionMap Map, long Settled)
{
    /// <summary>Bytes of the longest report, as <see cref="Availability.IHeardDirectors.MaxPayloadBytes"/>.</summary>
    public const int MaxBytes = 1100;

    /// <summary>Directors that a map can name.</summary>
    public const int MaxDirectors = 15;

    private const int Nobody = 15;
    private const int HeaderBytes = 25;
    private const int FixedBytes = HeaderBytes + (PartitionShare.BlockCount / 2);

    // The format's name and version; another version is no report to this one.
    private static ReadOnlySpan<byte> Format => "DP1"u8;

    /// <summary>The report as heartbeats carry it: <c>DP1</c>, weight, readiness, epochs, names of the group and of the directors, which of them are lost, and four bits a block.</summary>
    /// <exception cref="InvalidOperationException">More than <see cref="MaxDirectors"/> directors, or names that are too long together.</exception>
    public byte[] Encode()
    {
        var names = Map.Directors.Union(Map.Lost);
        var texts = names.Prepend(Group).Select(Encoding.UTF8.GetBytes).ToArray();
        var length = FixedBytes + texts.Sum(text => 1 + text.Length);
        if (names.Count > MaxDirectors || length > MaxBytes || texts.Any(text => text.Length > byte.MaxValue))
            throw new InvalidOperationException($"the partition of group '{Group}' has {names.Count} directors with names of {length - FixedBytes} bytes; at most {MaxDirectors} and {MaxBytes - FixedBytes} bytes fit in a heartbeat");
        var bytes = new byte[length];
        var rest = bytes.AsSpan();
        Format.CopyTo(rest);
        BinaryPrimitives.WriteUInt16BigEndian(rest[3..], (ushort)Weight);
        rest[5] = IsReady ? (byte)1 : (byte)0;
        BinaryPrimitives.WriteInt64BigEndian(rest[6..], Map.Epoch);
        BinaryPrimitives.WriteInt64BigEndian(rest[14..], Settled);
        rest[22] = (byte)names.Count;
        var lost = 0;
        for (var i = 0; i < names.Count; i++)
            lost |= Map.Lost.Contains(names[i]) ? 1 << i : 0;
        BinaryPrimitives.WriteUInt16BigEndian(rest[23..], (ushort)lost);
        rest = rest[HeaderBytes..];
        foreach (var text in texts)
        {
            rest[0] = (byte)text.Length;
            text.CopyTo(rest[1..]);
            rest = rest[(1 + text.Length)..];
        }

        for (var block = 0; block < PartitionShare.BlockCount; block++)
        {
            var owner = Map.Owners[block] is { } name ? names.IndexOf(name) : Nobody;
            rest[block / 2] |= (byte)(block % 2 == 0 ? owner << 4 : owner);
        }

        return bytes;
    }

    /// <summary>Reads a report. False when it is none that this version writes.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out PartitionReport? report)
    {
        report = null;
        if (bytes.Length < FixedBytes || !bytes.StartsWith(Format) || bytes[22] > MaxDirectors)
            return false;
        var weight = BinaryPrimitives.ReadUInt16BigEndian(bytes[3..]);
        var isReady = bytes[5] == 1;
        var epoch = BinaryPrimitives.ReadInt64BigEndian(bytes[6..]);
        var settled = BinaryPrimitives.ReadInt64BigEndian(bytes[14..]);
        var names = new string[bytes[22] + 1];
        var lost = BinaryPrimitives.ReadUInt16BigEndian(bytes[23..]);
        var rest = bytes[HeaderBytes..];
        for (var i = 0; i < names.Length; i++)
        {
            if (rest.IsEmpty || rest.Length < 1 + rest[0])
                return false;
            names[i] = Encoding.UTF8.GetString(rest.Slice(1, rest[0]));
            rest = rest[(1 + rest[0])..];
        }

        if (rest.Length != PartitionShare.BlockCount / 2 || epoch < 0)
            return false;
        var owners = new string?[PartitionShare.BlockCount];
        for (var block = 0; block < owners.Length; block++)
        {
            var owner = block % 2 == 0 ? rest[block / 2] >> 4 : rest[block / 2] & 0x0F;
            if (owner != Nobody && owner >= names.Length - 1)
                return false;
            owners[block] = owner == Nobody ? null : names[owner + 1];
        }

        var map = new PartitionMap(epoch, [.. owners])
        {
            Lost = Enumerable.Range(1, names.Length - 1).Where(i => (lost & (1 << (i - 1))) != 0).Select(i => names[i]).ToImmutableSortedSet(StringComparer.Ordinal),
        };
        report = new PartitionReport(names[0], weight, isReady, map, settled);
        return true;
    }
}
