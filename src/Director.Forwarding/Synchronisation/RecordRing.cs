using System.Runtime.InteropServices;

namespace Director.Forwarding.Synchronisation;

/// <summary>Who told a record.</summary>
internal enum RecordSource : byte
{
    /// <summary>A director, as it happened.</summary>
    Director,

    /// <summary>A director's snapshot.</summary>
    Snapshot,

    /// <summary>A kernel, or a director in its words.</summary>
    Kernel,
}

/// <summary>A record on its way to the worker that its connection's packets come to.</summary>
internal struct ReceivedRecord
{
    /// <summary>The record.</summary>
    public ConnectionRecord Record;

    /// <summary>Who told it. Of a snapshot, what was heard of the connection after <see cref="Heard"/> is newer.</summary>
    public RecordSource Source;

    /// <summary>A kernel's: it is inactive there, and so does not take the connection from another real server.</summary>
    public bool IsInactive;

    /// <summary>A kernel's: how many packets of its client it counts for.</summary>
    public uint Packets;

    /// <summary>When it came, or when the snapshot that it is of began, in hundredths of a second since the engine's start. The worker may take it much later.</summary>
    public uint Heard;
}

/// <summary>Records for one worker, in order: a ring in native memory. Writers take turns by a lock; the worker reads without one.</summary>
internal sealed unsafe class RecordRing : IDisposable
{
    private readonly Lock _lock = new();
    private readonly uint _mask;
    private readonly ReceivedRecord* _records;
    private Positions _positions;

    [StructLayout(LayoutKind.Explicit, Size = 192)]
    private struct Positions
    {
        [FieldOffset(64)] public uint Written;
        [FieldOffset(128)] public uint Read;
    }

    /// <param name="capacity">Records that wait at most, a power of two.</param>
    public RecordRing(int capacity = 8192)
    {
        _mask = (uint)capacity - 1;
        _records = (ReceivedRecord*)NativeMemory.Alloc((nuint)capacity, (nuint)sizeof(ReceivedRecord));
    }

    /// <summary>Whether nothing waits.</summary>
    public bool IsEmpty => Volatile.Read(ref _positions.Written) == Volatile.Read(ref _positions.Read);

    /// <summary>Adds a record. False when there is no room. Any thread may.</summary>
    public bool TryWrite(in ReceivedRecord record)
    {
        lock (_lock)
        {
            var written = _positions.Written;
            if (written - Volatile.Read(ref _positions.Read) > _mask)
                return false;
            _records[written & _mask] = record;
            Volatile.Write(ref _positions.Written, written + 1);
            return true;
        }
    }

    /// <summary>Takes the oldest record. Only the worker may.</summary>
    public bool TryRead(out ReceivedRecord record)
    {
        var read = _positions.Read;
        if (Volatile.Read(ref _positions.Written) == read)
        {
            record = default;
            return false;
        }

        record = _records[read & _mask];
        Volatile.Write(ref _positions.Read, read + 1);
        return true;
    }

    /// <inheritdoc/>
    public void Dispose() => NativeMemory.Free(_records);
}
