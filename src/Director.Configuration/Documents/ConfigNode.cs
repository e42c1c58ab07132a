using Hocon;

namespace Director.Configuration.Documents;

/// <summary>What a value is.</summary>
internal enum NodeKind
{
    Text,
    List,
    Section,
}

/// <summary>A value with everything resolved, and where it stands in the file.</summary>
internal sealed class ConfigNode
{
    private const int DepthLimit = 512;

    private ConfigNode(NodeKind kind, string path, Location location)
    {
        Kind = kind;
        Path = path;
        Location = location;
    }

    public NodeKind Kind { get; }

    /// <summary>Keys from the root, as errors show them.</summary>
    public string Path { get; }

    public Location Location { get; }

    /// <summary>A string, number or boolean as it was written.</summary>
    public string Text { get; private init; } = "";

    /// <summary>The fields of a section.</summary>
    public Dictionary<string, ConfigNode> Fields { get; } = new(StringComparer.Ordinal);

    public List<ConfigNode> Items { get; } = [];

    /// <summary>Where this section was given in braces.</summary>
    public IReadOnlyList<Location> Blocks { get; private init; } = [];

    /// <summary>A section without fields.</summary>
    public static ConfigNode Empty(Location location) => new(NodeKind.Section, "", location);

    /// <summary>The values of a document by the package, with the places of an outline.</summary>
    public static ConfigNode From(HoconValue root, Outline outline) =>
        From(root, "", outline.Root, outline, outline.Root.Location, 0) is { Kind: NodeKind.Section } section ? section : Empty(outline.Root.Location);

    /// <summary>Null where there is no value: a substitution that led nowhere, or <c>null</c>.</summary>
    private static ConfigNode? From(HoconValue value, string path, OutlineNode? place, Outline outline, Location above, int depth)
    {
        var location = place?.Location ?? above;
        if (depth > DepthLimit)
        {
            throw new DocumentException(location, $"is nested more than {DepthLimit} deep");
        }

        switch (value.Type)
        {
            case HoconType.Empty:
                return null;
            case HoconType.Object:
                var section = new ConfigNode(NodeKind.Section, path, location) { Blocks = place?.Blocks ?? [] };
                foreach (var (key, field) in InOrder(value.GetObject(), place))
                {
                    var shown = Shown.Key(key.Length > 64 ? key[..64] + "..." : key);
                    var child = From(field.Value, path.Length == 0 ? shown : $"{path}.{shown}", Child(place, key, outline, 0), outline, location, depth + 1);
                    if (child is not null)
                    {
                        section.Fields[key] = child;
                    }
                }

                return section;
            case HoconType.Array:
                var list = new ConfigNode(NodeKind.List, path, location);
                var elements = value.GetArray();
                for (var i = 0; i < elements.Count; i++)
                {
                    // With a substitution among the elements the text does not show which is which.
                    var item = place is not null && place.References.Count == 0 && elements.Count == place.Items.Count ? place.Items[i] : null;
                    if (From(elements[i], $"{path}[{list.Items.Count}]", item, outline, location, depth + 1) is { } element)
                    {
                        list.Items.Add(element);
                    }
                }

                return list;
            default:
                var text = value.GetString();
                return text is null ? null : new ConfigNode(NodeKind.Text, path, location) { Text = text };
        }
    }

    /// <summary>As the text has them; the package promises no order.</summary>
    private static IEnumerable<KeyValuePair<string, HoconField>> InOrder(IEnumerable<KeyValuePair<string, HoconField>> fields, OutlineNode? place)
    {
        var order = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var key in place?.Fields.Keys.AsEnumerable() ?? [])
        {
            order[key] = order.Count;
        }

        return fields.OrderBy(f => order.GetValueOrDefault(f.Key, int.MaxValue)).ThenBy(f => f.Key, StringComparer.Ordinal);
    }

    /// <summary>Where a field stands: in the text of its section, or where a substitution in it leads.</summary>
    private static OutlineNode? Child(OutlineNode? place, string key, Outline outline, int followed)
    {
        if (place is null || followed > 16)
        {
            return null;
        }

        if (place.Fields.TryGetValue(key, out var field))
        {
            return field;
        }

        foreach (var reference in place.References)
        {
            var target = outline.Root;
            foreach (var part in reference)
            {
                target = Child(target, part, outline, followed + 1);
            }

            if (Child(target, key, outline, followed + 1) is { } found)
            {
                return found;
            }
        }

        return null;
    }
}
