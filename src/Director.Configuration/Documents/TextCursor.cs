using System.Globalization;
using System.Text;

namespace Director.Configuration.Documents;

/// <summary>A place in a file's text, and the words that HOCON is made of.</summary>
internal sealed class TextCursor(SourceFile file)
{
    private readonly string _text = file.Text;
    private int _at;

    /// <summary>Characters before it.</summary>
    public int At => _at;

    public char Current => _at < _text.Length ? _text[_at] : '\0';

    public bool AtEnd => _at >= _text.Length;

    /// <summary>The character behind the current one.</summary>
    public char Next => _at + 1 < _text.Length ? _text[_at + 1] : '\0';

    public Location Location => file.At(Math.Min(_at, _text.Length));

    public void Advance(int characters = 1) => _at += characters;

    public string Since(int from) => _text[from.._at];

    /// <summary>What stands before an earlier place; NUL at the beginning.</summary>
    public char Before(int at) => at > 0 ? _text[at - 1] : '\0';

    /// <summary>Passes an unquoted string; false if none is here.</summary>
    /// <param name="endsAtDot">Whether a dot ends it, as in a key.</param>
    public bool SkipUnquoted(bool endsAtDot)
    {
        var from = _at;
        while (!AtEnd && Current is not ('\n' or ' ' or '\t') && !(endsAtDot && Current == '.') && !IsComment() && !IsForbidden(Current))
        {
            _at++;
        }

        return _at > from;
    }

    /// <summary>Passes a string in quotes and gives what it says.</summary>
    public string Quoted()
    {
        var opened = _at;
        if (_text.AsSpan(_at).StartsWith("\"\"\""))
        {
            var end = _text.IndexOf("\"\"\"", _at + 3, StringComparison.Ordinal);
            if (end < 0)
            {
                throw new DocumentException(file.At(opened), "this \"\"\" is never closed; add \"\"\"");
            }

            while (end + 3 < _text.Length && _text[end + 3] == '"')
            {
                end++;
            }

            _at = end + 3;
            return _text[(opened + 3)..end];
        }

        var result = new StringBuilder();
        for (_at++; Current != '"' || AtEnd; _at++)
        {
            if (AtEnd || Current == '\n')
            {
                throw new DocumentException(file.At(opened), "this \" is not closed in its line; add a \"");
            }

            if (Current < ' ')
            {
                throw Error($"{Here()} stands in a string; write it as \\u{(int)Current:x4}");
            }

            if (Current != '\\')
            {
                result.Append(Current);
                continue;
            }

            _at++;
            var escape = "\"\\/bfnrt".IndexOf(Current, StringComparison.Ordinal);
            if (escape >= 0 && !AtEnd)
            {
                result.Append("\"\\/\b\f\n\r\t"[escape]);
            }
            else if (Current == 'u' && _at + 4 < _text.Length
                && ushort.TryParse(_text.AsSpan(_at + 1, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code))
            {
                result.Append((char)code);
                _at += 4;
            }
            else
            {
                throw Error($"\\ before {Here()} is no escape; write \\\\ for a backslash");
            }
        }

        _at++;
        return result.ToString();
    }

    /// <summary>Passes white space, new lines and comments.</summary>
    public void SkipBlank()
    {
        while (true)
        {
            SkipSpace();
            SkipComment();
            if (Current != '\n')
            {
                return;
            }

            _at++;
        }
    }

    /// <summary>Passes blanks and tabs.</summary>
    public void SkipSpace()
    {
        while (Current is ' ' or '\t')
        {
            _at++;
        }
    }

    public void SkipComment()
    {
        if (IsComment())
        {
            var end = _text.IndexOf('\n', _at);
            _at = end < 0 ? _text.Length : end;
        }
    }

    public bool IsComment() => Current == '#' || (Current == '/' && _at + 1 < _text.Length && _text[_at + 1] == '/');

    /// <summary>Whether a bare word stands here and nothing that it only begins.</summary>
    public bool IsWord(string word) =>
        _text.AsSpan(_at).StartsWith(word)
        && (_at + word.Length == _text.Length || " \t\n\".=:{(,]}+".Contains(_text[_at + word.Length], StringComparison.Ordinal));

    /// <summary>What an unquoted string may not hold. Invisible characters are not taken for blanks, so that none becomes a part of a value or parts
    /// two.</summary>
    private static bool IsForbidden(char c) =>
        "$\"{}[]:=,+#`^?!@*&\\".Contains(c, StringComparison.Ordinal) || char.IsControl(c) || char.IsWhiteSpace(c) || c == '\ufeff';

    /// <summary>The character here as people can read it.</summary>
    public string Here() => AtEnd ? "the end" : Current switch
    {
        '\n' => "the end of the line",
        ' ' => "a blank",
        var c when char.IsControl(c) || char.IsWhiteSpace(c) || c == '\ufeff' || char.IsSurrogate(c) => $"the character U+{(int)c:X4}",
        var c => c.ToString(),
    };

    /// <summary>An error here.</summary>
    public DocumentException Error(string message) => new(Location, message);
}
