using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Director.Forwarding.Connections;

/// <summary>
/// Finds the connections of a table whose time has come. Slots are 0.16 s apart and reach 22 minutes ahead; what lies further ahead waits in the last slot and is put off again.
/// A packet only moves a connection's <see cref="Connection.Deadline"/>; the wheel notices when the slot comes round.
/// </summary>
internal sealed unsafe class TimingWheel : IDisposable
{
    private const int SlotShift = 4;
    private const uint SlotCount = 8192;
    private const uint SlotMask = SlotCount - 1;

    private readonly ConnectionTable _table;
    private readonly uint* _heads = (uint*)NativeMemory.AllocZeroed(SlotCount, sizeof(uint));

    // The slot that is being emptied, as an absolute number of slots since time 0.
    private uint _current;

    /// <param name="table">The table whose entries are timed; it holds the lists' links.</param>
    /// <param name="now">The time at the start, in hundredths of a second.</param>
    public TimingWheel(ConnectionTable table, uint now)
    {
        _table = table;
        _current = now >> SlotShift;
    }

    /// <summary>Starts to time a connection by its <see cref="Connection.Deadline"/>.</summary>
    public void Add(uint number)
    {
        var connection = _table[number];
        var slot = SlotFor(connection->Deadline);
        connection->WheelSlot = (ushort)slot;
        connection->Previous = 0;
        connection->Next = _heads[slot];
        if (connection->Next != 0)
            _table[connection->Next]->Previous = number;
        _heads[slot] = number;
    }

    /// <summary>Stops timing a connection.</summary>
    public void Remove(uint number)
    {
        var connection = _table[number];
        if (connection->Previous != 0)
            _table[connection->Previous]->Next = connection->Next;
        else
            _heads[connection->WheelSlot] = connection->Next;
        if (connection->Next != 0)
            _table[connection->Next]->Previous = connection->Previous;
    }

    /// <summary>Moves a connection's deadline. Only one that comes earlier than the wheel would look costs more than the store.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void SetDeadline(uint number, Connection* connection, uint deadline)
    {
        var isEarlier = (int)(deadline - connection->Deadline) < 0;
        connection->Deadline = deadline;
        if (isEarlier)
            MoveUp(number, connection);
    }

    private void MoveUp(uint number, Connection* connection)
    {
        if (((SlotFor(connection->Deadline) - _current) & SlotMask) < ((connection->WheelSlot - _current) & SlotMask))
        {
            Remove(number);
            Add(number);
        }
    }

    /// <summary>Takes connections whose deadline has passed out of the wheel.</summary>
    /// <param name="now">The time, in hundredths of a second.</param>
    /// <param name="due">Receives their numbers; when it is full the rest comes with the next call.</param>
    /// <returns>How many there are in <paramref name="due"/>.</returns>
    public int Advance(uint now, Span<uint> due)
    {
        var count = 0;
        var target = now >> SlotShift;
        while (Ahead(target) > 0)
        {
            ref var head = ref _heads[_current & SlotMask];
            while (head != 0)
            {
                if (count == due.Length)
                    return count;
                var number = head;
                var connection = _table[number];
                Remove(number);
                if ((int)(now - connection->Deadline) >= 0)
                    due[count++] = number;
                else
                    Add(number);
            }

            _current++;
        }

        return count;
    }

    private uint SlotFor(uint deadline)
    {
        // The slot after the deadline, so that it has passed when the slot is emptied; never the current one, whose list is being walked.
        return (_current + (uint)Math.Clamp(Ahead((deadline >> SlotShift) + 1), 1, (int)SlotCount - 1)) & SlotMask;
    }

    /// <summary>Slots from the current one to another; negative when it is over. Times wrap, so slots have <see cref="SlotShift"/> bits less and wrap too.</summary>
    private int Ahead(uint slot) => (int)((slot - _current) << SlotShift) >> SlotShift;

    /// <inheritdoc/>
    public void Dispose() => NativeMemory.Free(_heads);
}
