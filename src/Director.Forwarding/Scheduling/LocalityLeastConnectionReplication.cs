using Director.Forwarding.Packets;

namespace Director.Forwarding.Scheduling;

/// <summary>
/// lblcr: as lblc, but remembers a set of real servers for each address: one more, chosen by wlc from all, when the least loaded of the set is too busy; the
/// most loaded of a set leaves it when the set was not changed for a day (<c>ip_vs_lblcr.c</c>).
/// </summary>
internal sealed class LocalityLeastConnectionReplication : Scheduler
{
    private readonly AddressMemory<Replicas> _memory = new();
    private readonly ReplicaLists _lists = new();

    /// <inheritdoc/>
    public override Destination? Schedule(in Flow flow, long nowMilliseconds)
    {
        var replicas = _memory.Find(flow.Destination, nowMilliseconds);
        if (replicas is not null)
        {
            var remembered = Least(replicas);
            Shrink(replicas, nowMilliseconds);
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
                _lists.Clear(ref replicas.First);
            }

            Add(replicas, least, nowMilliseconds);
        }

        return least;
    }

    /// <inheritdoc/>
    protected override void Removed(Destination destination, int position) => _memory.ForEach(replicas => _lists.Remove(ref replicas.First, destination));

    private void Add(Replicas replicas, Destination destination, long nowMilliseconds)
    {
        if (!_lists.Contains(replicas.First, destination))
        {
            _lists.Push(ref replicas.First, destination);
            replicas.Modified = nowMilliseconds;
        }
    }

    private void Shrink(Replicas replicas, long nowMilliseconds)
    {
        if (_lists.HasSeveral(replicas.First) && nowMilliseconds - replicas.Modified > AddressMemory<Replicas>.IdleMilliseconds && Most(replicas) is { } most)
        {
            _lists.Remove(ref replicas.First, most);
            replicas.Modified = nowMilliseconds;
        }
    }

    private Destination? Least(Replicas replicas)
    {
        Destination? least = null;
        for (int entry = replicas.First; entry != ReplicaLists.None; entry = _lists.Next(entry))
        {
            var destination = _lists.At(entry);
            if (destination.CanTakeMore
                && (least is null || Load.IsLighter(Load.Overhead(destination), destination.Weight, Load.Overhead(least), least.Weight)))
            {
                least = destination;
            }
        }

        return least;
    }

    private Destination? Most(Replicas replicas)
    {
        Destination? most = null;
        for (int entry = replicas.First; entry != ReplicaLists.None; entry = _lists.Next(entry))
        {
            var destination = _lists.At(entry);
            if (destination.Weight > 0
                && (most is null || Load.IsLighter(Load.Overhead(most), most.Weight, Load.Overhead(destination), destination.Weight)))
            {
                most = destination;
            }
        }

        return most;
    }

    private sealed class Replicas
    {
        /// <summary>The real server added last, in the lists; the older ones follow it.</summary>
        public int First = ReplicaLists.None;

        public long Modified;
    }
}
