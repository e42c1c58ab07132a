using System.Text.RegularExpressions;
using Xunit;

namespace Director.Configuration.Tests;

/// <summary>That the documents show what the code does.</summary>
public sealed partial class DocumentationTests
{
    [Theory]
    [InlineData("configuration.md")]
    [InlineData("health-checks.md")]
    public void Each_file_that_one_shows_is_valid(string document)
    {
        var blocks = Blocks(document, "hocon");
        Assert.NotEmpty(blocks);
        Assert.All(blocks, b => Assert.Empty(ConfigurationReader.ReadText(b).Errors));
    }

    [Fact]
    public void The_errors_that_one_shows_are_those_that_are_given() =>
        Assert.Equal(
            Blocks("configuration.md", "text").Single().Trim().Split('\n'),
            ConfigurationReader.ReadText(
                "director {\n  timouts { }\n  timeouts { tcp = 900 }\n  virtual-services {\n    www {\n      address = \"10.0.0.1\"\n    }\n  }\n}",
                    "director.conf").Errors.AsEnumerable());

    [GeneratedRegex("^```(\\w+)\n(.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Block();

    private static List<string> Blocks(string document, string language) =>
        [.. Block().Matches(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "docs", document))).Where(m => m.Groups[1].Value == language).Select(m => m.Groups[2].Value)];
}
