using Xunit;

namespace Director.Configuration.Tests.Import;

/// <summary>What is made of the files in <c>tests/data/import</c>: those of the tutorial of 2003, and others with everything that has a counterpart.</summary>
public sealed class SampleTests
{
    public static TheoryData<string> Folders => [.. Sample.All.Select(s => s.Folder)];

    [Theory]
    [MemberData(nameof(Folders))]
    public void An_import_gives_exactly_what_is_expected(string folder)
    {
        var sample = new Sample(folder);
        var result = sample.Import();
        Assert.Empty(result.Errors.AsEnumerable());
        Assert.Equal(sample.Wanted, result.Text);
    }

    [Theory]
    [MemberData(nameof(Folders))]
    public void What_is_made_is_a_right_configuration(string folder)
    {
        var sample = new Sample(folder);
        Assert.Empty(Sample.Errors(sample.Kind, sample.Import().Text));
    }

    [Theory]
    [MemberData(nameof(Folders))]
    public void What_has_no_counterpart_is_at_the_end_of_the_text_line_by_line(string folder)
    {
        var result = new Sample(folder).Import();
        var ending = result.Text[(result.Text.LastIndexOf("\n}\n", StringComparison.Ordinal) + 3)..];
        Assert.Equal(
            result.Missing.IsEmpty ? "" : $"\n# Without a counterpart here ({result.Missing.Length}):\n{string.Concat(result.Missing.Select(m => $"#   {m}\n"))}", ending);
    }
}
