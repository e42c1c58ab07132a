using System.Globalization;
using System.Text;

namespace Hocon;

/// <summary>Syntax to values: merges layers, concatenates parts, and follows substitutions through the whole document and then the environment.</summary>
internal sealed class Resolver(ObjectPiece document)
{
    private static readonly string[] s_booleans = ["true", "false", "yes", "no", "on", "off"];

    // The layer of each field that is being resolved: a substitution of the field itself means what stood before that layer.
    private readonly Dictionary<SyntaxField, int> _inProgress = [];

    public HoconValue Resolve() => HoconValue.Of(ResolveObject(document));

    private HoconObject ResolveObject(ObjectPiece syntax)
    {
        var result = new HoconObject(null);
        foreach (var (key, field) in syntax.Fields)
        {
            if (ResolveField(field, field.Layers.Count) is { } value)
            {
                result[key] = new HoconField(key, result) { Value = value };
            }
        }

        return result;
    }

    /// <summary>What the first layers of a field make together; null if that is undefined.</summary>
    private HoconValue? ResolveField(SyntaxField field, int layers)
    {
        var wasInProgress = _inProgress.TryGetValue(field, out var outer);
        HoconValue? result = null;
        try
        {
            for (var i = 0; i < layers; i++)
            {
                _inProgress[field] = i;
                if (ResolveValue(field.Layers[i]) is { } value)
                {
                    result = Merge(result, value);
                }
            }
        }
        finally
        {
            if (wasInProgress)
            {
                _inProgress[field] = outer;
            }
            else
            {
                _inProgress.Remove(field);
            }
        }

        return result;
    }

    private HoconValue? ResolveValue(List<Piece> pieces)
    {
        if (pieces is [TextPiece text])
        {
            return HoconValue.Of(Literal(text));
        }

        var parts = pieces.ConvertAll(p => p switch
        {
            ObjectPiece o => HoconValue.Of(ResolveObject(o)),
            ArrayPiece a => HoconValue.Of(ResolveArray(a)),
            SubstitutionPiece s => ResolveSubstitution(s),
            TextPiece t => HoconValue.Of(new Literal(t.Text, HoconType.String)),
            _ => throw new InvalidOperationException(),
        });
        var structures = parts.FindAll(p => p?.Type is HoconType.Object or HoconType.Array);
        if (structures.Count == 0)
        {
            var defined = Enumerable.Range(0, parts.Count).Where(i => parts[i] is not null && pieces[i] is not TextPiece { IsSpace: true }).ToList();
            return defined.Count == 0 ? null
                : parts.Count == 1 ? parts[0]
                : HoconValue.Of(new Literal(
                    parts.Aggregate(new StringBuilder(), (b, p) => b.Append(p is null ? "" : p.GetString() ?? "null")).ToString(), HoconType.String));
        }

        if (Enumerable.Range(0, parts.Count)
            .Any(i => parts[i] is { Type: not (HoconType.Object or HoconType.Array) } && pieces[i] is not TextPiece { IsSpace: true })
            || structures.Exists(s => s!.Type != structures[0]!.Type))
        {
            throw new HoconParserException("objects, arrays and strings cannot be concatenated with each other");
        }

        if (structures[0]!.Type == HoconType.Object)
        {
            return structures.Aggregate((a, b) => Merge(a, b!));
        }

        var array = new HoconArray(null);
        array.AddRange(structures.SelectMany(s => s!.GetArray()));
        return HoconValue.Of(array);
    }

    private HoconArray ResolveArray(ArrayPiece syntax)
    {
        var result = new HoconArray(null);
        foreach (var element in syntax.Elements)
        {
            if (ResolveValue(element) is { } value)
            {
                result.Add(value);
            }
        }

        return result;
    }

    private HoconValue? ResolveSubstitution(SubstitutionPiece substitution)
    {
        var value = (substitution.IncludedAt.Length > 0 ? Find(document, [.. substitution.IncludedAt, .. substitution.Path], substitution) : null)
            ?? Find(document, substitution.Path, substitution);
        if (value is not null)
        {
            return value;
        }

        var path = string.Join('.', substitution.Path);
        if (Environment.GetEnvironmentVariable(path) is { } variable)
        {
            return HoconValue.Of(new Literal(variable, HoconType.String));
        }

        return substitution.IsOptional ? null
            : throw new HoconParserException($"${{{path}}} is not defined (line {substitution.Line})", substitution.Line, substitution.Position);
    }

    private HoconValue? Find(ObjectPiece within, ReadOnlySpan<string> path, SubstitutionPiece by)
    {
        if (!within.Fields.TryGetValue(path[0], out var field))
        {
            return null;
        }

        var rest = path[1..];
        if (rest.IsEmpty)
        {
            if (!_inProgress.TryGetValue(field, out var layer))
            {
                return ResolveField(field, field.Layers.Count);
            }

            // An object that refers to itself from inside has nothing that stands before it.
            return layer > 0 || by.IsOptional ? ResolveField(field, layer)
                : throw new HoconParserException($"${{{string.Join('.', by.Path)}}} refers to itself (line {by.Line})", by.Line, by.Position);
        }

        // From the last layer to the first, so that only those are resolved that the path needs.
        var found = new List<HoconValue>();
        for (var i = field.Layers.Count - 1; i >= 0; i--)
        {
            HoconValue? value;
            if (field.Layers[i] is [ObjectPiece literal])
            {
                value = Find(literal, rest, by);
            }
            else if (_inProgress.TryGetValue(field, out var layer) && layer <= i)
            {
                continue;
            }
            else
            {
                var whole = ResolveLayer(field, i);
                if (whole is not null && whole.Type != HoconType.Object)
                {
                    break;
                }

                value = whole is null ? null : Find(whole, rest);
            }

            if (value is not null)
            {
                found.Add(value);
                if (value.Type != HoconType.Object)
                {
                    break;
                }
            }
        }

        found.Reverse();
        return found.Count == 0 ? null : found.Aggregate(Merge);
    }

    private HoconValue? ResolveLayer(SyntaxField field, int layer)
    {
        var wasInProgress = _inProgress.TryGetValue(field, out var outer);
        _inProgress[field] = layer;
        var value = ResolveValue(field.Layers[layer]);
        if (wasInProgress)
        {
            _inProgress[field] = outer;
        }
        else
        {
            _inProgress.Remove(field);
        }

        return value;
    }

    private static HoconValue? Find(HoconValue value, ReadOnlySpan<string> path)
    {
        foreach (var key in path)
        {
            if (value.Type != HoconType.Object || !value.GetObject().TryGetValue(key, out var field))
            {
                return null;
            }

            value = field.Value;
        }

        return value;
    }

    /// <summary>The later of two assignments, with the fields of the earlier one where both are objects.</summary>
    private static HoconValue Merge(HoconValue? earlier, HoconValue later)
    {
        if (earlier?.Type != HoconType.Object || later.Type != HoconType.Object)
        {
            return later;
        }

        var result = new HoconObject(null);
        foreach (var (key, field) in earlier.GetObject())
        {
            result[key] = field;
        }

        foreach (var (key, field) in later.GetObject())
        {
            result[key] = new HoconField(key, result) { Value = Merge(result.GetValueOrDefault(key)?.Value, field.Value) };
        }

        return HoconValue.Of(result);
    }

    private static Literal Literal(TextPiece text) =>
        text.IsQuoted ? new Literal(text.Text, HoconType.String)
        : text.Text == "null" ? Hocon.Literal.Null
        : s_booleans.Contains(text.Text) ? new Literal(text.Text, HoconType.Boolean)
        : double.TryParse(text.Text, NumberStyles.Float, CultureInfo.InvariantCulture, out _) ? new Literal(text.Text, HoconType.Number)
        : new Literal(text.Text, HoconType.String);
}
