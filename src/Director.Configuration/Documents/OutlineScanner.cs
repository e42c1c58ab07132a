namespace Director.Configuration.Documents;

/// <summary>
/// Finds the line of each key, which the Hocon package does not keep, and holds back what it must not be given: text that is not HOCON by the letter of the
/// specification, deep nesting, files that include themselves. It reads no values.
/// </summary>
internal sealed class OutlineScanner
{
    private const int NestingLimit = 32;
    private const int IncludeLimit = 64;
    private const int IncludeNestingLimit = 8;
    private const int SubstitutionLimit = 256;

    private readonly SourceFile _file;
    private readonly TextCursor _cursor;
    private readonly Outline _outline;
    private readonly Func<string, SourceFile> _load;
    private readonly IReadOnlyList<string> _including;
    private readonly string[] _includedAt;
    private readonly List<string> _path;
    private int _depth;
    private int _arrays;

    private OutlineScanner(SourceFile file, Outline outline, Func<string, SourceFile> load, IReadOnlyList<string> including, string[] includedAt, int depth)
    {
        _file = file;
        _cursor = new(file);
        _outline = outline;
        _load = load;
        _including = including;
        _includedAt = includedAt;
        _path = [.. includedAt];
        _depth = depth;
    }

    private enum PieceKind
    {
        Text,
        Object,
        Array,
        Substitution,
    }

    /// <param name="file">The document.</param>
    /// <param name="load">Gives the file that an include names.</param>
    /// <exception cref="DocumentException">The text is not what may be handed on.</exception>
    public static Outline Scan(SourceFile file, Func<string, SourceFile> load)
    {
        var outline = new Outline(new(file.Name, 0));
        new OutlineScanner(file, outline, load, [file.Name], [], 0).ScanDocument(outline.Root);
        return outline;
    }

    private bool ScanDocument(OutlineNode root)
    {
        _outline.Readings[_file.Name] = _outline.Readings.GetValueOrDefault(_file.Name) + 1;
        _cursor.SkipBlank();
        if (_cursor.Current == '[')
        {
            throw _cursor.Error("a list is not a configuration; begin with director { }");
        }

        var fieldsBefore = _outline.Definitions.Count;
        if (_cursor.Current == '{')
        {
            ScanObject(root);
            _cursor.SkipBlank();
            if (!_cursor.AtEnd)
            {
                throw _cursor.Error($"{_cursor.Here()} stands behind the last brace; put it inside or remove a brace");
            }
        }
        else
        {
            ScanFields(root, opened: -1);
        }

        return _outline.Definitions.Count > fieldsBefore;
    }

    private void ScanObject(OutlineNode into)
    {
        var opened = _cursor.At;
        _cursor.Advance();
        Deeper(1);
        ScanFields(into, opened);
        _cursor.Advance();
        _depth--;
    }

    private void ScanFields(OutlineNode into, int opened)
    {
        _cursor.SkipBlank();
        while (_cursor.Current != '}' || _cursor.AtEnd)
        {
            if (_cursor.AtEnd)
            {
                if (opened < 0)
                {
                    return;
                }

                throw new DocumentException(_file.At(opened), "this { is never closed; add a }");
            }

            ScanField(into);
            ScanSeparator('}');
        }

        if (opened < 0)
        {
            throw _cursor.Error("this } closes nothing; remove it or add a { above");
        }
    }

    private void ScanField(OutlineNode into)
    {
        if (_cursor.IsWord("include"))
        {
            ScanInclude(into);
            return;
        }

        var keyAt = _cursor.At;
        var location = _file.At(keyAt);
        var keys = ScanKey("a key");
        Deeper(keys.Count - 1);
        var node = into;
        foreach (var key in keys)
        {
            node = node.Field(key, location);
        }

        _path.AddRange(keys);
        _cursor.SkipSpace();
        var isAppend = false;
        if (_cursor.Current != '{')
        {
            isAppend = _cursor.Current == '+' && _cursor.Next == '=';
            if (!isAppend && _cursor.Current is not ('=' or ':'))
            {
                throw new DocumentException(_cursor.Location, $"= or {{ is missing after {Shown.Value(string.Join('.', keys))}");
            }

            _cursor.Advance(isAppend ? 2 : 1);
            _cursor.SkipBlank();
        }

        if (isAppend)
        {
            node.Location = location;
            var item = new OutlineNode(location);
            node.Items.Add(item);
            _arrays++;
            ScanValue(item, location, keyAt);
            _arrays--;
        }
        else
        {
            ScanValue(node, location, keyAt);
        }

        if (_arrays == 0 && isAppend)
        {
            _outline.Definitions.Add(new([.. _path], _cursor.At - keyAt, null));
        }

        _path.RemoveRange(_path.Count - keys.Count, keys.Count);
        _depth -= keys.Count - 1;
    }

    private void ScanValue(OutlineNode node, Location location, int? keyFrom)
    {
        var from = _cursor.At;
        var kinds = new List<PieceKind>();
        var parts = new List<SubstitutedPart>();
        while (true)
        {
            _cursor.SkipSpace();
            if (_cursor.AtEnd || _cursor.Current is '\n' or ',' or '}' or ']' || _cursor.IsComment())
            {
                break;
            }

            var kind = _cursor.Current switch { '{' => PieceKind.Object, '[' => PieceKind.Array, '$' => PieceKind.Substitution, _ => PieceKind.Text };
            if (kinds.Exists(k => k != kind && k != PieceKind.Substitution && kind != PieceKind.Substitution))
            {
                throw _cursor.Error($"{_cursor.Here()} cannot stand behind what is before it; a comma or a new line is missing, or quotes");
            }

            // What the key had before is gone, unless a substitution may have brought it back.
            if (kind is PieceKind.Text or PieceKind.Array && !kinds.Contains(kind))
            {
                node.Clear(keepReferences: kinds.Count > 0);
                node.Location = location;
            }

            kinds.Add(kind);
            switch (kind)
            {
                case PieceKind.Object:
                    if (node.Items.Count > 0 || (node.Fields.Count == 0 && node.References.Count == 0))
                    {
                        node.Clear(keepReferences: true);
                        node.Location = location;
                    }

                    node.Blocks.Add(location);
                    ScanObject(node);
                    break;
                case PieceKind.Array:
                    ScanArray(node);
                    break;
                case PieceKind.Substitution:
                    parts.Add(ScanSubstitution(node));
                    break;
                default:
                    ScanText();
                    break;
            }
        }

        if (kinds.Count == 0)
        {
            throw new DocumentException(location, $"a value is missing before {_cursor.Here()}; use \"\" for none");
        }

        // ${?x} that leads nowhere leaves the key as it was.
        if (kinds is [PieceKind.Substitution] && !(parts[0].Substitution.IsOptional && !IsKnown(parts[0].Substitution.Path)))
        {
            node.Location = location;
        }

        SubstitutedValue? value = null;
        if (parts.Count > 0)
        {
            var hasStructure = kinds.Contains(PieceKind.Object) || kinds.Contains(PieceKind.Array);
            value = new(_file.Name, keyFrom, from, _cursor.At, parts, kinds.Contains(PieceKind.Text), hasStructure);
            _outline.SubstitutedValues.Add(value);
        }

        if (_arrays == 0)
        {
            _outline.Definitions.Add(new([.. _path], kinds.Contains(PieceKind.Object) ? 2 : _cursor.At - from, value));
        }
    }

    private bool IsKnown(string[] path) =>
        Environment.GetEnvironmentVariable(string.Join('.', path)) is not null || _outline.Definitions.Exists(d => d.Path.AsSpan().StartsWith(path));

    private void ScanArray(OutlineNode node)
    {
        var opened = _cursor.At;
        _cursor.Advance();
        Deeper(1);
        _arrays++;
        _cursor.SkipBlank();
        while (_cursor.Current != ']' || _cursor.AtEnd)
        {
            if (_cursor.AtEnd)
            {
                throw new DocumentException(_file.At(opened), "this [ is never closed; add a ]");
            }

            if (_cursor.Current == '}')
            {
                throw _cursor.Error("} stands in a list; a ] is missing before it");
            }

            var location = _cursor.Location;
            var item = new OutlineNode(location);
            node.Items.Add(item);
            ScanValue(item, location, keyFrom: null);
            ScanSeparator(']');
        }

        _arrays--;
        _cursor.Advance();
        _depth--;
    }

    private SubstitutedPart ScanSubstitution(OutlineNode node)
    {
        var from = _cursor.At;
        var location = _cursor.Location;
        if (_cursor.Next != '{')
        {
            throw _cursor.Error("$ stands alone; put it in quotes or write ${path}");
        }

        _cursor.Advance(2);
        var isOptional = _cursor.Current == '?';
        _cursor.Advance(isOptional ? 1 : 0);
        string[] path = [.. ScanKey("a path")];
        if (_cursor.Current != '}')
        {
            throw _cursor.Error($"{_cursor.Here()} stands in a substitution; write ${{path}} or ${{?path}}");
        }

        _cursor.Advance();
        if (_outline.Substitutions.Count >= SubstitutionLimit)
        {
            throw new DocumentException(location, $"is substitution number {SubstitutionLimit + 1}; at most {SubstitutionLimit} are read");
        }

        node.References.Add(path);
        var substitution = new Substitution([.. _path], path, _includedAt.Length == 0 ? [path] : [[.. _includedAt, .. path], path], isOptional, location);
        _outline.Substitutions.Add(substitution);
        return new(substitution, from, _cursor.At, _cursor.Before(from) is '"' or '}' || _cursor.Current is '"' or '$');
    }

    private void ScanText()
    {
        if (_cursor.Current == '"')
        {
            _cursor.Quoted();
            return;
        }

        if (_cursor.IsWord("include"))
        {
            throw _cursor.Error("include stands between keys; put the word in quotes where it is a value");
        }

        if (!_cursor.SkipUnquoted(endsAtDot: false))
        {
            throw _cursor.Error($"{_cursor.Here()} must stand in quotes");
        }
    }

    private List<string> ScanKey(string what)
    {
        var keys = new List<string>();
        while (true)
        {
            if (_cursor.Current == '"')
            {
                var quoted = _cursor.Quoted();
                if (quoted.Length == 0)
                {
                    throw _cursor.Error("a key is empty; give it a name");
                }

                keys.Add(quoted);
            }
            else
            {
                var from = _cursor.At;
                if (!_cursor.SkipUnquoted(endsAtDot: true))
                {
                    throw _cursor.Error($"{_cursor.Here()} stands where {what} is expected");
                }

                keys.Add(_cursor.Since(from));
            }

            if (_cursor.Current != '.')
            {
                return keys;
            }

            _cursor.Advance();
        }
    }

    private void ScanInclude(OutlineNode into)
    {
        var location = _cursor.Location;
        _cursor.Advance("include".Length);
        _cursor.SkipSpace();
        if (_cursor.Current != '"' || _arrays > 0)
        {
            throw new DocumentException(
                location, _arrays > 0 ? "include stands in a list; it is for the keys outside" : "include needs a file; write include \"FILE\"");
        }

        var name = _cursor.Quoted();
        if (_including.Count > IncludeNestingLimit || _outline.Included.Count >= IncludeLimit)
        {
            throw new DocumentException(
                location, $"include \"{Shown.Value(name)}\" is one too many; at most {IncludeLimit} files, {IncludeNestingLimit} deep, are read");
        }

        SourceFile file;
        try
        {
            file = _load(name);
        }
        catch (DocumentException e)
        {
            throw new DocumentException(location, $"include \"{Shown.Value(name)}\": {e.Location.File} {e.Message}");
        }

        if (_including.Contains(file.Name))
        {
            throw new DocumentException(location, $"include \"{Shown.Value(name)}\": {file.Name} includes itself; remove one of the includes");
        }

        var hasFields = new OutlineScanner(file, _outline, _load, [.. _including, file.Name], [.. _path], _depth).ScanDocument(into);
        _outline.Included[name] = hasFields ? file : null;
    }

    /// <summary>What must stand between two fields or elements: a comma or a new line.</summary>
    private void ScanSeparator(char closing)
    {
        _cursor.SkipSpace();
        _cursor.SkipComment();
        var isNewline = _cursor.Current == '\n';
        _cursor.SkipBlank();
        if (_cursor.Current == ',')
        {
            _cursor.Advance();
            _cursor.SkipBlank();
            if (_cursor.Current == ',')
            {
                throw _cursor.Error("two commas follow each other; remove one");
            }
        }
        else if (!isNewline && !_cursor.AtEnd && _cursor.Current != closing)
        {
            throw _cursor.Error($"a comma or a new line is missing before {_cursor.Here()}");
        }
    }

    private void Deeper(int levels)
    {
        _depth += levels;
        if (_depth > NestingLimit)
        {
            throw _cursor.Error($"is nested more than {NestingLimit} deep; a configuration is not");
        }
    }

}
