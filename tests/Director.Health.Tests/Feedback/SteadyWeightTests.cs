using Director.Health.Feedback;
using FsCheck.Xunit;

namespace Director.Health.Tests.Feedback;

/// <summary>That a weight follows its real server and does not swing.</summary>
public sealed class SteadyWeightTests
{
    private static readonly FeedbackRules s_rules = new() { Smoothing = TimeSpan.FromSeconds(2), DeadBand = 5, Slew = 10, Least = 10, Stale = TimeSpan.FromSeconds(10) };

    [Fact]
    public void It_begins_with_the_configured_weight() => Assert.Equal(100, new SteadyWeight(s_rules, At(0)).Percent(At(50)));

    [Fact]
    public void It_goes_to_what_is_reported_as_fast_as_it_may()
    {
        var weight = new SteadyWeight(s_rules, At(0));
        weight.Report(50, At(0));

        Assert.Equal([100, 90, 80, 70, 60, 50, 50, 50], Enumerable.Range(0, 8).Select(second => weight.Percent(At(second))));
    }

    [Fact]
    public void It_goes_no_lower_than_the_least_whatever_the_load_is()
    {
        var weight = new SteadyWeight(s_rules with { Slew = 1000 }, At(0));
        weight.Report(0, At(0));

        Assert.Equal(10, weight.Percent(At(1)));
    }

    [Fact]
    public void A_spike_shorter_than_the_average_moves_it_little()
    {
        var weight = new SteadyWeight(s_rules with { Slew = 1000 }, At(0));
        weight.Report(100, At(0));
        weight.Report(20, At(0.2));

        // 1 - exp(-0.2 s / 2 s) of the 80 points.
        Assert.Equal(100 - (80 * (1 - Math.Exp(-0.1))), weight.Percent(At(1)), 9);
    }

    [Fact]
    public void Silence_brings_the_configured_weight_back_at_the_same_speed()
    {
        var weight = new SteadyWeight(s_rules, At(0));
        weight.Report(60, At(0));

        Assert.Equal(60, weight.Percent(At(10)));
        Assert.False(weight.IsStale(At(10)));
        Assert.Equal(70, weight.Percent(At(11)), 9);
        Assert.Equal(100, weight.Percent(At(14)), 9);
        Assert.Equal(100, weight.Percent(At(1000)));
    }

    [Fact]
    public void After_silence_the_first_report_counts_whole()
    {
        var weight = new SteadyWeight(s_rules, At(0));
        weight.Report(20, At(0));
        weight.Report(80, At(100));

        Assert.Equal(80, weight.Percent(At(105)), 9);
    }

    [Fact]
    public void A_thousand_reports_at_once_weigh_no_more_than_one()
    {
        var (once, often) = (new SteadyWeight(s_rules, At(0)), new SteadyWeight(s_rules, At(0)));
        once.Report(90, At(0));
        often.Report(90, At(0));
        once.Report(10, At(1));
        for (var i = 0; i < 1000; i++)
        {
            often.Report(10, At(1));
        }

        Assert.Equal(once.Percent(At(6)), often.Percent(At(6)), 9);
    }

    [Property(MaxTest = 500)]
    public void Nothing_that_is_reported_brings_it_out_of_its_bounds_or_above_its_speed(double[] reports, int seed)
    {
        var random = new Random(seed);
        var weight = new SteadyWeight(s_rules, At(0));
        var (last, time) = (100.0, TimeSpan.Zero);
        foreach (var report in reports.Concat([double.NaN, double.NegativeInfinity, double.MaxValue, -0.0]))
        {
            var step = TimeSpan.FromSeconds(random.NextDouble() * random.Next(1, 15));
            time += step;
            weight.Report(report, time);
            var percent = weight.Percent(time);
            Assert.InRange(percent, 10, 100);
            Assert.InRange(Math.Abs(percent - last), 0, (10 * step.TotalSeconds) + 1e-9);
            last = percent;
        }

        Assert.Equal(100, weight.Percent(time + s_rules.Stale + At(9)), 9);
    }

    [Property(MaxTest = 500)]
    public void Reports_that_differ_by_no_more_than_the_dead_band_leave_it_where_it_is(int seed)
    {
        var random = new Random(seed);
        // Below 100 by more than the band: what is near the configured weight may leave it once.
        var middle = 15 + (random.NextDouble() * 77);
        var weight = new SteadyWeight(s_rules, At(0));
        weight.Report(middle - 2.5 + (random.NextDouble() * 5), At(0));
        var settled = weight.Percent(At(9.5));
        for (var second = 10; second < 200; second++)
        {
            weight.Report(middle - 2.5 + (random.NextDouble() * 5), At(second));
            Assert.Equal(settled, weight.Percent(At(second + 0.5)), 9);
        }
    }

    [Property]
    public void A_clock_that_runs_backwards_does_no_harm(int[] seconds)
    {
        var weight = new SteadyWeight(s_rules, At(0));
        foreach (var second in seconds)
        {
            weight.Report(second, At(second));
            Assert.InRange(weight.Percent(At(-second)), 10, 100);
        }
    }

    private static TimeSpan At(double seconds) => TimeSpan.FromSeconds(seconds);
}
