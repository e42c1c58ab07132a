namespace Director.Forwarding.Statistics;

/// <summary>
/// Smooths totals to rates as <c>ip_vs_est.c</c> does: every two seconds an average moves a quarter of the way to the rate of those two seconds. Connections
/// and packets a second are held times 1,024, bytes a second times 32, in integers, so that figures agree with the kernel's to the last digit.
/// </summary>
internal struct RateEstimator
{
    private const int CountScale = 10;
    private const int ByteScale = 5;

    private TrafficTotals _last;
    private ulong _connections;
    private ulong _inPackets;
    private ulong _outPackets;
    private ulong _inBytes;
    private ulong _outBytes;

    /// <summary>Time between two calls of <see cref="Advance"/>.</summary>
    public static TimeSpan Interval { get; } = TimeSpan.FromSeconds(2);

    /// <summary>The rates now, rounded as the kernel rounds them for <c>ipvsadm --rate</c>.</summary>
    public readonly TrafficRates Rates => new(
        Rounded(_connections, CountScale),
        Rounded(_inPackets, CountScale),
        Rounded(_outPackets, CountScale),
        Rounded(_inBytes, ByteScale),
        Rounded(_outBytes, ByteScale));

    /// <summary>Two seconds have passed, and the totals are these.</summary>
    public void Advance(in TrafficTotals totals)
    {
        var passed = totals.Since(_last);
        _last = totals;
        Approach(ref _connections, passed.Connections, CountScale);
        Approach(ref _inPackets, passed.InPackets, CountScale);
        Approach(ref _outPackets, passed.OutPackets, CountScale);
        Approach(ref _inBytes, passed.InBytes, ByteScale);
        Approach(ref _outBytes, passed.OutBytes, ByteScale);
    }

    /// <summary>Rates of zero, from these totals on.</summary>
    public void Restart(in TrafficTotals totals) => this = new RateEstimator { _last = totals };

    /// <summary>A count of two seconds is half as many a second: one bit less to shift by.</summary>
    private static void Approach(ref ulong average, ulong count, int scale) =>
        average = (ulong)((long)average + (((long)(count << (scale - 1)) - (long)average) >> 2));

    private static ulong Rounded(ulong average, int scale) => (average + (1UL << (scale - 1)) - 1) >> scale;
}
