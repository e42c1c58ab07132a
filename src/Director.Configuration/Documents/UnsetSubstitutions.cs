namespace Director.Configuration.Documents;

/// <summary>
/// Takes the substitutions out of a document that lead nowhere: HOCON leaves their keys as they were, and the Hocon package overflows its stack where it
/// shows such a value.
/// Those that touch a quote stay: for them there is no other text, and within a string the package takes them for nothing.
/// </summary>
internal sealed class UnsetSubstitutions
{
    // A key of ours in the place of one that is not to be set; null is no value.
    private const string Nothing = "director-unset-substitution = null ";

    private readonly Outline _outline;
    private readonly HashSet<Substitution> _unset = new(ReferenceEqualityComparer.Instance);
    private readonly ILookup<string, (int From, int To, string Text)> _edits;

    /// <exception cref="DocumentException">A substitution that has to lead somewhere does not.</exception>
    public UnsetSubstitutions(Outline outline)
    {
        _outline = outline;
        FindUnset();
        _edits = outline.SubstitutedValues.SelectMany(v => Edits(v).Select(e => (v.File, Edit: e))).ToLookup(e => e.File, e => e.Edit);
    }

    /// <summary>The text of a file without them.</summary>
    public string Without(SourceFile file)
    {
        var text = file.Text;

        // A file that is included twice may have them in one place only; what is set in the other has to stay.
        var edits = _edits[file.Name].GroupBy(e => e).Where(g => g.Count() == _outline.Readings[file.Name]).Select(g => g.Key);
        foreach (var (from, to, replacement) in edits.OrderByDescending(e => e.From))
        {
            text = string.Concat(text.AsSpan(0, from), replacement, text.AsSpan(to));
        }

        return text;
    }

    private void FindUnset()
    {
        // What is set only by something that is not set is not set either.
        var definitions = _outline.Definitions.ToList();
        bool isMore;
        do
        {
            isMore = false;
            foreach (var substitution in _outline.Substitutions.Where(s => !_unset.Contains(s) && !IsSet(s, definitions)))
            {
                if (!substitution.IsOptional)
                {
                    throw new DocumentException(
                        substitution.Location, $"{substitution}: no such key and no such environment variable; define it or write ${{?...}}");
                }

                isMore |= _unset.Add(substitution);
            }

            definitions.RemoveAll(d => d.Value is { } value && IsWhollyUnset(value));
        }
        while (isMore);
    }

    private static bool IsSet(Substitution substitution, List<Definition> definitions) =>
        Environment.GetEnvironmentVariable(string.Join('.', substitution.Path)) is not null
        || definitions.Exists(d =>
            Array.Exists(substitution.Targets, t => d.Path.AsSpan().StartsWith(t) || (d.Value is not null && t.AsSpan().StartsWith(d.Path))));

    private bool IsWhollyUnset(SubstitutedValue value) =>
        value is { HasText: false, HasStructure: false } && value.Parts.All(p => _unset.Contains(p.Substitution));

    private IEnumerable<(int From, int To, string Text)> Edits(SubstitutedValue value)
    {
        if (IsWhollyUnset(value))
        {
            return [value.KeyFrom is { } key ? (key, value.To, Nothing) : (value.From, value.To, "null ")];
        }

        return value.Parts.Where(p => _unset.Contains(p.Substitution) && !(value.HasText && p.IsGlued))
            .Select(p => (p.From, p.To, value.HasText ? "\"\"" : " "));
    }
}
