using Director.Forwarding.Statistics;
using Xunit;

namespace Director.Forwarding.Tests.Statistics;

/// <summary>Expected figures are those of ip_vs_est.c's integer arithmetic, worked out by hand: avg += (rate - avg) &gt;&gt; 2, read with rounding.</summary>
public class RateEstimatorTests
{
    private RateEstimator _estimator;
    private TrafficTotals _totals;

    [Fact]
    public void The_first_two_seconds_count_a_quarter()
    {
        Advance(connections: 1000, packets: 2000, bytes: 3000);

        // 1000 << 9 >> 2 = 128000; (128000 + 511) >> 10 = 125. 3000 << 4 >> 2 = 12000; (12000 + 15) >> 5 = 375.
        Assert.Equal(new TrafficRates(125, 250, 250, 375, 375), _estimator.Rates);
    }

    [Fact]
    public void A_steady_rate_is_reached_and_kept_exactly()
    {
        for (int interval = 0; interval < 60; interval++)
        {
            Advance(connections: 200, packets: 20_000, bytes: 2_000_000);
        }

        Assert.Equal(new TrafficRates(100, 10_000, 10_000, 1_000_000, 1_000_000), _estimator.Rates);
    }

    [Fact]
    public void A_rate_sinks_to_zero_when_nothing_comes()
    {
        Advance(connections: 8, packets: 8, bytes: 8);
        Assert.Equal(1ul, _estimator.Rates.Connections);
        ulong before = ulong.MaxValue;
        for (int interval = 0; interval < 40; interval++)
        {
            Advance(0, 0, 0);
            Assert.True(_estimator.Rates.Connections <= before);
            before = _estimator.Rates.Connections;
        }

        Assert.Equal(default, _estimator.Rates);
    }

    [Theory]
    [InlineData(4, 1)] // 4 << 9 >> 2 = 512, and 512 + 511 < 1024: not yet a whole one.
    [InlineData(5, 1)]
    [InlineData(3, 0)]
    [InlineData(12, 2)]
    public void Half_is_rounded_down(uint connections, ulong atMost)
    {
        Advance(connections, 0, 0);
        ulong scaled = (connections << 9) >> 2;
        Assert.Equal((scaled + 0x1FF) >> 10, _estimator.Rates.Connections);
        Assert.InRange(_estimator.Rates.Connections, 0ul, atMost);
    }

    [Fact]
    public void Restarting_forgets_the_rate_and_what_was_counted_before()
    {
        Advance(connections: 1000, packets: 1000, bytes: 1000);
        _totals = _totals.Plus(new(500, 500, 500, 500, 500));
        _estimator.Restart(_totals);
        Assert.Equal(default, _estimator.Rates);
        Advance(0, 0, 0);
        Assert.Equal(default, _estimator.Rates);
    }

    [Fact]
    public void A_hundred_gigabits_a_second_do_not_overflow()
    {
        const ulong bytes = 2UL * 12_500_000_000;
        for (int interval = 0; interval < 100; interval++)
        {
            Advance(0, 0, bytes);
        }

        Assert.InRange(_estimator.Rates.InBytes, 12_499_999_999ul, 12_500_000_000ul);
    }

    private void Advance(ulong connections, ulong packets, ulong bytes)
    {
        _totals = _totals.Plus(new(connections, packets, packets, bytes, bytes));
        _estimator.Advance(_totals);
    }
}
