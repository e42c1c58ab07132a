using System.Runtime.InteropServices;

namespace Director.Forwarding.Connections;

/// <summary>Large zeroed native memory, aligned to cache lines, that the system provides page by page as it is first touched.</summary>
internal static unsafe class ZeroedPages
{
    private const nuint Alignment = 64;

    /// <summary>Takes <paramref name="bytes"/> bytes.</summary>
    public static void* Allocate(nuint bytes)
    {
        // calloc leaves pages that it takes freshly from the system untouched, which AlignedAlloc and Clear would not.
        var start = (nuint)NativeMemory.AllocZeroed(bytes + Alignment + (nuint)sizeof(nuint));
        var aligned = (start + (nuint)sizeof(nuint) + Alignment - 1) & ~(Alignment - 1);
        ((nuint*)aligned)[-1] = start;
        return (void*)aligned;
    }

    /// <summary>Gives back what <see cref="Allocate"/> returned.</summary>
    public static void Free(void* memory) => NativeMemory.Free((void*)((nuint*)memory)[-1]);
}
