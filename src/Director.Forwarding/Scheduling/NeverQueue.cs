using Director.Forwarding.Packets;

namespace Director.Forwarding.Scheduling;

/// <summary>nq: the first real server that has no active connection, whatever its weight; when all are busy, as sed (<c>ip_vs_nq.c</c>).</summary>
internal sealed class NeverQueue : Scheduler
{
    /// <inheritdoc/>
    public override Destination? Schedule(in Flow flow, long nowMilliseconds)
    {
        foreach (var destination in Destinations)
        {
            if (destination.ActiveConnections == 0 && destination.CanTakeMore)
            {
                return destination;
            }
        }

        return ShortestExpectedDelay.Least(Destinations);
    }
}
