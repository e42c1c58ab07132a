using System.Text;
using FsCheck.Xunit;
using Xunit;

namespace Director.Configuration.Tests;

/// <summary>Text that would overflow the stack or the memory of the parser is refused before it sees it, and nothing throws.</summary>
public sealed class HostileTextTests
{
    private static readonly string[] s_tokens =
    [
        "director", "virtual-services", "engine", "www", "address", "real-servers", "marks", "akka", "\"10.0.0.1:80\"", "10.0.0.1", "5s", "-1", "true", "null",
        "include", "include \"/dev/null\"",
        "{", "}", "[", "]", "=", ":", "+=", ",", ".", "\n", " ", "\"", "\"\"\"", "\\", "${", "${?", "${director}", "${?akka.x}", "#", "//", "/", "$", "*", "x",
        "\u00a0", "\0", "\ud800", "é", "1e9",
    ];

    [Fact]
    public void Deep_nesting_is_refused()
    {
        foreach (var (open, close) in new[] { ("a {", "}"), ("a = [", "]"), ("a.", "b = 1"), ("{", "}"), ("[", "]") })
        {
            var text = "director { x = 1 }\n" + string.Concat(Enumerable.Repeat(open, 100_000)) + string.Concat(
                Enumerable.Repeat(close, close.Length > 1 ? 1 : 100_000));
            Assert.Single(ConfigurationReader.ReadText(text).Errors.AsEnumerable());
        }

        Assert.Equal(
            ["f:1: is nested more than 32 deep; a configuration is not"],
            ConfigurationReader.ReadText("akka { " + string.Concat(Enumerable.Repeat("a { ", 32)) + string.Concat(Enumerable.Repeat("} ", 33)), "f")
                .Errors.AsEnumerable());
        Assert.Empty(ConfigurationReader.ReadText(
            "akka { " + string.Concat(Enumerable.Repeat("a { ", 31)) + "b = 1 " + string.Concat(Enumerable.Repeat("} ", 32)), "f").Errors.AsEnumerable());
    }

    [Theory]
    [InlineData("akka.a = ${akka.a}")]
    [InlineData("akka.a = ${?akka.a}")]
    [InlineData("akka.a = ${akka.b}, akka.b = ${akka.a}")]
    [InlineData("akka.a = ${?akka.b}, akka.b = ${?akka.c}, akka.c = ${?akka.a}")]
    [InlineData("akka.a { b = ${akka} }")]
    [InlineData("akka.a { b = ${akka.a} }")]
    [InlineData("akka.a = [ ${akka.a} ]")]
    [InlineData("akka.a = [ { b = ${akka.c} } ], akka.c = x ${akka.a}")]
    [InlineData("akka.a.b = ${akka.c}, akka.c = ${akka.a}")]
    public void Circles_are_refused(string text) =>
        Assert.Contains("leads back to itself", Assert.Single(ConfigurationReader.ReadText(text).Errors), StringComparison.Ordinal);

    [Fact]
    public void Substitutions_that_multiply_are_refused()
    {
        var text = new StringBuilder("akka.x0 = \"0123456789\"\n");
        for (var i = 1; i <= 8; i++)
        {
            text.Append(System.Globalization.CultureInfo.InvariantCulture, $"akka.x{i} = ").AppendJoin("\",\"", Enumerable.Repeat($"${{akka.x{i - 1}}}", 30))
                .Append('\n');
        }

        Assert.Contains("the substitutions make more than 1048576 characters", Assert.Single(ConfigurationReader.ReadText(text.ToString()).Errors),
            StringComparison.Ordinal);
    }

    [Fact]
    public void Long_chains_and_many_substitutions_are_refused()
    {
        var chain = "akka.x0 = 1\n" + string.Join('\n', Enumerable.Range(1, 9).Select(i => $"akka.x{i} = ${{akka.x{i - 1}}}"));
        Assert.Contains("leads through more than 8 substitutions", Assert.Single(ConfigurationReader.ReadText(chain).Errors), StringComparison.Ordinal);
        var many = "akka.x0 = 1\n" + string.Join('\n', Enumerable.Range(1, 257).Select(i => $"akka.x{i} = ${{akka.x0}}"));
        Assert.Contains("is substitution number 257", Assert.Single(ConfigurationReader.ReadText(many).Errors), StringComparison.Ordinal);
    }

    [Fact]
    public void Files_that_include_themselves_are_refused()
    {
        var folder = Directory.CreateTempSubdirectory("director-configuration-").FullName;
        try
        {
            var (a, b) = (Path.Combine(folder, "a.conf"), Path.Combine(folder, "b.conf"));
            File.WriteAllText(a, "akka.x = 1\ninclude \"b.conf\"\n");
            File.WriteAllText(b, "akka { include \"a.conf\" }\n");
            Assert.Equal([$"{b}:1: include \"a.conf\": {a} includes itself; remove one of the includes"], ConfigurationReader.Read(a).Errors.AsEnumerable());
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Theory]
    [InlineData("akka.a = ${?NOT_SET_ANYWHERE}")]
    [InlineData("akka.a = [ ${?NOT_SET_ANYWHERE} ]")]
    [InlineData("akka.a = ${?NOT_SET_ANYWHERE}\"b\"")]
    [InlineData("akka { a = x ${?NOT_SET_ANYWHERE} y, b { c = ${?NOT_SET_ANYWHERE} } }")]
    public void Optional_substitutions_that_lead_nowhere_are_left_out(string text)
    {
        var result = ConfigurationReader.ReadText(text);
        Assert.Empty(result.Errors);
        Assert.DoesNotContain("NOT_SET", result.AkkaSection, StringComparison.Ordinal);
    }

    [Property(MaxTest = 2000)]
    public void Any_text_gives_a_configuration_or_errors_of_one_line(string text) => RequireOneOrTheOther(text ?? "");

    [Property(MaxTest = 2000)]
    public void Any_order_of_tokens_gives_a_configuration_or_errors_of_one_line(int[] choices) =>
        RequireOneOrTheOther(string.Concat(choices.Select(c => s_tokens[(int)((uint)c % s_tokens.Length)])));

    [Property(MaxTest = 500)]
    public void A_damaged_file_gives_a_configuration_or_errors_of_one_line(int seed)
    {
        var random = new Random(seed);
        var files = Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "hocon"), "*.conf", SearchOption.AllDirectories);
        var text = new StringBuilder(File.ReadAllText(files[random.Next(files.Length)]));
        for (var i = random.Next(1, 5); i > 0; i--)
        {
            var at = random.Next(text.Length);
            var length = Math.Min(random.Next(1, 20), text.Length - at);
            _ = random.Next(3) switch
            {
                0 => text.Remove(at, length),
                1 => text.Insert(at, s_tokens[random.Next(s_tokens.Length)]),
                _ => text.Insert(random.Next(text.Length), text.ToString(at, length)),
            };
        }

        RequireOneOrTheOther(text.ToString());
    }

    private static void RequireOneOrTheOther(string text)
    {
        var result = ConfigurationReader.ReadText(text, "f");
        Assert.Equal(result.Configuration is null, result.Errors.Length > 0);
        Assert.All(result.Errors.Concat(result.Notes), line =>
        {
            Assert.StartsWith("f:", line, StringComparison.Ordinal);
            Assert.DoesNotContain(line, char.IsControl);
        });
    }
}
