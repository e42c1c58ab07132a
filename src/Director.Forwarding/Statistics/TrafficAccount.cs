namespace Director.Forwarding.Statistics;

/// <summary>A reader's view of counters that never go back: totals since they were last set to zero, and rates. Not safe for several threads at once.</summary>
internal sealed class TrafficAccount
{
    private TrafficTotals _zero;
    private RateEstimator _estimator;

    /// <summary>Opens an account for counters that stand at <paramref name="start"/>.</summary>
    public TrafficAccount(in TrafficTotals start)
    {
        Start = start;
        Zero(start);
    }

    /// <summary>Where the counters stood when the account was opened: what is below is another's.</summary>
    public TrafficTotals Start { get; }

    /// <summary>Rates a second.</summary>
    public TrafficRates Rates => _estimator.Rates;

    /// <summary>Totals since the last <see cref="Zero"/>, when the counters stand at <paramref name="now"/>.</summary>
    public TrafficTotals Totals(in TrafficTotals now) => now.Since(_zero);

    /// <summary>Another <see cref="RateEstimator.Interval"/> has passed.</summary>
    public void Advance(in TrafficTotals now) => _estimator.Advance(now);

    /// <summary>Sets totals and rates to zero (<c>ipvsadm -Z</c>).</summary>
    public void Zero(in TrafficTotals now)
    {
        _zero = now;
        _estimator.Restart(now);
    }
}
