using Director.Forwarding.Packets;

namespace Director.Forwarding.Scheduling;

/// <summary>rr: each real server in turn, whatever its weight (<c>ip_vs_rr.c</c>).</summary>
internal sealed class RoundRobin : Scheduler
{
    /// <summary>Position of the last choice; -1 is before the head of the list.</summary>
    private int _last = -1;

    /// <inheritdoc/>
    public override Destination? Schedule(in Flow flow, long nowMilliseconds)
    {
        var destinations = Destinations;
        for (int step = 1; step <= destinations.Length; step++)
        {
            int position = (_last + step) % destinations.Length;
            if (destinations[position].CanTakeMore)
            {
                _last = position;
                return destinations[position];
            }
        }

        return null;
    }

    /// <inheritdoc/>
    protected override void Added()
    {
        if (_last >= 0)
        {
            _last++;
        }
    }

    /// <inheritdoc/>
    protected override void Removed(Destination destination, int position)
    {
        if (position <= _last)
        {
            _last--;
        }
    }
}
