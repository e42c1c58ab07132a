using Director.Configuration.Documents;

namespace Director.Configuration.Import.Ldirectord;

/// <summary>A line of <c>ldirectord.cf</c>: <c>key = value</c>.</summary>
/// <param name="Key">The key.</param>
/// <param name="Value">The value, without the quotes around it.</param>
/// <param name="IsQuoted">Whether it had any.</param>
/// <param name="IsIndented">Whether it belongs to the virtual service above it, as ldirectord counts: four blanks or a tab.</param>
/// <param name="At">Where.</param>
internal sealed record LdirectordLine(string Key, string Value, bool IsQuoted, bool IsIndented, Location At)
{
    /// <summary>The line as people know it.</summary>
    public string Shown => IsQuoted ? $"{Key} = \"{Value}\"" : $"{Key} = {Value}";

    /// <summary>All lines that say something.</summary>
    public static IEnumerable<LdirectordLine> Read(ImportedFile file, ImportFindings findings)
    {
        var lines = file.Text.Split('\n');
        for (var i = 0; i < lines.Length; i++)
        {
            var at = new Location(file.Name, i + 1);
            var line = WithoutComment(lines[i].Replace("\t", "    ", StringComparison.Ordinal));
            var text = line.Trim();
            if (text.Length == 0)
            {
                continue;
            }

            var equals = text.IndexOf('=', StringComparison.Ordinal);
            if (equals < 0 && text != "supervised")
            {
                findings.Error(at, text, "is no line of ldirectord.cf; KEY = VALUE is right");
                continue;
            }

            var value = equals < 0 ? "yes" : text[(equals + 1)..].Trim();
            var isQuoted = value.Length > 1 && value[0] == value[^1] && value[0] is '"' or '\'' && value.IndexOf(value[0], 1) == value.Length - 1;
            yield return new(equals < 0 ? text : text[..equals].Trim(), isQuoted ? value[1..^1] : value, isQuoted, line.StartsWith("    ", StringComparison.Ordinal), at);
        }
    }

    private static string WithoutComment(string line)
    {
        var isQuoted = false;
        for (var i = 0; i < line.Length; i++)
        {
            isQuoted ^= line[i] == '"';
            if (line[i] == '#' && !isQuoted)
            {
                return line[..i];
            }
        }

        return isQuoted && line.TrimStart().StartsWith('#') ? "" : line;
    }
}
