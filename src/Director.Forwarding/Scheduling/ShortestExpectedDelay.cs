using Director.Forwarding.Packets;

namespace Director.Forwarding.Scheduling;

/// <summary>sed: the real server where the new connection would be the least load: (active + 1) for its weight (<c>ip_vs_sed.c</c>).</summary>
internal sealed class ShortestExpectedDelay : Scheduler
{
    /// <inheritdoc/>
    public override Destination? Schedule(in Flow flow, long nowMilliseconds) => Least(Destinations);

    /// <summary>The real server with the shortest expected delay, the first of equals; null when none can take more.</summary>
    internal static Destination? Least(ReadOnlySpan<Destination> destinations)
    {
        Destination? least = null;
        long leastDelay = 0;
        foreach (var destination in destinations)
        {
            long delay = destination.ActiveConnections + 1L;
            if (destination.CanTakeMore && (least is null || Load.IsLighter(delay, destination.Weight, leastDelay, least.Weight)))
            {
                least = destination;
                leastDelay = delay;
            }
        }

        return least;
    }
}
