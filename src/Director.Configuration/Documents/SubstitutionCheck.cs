namespace Director.Configuration.Documents;

/// <summary>
/// Finds substitutions that lead in a circle, and those that would grow without measure, before the Hocon package follows them: it would overflow its stack
/// or the memory.
/// </summary>
internal sealed class SubstitutionCheck
{
    private const int ChainLimit = 8;
    private const long GrowthLimit = 1 << 20;

    private readonly Outline _outline;
    private readonly List<int>[] _needs;
    private readonly (int Chain, long Length)?[] _done;
    private readonly bool[] _isOpen;

    private SubstitutionCheck(Outline outline)
    {
        _outline = outline;
        var all = outline.Substitutions;
        _needs = [.. all.Select(s =>
            Enumerable.Range(0, all.Count).Where(i => Array.Exists(s.Targets, t => IsWithin(t, all[i].At) || IsWithin(all[i].At, t))).ToList())];
        _done = new (int, long)?[all.Count];
        _isOpen = new bool[all.Count];
    }

    /// <exception cref="DocumentException">A substitution is not to be followed.</exception>
    public static void Run(Outline outline)
    {
        var check = new SubstitutionCheck(outline);
        var total = 0L;
        for (var i = 0; i < outline.Substitutions.Count; i++)
        {
            total = Math.Min(GrowthLimit + 1, total + check.Follow(i).Length);
            if (total > GrowthLimit)
            {
                throw new DocumentException(
                    outline.Substitutions[i].Location, $"{outline.Substitutions[i]}: the substitutions make more than {GrowthLimit} characters; use fewer");
            }
        }
    }

    private (int Chain, long Length) Follow(int index)
    {
        if (_done[index] is { } known)
        {
            return known;
        }

        var substitution = _outline.Substitutions[index];
        if (_isOpen[index])
        {
            throw new DocumentException(substitution.Location, $"{substitution}: leads back to itself; name another key, or use += to add to a list");
        }

        _isOpen[index] = true;
        var chain = 0;
        var length = _outline.Definitions.Where(d => Array.Exists(substitution.Targets, t => IsWithin(d.Path, t) || IsWithin(t, d.Path)))
            .Sum(d => (long)d.Length);
        foreach (var need in _needs[index])
        {
            var inner = Follow(need);
            chain = Math.Max(chain, inner.Chain);
            length = Math.Min(GrowthLimit + 1, length + inner.Length);
        }

        if (++chain > ChainLimit)
        {
            throw new DocumentException(substitution.Location, $"{substitution}: leads through more than {ChainLimit} substitutions; name the last one");
        }

        _isOpen[index] = false;
        _done[index] = (chain, length);
        return (chain, length);
    }

    private static bool IsWithin(string[] path, string[] prefix) => path.AsSpan().StartsWith(prefix);
}
