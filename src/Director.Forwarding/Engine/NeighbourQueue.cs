using System.Runtime.InteropServices;
using Director.Forwarding.Links;
using Director.Forwarding.Packets;
using Director.Forwarding.Routing;

namespace Director.Forwarding.Engine;

/// <summary>A few frames that wait until the kernel has found their next hop's MAC address.</summary>
internal sealed unsafe class NeighbourQueue : IDisposable
{
    private const int Slots = 64;
    private const int SlotsPerNeighbour = 16;
    private const int SlotBytes = 16 * 1024;
    private const long PatienceMilliseconds = 3000;
    private const long AskAgainMilliseconds = 500;

    private readonly IRoutes _routes;
    private readonly Outbox _outbox;
    private readonly PacketCounters _counters;
    private readonly byte* _buffers = (byte*)NativeMemory.AlignedAlloc(Slots * SlotBytes, 64);
    private readonly Waiting[] _waiting = new Waiting[Slots];
    private readonly Stack<int> _free = new(Enumerable.Range(0, Slots));
    private int _count;

    /// <summary>An empty queue.</summary>
    public NeighbourQueue(IRoutes routes, Outbox outbox, PacketCounters counters)
    {
        _routes = routes;
        _outbox = outbox;
        _counters = counters;
    }

    private struct Waiting
    {
        public Frame Frame;
        public Neighbour Neighbour;
        public int Slot;
        public long Since;
        public long Asked;
    }

    /// <summary>Whether no frame waits.</summary>
    public bool IsEmpty => _count == 0;

    /// <summary>Keeps a copy of an Ethernet frame, complete but for the destination MAC, until the MAC is known.</summary>
    public void Hold(in Frame frame, Neighbour neighbour, long nowMilliseconds)
    {
        var same = 0;
        for (var i = 0; i < _count; i++)
            same += ReferenceEquals(_waiting[i].Neighbour, neighbour) ? 1 : 0;
        if (same == 0)
            _routes.Resolve(neighbour);
        if (same == SlotsPerNeighbour || frame.Length > SlotBytes - Frame.Headroom || !_free.TryPop(out var slot))
        {
            _counters.Increment(PacketCounter.DropNeighbourUnresolved);
            return;
        }

        var copy = frame;
        copy.Data = _buffers + (slot * SlotBytes) + Frame.Headroom;
        Buffer.MemoryCopy(frame.Data, copy.Data, SlotBytes - Frame.Headroom, frame.Length);
        _waiting[_count++] = new Waiting { Frame = copy, Neighbour = neighbour, Slot = slot, Since = nowMilliseconds, Asked = nowMilliseconds };
    }

    /// <summary>Sends what can go now, gives up what waited for three seconds. The caller flushes the outbox before it calls again.</summary>
    public void Step(long nowMilliseconds)
    {
        var kept = 0;
        for (var i = 0; i < _count; i++)
        {
            ref var waiting = ref _waiting[i];
            var mac = waiting.Neighbour.Mac;
            if (mac == 0 && nowMilliseconds - waiting.Since < PatienceMilliseconds)
            {
                if (nowMilliseconds - waiting.Asked >= AskAgainMilliseconds)
                {
                    waiting.Asked = nowMilliseconds;
                    _routes.Resolve(waiting.Neighbour);
                }

                _waiting[kept++] = waiting;
                continue;
            }

            if (mac == 0)
            {
                _counters.Increment(PacketCounter.DropNeighbourUnresolved);
            }
            else
            {
                Wire.WriteMac(waiting.Frame.Data, mac);
                _outbox.Add(waiting.Frame);
            }

            _free.Push(waiting.Slot);
        }

        _count = kept;
        _outbox.Flush();
    }

    /// <inheritdoc/>
    public void Dispose() => NativeMemory.AlignedFree(_buffers);
}
