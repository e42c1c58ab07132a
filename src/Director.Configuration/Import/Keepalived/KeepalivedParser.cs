using System.Text;
using Director.Configuration.Documents;

namespace Director.Configuration.Import.Keepalived;

/// <summary>
/// Makes statements of the text of <c>keepalived.conf</c>: words to the end of the line, a block in braces behind them or in the lines below, <c>!</c> and <c>#</c> begin comments,
/// <c>$NAME=TEXT</c> and <c>$NAME</c>.
/// </summary>
internal sealed class KeepalivedParser(ImportFindings findings)
{
    private const int Deepest = 16;
    private const int LongestLine = 65536;
    private readonly Dictionary<string, string> _definitions = new(StringComparer.Ordinal);

    /// <summary>The whole of a file as the block of a statement without a name.</summary>
    public KeepalivedStatement Parse(ImportedFile file)
    {
        var root = new KeepalivedStatement([""], new(file.Name, 0)) { HasBlock = true };
        var open = new Stack<KeepalivedStatement>([root]);
        KeepalivedStatement? last = null;
        var lines = file.Text.Split('\n');
        for (var i = 0; i < lines.Length; i++)
        {
            var at = new Location(file.Name, i + 1);
            var words = new List<string>();
            foreach (var (token, isQuoted) in Tokens(Substituted(lines[i], at), at))
            {
                if (isQuoted || token is not ("{" or "}"))
                {
                    words.Add(token);
                    continue;
                }

                Close(words, at);
                if (token == "{" && !Open(at))
                {
                    return root;
                }

                if (token == "}")
                {
                    last = null;
                    if (open.Count == 1)
                    {
                        findings.Error(at, "}", "closes nothing; remove it, or look for a } too many above");
                        return root;
                    }

                    open.Pop();
                }
            }

            Close(words, at);
        }

        if (open.Count > 1)
        {
            findings.Error(open.Peek().At, open.Peek().Keyword, "has a { that is not closed; add a }");
        }

        return root;

        void Close(List<string> words, Location at)
        {
            if (words.Count > 0)
            {
                last = new([.. words], at);
                open.Peek().Add(last);
                words.Clear();
            }
        }

        bool Open(Location at)
        {
            if (last is null || last.HasBlock || open.Count > Deepest)
            {
                findings.Error(at, "{", open.Count > Deepest ? $"is nested more than {Deepest} deep; a configuration is not" : "opens a block of nothing; write its name before it");
                return false;
            }

            last.HasBlock = true;
            open.Push(last);
            last = null;
            return true;
        }
    }

    /// <summary>A line with its definitions put in; empty if it was one itself or is not for everybody.</summary>
    private string Substituted(string line, Location at)
    {
        var text = line.Trim();
        if (text.StartsWith('@'))
        {
            findings.NoCounterpart(at, text, "is for one host only, and was left out; give each director a file of its own, or ${?NAME} from its environment");
            return "";
        }

        if (text.StartsWith('~'))
        {
            findings.NoCounterpart(at, text, "repeats a line, and was left out; write the lines");
            return "";
        }

        if (text.StartsWith('$') && text.IndexOf('=', StringComparison.Ordinal) is > 1 and var equals && text[1..equals].All(IsOfName))
        {
            _definitions[text[1..equals]] = Substituted(text[(equals + 1)..], at).Trim();
            return "";
        }

        var result = new StringBuilder();
        for (var i = 0; i < line.Length; i++)
        {
            var isBraced = i + 1 < line.Length && line[i + 1] == '{';
            var start = i + (isBraced ? 2 : 1);
            var end = start;
            while (end < line.Length && IsOfName(line[end]))
            {
                end++;
            }

            if (line[i] == '$' && end > start && _definitions.TryGetValue(line[start..end], out var value) && (!isBraced || (end < line.Length && line[end] == '}')))
            {
                result.Append(value);
                i = isBraced ? end : end - 1;
            }
            else
            {
                result.Append(line[i]);
            }

            if (result.Length > LongestLine)
            {
                findings.Error(at, text, $"becomes longer than {LongestLine} characters by what $ stands for");
                return "";
            }
        }

        return result.ToString();
    }

    private IEnumerable<(string Token, bool IsQuoted)> Tokens(string line, Location at)
    {
        var word = new StringBuilder();
        var isQuoted = false;
        var wasQuoted = false;
        for (var i = 0; i < line.Length; i++)
        {
            var c = line[i];
            if (isQuoted)
            {
                if (c == '"')
                {
                    isQuoted = false;
                }
                else if (c == '\\' && i + 1 < line.Length && line[i + 1] is '"' or '\\')
                {
                    word.Append(line[++i]);
                }
                else
                {
                    word.Append(c);
                }
            }
            else if (c == '"')
            {
                isQuoted = wasQuoted = true;
            }
            else if (char.IsWhiteSpace(c) || c is '{' or '}' or '!' or '#')
            {
                if (word.Length > 0 || wasQuoted)
                {
                    yield return (word.ToString(), wasQuoted);
                    word.Clear();
                    wasQuoted = false;
                }

                if (c is '{' or '}')
                {
                    yield return (c.ToString(), false);
                }
                else if (c is '!' or '#')
                {
                    yield break;
                }
            }
            else
            {
                word.Append(c);
            }
        }

        if (isQuoted)
        {
            findings.Error(at, line.Trim(), "has a quote that is not closed; close it in the same line");
        }

        if (word.Length > 0 || wasQuoted)
        {
            yield return (word.ToString(), wasQuoted);
        }
    }

    private static bool IsOfName(char c) => char.IsAsciiLetterOrDigit(c) || c == '_';
}
