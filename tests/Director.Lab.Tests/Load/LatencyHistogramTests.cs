using Director.Lab.Load;

namespace Director.Lab.Tests.Load;

public class LatencyHistogramTests
{
    [Theory]
    [InlineData(0.5, 500)]
    [InlineData(0.99, 990)]
    [InlineData(1, 1000)]
    public void A_percentile_is_at_most_a_sixteenth_too_high_and_never_too_low(double part, double milliseconds)
    {
        LatencyHistogram histogram = new();
        for (int duration = 1; duration <= 1000; duration++)
        {
            histogram.Add(TimeSpan.FromMilliseconds(duration));
        }

        Assert.InRange(histogram.Percentile(part), milliseconds, milliseconds * 17 / 16);
    }

    [Fact]
    public void The_shortest_and_the_longest_durations_have_a_bucket()
    {
        LatencyHistogram histogram = new();
        histogram.Add(TimeSpan.Zero);
        histogram.Add(TimeSpan.MaxValue);

        Assert.Equal(0, histogram.Percentile(0.5));
        Assert.True(histogram.Percentile(1) >= TimeSpan.MaxValue.TotalMilliseconds * 0.99);
    }

    [Fact]
    public void Without_durations_there_is_no_percentile() => Assert.Equal(0, new LatencyHistogram().Percentile(0.99));
}
