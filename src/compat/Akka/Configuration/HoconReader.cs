using System.Text;

namespace Akka.Configuration;

/// <summary>Reads HOCON as configuration text uses it: objects, arrays, quoted and dotted keys, strings, comments. Substitutions and includes are refused by name.</summary>
internal sealed class HoconReader(string text)
{
    private int _at;

    /// <summary>The tree: an object is a <see cref="Dictionary{TKey, TValue}"/>, an array a <see cref="List{T}"/>, everything else a string (null for <c>null</c>).</summary>
    public Dictionary<string, object> Read()
    {
        SkipBlank();
        var braced = Peek == '{';
        if (braced)
        {
            _at++;
        }

        var root = ReadFields(braced ? '}' : '\0');
        SkipBlank();
        return _at == text.Length ? root : throw Error("the end of the text is expected");
    }

    /// <summary>The names of a path: <c>a.b."c.d"</c> has three.</summary>
    public static List<string> SplitPath(string path)
    {
        var reader = new HoconReader(path);
        var names = reader.ReadKey();
        return reader._at == path.Length ? names : throw reader.Error("the end of the path is expected");
    }

    /// <summary>Puts <paramref name="over"/> above <paramref name="under"/>: objects merge, other values hide what is below.</summary>
    public static object Merge(object over, object under)
    {
        if (over is not Dictionary<string, object> upper || under is not Dictionary<string, object> lower)
        {
            return over;
        }

        var merged = new Dictionary<string, object>(upper);
        foreach (var (key, value) in lower)
        {
            merged[key] = merged.TryGetValue(key, out var above) ? Merge(above, value) : value;
        }

        return merged;
    }

    private char Peek => _at < text.Length ? text[_at] : '\0';

    private bool IsComment => Peek == '#' || (Peek == '/' && _at + 1 < text.Length && text[_at + 1] == '/');

    private Dictionary<string, object> ReadFields(char end)
    {
        var fields = new Dictionary<string, object>();
        while (true)
        {
            SkipBlank();
            while (Peek == ',')
            {
                _at++;
                SkipBlank();
            }

            if (_at == text.Length && end != '\0')
            {
                throw Error($"'{end}' is missing");
            }

            if (_at == text.Length || Peek == end)
            {
                _at += end == '\0' ? 0 : 1;
                return fields;
            }

            var path = ReadKey();
            SkipBlank();
            if (Peek is '=' or ':')
            {
                _at++;
                SkipBlank();
            }
            else if (Peek != '{')
            {
                throw Error($"'=', ':' or '{{' is expected after the key '{string.Join('.', path)}'");
            }

            var value = ReadValue();
            for (var i = path.Count - 1; i > 0; i--)
            {
                value = new Dictionary<string, object> { [path[i]] = value };
            }

            fields[path[0]] = fields.TryGetValue(path[0], out var before) ? Merge(value, before) : value;
        }
    }

    private List<string> ReadKey()
    {
        var names = new List<string>();
        do
        {
            var name = new StringBuilder();
            if (Peek == '"')
            {
                name.Append(ReadQuoted());
                SkipSpaces();
            }
            else
            {
                while (_at < text.Length && !"\".:={}[],+#\n\r".Contains(Peek))
                {
                    name.Append(text[_at++]);
                }

                if (name.ToString().Trim().Length == 0)
                {
                    throw Error("a key is expected");
                }
            }

            names.Add(name.ToString().Trim());
        }
        while (Peek == '.' && ++_at > 0);
        return names;
    }

    private object ReadValue()
    {
        switch (Peek)
        {
            case '{':
                _at++;
                return ReadFields('}');
            case '[':
                _at++;
                return ReadArray();
            default:
                return ReadScalar();
        }
    }

    private List<object> ReadArray()
    {
        var items = new List<object>();
        while (true)
        {
            SkipBlank();
            while (Peek == ',')
            {
                _at++;
                SkipBlank();
            }

            if (_at == text.Length)
            {
                throw Error("']' is missing");
            }

            if (Peek == ']')
            {
                _at++;
                return items;
            }

            items.Add(ReadValue());
        }
    }

    private string ReadScalar()
    {
        var value = new StringBuilder();
        var quoted = false;
        var keep = 0;
        while (_at < text.Length && !IsComment && !",}]\n\r".Contains(Peek))
        {
            if (Peek == '"')
            {
                value.Append(ReadQuoted());
                quoted = true;
                keep = value.Length;
            }
            else if (Peek == '$' || Peek is '{' or '[')
            {
                throw Error(Peek == '$' ? "substitutions are not supported here" : $"'{Peek}' is not expected here");
            }
            else
            {
                value.Append(text[_at++]);
            }
        }

        // Blanks after the last quotes or unquoted character are not part of the value.
        while (value.Length > keep && char.IsWhiteSpace(value[^1]))
        {
            value.Length--;
        }

        if (value.Length == 0 && !quoted)
        {
            throw Error("a value is expected");
        }

        var result = value.ToString();
        return !quoted && result == "null" ? null : result;
    }

    private string ReadQuoted()
    {
        if (string.CompareOrdinal(text, _at, "\"\"\"", 0, 3) == 0)
        {
            var end = text.IndexOf("\"\"\"", _at + 3, StringComparison.Ordinal);
            if (end < 0)
            {
                throw Error("'\"\"\"' is missing");
            }

            var raw = text[(_at + 3)..end];
            _at = end + 3;
            return raw;
        }

        _at++;
        var value = new StringBuilder();
        while (Peek != '"')
        {
            if (_at == text.Length || Peek == '\n')
            {
                throw Error("'\"' is missing");
            }

            value.Append(Peek == '\\' ? ReadEscape() : text[_at++]);
        }

        _at++;
        return value.ToString();
    }

    private char ReadEscape()
    {
        _at++;
        var code = Peek;
        _at++;
        switch (code)
        {
            case 'n': return '\n';
            case 'r': return '\r';
            case 't': return '\t';
            case 'b': return '\b';
            case 'f': return '\f';
            case '"' or '\\' or '/': return code;
            case 'u' when _at + 4 <= text.Length && ushort.TryParse(text.AsSpan(_at, 4), System.Globalization.NumberStyles.AllowHexSpecifier, null, out var unit):
                _at += 4;
                return (char)unit;
            default: throw Error($"'\\{code}' is no escape");
        }
    }

    private void SkipSpaces()
    {
        while (Peek is ' ' or '\t')
        {
            _at++;
        }
    }

    private void SkipBlank()
    {
        while (_at < text.Length)
        {
            if (IsComment)
            {
                while (_at < text.Length && Peek != '\n')
                {
                    _at++;
                }
            }
            else if (char.IsWhiteSpace(Peek))
            {
                _at++;
            }
            else
            {
                return;
            }
        }
    }

    private ConfigurationException Error(string what) =>
        new($"line {text.AsSpan(0, Math.Min(_at, text.Length)).Count('\n') + 1}: {what}");
}
