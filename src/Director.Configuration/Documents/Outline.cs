namespace Director.Configuration.Documents;

/// <summary>Where each key and element of a document stands. Substitutions are not followed; <see cref="References"/> says where they lead.</summary>
internal sealed class OutlineNode(Location location)
{
    public Location Location { get; set; } = location;

    public Dictionary<string, OutlineNode> Fields { get; } = new(StringComparer.Ordinal);

    public List<OutlineNode> Items { get; } = [];

    /// <summary>Paths that substitutions in this value name.</summary>
    public List<string[]> References { get; } = [];

    /// <summary>Where this key was given a block in braces; more than one merge.</summary>
    public List<Location> Blocks { get; } = [];

    /// <summary>Forgets what another value replaces.</summary>
    public void Clear(bool keepReferences)
    {
        Fields.Clear();
        Items.Clear();
        Blocks.Clear();
        if (!keepReferences)
        {
            References.Clear();
        }
    }

    /// <summary>The field of that name, made if it is not there.</summary>
    public OutlineNode Field(string key, Location location)
    {
        if (!Fields.TryGetValue(key, out var field))
        {
            Fields[key] = field = new(location);
        }

        return field;
    }
}

/// <summary>Text that a path stands for, without what has a path of its own.</summary>
/// <param name="Path">Keys from the root.</param>
/// <param name="Length">Characters.</param>
/// <param name="Value">Its substitutions, which may give it fields that the text does not show; null if it has none.</param>
internal sealed record Definition(string[] Path, int Length, SubstitutedValue? Value);

/// <summary>A <c>${path}</c> or <c>${?path}</c>.</summary>
/// <param name="At">The field that it is in.</param>
/// <param name="Path">As written.</param>
/// <param name="Targets">Where it is looked up: in an included file below the place of the include first.</param>
/// <param name="IsOptional">Whether it may lead nowhere.</param>
/// <param name="Location">Where it stands.</param>
internal sealed record Substitution(string[] At, string[] Path, string[][] Targets, bool IsOptional, Location Location)
{
    public override string ToString() => $"${{{(IsOptional ? "?" : "")}{string.Join('.', Path.Select(Shown.Key))}}}";
}

/// <summary>A value with substitutions in it.</summary>
/// <param name="File">Name of the file.</param>
/// <param name="KeyFrom">Where its key begins in the file's text; null for an element of a list.</param>
/// <param name="From">Where it begins.</param>
/// <param name="To">Where it ends.</param>
/// <param name="Parts">The substitutions.</param>
/// <param name="HasText">Whether strings stand beside them.</param>
/// <param name="HasStructure">Whether lists or sections stand beside them.</param>
internal sealed record SubstitutedValue(string File, int? KeyFrom, int From, int To, IReadOnlyList<SubstitutedPart> Parts, bool HasText, bool HasStructure);

/// <summary>A substitution's place in the file's text.</summary>
/// <param name="Substitution">The substitution.</param>
/// <param name="From">Where it begins.</param>
/// <param name="To">Where it ends.</param>
/// <param name="IsGlued">Whether a quote or another substitution touches it, so that <c>""</c> in its place would not be an empty string.</param>
internal sealed record SubstitutedPart(Substitution Substitution, int From, int To, bool IsGlued);

/// <summary>What the scanner found in a document and the files that it includes.</summary>
internal sealed class Outline(Location location)
{
    public OutlineNode Root { get; } = new(location);

    public List<Definition> Definitions { get; } = [];

    public List<Substitution> Substitutions { get; } = [];

    public List<SubstitutedValue> SubstitutedValues { get; } = [];

    /// <summary>Each included file by the name that the include gives it; null for one without keys.</summary>
    public Dictionary<string, SourceFile?> Included { get; } = new(StringComparer.Ordinal);

    /// <summary>How often each file was read.</summary>
    public Dictionary<string, int> Readings { get; } = new(StringComparer.Ordinal);
}
