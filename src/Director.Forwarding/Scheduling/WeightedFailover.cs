using Director.Forwarding.Packets;

namespace Director.Forwarding.Scheduling;

/// <summary>fo: the real server of the greatest weight that is not overloaded; the others wait for it to fail (<c>ip_vs_fo.c</c>).</summary>
internal sealed class WeightedFailover : Scheduler
{
    /// <inheritdoc/>
    public override Destination? Schedule(in Flow flow, long nowMilliseconds)
    {
        Destination? greatest = null;
        foreach (var destination in Destinations)
        {
            if (destination.CanTakeMore && destination.Weight > (greatest?.Weight ?? 0))
            {
                greatest = destination;
            }
        }

        return greatest;
    }
}
