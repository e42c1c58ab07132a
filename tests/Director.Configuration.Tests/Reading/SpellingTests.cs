using Director.Configuration.Reading;
using Xunit;

namespace Director.Configuration.Tests.Reading;

public sealed class SpellingTests
{
    [Theory]
    [InlineData("timouts", "timeouts")]
    [InlineData("wieght", "weight")]
    [InlineData("scheduler-flag", "scheduler-flags")]
    [InlineData("shceduler", "scheduler")]
    [InlineData("adress", "address")]
    [InlineData("", "weight")]
    public void The_nearest_word_is_the_one_with_the_fewest_slips(string word, string nearest) =>
        Assert.Equal(nearest, Spelling.Nearest(word, ["timeouts", "weight", "scheduler", "scheduler-flags", "address"]));
}
