using Director.Configuration.Documents;

namespace Director.Configuration.Import;

/// <summary>Collects what is wrong in the files and what has no counterpart, so that all of it is said at once.</summary>
internal sealed class ImportFindings
{
    private readonly List<(Location At, string Line)> _errors = [];
    private readonly List<(Location At, string Line)> _missing = [];

    public bool HasErrors => _errors.Count > 0;

    public IEnumerable<string> Errors => InOrder(_errors);

    public IEnumerable<string> Missing => InOrder(_missing);

    /// <param name="at">Where.</param>
    /// <param name="words">What stands there; empty if it is the whole line or file.</param>
    /// <param name="message">What is wrong; what would be right.</param>
    public void Error(Location at, string words, string message) => Add(_errors, at, words, message);

    /// <param name="at">Where.</param>
    /// <param name="words">What stands there.</param>
    /// <param name="message">Why it has no counterpart, or what stands in for it.</param>
    public void NoCounterpart(Location at, string words, string message) => Add(_missing, at, words, message);

    private static void Add(List<(Location At, string Line)> to, Location at, string words, string message)
    {
        // A file may name others, so what was said of a line may come up again.
        var line = words.Length == 0 ? $"{at}: {Shown.Line(message)}" : $"{at}: {Shown.Value(words)}: {Shown.Line(message)}";
        if (!to.Contains((at, line)))
        {
            to.Add((at, line));
        }
    }

    private static IEnumerable<string> InOrder(List<(Location At, string Line)> lines)
    {
        var files = lines.Select(l => l.At.File).Distinct().ToList();
        return lines.OrderBy(l => files.IndexOf(l.At.File)).ThenBy(l => l.At.Line).Select(l => l.Line);
    }
}
