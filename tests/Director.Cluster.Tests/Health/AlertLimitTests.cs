using Director.Cluster.Health;
using Xunit;

namespace Director.Cluster.Tests.Health;

public class AlertLimitTests
{
    [Fact]
    public void More_than_the_limit_in_a_minute_are_counted_and_told_of_with_the_next()
    {
        var limit = new AlertLimit();
        static TimeSpan At(double seconds) => TimeSpan.FromSeconds(seconds);
        Assert.True(limit.Admits(2, At(0), out var kept));
        Assert.True(limit.Admits(2, At(1), out kept));
        Assert.False(limit.Admits(2, At(2), out kept));
        Assert.False(limit.Admits(2, At(59), out kept));
        Assert.True(limit.Admits(2, At(60), out kept));
        Assert.Equal(2, kept);
        Assert.True(limit.Admits(2, At(61), out kept));
        Assert.Equal(0, kept);
        Assert.False(limit.Admits(2, At(62), out kept));
    }
}
