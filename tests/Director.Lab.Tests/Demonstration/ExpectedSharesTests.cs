using Director.Forwarding;
using Director.Lab.Demonstration;

namespace Director.Lab.Tests.Demonstration;

public class ExpectedSharesTests
{
    [Theory]
    [InlineData("rr", new[] { 1, 2, 3 }, new[] { 1 / 3.0, 1 / 3.0, 1 / 3.0 })]
    [InlineData("rr", new[] { 0, 2, 3 }, new[] { 0, 0.5, 0.5 })]
    [InlineData("wrr", new[] { 1, 2, 5 }, new[] { 0.125, 0.25, 0.625 })]
    [InlineData("wlc", new[] { 1, 0, 1 }, new[] { 0.5, 0, 0.5 })]
    [InlineData("fo", new[] { 1, 3, 2 }, new[] { 0.0, 1, 0 })]
    public void Shares_that_the_scheduler_determines_are_named(string scheduler, int[] weights, double[] shares) =>
        Assert.Equal(shares, ExpectedShares.Of(scheduler, weights).Shares);

    [Fact]
    public void Every_scheduler_is_explained() =>
        Assert.All(SchedulerNames.All, scheduler => Assert.NotEqual("by its own rule", ExpectedShares.Of(scheduler, [1, 1, 1]).Words));
}
