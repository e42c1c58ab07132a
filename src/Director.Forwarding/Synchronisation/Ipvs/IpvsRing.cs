using System.Runtime.InteropServices;

namespace Director.Forwarding.Synchronisation.Ipvs;

/// <summary>What a worker has to tell a kernel, on its way to the thread that sends it: a ring in native memory. One writes and one reads, neither waits.</summary>
internal sealed unsafe class IpvsRing : IDisposable
{
    private readonly uint _mask;
    private readonly IpvsEntry* _entries;
    private Positions _positions;

    [StructLayout(LayoutKind.Explicit, Size = 192)]
    private struct Positions
    {
        [FieldOffset(64)] public uint Written;
        [FieldOffset(128)] public uint Read;
    }

    /// <param name="capacity">Entries that wait at most, a power of two.</param>
    public IpvsRing(int capacity = 8192)
    {
        _mask = (uint)capacity - 1;
        _entries = (IpvsEntry*)NativeMemory.Alloc((nuint)capacity, (nuint)sizeof(IpvsEntry));
    }

    /// <summary>Adds an entry. False when there is no room. Only the worker may.</summary>
    public bool TryWrite(in IpvsEntry entry)
    {
        var written = _positions.Written;
        if (written - Volatile.Read(ref _positions.Read) > _mask)
            return false;
        _entries[written & _mask] = entry;
        Volatile.Write(ref _positions.Written, written + 1);
        return true;
    }

    /// <summary>Takes the oldest entry. Only the sending thread may.</summary>
    public bool TryRead(out IpvsEntry entry)
    {
        var read = _positions.Read;
        if (Volatile.Read(ref _positions.Written) == read)
        {
            entry = default;
            return false;
        }

        entry = _entries[read & _mask];
        Volatile.Write(ref _positions.Read, read + 1);
        return true;
    }

    /// <inheritdoc/>
    public void Dispose() => NativeMemory.Free(_entries);
}
