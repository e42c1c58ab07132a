using Director.Lab.Demonstration;
using Director.Lab.Load;

namespace Director.Lab.Tests.Demonstration;

public class ScreenTests
{
    private static readonly LoadFigures _early = new() { Seconds = 1, Answered = 1000, Open = 7, RealServers = new() { ["rs1"] = 250, ["rs2"] = 750 } };
    private static readonly LoadFigures _late = _early with { Seconds = 1.5, Answered = 1200 };

    [Fact]
    public void A_terminal_is_redrawn_in_place()
    {
        StringWriter output = new();
        Screen screen = new(output, isTerminal: true);
        screen.Show(_early);
        screen.Show(_late);
        screen.Say("end");

        string[] drawn = output.ToString().Split("\r\e[K");
        Assert.Equal(3, drawn.Length);
        Assert.Contains("1,000 requests/s", drawn[1], StringComparison.Ordinal);
        Assert.Contains("rs1 25%  rs2 75%", drawn[1], StringComparison.Ordinal);
        Assert.Contains("400 requests/s", drawn[2], StringComparison.Ordinal);
        Assert.EndsWith("\nend\n", drawn[2], StringComparison.Ordinal);
    }

    [Fact]
    public void Elsewhere_there_is_one_line_a_second()
    {
        StringWriter output = new();
        Screen screen = new(output, isTerminal: false);
        screen.Show(_early);
        screen.Show(_late);
        screen.Show(_late with { Seconds = 2.1 });

        string[] lines = output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(2, lines.Length);
        Assert.DoesNotContain('\e', output.ToString());
    }

    [Theory]
    [InlineData(100, 0, "Every request was answered.")]
    [InlineData(100, 1, "Some requests were not answered.")]
    [InlineData(0, 1, "No request was answered.")]
    [InlineData(0, 0, "No request was answered.")]
    public void The_result_says_whether_every_request_was_answered(long answered, long failed, string words)
    {
        StringWriter output = new();
        LabOptions options = new();
        LabResult result = new(options, new() { Answered = answered, Failed = failed, Seconds = 1 }, ExpectedShares.Of("rr", options.Weights));

        new Screen(output, isTerminal: false).Show(result);

        Assert.Contains(words, output.ToString(), StringComparison.Ordinal);
        Assert.Equal(answered > 0 && failed == 0, result.IsGood);
    }
}
