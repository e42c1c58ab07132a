using Director.Forwarding.Packets;

namespace Director.Forwarding.Scheduling;

/// <summary>
/// wrr: goes round the list again and again, each time for the real servers whose weight reaches a level, which sinks from the greatest weight to 1 by the
/// weights' greatest common divisor (<c>ip_vs_wrr.c</c>). The level outlives changes of the list, so real servers added one by one start at the weight of the
/// first.
/// </summary>
internal sealed class WeightedRoundRobin : Scheduler
{
    /// <summary>Position of the last choice; -1 is before the head of the list.</summary>
    private int _position = -1;
    private int _level;
    private int _top;
    private int _step = 1;

    /// <inheritdoc/>
    public override Destination? Schedule(in Flow flow, long nowMilliseconds)
    {
        if (_top == 0)
        {
            return null;
        }

        var destinations = Destinations;
        int start = _position;
        int? end = null;
        bool wasLowest = false;
        bool hasWrapped = false;
        while (true)
        {
            while (++_position < destinations.Length)
            {
                var destination = destinations[_position];
                if (destination.Weight >= _level && !destination.IsOverloaded)
                {
                    return destination;
                }

                if (_position == end)
                {
                    return null;
                }
            }

            _position = -1;
            _level -= _step;
            if (_level <= 0)
            {
                _level = _top;
                if (wasLowest || start < 0)
                {
                    return null; // All of the list was asked at the lowest level, which every weight reaches.
                }

                hasWrapped = true;
            }

            SkipLevelsThatNobodyReaches();
            wasLowest = _level <= _step;
            if (wasLowest && hasWrapped && start >= 0)
            {
                end = start; // The lowest level was asked behind the start only; what is left is the part up to it.
            }
        }
    }

    /// <summary>
    /// The kernel walks the list once a level. With weights of 65535 and 1, of which the first is overloaded, that would be 65,534 walks for each connection.
    /// </summary>
    private void SkipLevelsThatNobodyReaches()
    {
        int greatest = 0;
        foreach (var destination in Destinations)
        {
            greatest = Math.Max(greatest, destination.IsOverloaded ? 0 : destination.Weight);
        }

        int lowest = ((_level - 1) % _step) + 1;
        int levels = (_level - Math.Max(greatest, lowest) + _step - 1) / _step;
        _level -= Math.Max(levels, 0) * _step;
    }

    /// <inheritdoc/>
    protected override void Rebuild()
    {
        _position = -1;
        _step = Math.Max(Weights.GreatestCommonDivisor(Destinations, destination => destination.Weight), 1);
        int greatest = Destinations.Length == 0 ? 0 : Destinations.Max(destination => destination.Weight);

        // The levels end at 1, not at the step: a weight that is lowered meanwhile is still reached.
        _top = greatest - (_step - 1);
        if (_level > _top || _level == 0)
        {
            _level = _top;
        }
        else if (_step > 1)
        {
            _level = (_level / _step * _step) + 1;
        }
    }
}
