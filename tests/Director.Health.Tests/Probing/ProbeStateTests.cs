using Director.Health.Probing;

namespace Director.Health.Tests.Probing;

public class ProbeStateTests
{
    [Theory]
    // Answers: + passed, - failed, ! broken; verdicts after each: U up, D down, ? unknown. Rise 2, fall 3.
    [InlineData("+--+---", "UUUUUUD")]
    [InlineData("-+-++", "DDDDU")]
    [InlineData("-+", "DD")]
    [InlineData("!!+", "??U")]
    [InlineData("+!!+!!!", "UUUUUU?")]
    [InlineData("+-!-", "UUUD")]
    [InlineData("-!!!-", "DDDDD")]
    [InlineData("-+!++", "DDDDU")]
    public void A_verdict_changes_when_enough_answers_in_a_row_speak_against_it(string answers, string verdicts)
    {
        var state = ProbeState.Start;
        var seen = "";
        foreach (var answer in answers)
        {
            state = state.After(answer switch { '+' => CheckAnswer.Pass("well"), '-' => CheckAnswer.Fail("ill"), _ => CheckAnswer.Broken("broken") }, rise: 2, fall: 3);
            seen += state.Verdict switch { Verdict.Up => 'U', Verdict.Down => 'D', _ => '?' };
        }

        Assert.Equal(verdicts, seen);
    }

    [Fact]
    public void Who_takes_over_goes_on_from_what_was_known()
    {
        var state = ProbeState.Inherited(Verdict.Up, "well", 40);
        state = state.After(CheckAnswer.Fail("ill"), rise: 2, fall: 2);
        Assert.Equal(new(Verdict.Up, 1, "ill", 40), state);
        Assert.Equal(new(Verdict.Down, 0, "ill", null), state.After(CheckAnswer.Fail("ill"), rise: 2, fall: 2));
    }
}
