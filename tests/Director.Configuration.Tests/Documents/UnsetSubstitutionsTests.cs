using Director.Configuration.Documents;
using Xunit;

namespace Director.Configuration.Tests.Documents;

public sealed class UnsetSubstitutionsTests
{
    private const string Nothing = "director-unset-substitution = null ";

    [Theory]
    [InlineData("a = ${?none}", Nothing)]
    [InlineData("a = 1, a = ${?none}, b = 2", $"a = 1, {Nothing}, b = 2")]
    [InlineData("a.b = ${?none} # c\nb = 2", $"{Nothing}# c\nb = 2")]
    [InlineData("a += ${?none}", Nothing)]
    [InlineData("a = ${?none}${?none.either}", Nothing)]
    [InlineData("a = [ 1, ${?none}, 3 ]", "a = [ 1, null , 3 ]")]
    [InlineData("a = x ${?none} y", "a = x \"\" y")]
    [InlineData("a = x${?none}y", "a = x\"\"y")]
    [InlineData("a = ${?none}\"y\"", "a = ${?none}\"y\"")]
    [InlineData("a = \"\"${?none}", "a = \"\"${?none}")]
    [InlineData("a = x ${?none}${?none}", "a = x ${?none}${?none}")]
    [InlineData("a = ${?none} { b = 1 }", "a =   { b = 1 }")]
    [InlineData("a = ${?none} [ 1 ]", "a =   [ 1 ]")]
    [InlineData("b { c = 1 }\na = ${?none}${?b}", "b { c = 1 }\na =  ${?b}")]
    [InlineData("a = ${?none}\nb = ${?a}\nc = ${?b} x", $"{Nothing}\n{Nothing}\nc = \"\" x")]
    [InlineData("a = ${?PATH}", "a = ${?PATH}")]
    [InlineData("a = 1\nb = ${?a}", "a = 1\nb = ${?a}")]
    [InlineData("a { b = 1 }\nb = ${?a}", "a { b = 1 }\nb = ${?a}")]
    [InlineData("x { y = 1 }\na = ${x}\nb = ${?a.y}", "x { y = 1 }\na = ${x}\nb = ${?a.y}")]
    public void Only_what_leads_nowhere_is_taken_out(string text, string without)
    {
        var file = SourceFile.Of("f", text);
        var outline = OutlineScanner.Scan(file, _ => throw new InvalidOperationException());
        Assert.Equal(without, new UnsetSubstitutions(outline).Without(file));
    }

    [Fact]
    public void What_has_to_be_set_and_is_not_is_an_error_also_where_only_something_unset_sets_it() =>
        Assert.Equal(
            ["f:3: ${b}: no such key and no such environment variable; define it or write ${?...}"],
            ConfigurationReader.ReadText("a = ${?none}\nb = ${?a}\nc = ${b}\n", "f").Errors.AsEnumerable());

    [Fact]
    public void In_a_file_that_is_included_twice_only_what_is_unset_in_both_places_is_taken_out()
    {
        var main = SourceFile.Of("main", "a { x = 1, include \"twice\" }\nb { include \"twice\" }\n");
        var twice = SourceFile.Of("twice", "y = ${?x}\nz = ${?none}\n");
        var unset = new UnsetSubstitutions(OutlineScanner.Scan(main, _ => twice));
        Assert.Equal(main.Text, unset.Without(main));
        Assert.Equal($"y = ${{?x}}\n{Nothing}\n", unset.Without(twice));
    }
}
