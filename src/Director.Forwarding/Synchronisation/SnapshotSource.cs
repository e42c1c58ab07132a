using Director.Forwarding.Connections;
using Director.Forwarding.Scheduling;

namespace Director.Forwarding.Synchronisation;

/// <summary>What a snapshot is made of: the tables of templates, then those of workers, read entry by entry while their owners go on.</summary>
internal sealed unsafe class SnapshotSource(IReadOnlyList<ConnectionTable> tables, DestinationRegistry destinations, Func<uint> now)
{
    /// <summary>About how many entries there are.</summary>
    public uint Size => (uint)tables.Sum(table => table.Count);

    /// <summary>A place in the tables, at their start.</summary>
    public struct Cursor
    {
        internal int Table;
        internal uint Number;
    }

    /// <summary>Writes the records that come next.</summary>
    /// <param name="cursor">Where it goes on; moved.</param>
    /// <param name="ownOnly">Leaves out what another director was the last to tell of.</param>
    /// <param name="to">Room for them.</param>
    /// <param name="count">How many records were written.</param>
    /// <returns>The bytes written; 0 when there is nothing more.</returns>
    public int Write(ref Cursor cursor, bool ownOnly, Span<byte> to, out int count)
    {
        count = 0;
        var length = 0;
        var copy = stackalloc byte[Connection.IPv6Size];
        var connection = (Connection*)copy;
        var time = now();
        for (; cursor.Table < tables.Count; cursor.Table++, cursor.Number = 0)
        {
            var table = tables[cursor.Table];
            while (cursor.Number + 1 < table.NumberLimit)
            {
                if (length + RecordCodec.MaximumLength > to.Length)
                    return length;
                if (!table.TryCopy(++cursor.Number, copy) || (ownOnly && (connection->Flags & ConnectionFlags.Received) != 0)
                    || !ConnectionSender.TryDescribe(connection, table.IsIPv6, time, destinations, out var record))
                {
                    continue;
                }

                length += RecordCodec.Write(record, to[length..]);
                count++;
            }
        }

        return length;
    }
}
