using Director.Forwarding.Packets;

namespace Director.Forwarding.Scheduling;

/// <summary>wlc, the default: the real server with the least connections for its weight (<c>ip_vs_wlc.c</c>).</summary>
internal sealed class WeightedLeastConnection : Scheduler
{
    /// <inheritdoc/>
    public override Destination? Schedule(in Flow flow, long nowMilliseconds) => Load.Least(Destinations);
}
