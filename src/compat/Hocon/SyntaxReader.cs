using System.Globalization;
using System.Text;

namespace Hocon;

/// <summary>Text to syntax by recursive descent; nothing is resolved yet.</summary>
internal sealed class SyntaxReader(string text, HoconIncludeCallbackAsync? include, string[] includedAt)
{
    private const int DepthLimit = 500;
    private const string ForbiddenInUnquoted = "$\"{}[]:=,+#`^?!@*&\\";

    private int _at;
    private int _depth;
    private readonly List<string> _place = [];

    private char Current => _at < text.Length ? text[_at] : '\0';

    private bool AtEnd => _at >= text.Length;

    public ObjectPiece ReadDocument()
    {
        SkipSpaceAndNewlines();
        ObjectPiece root;
        if (Current == '{')
        {
            root = ReadObject();
            SkipSpaceAndNewlines();
            if (!AtEnd)
            {
                throw Error("text behind the closing brace of the document");
            }
        }
        else
        {
            root = new();
            ReadFields(root, isDocument: true);
        }

        return root;
    }

    private ObjectPiece ReadObject()
    {
        _at++;
        var result = new ObjectPiece();
        ReadFields(result, isDocument: false);
        _at++;
        return result;
    }

    private void ReadFields(ObjectPiece into, bool isDocument)
    {
        if (++_depth > DepthLimit)
        {
            throw Error("objects are nested too deeply");
        }

        SkipSpaceAndNewlines();
        while (true)
        {
            if (AtEnd)
            {
                if (isDocument)
                {
                    break;
                }

                throw Error("a closing brace is missing");
            }

            if (Current == '}')
            {
                if (isDocument)
                {
                    throw Error("a closing brace without an opening one");
                }

                break;
            }

            ReadField(into);
            if (!SkipSeparator() && !AtEnd && Current != '}')
            {
                throw Error("a comma or a new line is missing between two fields");
            }
        }

        _depth--;
    }

    private void ReadField(ObjectPiece into)
    {
        if (IsInclude())
        {
            ReadInclude(into);
            return;
        }

        var path = ReadKey();
        _place.AddRange(path);
        SkipSpaceAndNewlines();
        var isAppend = false;
        if (Current == '{')
        {
            Assign(into, path, ReadValue());
        }
        else
        {
            if (Current == '+' && _at + 1 < text.Length && text[_at + 1] == '=')
            {
                isAppend = true;
                _at++;
            }
            else if (Current is not ('=' or ':'))
            {
                throw Error("'=', ':' or '{' is missing after a key");
            }

            _at++;
            SkipSpaceAndNewlines();
            var (line, position) = Location();
            var value = ReadValue();
            Assign(into, path, isAppend ? [new SubstitutionPiece([.. includedAt, .. _place], [], true, line, position), new ArrayPiece([value])] : value);
        }

        _place.RemoveRange(_place.Count - path.Count, path.Count);
    }

    private static void Assign(ObjectPiece into, List<string> path, List<Piece> value)
    {
        for (var i = 0; i < path.Count - 1; i++)
        {
            var field = into.Field(path[i]);
            if (field.Layers is not [.., [ObjectPiece]])
            {
                field.Add([new ObjectPiece()]);
            }

            into = (ObjectPiece)field.Layers[^1][0];
        }

        into.Field(path[^1]).Add(value);
    }

    private bool IsInclude() =>
        string.CompareOrdinal(text, _at, "include", 0, 7) == 0 && _at + 7 < text.Length && (text[_at + 7] == '"' || IsSpace(text[_at + 7]))
        && text.AsSpan(_at + 7).TrimStart(" \t") is ['"', ..];

    private void ReadInclude(ObjectPiece into)
    {
        _at += 7;
        SkipSpace();
        var name = ReadQuoted();
        if (include is null)
        {
            throw Error("include without a callback that loads it");
        }

        var included = include(HoconCallbackType.File, name).GetAwaiter().GetResult();
        into.Append(new SyntaxReader(included, include, [.. includedAt, .. _place]).ReadDocument());
    }

    private List<string> ReadKey()
    {
        var segments = new List<string>();
        var segment = new StringBuilder();
        var isStarted = false;
        while (true)
        {
            if (Current == '"')
            {
                segment.Append(ReadQuoted());
                isStarted = true;
            }
            else if (Current == '.')
            {
                Complete();
                _at++;
            }
            else if (!AtEnd && !IsSpaceOrNewline(Current) && !ForbiddenInUnquoted.Contains(Current, StringComparison.Ordinal))
            {
                segment.Append(Current);
                isStarted = true;
                _at++;
            }
            else
            {
                break;
            }
        }

        Complete();
        return segments;

        void Complete()
        {
            if (!isStarted)
            {
                throw Error("a key is missing");
            }

            segments.Add(segment.ToString());
            segment.Clear();
            isStarted = false;
        }
    }

    private List<Piece> ReadValue()
    {
        var pieces = new List<Piece>();
        while (true)
        {
            var spaceFrom = _at;
            SkipSpace();
            if (AtEnd || Current is '\n' or ',' or '}' or ']' || IsComment())
            {
                break;
            }

            if (pieces.Count > 0 && _at > spaceFrom)
            {
                pieces.Add(new TextPiece(text[spaceFrom.._at], IsQuoted: false, IsSpace: true));
            }

            pieces.Add(Current switch
            {
                '{' => ReadObject(),
                '[' => ReadArray(),
                '$' => ReadSubstitution(),
                '"' => new TextPiece(ReadQuoted(), IsQuoted: true),
                _ => ReadUnquoted(),
            });
        }

        return pieces.Count == 0 ? throw Error("a value is missing") : pieces;
    }

    private ArrayPiece ReadArray()
    {
        if (++_depth > DepthLimit)
        {
            throw Error("arrays are nested too deeply");
        }

        _at++;
        var elements = new List<List<Piece>>();
        SkipSpaceAndNewlines();
        while (Current != ']')
        {
            if (AtEnd)
            {
                throw Error("a closing bracket is missing");
            }

            elements.Add(ReadValue());
            if (!SkipSeparator() && Current != ']')
            {
                throw Error("a comma, a new line or a closing bracket is missing");
            }
        }

        _at++;
        _depth--;
        return new ArrayPiece(elements);
    }

    private SubstitutionPiece ReadSubstitution()
    {
        var (line, position) = Location();
        if (_at + 1 >= text.Length || text[_at + 1] != '{')
        {
            throw Error("'{' is missing after '$'");
        }

        _at += 2;
        var isOptional = Current == '?';
        if (isOptional)
        {
            _at++;
        }

        var path = ReadKey();
        if (Current != '}')
        {
            throw Error("'}' is missing after a substitution");
        }

        _at++;
        return new SubstitutionPiece([.. path], includedAt, isOptional, line, position);
    }

    private TextPiece ReadUnquoted()
    {
        var from = _at;
        while (!AtEnd && !IsSpaceOrNewline(Current) && !IsComment() && !ForbiddenInUnquoted.Contains(Current, StringComparison.Ordinal))
        {
            _at++;
        }

        return _at == from ? throw Error($"'{Current}' must stand in quotes") : new TextPiece(text[from.._at], IsQuoted: false);
    }

    private string ReadQuoted()
    {
        if (string.CompareOrdinal(text, _at, "\"\"\"", 0, 3) == 0)
        {
            return ReadTripleQuoted();
        }

        _at++;
        var result = new StringBuilder();
        while (Current != '"')
        {
            if (AtEnd || Current == '\n')
            {
                throw Error("a closing quote is missing");
            }

            if (Current == '\\')
            {
                _at++;
                result.Append(ReadEscape());
            }
            else
            {
                result.Append(Current);
            }

            _at++;
        }

        _at++;
        return result.ToString();
    }

    private char ReadEscape()
    {
        switch (Current)
        {
            case '"' or '\\' or '/':
                return Current;
            case 'b':
                return '\b';
            case 'f':
                return '\f';
            case 'n':
                return '\n';
            case 'r':
                return '\r';
            case 't':
                return '\t';
            case 'u' when _at + 4 < text.Length
                && ushort.TryParse(text.AsSpan(_at + 1, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code):
                _at += 4;
                return (char)code;
            default:
                throw Error("an escape that JSON does not have");
        }
    }

    private string ReadTripleQuoted()
    {
        var from = _at + 3;
        var end = text.IndexOf("\"\"\"", from, StringComparison.Ordinal);
        if (end < 0)
        {
            throw Error("three closing quotes are missing");
        }

        // Quotes beyond the third belong to the string.
        while (end + 3 < text.Length && text[end + 3] == '"')
        {
            end++;
        }

        _at = end + 3;
        return text[from..end];
    }

    /// <summary>Skips what stands between two fields or elements; false if neither a comma nor a new line is there.</summary>
    private bool SkipSeparator()
    {
        SkipSpace();
        SkipComment();
        var isNewline = Current == '\n';
        SkipSpaceAndNewlines();
        if (Current != ',')
        {
            return isNewline;
        }

        _at++;
        SkipSpaceAndNewlines();
        return Current == ',' ? throw Error("two commas in a row") : true;
    }

    private void SkipSpaceAndNewlines()
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

    private void SkipSpace()
    {
        while (!AtEnd && IsSpace(Current))
        {
            _at++;
        }
    }

    private void SkipComment()
    {
        if (!IsComment())
        {
            return;
        }

        while (!AtEnd && Current != '\n')
        {
            _at++;
        }
    }

    private bool IsComment() => Current == '#' || (Current == '/' && _at + 1 < text.Length && text[_at + 1] == '/');

    private static bool IsSpaceOrNewline(char c) => c == '\n' || IsSpace(c);

    private static bool IsSpace(char c) => c != '\n' && (char.IsWhiteSpace(c) || c is '\ufeff' or (>= '\u001c' and <= '\u001f'));

    private (int Line, int Position) Location()
    {
        var before = text.AsSpan(0, Math.Min(_at, text.Length));
        return (before.Count('\n') + 1, before.Length - before.LastIndexOf('\n'));
    }

    private HoconParserException Error(string what)
    {
        var (line, position) = Location();
        return new HoconParserException($"{what} (line {line}, column {position})", line, position);
    }
}
