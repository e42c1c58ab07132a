namespace Hocon;

/// <summary>One part of a value as written; parts that stand side by side are concatenated.</summary>
internal abstract record Piece;

/// <summary>A string, or the white space between two parts.</summary>
internal sealed record TextPiece(string Text, bool IsQuoted, bool IsSpace = false) : Piece;

/// <summary>Fields between braces, or those of the whole document.</summary>
internal sealed record ObjectPiece : Piece
{
    public Dictionary<string, SyntaxField> Fields { get; } = [];

    public SyntaxField Field(string key)
    {
        if (!Fields.TryGetValue(key, out var field))
        {
            Fields[key] = field = new();
        }

        return field;
    }

    /// <summary>Adds the fields of another object behind those that are here.</summary>
    public void Append(ObjectPiece other)
    {
        foreach (var (key, field) in other.Fields)
        {
            var mine = Field(key);
            foreach (var layer in field.Layers)
            {
                mine.Add(layer);
            }
        }
    }
}

internal sealed record ArrayPiece(List<List<Piece>> Elements) : Piece;

/// <summary><c>${path}</c> or <c>${?path}</c>; in an included document the path is looked up below the place of the include first.</summary>
internal sealed record SubstitutionPiece(string[] Path, string[] IncludedAt, bool IsOptional, int Line, int Position) : Piece;

/// <summary>Everything that is assigned to one key, in order; a later layer overrides or, where both are objects, merges.</summary>
internal sealed class SyntaxField
{
    public List<List<Piece>> Layers { get; } = [];

    public void Add(List<Piece> value)
    {
        // Objects that are concatenated merge just as repeated assignments do, and as layers they can be looked into one by one.
        if (value.Count > 1 && value.Exists(p => p is ObjectPiece)
            && value.TrueForAll(p => p is ObjectPiece or SubstitutionPiece or TextPiece { IsSpace: true }))
        {
            foreach (var piece in value)
            {
                if (piece is not TextPiece)
                {
                    Add([piece]);
                }
            }

            return;
        }

        if (value is [ObjectPiece added] && Layers.Count > 0 && Layers[^1] is [ObjectPiece last])
        {
            last.Append(added);
            return;
        }

        Layers.Add(value);
    }
}
