using System.Text;
using Director.Health.Feedback;
using FsCheck.Xunit;

namespace Director.Health.Tests.Feedback;

/// <summary>That an agent's answer is read as HAProxy's manual (agent-check) describes it.</summary>
public sealed class AgentAnswerTests
{
    [Theory]
    [InlineData("75%\n", 75, null, null)]
    [InlineData("100%", 100, null, null)]
    [InlineData("0%\r\n", 0, null, null)]
    [InlineData("150%\n", 150, null, null)]
    [InlineData("ready\n", null, ReportedState.Ready, null)]
    [InlineData("drain\n", null, ReportedState.Drain, null)]
    [InlineData("maint\n", null, ReportedState.Maintenance, null)]
    [InlineData("up\n", null, null, true)]
    [InlineData("down\n", null, null, false)]
    [InlineData("fail # disk full\n", null, null, false)]
    [InlineData("stopped#planned\n", null, null, false)]
    [InlineData("UP READY 30%\n", 30, ReportedState.Ready, true)]
    [InlineData("up,ready,\t30%\n", 30, ReportedState.Ready, true)]
    [InlineData("  drain  \n", null, ReportedState.Drain, null)]
    [InlineData("50% maxconn:30 up\n", 50, null, true)]
    [InlineData("50%\ndown\n", 50, null, null)]
    [InlineData("up # 20% down\n", null, null, true)]
    [InlineData("10% 20%\n", 20, null, null)]
    [InlineData("drain ready\n", null, ReportedState.Ready, null)]
    public void Documented_forms_are_understood(string text, int? percent, ReportedState? wanted, bool? isUp)
    {
        var answer = AgentAnswer.Parse(Encoding.ASCII.GetBytes(text));

        Assert.Equal((percent, wanted, isUp, 0), (answer.Percent, answer.Wanted, answer.IsUp, answer.UnknownWords));
        Assert.True(answer.SaysSomething);
    }

    [Theory]
    [InlineData("", 0)]
    [InlineData("\n75%", 0)]
    [InlineData("# 75%", 0)]
    [InlineData("75", 1)]
    [InlineData("%", 1)]
    [InlineData("-5%", 1)]
    [InlineData("7.5%", 1)]
    [InlineData("1e3%", 1)]
    [InlineData("readyup", 1)]
    [InlineData("maxconn:", 1)]
    [InlineData("maxconn:many", 1)]
    [InlineData("HTTP/1.1 400 Bad Request\r\n", 4)]
    [InlineData("\u0663%", 1)]
    public void Anything_else_says_nothing(string text, int unknown)
    {
        var answer = AgentAnswer.Parse(Encoding.UTF8.GetBytes(text));

        Assert.False(answer.SaysSomething);
        Assert.Equal(unknown, answer.UnknownWords);
    }

    [Fact]
    public void A_number_without_end_is_held() => Assert.Equal(AgentAnswer.MostPercent, AgentAnswer.Parse(Encoding.ASCII.GetBytes(new string('9', 900) + "%")).Percent);

    [Fact]
    public void What_stands_behind_the_longest_answer_is_left() => Assert.Null(AgentAnswer.Parse(Encoding.ASCII.GetBytes(new string(' ', 1024) + "75%")).Percent);

    [Fact]
    public void A_remark_is_one_line_that_can_be_printed() =>
        Assert.Equal("disk?[31m full", AgentAnswer.Parse("down # disk\u001b[31m full \r\nsecond"u8).Remark);

    [Theory]
    [InlineData("75%\n")]
    [InlineData("0% drain down # disk full\n")]
    [InlineData("100% ready up\n")]
    [InlineData("maint\n")]
    [InlineData("\n")]
    public void What_is_written_is_read_again(string line)
    {
        var answer = AgentAnswer.Parse(Encoding.ASCII.GetBytes(line));

        Assert.Equal(line, answer.ToLine());
        Assert.Equal(answer, AgentAnswer.Parse(Encoding.ASCII.GetBytes(answer.ToLine())));
    }

    [Property(MaxTest = 1000)]
    public void Any_bytes_are_read_without_harm(byte[] bytes)
    {
        var answer = AgentAnswer.Parse(bytes);

        Assert.InRange(answer.Percent ?? 0, 0, AgentAnswer.MostPercent);
        Assert.NotEqual(ReportedState.Down, answer.Wanted);
        Assert.DoesNotContain(answer.Remark, char.IsControl);
    }
}
