namespace Director.Forwarding.Statistics;

/// <summary>Sums and differences of totals; wrapping, as counters do.</summary>
internal static class TrafficTotalsArithmetic
{
    /// <summary>The sum of both.</summary>
    public static TrafficTotals Plus(this in TrafficTotals left, in TrafficTotals right) => unchecked(new(
        left.Connections + right.Connections,
        left.InPackets + right.InPackets,
        left.OutPackets + right.OutPackets,
        left.InBytes + right.InBytes,
        left.OutBytes + right.OutBytes));

    /// <summary>What came to <paramref name="earlier"/> since then.</summary>
    public static TrafficTotals Since(this in TrafficTotals now, in TrafficTotals earlier) => unchecked(new(
        now.Connections - earlier.Connections,
        now.InPackets - earlier.InPackets,
        now.OutPackets - earlier.OutPackets,
        now.InBytes - earlier.InBytes,
        now.OutBytes - earlier.OutBytes));
}
