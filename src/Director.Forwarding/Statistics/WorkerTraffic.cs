using System.Runtime.CompilerServices;

namespace Director.Forwarding.Statistics;

/// <summary>One worker's counters, by the real server's number. A reference stays valid until <see cref="Traffic"/> is disposed.</summary>
internal sealed unsafe class WorkerTraffic
{
    private readonly TrafficCounters** _chunks;

    internal WorkerTraffic(TrafficCounters** chunks) => _chunks = chunks;

    /// <summary>Counters of the real server of this number, which <see cref="Traffic.Reserve"/> was called for.</summary>
    public ref TrafficCounters this[int destination]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => ref _chunks[destination >> Traffic.ChunkShift][destination & (Traffic.ChunkLength - 1)];
    }
}
