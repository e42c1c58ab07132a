using System.Runtime.InteropServices;
using Director.Forwarding.Scheduling;

namespace Director.Forwarding.Statistics;

/// <summary>
/// Counters for each worker and real server, in native memory. A worker writes only its own; readers add them up. Memory is never moved, so that workers need
/// no lock when real servers are added.
/// </summary>
internal sealed unsafe class Traffic : IDisposable
{
    internal const int ChunkShift = 6;
    internal const int ChunkLength = 1 << ChunkShift;
    private const int Chunks = DestinationRegistry.Capacity >> ChunkShift;

    private readonly TrafficCounters**[] _workers;
    private readonly WorkerTraffic[] _views;
    private int _reserved;

    /// <summary>Counters for this many workers, from 1, and no real server yet.</summary>
    public Traffic(int workers)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(workers, 1);
        _workers = new TrafficCounters**[workers];
        _views = new WorkerTraffic[workers];
        for (int worker = 0; worker < workers; worker++)
        {
            _workers[worker] = (TrafficCounters**)NativeMemory.AllocZeroed(Chunks, (nuint)sizeof(TrafficCounters*));
            _views[worker] = new WorkerTraffic(_workers[worker]);
        }
    }

    /// <summary>What one worker writes to.</summary>
    public WorkerTraffic Worker(int worker) => _views[worker];

    /// <summary>Makes room for the real servers numbered below <paramref name="count"/>. Called by one thread at a time, before workers hear of them.</summary>
    public void Reserve(int count)
    {
        for (; _reserved << ChunkShift < count; _reserved++)
        {
            foreach (var chunks in _workers)
            {
                nuint bytes = ChunkLength * (nuint)sizeof(TrafficCounters);
                var chunk = (TrafficCounters*)NativeMemory.AlignedAlloc(bytes, 64);
                NativeMemory.Clear(chunk, bytes);
                chunks[_reserved] = chunk;
            }
        }
    }

    /// <summary>What all workers have counted for a real server's number since the engine started.</summary>
    public TrafficTotals Sum(int destination)
    {
        var sum = default(TrafficTotals);
        foreach (var worker in _views)
        {
            ref var counters = ref worker[destination];
            sum = sum.Plus(new(
                Volatile.Read(ref counters.Connections),
                Volatile.Read(ref counters.InPackets),
                Volatile.Read(ref counters.OutPackets),
                Volatile.Read(ref counters.InBytes),
                Volatile.Read(ref counters.OutBytes)));
        }

        return sum;
    }

    /// <summary>Frees the memory; no worker may run any more.</summary>
    public void Dispose()
    {
        for (int worker = 0; worker < _workers.Length; worker++)
        {
            var chunks = _workers[worker];
            _workers[worker] = null;
            for (int chunk = 0; chunks != null && chunk < _reserved; chunk++)
            {
                NativeMemory.AlignedFree(chunks[chunk]);
            }

            NativeMemory.Free(chunks);
        }
    }
}
