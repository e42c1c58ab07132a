using System.Runtime.InteropServices;
using Director.Forwarding.Packets;

namespace Director.Forwarding.Scheduling;

/// <summary>
/// lblcr: as lblc, but remembers a set of real servers for each address: one more, chosen by wlc from all, when the least loaded of the set is too busy; the
/// most loaded of a set leaves it when the set was not changed for a day (<c>ip_vs_lblcr.c</c>).
/// </summary>
internal sealed class LocalityLeastConnectionReplication : Scheduler
{
    private readonly AddressMemory<Replicas> _memory = new();

    /// <inheritdoc/>
    public override Destination? Schedule(in Flow flow, long nowMilliseconds)
    {
        var replicas = _memory.Find(flow.Destination, nowMilliseconds);
        if (replicas is not null)
        {
            var remembered = Load.Least(replicas.Destinations);
            replicas.Shrink(nowMilliseconds);
            if (remembered is not null && !LocalityLeastConnection.IsTooBusy(remembered, Destinations))
            {
                return remembered;
            }
        }

        var least = Load.Least(Destinations);
        if (least is not null)
        {
            if (replicas is null)
            {
                replicas = _memory.Add(flow.Destination, nowMilliseconds);
                replicas.Clear();
            }

            replicas.Add(least, nowMilliseconds);
        }

        return least;
    }

    /// <inheritdoc/>
    protected override void Removed(Destination destination, int position) => _memory.ForEach(replicas => replicas.Remove(destination));

    private sealed class Replicas
    {
        private readonly List<Destination> _newestFirst = new(4);
        private long _modified;

        /// <summary>The last one added first.</summary>
        public ReadOnlySpan<Destination> Destinations => CollectionsMarshal.AsSpan(_newestFirst);

        public void Clear() => _newestFirst.Clear();

        public void Add(Destination destination, long nowMilliseconds)
        {
            if (!_newestFirst.Contains(destination))
            {
                _newestFirst.Insert(0, destination);
                _modified = nowMilliseconds;
            }
        }

        public void Remove(Destination destination) => _newestFirst.Remove(destination);

        public void Shrink(long nowMilliseconds)
        {
            if (_newestFirst.Count > 1 && nowMilliseconds - _modified > AddressMemory<Replicas>.IdleMilliseconds && Most() is { } most)
            {
                _newestFirst.Remove(most);
                _modified = nowMilliseconds;
            }
        }

        private Destination? Most()
        {
            Destination? most = null;
            foreach (var destination in Destinations)
            {
                if (destination.Weight > 0
                    && (most is null || Load.IsLighter(Load.Overhead(most), most.Weight, Load.Overhead(destination), destination.Weight)))
                {
                    most = destination;
                }
            }

            return most;
        }
    }
}
