using Director.Forwarding.Packets;

namespace Director.Forwarding.Scheduling;

/// <summary>lc: the real server with the least connections; the weight only says whether it takes any (<c>ip_vs_lc.c</c>).</summary>
internal sealed class LeastConnection : Scheduler
{
    /// <inheritdoc/>
    public override Destination? Schedule(in Flow flow, long nowMilliseconds)
    {
        Destination? least = null;
        long leastOverhead = 0;
        foreach (var destination in Destinations)
        {
            long overhead = Load.Overhead(destination);
            if (destination.CanTakeMore && (least is null || overhead < leastOverhead))
            {
                least = destination;
                leastOverhead = overhead;
            }
        }

        return least;
    }
}
