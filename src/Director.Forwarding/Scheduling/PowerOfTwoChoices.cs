using Director.Forwarding.Packets;

namespace Director.Forwarding.Scheduling;

/// <summary>
/// twos: the less loaded for its weight of two real servers that are drawn by weight (<c>ip_vs_twos.c</c>; Mitzenmacher, The power of two choices).
/// </summary>
internal sealed class PowerOfTwoChoices(Random random) : Scheduler
{
    /// <inheritdoc/>
    public override Destination? Schedule(in Flow flow, long nowMilliseconds)
    {
        long total = 0;
        foreach (var destination in Destinations)
        {
            total += destination.CanTakeMore ? destination.Weight : 0;
        }

        if (total == 0)
        {
            return null;
        }

        var first = Draw(total);
        var second = Draw(total);
        bool isSecondLighter = first is not null && second is not null
            && Load.IsLighter(Load.Overhead(second), second.Weight, Load.Overhead(first), first.Weight);
        return isSecondLighter ? second : first;
    }

    /// <summary>The kernel draws from 0 to the total inclusive, which favours the head of the list by one part in the total.</summary>
    private Destination? Draw(long total)
    {
        long left = random.NextInt64(total + 1);
        Destination? drawn = null;
        foreach (var destination in Destinations)
        {
            if (!destination.CanTakeMore)
            {
                continue;
            }

            drawn = destination;
            left -= destination.Weight;
            if (left <= 0)
            {
                break;
            }
        }

        return drawn; // The last one, when others were filled since the total was taken.
    }
}
