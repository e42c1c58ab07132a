using System.Text;
using Director.Configuration.Documents;

namespace Director.Configuration.Import.Writing;

/// <summary>Lines of HOCON, each with the place that it came from, so that what is found wrong in a line can be said of that place.</summary>
internal sealed class WrittenText
{
    /// <summary>Where a remark goes above its line instead of behind it, and a list's element over several lines.</summary>
    public const int Width = 150;

    private readonly StringBuilder _text = new();
    private readonly List<Location> _places = [];

    /// <summary>The depth at which lines become comments; null while they are none.</summary>
    public int? CommentedFrom { get; set; }

    public void Line(int depth, string text, Location at)
    {
        var from = CommentedFrom ?? depth;
        _text.Append(' ', 2 * from).Append(CommentedFrom is null ? "" : "# ").Append(' ', 2 * (depth - from)).Append(text).Append('\n');
        _places.Add(at);
    }

    public void Remark(int depth, string remark, Location at)
    {
        if (remark.Length > 0)
        {
            Line(depth, $"# {Shown.Line(remark)}", at);
        }
    }

    /// <summary>The place that a line came from, counted from 1.</summary>
    public Location PlaceOf(int line) => _places[Math.Clamp(line, 1, _places.Count) - 1];

    public override string ToString() => _text.ToString();
}
