using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace Director.Forwarding.Engine;

/// <summary>One worker's counters, in native memory of its own. It writes, others read.</summary>
internal sealed unsafe class PacketCounters : IDisposable
{
    private static readonly PacketCounter[] All = Enum.GetValues<PacketCounter>();
    private readonly ulong* _values = (ulong*)NativeMemory.AlignedAlloc((nuint)((All.Length * sizeof(ulong)) + 128), 128);

    /// <summary>All at zero.</summary>
    public PacketCounters() => NativeMemory.Clear(_values, (nuint)(All.Length * sizeof(ulong)));

    /// <summary>Where a counter stands.</summary>
    public ulong this[PacketCounter counter] => Volatile.Read(ref _values[(int)counter]);

    /// <summary>Counts one more. Only the worker may.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Increment(PacketCounter counter) => _values[(int)counter]++;

    /// <summary>Counts <paramref name="count"/> more. Only the worker may.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(PacketCounter counter, int count) => _values[(int)counter] += (ulong)count;

    /// <summary>The sums over workers, by name.</summary>
    public static ImmutableSortedDictionary<string, ulong> Sum(IReadOnlyCollection<PacketCounters> workers) =>
        All.ToImmutableSortedDictionary(NameOf, counter => workers.Aggregate(0UL, (sum, worker) => sum + worker[counter]));

    /// <summary>A counter's name in reports.</summary>
    public static string NameOf(PacketCounter counter)
    {
        var name = new StringBuilder();
        foreach (var letter in counter.ToString())
        {
            if (char.IsUpper(letter) && name.Length > 0)
                name.Append('-');
            name.Append(char.ToLowerInvariant(letter));
        }

        return name.ToString();
    }

    /// <inheritdoc/>
    public void Dispose() => NativeMemory.AlignedFree(_values);
}
