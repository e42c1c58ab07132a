using Director.Configuration.Documents;

namespace Director.Configuration.Reading;

/// <summary>Collects what is wrong, so that all of it is said at once.</summary>
internal sealed class Findings
{
    private readonly List<(Location At, string Line)> _errors = [];
    private readonly List<(Location At, string Line)> _notes = [];

    public bool HasErrors => _errors.Count > 0;

    /// <summary>By file in the order of their first mention, then by line.</summary>
    public IEnumerable<string> Errors => InOrder(_errors);

    public IEnumerable<string> Notes => InOrder(_notes);

    /// <summary>Paths of every key that was asked for, with <c>*</c> for names and numbers; what the reference file has to list.</summary>
    public SortedSet<string> Keys { get; } = new(StringComparer.Ordinal);

    public void Error(DocumentException e) => _errors.Add((e.Location, $"{e.Location}: {e.Message}"));

    /// <param name="node">What is wrong; its text is shown.</param>
    /// <param name="message">What is wrong with it; what would be right.</param>
    public void Error(ConfigNode node, string message) => _errors.Add((node.Location, $"{node.Location}: {Shown(node)}: {message}"));

    /// <param name="at">Where, if that is not where the value stands.</param>
    /// <param name="node">What is wrong.</param>
    /// <param name="message">What is wrong with it; what would be right.</param>
    public void Error(Location at, ConfigNode node, string message) => _errors.Add((at, $"{at}: {node.Path}: {message}"));

    /// <summary>For a key that is not in the file: says so where its section stands.</summary>
    public void Missing(ConfigNode section, string key, string message) =>
        _errors.Add((section.Location, $"{section.Location}: {section.Path}.{key}: is missing; {message}"));

    /// <summary>For what is allowed and hardly meant.</summary>
    public void Note(ConfigNode node, string message) => _notes.Add((node.Location, $"{node.Location}: {Shown(node)}: {message}"));

    private static string Shown(ConfigNode node) => node.Kind == NodeKind.Text ? $"{node.Path} = {Documents.Shown.Value(node.Text)}" : node.Path;

    private static IEnumerable<string> InOrder(List<(Location At, string Line)> lines)
    {
        var files = lines.Select(l => l.At.File).Distinct().ToList();
        return lines.OrderBy(l => files.IndexOf(l.At.File)).ThenBy(l => l.At.Line).Select(l => l.Line);
    }
}
