using Director.Forwarding;

namespace Director.Cluster.Availability;

/// <summary>Lends the engine the right to forward, for as long as heartbeats and VRRP both allow.</summary>
internal sealed class LoanTerms(IForwardingEngine engine)
{
    private readonly Lock _lock = new();
    private long _heartbeats = long.MaxValue, _vrrp = long.MaxValue;

    /// <summary>Says until when, in milliseconds of <see cref="SystemCalls.Now"/>, the others leave this director what it has by heartbeat.</summary>
    public void ByHeartbeats(long until, long now)
    {
        lock (_lock)
        {
            _heartbeats = until;
            Lend(now);
        }
    }

    /// <summary>The same by VRRP; <see cref="long.MaxValue"/>: it has nothing by VRRP.</summary>
    public void ByVrrp(long until, long now)
    {
        lock (_lock)
        {
            if (until == _vrrp)
                return;
            _vrrp = until;
            Lend(now);
        }
    }

    private void Lend(long now)
    {
        var until = Math.Min(_heartbeats, _vrrp);
        engine.Lend(until == long.MaxValue ? Timeout.InfiniteTimeSpan : TimeSpan.FromMilliseconds(Math.Max(until - now, 0)));
    }
}
