using Xunit;

namespace Director.Configuration.Tests;

/// <summary>Each file in Mistakes holds one kind of mistake and, behind <c>#=</c>, every error that it has to give.</summary>
public sealed class MistakesTests
{
    private const string Mark = "#= ";

    public static TheoryData<string> Files() =>
        [.. Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "Mistakes"), "*.conf").Select(f => Path.GetFileName(f)).Order()];

    [Theory]
    [MemberData(nameof(Files))]
    public void A_file_with_mistakes_gives_all_its_errors_and_no_configuration(string file)
    {
        var lines = File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "Mistakes", file));
        var expected = lines.Where(l => l.StartsWith(Mark, StringComparison.Ordinal)).Select(l => $"{file}:{l[Mark.Length..]}").ToList();
        var text = string.Join('\n', lines.Where(l => !l.StartsWith(Mark, StringComparison.Ordinal)));

        var result = ConfigurationReader.ReadText(text, file);

        Assert.NotEmpty(expected);
        Assert.Equal(expected, result.Errors);
        Assert.Null(result.Configuration);
    }
}
