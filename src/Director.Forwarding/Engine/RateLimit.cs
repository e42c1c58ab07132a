namespace Director.Forwarding.Engine;

/// <summary>Lets a number of events through a second, and as many at once (a token bucket). The kernel limits its ICMP errors to a thousand a second likewise (icmp_msgs_per_sec).</summary>
internal sealed class RateLimit(int perSecond)
{
    private long _thousandths = perSecond * 1000L;
    private long _last;

    /// <summary>Whether one more may happen now.</summary>
    public bool TryTake(long nowMilliseconds)
    {
        _thousandths = Math.Min(_thousandths + ((nowMilliseconds - _last) * perSecond), perSecond * 1000L);
        _last = nowMilliseconds;
        if (_thousandths < 1000)
            return false;
        _thousandths -= 1000;
        return true;
    }
}
