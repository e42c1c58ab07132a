using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Director.Forwarding.Links;

namespace Director.Forwarding.Engine;

/// <summary>Gives a frame to the worker that has its connection.</summary>
internal interface IHandOver
{
    /// <summary>Number of workers.</summary>
    int Workers { get; }

    /// <summary>The worker that asks.</summary>
    int Self { get; }

    /// <summary>Copies a frame to another worker. False when its ring is full.</summary>
    bool TryGive(int worker, in Frame frame, ushort sourcePort, ushort destinationPort);
}

/// <summary>There is one worker.</summary>
internal sealed class NoHandOver : IHandOver
{
    /// <inheritdoc/>
    public int Workers => 1;

    /// <inheritdoc/>
    public int Self => 0;

    /// <inheritdoc/>
    public bool TryGive(int worker, in Frame frame, ushort sourcePort, ushort destinationPort) => false;
}

/// <summary>Frames from one worker to another: a ring of bytes with one writer and one reader and no lock. A frame that does not fit into the rest of the buffer begins anew at its start.</summary>
internal sealed unsafe class HandOverRing : IDisposable
{
    private const int Bytes = 1 << 20;

    private readonly byte* _buffer = (byte*)NativeMemory.AlignedAlloc(Bytes, 64);

    // Positions count up for ever; each is written by one side only and has a cache line to itself.
    private Positions _positions;

    [StructLayout(LayoutKind.Explicit, Size = 192)]
    private struct Positions
    {
        [FieldOffset(64)] public long Written;
        [FieldOffset(128)] public long Read;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Entry
    {
        /// <summary>Bytes to the next entry.</summary>
        public int Size;

        /// <summary>Whether it only fills the rest of the buffer.</summary>
        public bool IsFiller;
        public Frame Frame;
        public ushort SourcePort;
        public ushort DestinationPort;
    }

    /// <summary>Whether nothing waits.</summary>
    public bool IsEmpty => Volatile.Read(ref _positions.Written) == Volatile.Read(ref _positions.Read);

    /// <summary>Copies a frame in. False when there is no room. Only the writer may.</summary>
    public bool TryWrite(in Frame frame, ushort sourcePort, ushort destinationPort)
    {
        var size = (sizeof(Entry) + Frame.Headroom + frame.Length + 63) & ~63;
        var written = _positions.Written;
        var free = Bytes - (written - Volatile.Read(ref _positions.Read));
        var rest = Bytes - (int)(written & (Bytes - 1));
        if (free < size + (rest < size ? rest : 0))
            return false;
        if (rest < size)
        {
            var filler = (Entry*)(_buffer + (written & (Bytes - 1)));
            filler->Size = rest;
            filler->IsFiller = true;
            written += rest;
        }

        var entry = (Entry*)(_buffer + (written & (Bytes - 1)));
        entry->Size = size;
        entry->IsFiller = false;
        entry->Frame = frame;
        entry->Frame.Data = (byte*)(entry + 1) + Frame.Headroom;
        entry->SourcePort = sourcePort;
        entry->DestinationPort = destinationPort;
        Unsafe.CopyBlockUnaligned(entry->Frame.Data, frame.Data, (uint)frame.Length);
        Volatile.Write(ref _positions.Written, written + size);
        return true;
    }

    /// <summary>The next frame, in the ring's own memory, which is its reader's until <see cref="Release"/>. Only the reader may.</summary>
    public bool TryPeek(out Frame frame, out ushort sourcePort, out ushort destinationPort)
    {
        while (Volatile.Read(ref _positions.Written) != _positions.Read)
        {
            var entry = (Entry*)(_buffer + (_positions.Read & (Bytes - 1)));
            if (!entry->IsFiller)
            {
                frame = entry->Frame;
                sourcePort = entry->SourcePort;
                destinationPort = entry->DestinationPort;
                return true;
            }

            Volatile.Write(ref _positions.Read, _positions.Read + entry->Size);
        }

        (frame, sourcePort, destinationPort) = (default, 0, 0);
        return false;
    }

    /// <summary>Gives the memory of the peeked frame back to the writer.</summary>
    public void Release()
    {
        var entry = (Entry*)(_buffer + (_positions.Read & (Bytes - 1)));
        Volatile.Write(ref _positions.Read, _positions.Read + entry->Size);
    }

    /// <inheritdoc/>
    public void Dispose() => NativeMemory.AlignedFree(_buffer);
}
