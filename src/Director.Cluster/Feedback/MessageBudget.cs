namespace Director.Cluster.Feedback;

/// <summary>How many messages a sender has left: so many a second in the long run, twice as many at once. Time is passed in. Not thread-safe.</summary>
/// <param name="perSecond">From 1.</param>
/// <param name="now">Time since any fixed moment.</param>
internal sealed class MessageBudget(int perSecond, TimeSpan now)
{
    private double _left = 2 * perSecond;
    private TimeSpan _filled = now;

    /// <summary>Takes one; false where none is left.</summary>
    public bool Take(TimeSpan now)
    {
        _left = Math.Min(2 * perSecond, _left + (perSecond * Math.Max(0, (now - _filled).TotalSeconds)));
        _filled = now > _filled ? now : _filled;
        if (_left < 1)
        {
            return false;
        }

        _left--;
        return true;
    }
}
