using Director.Forwarding.Packets;

namespace Director.Forwarding.Scheduling;

/// <summary>
/// ovf: the real server of the greatest weight until it has more active connections than its weight, then the next (<c>ip_vs_ovf.c</c>). One of weight n
/// therefore takes n + 1.
/// </summary>
internal sealed class WeightedOverflow : Scheduler
{
    /// <inheritdoc/>
    public override Destination? Schedule(in Flow flow, long nowMilliseconds)
    {
        Destination? greatest = null;
        foreach (var destination in Destinations)
        {
            if (destination.CanTakeMore && destination.ActiveConnections <= destination.Weight && destination.Weight > (greatest?.Weight ?? 0))
            {
                greatest = destination;
            }
        }

        return greatest;
    }
}
