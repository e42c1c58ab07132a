using System.Globalization;
using Director.Configuration.Documents;
using Director.Configuration.Reading;

namespace Director.Configuration.Import.Writing;

/// <summary>
/// A section of the configuration that an import makes. Values are written as they stand in the source wherever that can be: whether they are right, the reader of configurations says, of the
/// place that they came from.
/// </summary>
/// <param name="at">What it came from.</param>
/// <param name="remark">A comment above it; empty for none.</param>
internal sealed class WrittenSection(Location at, string remark = "")
{
    private readonly List<Entry> _entries = [];

    public Location At => at;

    public string Remark { get; set; } = remark;

    /// <summary>Written as comments: what lacks something that only people know.</summary>
    public bool IsCommentedOut { get; set; }

    public bool IsEmpty => _entries.Count == 0;

    public bool Has(string key) => Of(key) is not null;

    /// <summary>A string.</summary>
    public void Text(string key, string value, Location from, string remark = "") => Set(new(key, from, remark) { Hocon = Shown.Quoted(value) });

    /// <summary>A word or a number, in quotes only where HOCON needs them.</summary>
    public void Bare(string key, object value, Location from, string remark = "") => Set(new(key, from, remark) { Hocon = Unquoted(value) });

    public void Flag(string key, bool value, Location from, string remark = "") => Set(new(key, from, remark) { Hocon = value ? "true" : "false" });

    public void Duration(string key, TimeSpan value, Location from, string remark = "") => Set(new(key, from, remark) { Hocon = Units.Write(value) });

    /// <summary>Seconds as the old tools write them: a number without a unit.</summary>
    public void Seconds(string key, string value, Location from, string remark = "")
    {
        if (Units.TryDuration($"{value}s", out var duration))
        {
            Duration(key, duration, from, remark);
        }
        else
        {
            Text(key, value, from, remark);
        }
    }

    public void Texts(string key, IEnumerable<string> values, Location from, string remark = "") =>
        Set(new(key, from, remark) { Hocon = $"[{string.Join(", ", values.Select(Shown.Quoted))}]" });

    public void Bares(string key, IEnumerable<object> values, Location from, string remark = "") =>
        Set(new(key, from, remark) { Hocon = $"[{string.Join(", ", values.Select(Unquoted))}]" });

    /// <summary>A line that is only a comment.</summary>
    public void Comment(string text, Location from) => _entries.Add(new("", from, text));

    /// <summary>Brings keys to the front, in this order.</summary>
    public void Order(params string[] keys)
    {
        var ordered = _entries.OrderBy(e => Array.IndexOf(keys, e.Key) is >= 0 and var at ? at : keys.Length).ToList();
        _entries.Clear();
        _entries.AddRange(ordered);
    }

    /// <summary>Another section with the same values.</summary>
    public WrittenSection Copy(Location from)
    {
        var copy = new WrittenSection(from, Remark);
        copy._entries.AddRange(_entries);
        return copy;
    }

    /// <summary>The section of that name; null if there is none.</summary>
    public WrittenSection? Find(string key) => Of(key)?.Child;

    /// <summary>The section of that name, made if there is none yet.</summary>
    public WrittenSection Section(string key, Location from, string remark = "")
    {
        if (Of(key)?.Child is { } there)
        {
            return there;
        }

        var child = new WrittenSection(from, remark);
        Set(new(key, from, "") { Child = child });
        return child;
    }

    /// <summary>A new last element of a list of sections.</summary>
    public WrittenSection Item(string key, Location from, string remark = "")
    {
        if (Of(key) is not { Items: { } items })
        {
            items = [];
            Set(new(key, from, "") { Items = items });
        }

        var item = new WrittenSection(from, remark);
        items.Add(item);
        return item;
    }

    /// <summary>Sections made elsewhere: one as a section of that name, several as a list of the other name; none is nothing.</summary>
    public void Sections(string one, string several, IReadOnlyList<WrittenSection> sections)
    {
        if (sections is [var only])
        {
            Set(new(one, only.At, "") { Child = only });
        }
        else if (sections.Count > 1)
        {
            Set(new(several, sections[0].At, "") { Items = [.. sections] });
        }
    }

    public IReadOnlyList<WrittenSection> Items(string key) => Of(key)?.Items ?? [];

    public void Remove(string key) => _entries.RemoveAll(e => e.Key == key);

    /// <summary>Where all elements of a list have a key, puts what most of them say into this section, where they have it from unless they say otherwise. Where each says something else, nothing.</summary>
    public void Hoist(string list, string key)
    {
        var entries = Items(list).Select(i => i.Of(key)).ToList();
        if (entries.Count > 0 && entries.TrueForAll(e => e is not null) && !Has(key))
        {
            var most = entries.GroupBy(e => e!.Shape).MaxBy(same => same.Count())!;
            if (most.Count() > 1 || entries.Count == 1)
            {
                _entries.Insert(_entries.FindIndex(e => e.Key == list), most.First()!);
                DropRepeated(list, key);
            }
        }
    }

    /// <summary>Leaves out of the elements of a list what they have from this section anyhow.</summary>
    public void DropRepeated(string list, string key)
    {
        foreach (var item in Items(list).Where(i => i.Of(key)?.Shape == Of(key)?.Shape))
        {
            item.Remove(key);
        }
    }

    /// <summary>The lines between the braces.</summary>
    public void WriteBody(WrittenText to, int depth)
    {
        foreach (var entry in _entries)
        {
            if (entry.Key.Length == 0)
            {
                to.Remark(depth, entry.Remark, entry.At);
            }
            else if (entry.Child is { } child)
            {
                WriteChild(to, depth, Shown.Key(entry.Key), child);
            }
            else if (entry.Items is { } items)
            {
                to.Line(depth, $"{Shown.Key(entry.Key)} = [", entry.At);
                foreach (var item in items)
                {
                    item.WriteItem(to, depth + 1);
                }

                to.Line(depth, "]", entry.At);
            }
            else
            {
                var line = $"{Shown.Key(entry.Key)} = {entry.Hocon}";
                var behind = $"{line}  # {Shown.Line(entry.Remark)}";
                if (entry.Remark.Length > 0 && behind.Length <= WrittenText.Width)
                {
                    line = behind;
                }
                else
                {
                    to.Remark(depth, entry.Remark, entry.At);
                }

                to.Line(depth, line, entry.At);
            }
        }
    }

    private static void WriteChild(WrittenText to, int depth, string key, WrittenSection child)
    {
        var isOuter = child.IsCommentedOut && to.CommentedFrom is null;
        to.Remark(depth, child.Remark, child.At);
        to.CommentedFrom = isOuter ? depth : to.CommentedFrom;
        if (depth > 1 && child._entries.TrueForAll(e => e.Items is null) && child.OnOneLine is { } line)
        {
            to.Line(depth, $"{key} {line}", child.At);
        }
        else
        {
            to.Line(depth, $"{key} {{", child.At);
            child.WriteBody(to, depth + 1);
            to.Line(depth, "}", child.At);
        }

        to.CommentedFrom = isOuter ? null : to.CommentedFrom;
    }

    private void WriteItem(WrittenText to, int depth)
    {
        to.Remark(depth, Remark, At);
        if (OnOneLine is { } line)
        {
            to.Line(depth, line, At);
            return;
        }

        to.Line(depth, "{", At);
        WriteBody(to, depth + 1);
        to.Line(depth, "}", At);
    }

    /// <summary>The whole section on a line, or null where that is too long or has remarks inside.</summary>
    private string? OnOneLine
    {
        get
        {
            var line = _entries.Count == 0 ? "{ }" : Shape;
            return line.Length <= WrittenText.Width - 20 && _entries.All(e => e.Remark.Length == 0 && (e.Child is null || (e.Child.Remark.Length == 0 && e.Child.OnOneLine is not null))
                && (e.Items is null || e.Items.All(i => i.Remark.Length == 0 && i.OnOneLine is not null))) ? line : null;
        }
    }

    private string Shape => $"{{ {string.Join(", ", _entries.Select(e => e.Shape))} }}";

    private static string Unquoted(object value)
    {
        var text = Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";
        return text.Length > 0 && text is not ("null" or "include") && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_') ? text : Shown.Quoted(text);
    }

    private void Set(Entry entry)
    {
        var at = _entries.FindIndex(e => e.Key == entry.Key);
        if (at < 0)
        {
            _entries.Add(entry);
        }
        else
        {
            _entries[at] = entry;
        }
    }

    private Entry? Of(string key) => _entries.Find(e => e.Key == key);

    private sealed record Entry(string Key, Location At, string Remark)
    {
        public string? Hocon { get; init; }

        public WrittenSection? Child { get; init; }

        public List<WrittenSection>? Items { get; init; }

        public string Shape => Child is not null ? $"{Documents.Shown.Key(Key)} {Child.Shape}"
            : $"{Documents.Shown.Key(Key)} = {Hocon ?? $"[{string.Join(", ", Items!.Select(i => i.Shape))}]"}";
    }
}
