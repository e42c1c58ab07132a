using Director.Configuration.Documents;

namespace Director.Configuration.Import.Keepalived;

/// <summary>A line of <c>keepalived.conf</c>: its words, and the statements in the braces behind it.</summary>
/// <param name="words">At least one; the first is the keyword.</param>
/// <param name="at">Where.</param>
internal sealed class KeepalivedStatement(IReadOnlyList<string> words, Location at)
{
    private readonly List<KeepalivedStatement> _children = [];
    private bool _isTaken;

    public string Keyword => words[0];

    /// <summary>The words behind the keyword.</summary>
    public IEnumerable<string> Values => words.Skip(1);

    /// <summary>All words behind the keyword as one; null if there are none.</summary>
    public string? Value => words.Count > 1 ? string.Join(' ', Values) : null;

    public Location At => at;

    public IReadOnlyList<KeepalivedStatement> Children => _children;

    public bool HasBlock { get; set; }

    /// <summary>As people know it.</summary>
    public string Shown => HasBlock ? $"{string.Join(' ', words)} {{ }}" : string.Join(' ', words);

    public void Add(KeepalivedStatement child) => _children.Add(child);

    /// <summary>The last statement of that keyword in the block; it counts as read.</summary>
    public KeepalivedStatement? Take(params string[] keywords) => TakeAll(keywords).LastOrDefault();

    /// <summary>All statements of these keywords in the block; they count as read.</summary>
    public IReadOnlyList<KeepalivedStatement> TakeAll(params string[] keywords)
    {
        var found = _children.Where(c => keywords.Contains(c.Keyword)).ToList();
        found.ForEach(c => c._isTaken = true);
        return found;
    }

    /// <summary>All words in the braces: a list may stand in one line or in several.</summary>
    public IEnumerable<(string Word, Location At)> TakeWords()
    {
        foreach (var child in _children)
        {
            child._isTaken = true;
            foreach (var word in child.Values.Prepend(child.Keyword))
            {
                yield return (word, child.At);
            }
        }
    }

    /// <summary>What nobody has read.</summary>
    public IEnumerable<KeepalivedStatement> Unread => _children.Where(c => !c._isTaken);
}
