using Director.Health.Feedback;
using FsCheck.Xunit;

namespace Director.Health.Tests.Feedback;

/// <summary>What the words of an agent come to.</summary>
public sealed class ServerFeedbackTests
{
    private static readonly FeedbackRules s_rules = new() { Smoothing = TimeSpan.Zero, DeadBand = 0, Slew = 1000, Least = 10, Stale = TimeSpan.FromSeconds(10) };

    private readonly ServerFeedback _feedback = new(s_rules, At(0));

    [Fact]
    public void Nobody_has_spoken_yet() => Assert.Equal(FeedbackVerdict.None, _feedback.Verdict(At(100)));

    [Theory]
    [InlineData("40%", 40, ReportedState.Ready)]
    [InlineData("3%", 10, ReportedState.Ready)]
    [InlineData("0%", 0, ReportedState.Drain)]
    [InlineData("200%", 100, ReportedState.Ready)]
    [InlineData("drain 40%", 0, ReportedState.Drain)]
    [InlineData("maint down", 0, ReportedState.Maintenance)]
    [InlineData("drain down", 0, ReportedState.Down)]
    [InlineData("up", 100, ReportedState.Ready)]
    public void A_word_takes_effect(string text, int percent, ReportedState state)
    {
        Say(text, 0);

        Assert.Equal(new(percent, state, false), _feedback.Verdict(At(1)));
    }

    [Fact]
    public void What_is_not_mentioned_stays()
    {
        Say("drain 40%", 0);
        Say("up", 8);
        Assert.Equal(new(0, ReportedState.Drain, false), _feedback.Verdict(At(16)));

        Say("ready", 16);
        Assert.Equal(new(40, ReportedState.Ready, false), _feedback.Verdict(At(17)));
    }

    [Theory]
    [InlineData("drain")]
    [InlineData("maint 20%")]
    [InlineData("down")]
    [InlineData("0%")]
    public void Silence_means_the_configured_weight_whatever_was_said_last(string text)
    {
        Say(text, 0);

        Assert.Equal(new(0, _feedback.Verdict(At(10)).State, false), _feedback.Verdict(At(10)));
        Assert.Equal(new(100, ReportedState.Ready, true), _feedback.Verdict(At(11)));
        Say("up", 20);
        Assert.Equal(new(100, ReportedState.Ready, false), _feedback.Verdict(At(21)));
    }

    [Fact]
    public void Garbage_is_no_sign_of_life()
    {
        Say("50%", 0);
        for (var second = 1; second < 20; second++)
        {
            Say("HTTP/1.1 400", second);
        }

        Assert.True(_feedback.Verdict(At(20)).IsStale);
        Assert.Equal(At(20), _feedback.Age(At(20)));
    }

    [Property(MaxTest = 300)]
    public void The_verdict_is_always_one_that_can_be_used(byte[][] answers, int seed)
    {
        var random = new Random(seed);
        var time = TimeSpan.Zero;
        foreach (var bytes in answers ?? [])
        {
            time += TimeSpan.FromSeconds(random.Next(15));
            _feedback.Take(AgentAnswer.Parse(bytes ?? []), time);
            var verdict = _feedback.Verdict(time);
            Assert.InRange(verdict.Percent, verdict.State == ReportedState.Ready ? 10 : 0, verdict.State == ReportedState.Ready ? 100 : 0);
        }
    }

    [Property]
    public void Scaled_weights_keep_their_proportions_and_none_vanishes(ushort[] weights, byte share)
    {
        var scale = WeightScale.Of(weights.Select(weight => (int)weight));
        var percent = 1 + (share % 100);

        Assert.InRange(scale, 1, 100);
        Assert.All(weights, weight =>
        {
            Assert.Equal(weight * scale, WeightScale.Weight(weight, 100, scale));
            Assert.Equal(weight == 0, WeightScale.Weight(weight, percent, scale) == 0);
            Assert.InRange(WeightScale.Weight(weight, percent, scale), 0, 65535);
            Assert.Equal(0, WeightScale.Weight(weight, 0, scale));
        });
    }

    [Theory]
    [InlineData(0, 100)]
    [InlineData(35, 65)]
    [InlineData(99.9, 1)]
    [InlineData(100, 1)]
    [InlineData(-5, 100)]
    [InlineData(1e300, 1)]
    [InlineData(double.PositiveInfinity, 1)]
    [InlineData(double.NaN, null)]
    public void Load_asks_for_what_is_left(double load, int? percent) => Assert.Equal(percent, AgentLoad.Percent(load));

    private static TimeSpan At(double seconds) => TimeSpan.FromSeconds(seconds);

    private void Say(string text, double at) => _feedback.Take(AgentAnswer.Parse(System.Text.Encoding.ASCII.GetBytes(text)), At(at));
}
