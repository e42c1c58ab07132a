using System.Numerics;

namespace Director.Lab.Load;

/// <summary>Counts durations in buckets whose width grows with them: 16 to each doubling, so that a percentile is at most 1/16 too high.</summary>
internal sealed class LatencyHistogram
{
    private const int Steps = 16;
    private readonly long[] _buckets = new long[64 * Steps];
    private long _count;

    internal void Add(TimeSpan duration)
    {
        _buckets[Bucket((ulong)Math.Max(0, duration.Ticks))]++;
        _count++;
    }

    /// <summary>The duration in milliseconds below which <paramref name="part"/> (0 to 1) of all lie; 0 when there are none.</summary>
    internal double Percentile(double part)
    {
        long wanted = (long)Math.Ceiling(part * _count);
        long seen = 0;
        for (int bucket = 0; bucket < _buckets.Length && wanted > 0; bucket++)
        {
            seen += _buckets[bucket];
            if (seen >= wanted)
            {
                return UpperEnd(bucket) / (double)TimeSpan.TicksPerMillisecond;
            }
        }

        return 0;
    }

    private static int Bucket(ulong ticks)
    {
        if (ticks < Steps)
        {
            return (int)ticks;
        }

        int shift = BitOperations.Log2(ticks) - BitOperations.Log2(Steps);
        return ((shift + 1) * Steps) + (int)((ticks >> shift) - Steps);
    }

    private static ulong UpperEnd(int bucket)
    {
        int shift = Math.Max(0, (bucket / Steps) - 1);
        ulong low = bucket < Steps ? (ulong)bucket : (ulong)(Steps + (bucket % Steps)) << shift;
        return low + (1UL << shift) - 1;
    }
}
