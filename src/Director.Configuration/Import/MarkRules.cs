using System.Globalization;
using Director.Configuration.Documents;
using Director.Configuration.Import.Writing;
using Director.Configuration.Reading;

namespace Director.Configuration.Import;

/// <summary>
/// Which packets get a mark: <c>MARK</c> rules of netfilter, from what <c>iptables-save</c> writes or from <c>iptables</c> commands. The old tools' files name marks and leave it to the
/// firewall to set them.
/// </summary>
/// <param name="findings">Where rules go that have no counterpart.</param>
internal sealed class MarkRules(ImportFindings findings)
{
    private static readonly HashSet<string> s_ignored = ["-w", "--wait"];
    private readonly List<Rule> _rules = [];

    private sealed record Rule(Location At, uint Mark, string Destination, string Protocol, List<string> Ports, string Source);

    /// <summary>Takes a whole file if <c>iptables-save</c> wrote it.</summary>
    public bool Take(ImportedFile file)
    {
        var lines = file.Text.Split('\n');
        if (Array.Find(lines, l => l.Trim().Length > 0 && !l.TrimStart().StartsWith('#'))?.StartsWith('*') != true)
        {
            return false;
        }

        for (var i = 0; i < lines.Length; i++)
        {
            if (Words.Split(lines[i]) is [_, ..] words)
            {
                Take(words, new(file.Name, i + 1));
            }
        }

        return true;
    }

    /// <summary>Takes the words of a rule that sets a mark; of others, nothing.</summary>
    /// <returns>Whether it was one.</returns>
    public bool Take(IReadOnlyList<string> words, Location at)
    {
        if (!words.Contains("MARK"))
        {
            return false;
        }

        var rule = new Rule(at, 0, "", "any", [], "any");
        var unknown = new List<string>();
        for (var i = 0; i < words.Count; i++)
        {
            var word = words[i];
            var value = i + 1 < words.Count ? words[i + 1] : "";
            var takesValue = true;
            switch (word)
            {
                case "--set-mark" or "--set-xmark":
                    rule = rule with { Mark = Mark(value) };
                    break;
                case "-d" or "--destination" or "--dst":
                    rule = rule with { Destination = value };
                    break;
                case "-s" or "--source" or "--src":
                    rule = rule with { Source = value is "0.0.0.0/0" or "::/0" ? "any" : value };
                    break;
                case "-p" or "--protocol" or "--proto":
                    rule = rule with { Protocol = value == "all" ? "any" : value };
                    break;
                case "--dport" or "--destination-port" or "--dports" or "--destination-ports":
                    rule = rule with { Ports = [.. value.Split(',')] };
                    break;
                case "-t" or "-A" or "-I" or "-j" or "--append" or "--insert" or "--jump" or "--table" or "-m" or "--match":
                    break;
                default:
                    takesValue = false;
                    if (word.StartsWith('-') && !s_ignored.Contains(word))
                    {
                        unknown.Add(word);
                    }

                    break;
            }

            i += takesValue ? 1 : 0;
        }

        if (words.Contains("!") || unknown.Count > 0 || rule.Mark == 0 || rule.Destination.Length == 0 || rule.Ports.Any(p => Addresses.Port(p) is null or 0)
            || rule.Protocol is not ("tcp" or "udp" or "any"))
        {
            var why = words.Contains("!") ? "a mark here has no exceptions" : unknown.Count > 0 ? $"a mark here does not look at {unknown[0]}"
                : rule.Mark == 0 ? "sets no mark from 1 to 4294967295" : rule.Destination.Length == 0 ? "names no destination, which a mark here needs"
                : rule.Protocol is not ("tcp" or "udp" or "any") ? $"director forwards TCP and UDP, not {rule.Protocol}" : "ports are numbers here, one by one";
            findings.NoCounterpart(at, string.Join(' ', words), why);
        }
        else
        {
            _rules.Add(rule);
        }

        return true;
    }

    /// <summary>Writes the rules of a mark.</summary>
    /// <returns>Whether there is one.</returns>
    public bool Write(WrittenSection director, uint mark, bool isIPv6)
    {
        var rules = _rules.Where(r => r.Mark == mark && r.Destination.Contains(':', StringComparison.Ordinal) == isIPv6).ToList();
        foreach (var rule in rules)
        {
            var to = director.Item("marks", rule.At);
            to.Bare("mark", rule.Mark, rule.At);
            if (rule.Protocol != "any")
            {
                to.Bare("protocol", rule.Protocol, rule.At);
            }

            to.Text("destination", rule.Destination, rule.At);
            if (rule.Ports.Count > 0)
            {
                to.Bares("ports", rule.Ports, rule.At);
            }

            if (rule.Source != "any")
            {
                to.Text("source", rule.Source, rule.At);
            }
        }

        return rules.Count > 0;
    }

    // 1, 0x1, 0x1/0xffffffff
    private static uint Mark(string text)
    {
        var value = text.Split('/')[0];
        return value.StartsWith("0x", StringComparison.OrdinalIgnoreCase)
            ? uint.TryParse(value.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var hex) ? hex : 0
            : uint.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;
    }
}
