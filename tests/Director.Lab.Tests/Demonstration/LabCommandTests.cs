using System.Text.Json;
using Director.Lab.Processes;
using Director.Lab.Software;

namespace Director.Lab.Tests.Demonstration;

/// <summary><c>director lab</c>, the whole program.</summary>
[Collection(LabCollection.Name)]
public class LabCommandTests
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(60);

    [SkippableTheory]
    [InlineData("nat")]
    [InlineData("direct")]
    [InlineData("tunnel")]
    [InlineData("nat", "--ipv6")]
    [InlineData("nat", "--nginx")]
    public void It_balances_and_exits_with_0_and_leaves_nothing_behind(string forwarding, params string[] more)
    {
        Needs.Lab("nft", "nginx");

        using HostProcess lab = new("director lab", DirectorProgram.With(["lab", "--forwarding", forwarding, "--scheduler", "wrr", "--for", "2s", .. more]));

        Assert.True(lab.WaitForEnd(_patience) == 0, lab.Output + lab.Error);
        Assert.Contains("Every request was answered.", lab.Output, StringComparison.Ordinal);
        Assert.Matches(@"rs1  weight   1 +1[3-9]\.\d%  expected  16\.7%", lab.Output);
        AssertNothingIsLeft(lab);
    }

    [SkippableFact]
    public void Its_result_is_one_JSON_object_on_request()
    {
        Needs.Lab("nft");

        string output = Command.Run(DirectorProgram.With("lab", "--for", "1s", "--json"));

        using JsonDocument result = JsonDocument.Parse(output);
        Assert.Equal(0, result.RootElement.GetProperty("figures").GetProperty("failed").GetInt64());
        Assert.True(result.RootElement.GetProperty("figures").GetProperty("answered").GetInt64() > 0);
    }

    [SkippableFact]
    public void Ctrl_C_stops_it_and_leaves_nothing_behind()
    {
        Needs.Lab("nft");
        using HostProcess lab = new("director lab", DirectorProgram.With("lab", "--for", "60s"));
        lab.WaitUntil(() => lab.Output.Contains("requests/s", StringComparison.Ordinal), _patience, "it has live figures");

        lab.Signal(Signals.Interrupt);

        Assert.Equal(130, lab.WaitForEnd(_patience));
        Assert.Contains("Every request was answered.", lab.Output, StringComparison.Ordinal);
        AssertNothingIsLeft(lab);
    }

    private static void AssertNothingIsLeft(HostProcess lab) =>
        Assert.DoesNotContain(Command.Run(["ip", "netns", "list"]).Split('\n'), name => name.StartsWith($"dlab-{lab.Id}-", StringComparison.Ordinal));
}
