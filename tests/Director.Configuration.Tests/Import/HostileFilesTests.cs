using System.Text;
using Director.Configuration.Import;
using FsCheck.Xunit;
using Xunit;

namespace Director.Configuration.Tests.Import;

/// <summary>Whatever a file holds, an import gives errors of one line each or a configuration that is right; nothing throws.</summary>
public sealed class HostileFilesTests
{
    private static readonly Sample[] s_samples = [.. Sample.All];

    private static readonly string[] s_tokens =
    [
        "virtual", "real", "=", "\n    ", "\n", " ", "\t", "{", "}", "\"", "'", "!", "#", "$", "$X=$X$X\n", "${X}", "@a", "~", "->", ":", "::", ",", "-", "--", "-A", "-t", "-f 1", "\\", "\\\n",
        "10.0.0.1", "10.0.0.1:80", "[fd00::1]:80", "fd00::1", "1-2", "255", "65536", "99999999999999999999", "0.0000001", "-1", "vrrp_instance", "virtual_server", "group", "real_server",
        "auth 1", "node", "IPaddr::", "\0", "\ud800", "\u2028", "é", "${director}", "\"\"\"", "*mangle\n", "MARK", "/32", "%", "ms", "yes", "weight", "include x",
    ];

    [Property(MaxTest = 1000)]
    public void Any_text(int kind, string text) => Require((ImportKind)((uint)kind % 6), [new("f", text ?? "")]);

    [Property(MaxTest = 2000)]
    public void Any_order_of_tokens(int kind, int[] choices) =>
        Require((ImportKind)((uint)kind % 6), [new("f", string.Concat(choices.Select(c => s_tokens[(int)((uint)c % s_tokens.Length)])))]);

    [Property(MaxTest = 3000)]
    public void A_damaged_sample(int seed)
    {
        var random = new Random(seed);
        var sample = s_samples[random.Next(s_samples.Length)];
        var files = sample.Files.ToArray();
        var which = random.Next(files.Length);
        var text = new StringBuilder(files[which].Text);
        for (var i = random.Next(1, 6); i > 0 && text.Length > 0; i--)
        {
            var at = random.Next(text.Length);
            var length = Math.Min(random.Next(1, 20), text.Length - at);
            _ = random.Next(4) switch
            {
                0 => text.Remove(at, length),
                1 => text.Insert(at, s_tokens[random.Next(s_tokens.Length)]),
                2 => text.Replace(text.ToString(at, 1), s_tokens[random.Next(s_tokens.Length)], at, length),
                _ => text.Insert(random.Next(text.Length), text.ToString(at, length)),
            };
        }

        files[which] = files[which] with { Text = text.ToString() };
        Require(sample.Kind, files);
    }

    [Fact]
    public void What_multiplies_is_refused()
    {
        var definitions = "$X0=aaaaaaaaaa\n" + string.Concat(Enumerable.Range(1, 30).Select(i => $"$X{i}=$X{i - 1}$X{i - 1}\n")) + "global_defs {\n router_id $X30\n}\n";
        Assert.Contains("becomes longer than 65536 characters", ConfigurationImporter.Import(ImportKind.Keepalived, [new("f", definitions)], new Sample.Names()).Errors[0], StringComparison.Ordinal);
        var deep = string.Concat(Enumerable.Repeat("a {\n", 100_000));
        Assert.Equal(["f:17: {: is nested more than 16 deep; a configuration is not"],
            ConfigurationImporter.Import(ImportKind.Keepalived, [new("f", deep)], new Sample.Names()).Errors.AsEnumerable().Take(1));
        Assert.Equal(
            ["f:2: real = 10.0.0.0->10.255.255.255:80 gate: is a range of more than 1024 addresses"],
            ConfigurationImporter.Import(ImportKind.Ldirectord, [new("f", "virtual = 10.0.0.1:80\n    real = 10.0.0.0->10.255.255.255:80 gate\n")], new Sample.Names()).Errors.AsEnumerable());
    }

    private static void Require(ImportKind kind, IReadOnlyList<ImportedFile> files)
    {
        var result = ConfigurationImporter.Import(kind, files, new Sample.Names());
        Assert.Equal(result.Text.Length == 0, result.Errors.Length > 0);
        Assert.All(result.Errors.Concat(result.Missing), line =>
        {
            Assert.True(files.Any(f => line.StartsWith($"{f.Name}:", StringComparison.Ordinal)), line);
            Assert.DoesNotContain(line, char.IsControl);
        });

        if (result.Errors.IsEmpty)
        {
            Assert.Empty(Sample.Errors(kind, result.Text));
        }
    }
}
