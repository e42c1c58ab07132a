using System.Numerics;
using System.Runtime.InteropServices;

namespace Director.Forwarding.Synchronisation;

/// <summary>
/// The last datagrams of a stream, for peers that missed some: a ring of bytes in native memory, the oldest overwritten. The stream's worker writes; others read without stopping it and find out
/// afterwards whether what they read was overwritten meanwhile.
/// </summary>
internal sealed unsafe class SentHistory : IDisposable
{
    private const int BytesPerEntry = 256;

    private readonly byte* _bytes;
    private readonly Entry* _entries;
    private readonly long _capacity;
    private readonly uint _mask;

    // Where the next datagram goes, counted up for ever; moved on before the bytes there change.
    private long _end;

    private struct Entry
    {
        public ulong Sequence;
        public long Start;
        public int Length;
    }

    /// <param name="bytes">Memory to use, at least 64 KiB.</param>
    public SentHistory(int bytes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bytes, 64 << 10);
        var entries = BitOperations.RoundUpToPowerOf2((uint)(bytes / BytesPerEntry) + 1) / 2;
        _mask = entries - 1;
        _capacity = bytes - (entries * sizeof(Entry));
        _entries = (Entry*)NativeMemory.AllocZeroed(entries, (nuint)sizeof(Entry));
        _bytes = (byte*)NativeMemory.Alloc((nuint)_capacity);
    }

    /// <summary>Keeps a datagram. Only the stream's worker may.</summary>
    public void Add(ulong sequence, ReadOnlySpan<byte> datagram)
    {
        var start = _end;
        var rest = _capacity - (start % _capacity);
        if (rest < datagram.Length)
            start += rest;
        Volatile.Write(ref _end, start + datagram.Length);
        Thread.MemoryBarrier();
        ref var entry = ref _entries[(uint)sequence & _mask];
        Volatile.Write(ref entry.Sequence, 0);
        datagram.CopyTo(new Span<byte>(_bytes + (start % _capacity), datagram.Length));
        entry.Start = start;
        entry.Length = datagram.Length;
        Volatile.Write(ref entry.Sequence, sequence);
    }

    /// <summary>Copies a datagram out. Any thread may.</summary>
    /// <param name="sequence">Its number.</param>
    /// <param name="to">At least <see cref="Datagram.MaximumLength"/> bytes.</param>
    /// <returns>Its length; 0 when it is no longer kept.</returns>
    public int Read(ulong sequence, Span<byte> to)
    {
        ref var entry = ref _entries[(uint)sequence & _mask];
        if (sequence == 0 || Volatile.Read(ref entry.Sequence) != sequence)
            return 0;
        var start = entry.Start;
        var length = entry.Length;
        if (length is <= 0 or > Datagram.MaximumLength || (start % _capacity) + length > _capacity)
            return 0;
        new ReadOnlySpan<byte>(_bytes + (start % _capacity), length).CopyTo(to);
        Thread.MemoryBarrier();
        return Volatile.Read(ref entry.Sequence) == sequence && Volatile.Read(ref _end) - start <= _capacity ? length : 0;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        NativeMemory.Free(_entries);
        NativeMemory.Free(_bytes);
    }
}
