using System.Runtime.InteropServices;
using Director.Forwarding.Links;

namespace Director.Forwarding.Tests.Hostile;

/// <summary>
/// Room for frames between pages that may not be touched: a frame ends right before one, or begins, headroom included, right after one, so that whoever reads or writes outside it
/// dies by SIGSEGV. What of a slot is not the frame's holds a pattern, which tells of writes that stay within the slot.
/// </summary>
internal sealed unsafe partial class GuardedMemory : IDisposable
{
    private const int PageSize = 4096;
    private const int SlotBytes = ((Frame.Headroom + Frame.MaximumLength + PageSize - 1) / PageSize) * PageSize;
    private const int Stride = SlotBytes + PageSize;
    private const int Watched = 64;
    private const byte Pattern = 0xA5;
    private const int ReadWrite = 3, PrivateAnonymous = 0x22;

    private readonly byte* _start;
    private readonly nuint _length;

    /// <param name="slots">Frames that it holds at once.</param>
    public GuardedMemory(int slots)
    {
        _length = (nuint)((slots * Stride) + PageSize);
        _start = (byte*)mmap(0, _length, 0, PrivateAnonymous, -1, 0);
        if ((nint)_start == -1)
            throw new InvalidOperationException("There is no memory for guarded frames.");
        for (var slot = 0; slot < slots; slot++)
        {
            if (mprotect(SlotOf(slot), SlotBytes, ReadWrite) != 0)
                throw new InvalidOperationException("Guarded memory cannot be opened.");
        }
    }

    /// <summary>A copy of a frame's bytes in a slot.</summary>
    /// <param name="slot">Which.</param>
    /// <param name="bytes">The frame.</param>
    /// <param name="atStart">Right behind the page before the slot, rather than right before the one after it.</param>
    public byte* Put(int slot, ReadOnlySpan<byte> bytes, bool atStart)
    {
        var data = DataOf(slot, bytes.Length, atStart);
        bytes.CopyTo(new Span<byte>(data, bytes.Length));
        var beside = BesideOf(slot, bytes.Length, atStart);
        beside.Fill(Pattern);
        return data;
    }

    /// <summary>Whether nobody wrote beside the frame that was put there.</summary>
    public bool IsIntact(int slot, int length, bool atStart) => BesideOf(slot, length, atStart).IndexOfAnyExcept(Pattern) < 0;

    private byte* SlotOf(int slot) => _start + PageSize + (slot * Stride);

    private byte* DataOf(int slot, int length, bool atStart) => atStart ? SlotOf(slot) + Frame.Headroom : SlotOf(slot) + SlotBytes - length;

    private Span<byte> BesideOf(int slot, int length, bool atStart)
    {
        var data = DataOf(slot, length, atStart);
        if (atStart)
            return new Span<byte>(data + length, (int)Math.Min(Watched, SlotOf(slot) + SlotBytes - (data + length)));
        var headroom = data - Frame.Headroom;
        var bytes = (int)Math.Min(Watched, headroom - SlotOf(slot));
        return new Span<byte>(headroom - bytes, bytes);
    }

    /// <inheritdoc/>
    public void Dispose() => _ = munmap(_start, _length);

    [LibraryImport("libc")]
    private static partial nint mmap(nint address, nuint length, int protection, int flags, int descriptor, long offset);

    [LibraryImport("libc")]
    private static partial int mprotect(byte* address, nuint length, int protection);

    [LibraryImport("libc")]
    private static partial int munmap(byte* address, nuint length);
}
