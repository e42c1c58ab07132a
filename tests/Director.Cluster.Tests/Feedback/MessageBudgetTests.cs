using Director.Cluster.Feedback;
using Xunit;

namespace Director.Cluster.Tests.Feedback;

public sealed class MessageBudgetTests
{
    [Fact]
    public void So_many_a_second_pass_and_twice_as_many_at_once()
    {
        var budget = new MessageBudget(10, TimeSpan.Zero);

        Assert.Equal(20, Taken(0));
        Assert.Equal(5, Taken(0.5));
        Assert.Equal(0, Taken(0.4));
        Assert.Equal(20, Taken(1000));

        int Taken(double second) => Enumerable.Range(0, 100).Count(_ => budget.Take(TimeSpan.FromSeconds(second)));
    }
}
