using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using Director.Configuration.Documents;

namespace Director.Configuration.Reading;

/// <summary>Takes typed values out of a section. What is wrong is noted and the default taken; what nobody asked for is unknown.</summary>
internal sealed class SectionReader
{
    private readonly ConfigNode _section;
    private readonly Findings _findings;
    private readonly string _pattern;
    private readonly List<string> _known = [];
    private readonly List<string> _hidden = [];

    /// <param name="section">The section.</param>
    /// <param name="findings">Where mistakes go.</param>
    /// <param name="pattern">Its path with <c>*</c> for names and numbers.</param>
    public SectionReader(ConfigNode section, Findings findings, string pattern)
    {
        _section = section;
        _findings = findings;
        _pattern = pattern;
    }

    public ConfigNode Section => _section;

    /// <summary>The value of a key, of any kind; null if it is not there.</summary>
    public ConfigNode? Find(string key)
    {
        _known.Add(key);
        _findings.Keys.Add(_pattern.Length == 0 ? key : $"{_pattern}.{key}");
        return _section.Fields.GetValueOrDefault(key);
    }

    /// <summary>Keeps the value of a key out of messages, also where the key is misspelt.</summary>
    public void HideValue(string key) => _hidden.Add(key);

    /// <summary>A string, number or boolean; null if it is not there or is something else.</summary>
    public ConfigNode? FindText(string key, string right)
    {
        var node = Find(key);
        if (node is null or { Kind: NodeKind.Text })
        {
            return node;
        }

        _findings.Error(node, $"is a {(node.Kind == NodeKind.List ? "list" : "section")}; {right}");
        return null;
    }

    public string Text(string key, string otherwise, string right, Func<string, string?>? wrong = null)
    {
        if (FindText(key, right) is not { } node)
        {
            return otherwise;
        }

        if (wrong?.Invoke(node.Text) is not { } message)
        {
            return node.Text;
        }

        _findings.Error(node, $"{message}; {right}");
        return otherwise;
    }

    public long Number(string key, long otherwise, long from, long to)
    {
        var right = $"a whole number from {from} to {to} is right";
        if (FindText(key, right) is not { } node)
        {
            return otherwise;
        }

        if (TryNumber(node.Text, out var number) && number >= from && number <= to)
        {
            return number;
        }

        _findings.Error(node, $"{(TryNumber(node.Text, out _) ? "is out of range" : "is no whole number")}; {right}");
        return otherwise;
    }

    public bool Flag(string key, bool otherwise)
    {
        const string Right = "true or false is right";
        if (FindText(key, Right) is not { } node)
        {
            return otherwise;
        }

        switch (node.Text)
        {
            case "true" or "yes" or "on":
                return true;
            case "false" or "no" or "off":
                return false;
            default:
                _findings.Error(node, $"is neither true nor false; {Right}");
                return otherwise;
        }
    }

    public TimeSpan Duration(string key, TimeSpan otherwise, TimeSpan from, TimeSpan to, TimeSpan step)
    {
        var right = $"{Units.Write(from)} to {Units.Write(to)} in steps of {Units.Write(step)} is right";
        if (FindText(key, right) is not { } node)
        {
            return otherwise;
        }

        if (!Units.TryDuration(node.Text, out var duration))
        {
            _findings.Error(node, TryNumber(node.Text, out _) ? $"has no unit; write {Documents.Shown.Value(node.Text)}s for seconds"
                : $"is no duration; {right}");
            return otherwise;
        }

        if (duration >= from && duration <= to && duration.Ticks % step.Ticks == 0)
        {
            return duration;
        }

        _findings.Error(node, $"{(duration < from || duration > to ? "is out of range" : "is too fine")}; {right}");
        return otherwise;
    }

    public int Bytes(string key, int otherwise, int from, int to)
    {
        var right = $"{from >> 20} MiB to {to >> 20} MiB is right, written as 64MiB";
        if (FindText(key, right) is not { } node)
        {
            return otherwise;
        }

        if (Units.TryBytes(node.Text, out var bytes) && bytes >= from && bytes <= to)
        {
            return (int)bytes;
        }

        _findings.Error(node, $"{(Units.TryBytes(node.Text, out _) ? "is out of range" : "is no size")}; {right}");
        return otherwise;
    }

    public T Choice<T>(string key, T otherwise, params ReadOnlySpan<(string Name, T Value)> choices)
    {
        var names = new List<string>();
        foreach (var (name, _) in choices)
        {
            names.Add(name);
        }

        var right = $"{(names.Count == 1 ? names[0] : $"one of {string.Join(", ", names)}")} is right";
        if (FindText(key, right) is not { } node)
        {
            return otherwise;
        }

        foreach (var (name, value) in choices)
        {
            if (name == node.Text)
            {
                return value;
            }
        }

        _findings.Error(node, names.Count < 5 ? $"is unknown; {right}" : $"is unknown; {right}, the nearest is {Spelling.Nearest(node.Text, names)}");
        return otherwise;
    }

    /// <summary>The elements of a list; none if it is not there.</summary>
    public IReadOnlyList<ConfigNode> List(string key, NodeKind of, string right)
    {
        var node = Find(key);
        if (node is null)
        {
            return [];
        }

        if (node.Kind != NodeKind.List)
        {
            _findings.Error(node, $"is not a list; {right}");
            return [];
        }

        foreach (var item in node.Items.Where(i => i.Kind != of))
        {
            _findings.Error(item, $"is a {item.Kind switch { NodeKind.List => "list", NodeKind.Section => "section", _ => "single value" }}; {right}");
        }

        return [.. node.Items.Where(i => i.Kind == of)];
    }

    public ImmutableArray<IPNetwork> Networks(string key, bool? isIPv6)
    {
        var result = ImmutableArray.CreateBuilder<IPNetwork>();
        foreach (var item in List(key, NodeKind.Text, $"{Addresses.RightNetwork}, in [ ]"))
        {
            if (Network(item, isIPv6) is { } network)
            {
                result.Add(network);
            }
        }

        return result.ToImmutable();
    }

    /// <param name="node">The text.</param>
    /// <param name="isIPv6">The family that it must have; null is either.</param>
    public IPNetwork? Network(ConfigNode node, bool? isIPv6)
    {
        if (Addresses.Network(node.Text, out var network) is { } wrong)
        {
            _findings.Error(node, wrong.Contains("; ", StringComparison.Ordinal) ? wrong : $"{wrong}; {Addresses.RightNetwork}");
            return null;
        }

        if (isIPv6 is { } wanted && Addresses.IsIPv6(network.BaseAddress) != wanted)
        {
            _findings.Error(node, $"is {Family(!wanted)} where {Family(wanted)} is needed; write an {Family(wanted)} network");
            return null;
        }

        return network;
    }

    /// <summary>A section; null if it is not there.</summary>
    public SectionReader? Child(string key)
    {
        var node = Find(key);
        if (node is null)
        {
            return null;
        }

        if (node.Kind == NodeKind.Section)
        {
            return new(node, _findings, $"{_pattern}.{key}");
        }

        _findings.Error(node, $"is not a section; write {key} {{ }}");
        return null;
    }

    /// <summary>As <see cref="Child"/>, and an empty one if it is not there, so that every key is asked for.</summary>
    public SectionReader ChildOrEmpty(string key) => Child(key) ?? new(ConfigNode.Empty(_section.Location), _findings, $"{_pattern}.{key}");

    /// <summary>A section whose keys are names, or an element of a list.</summary>
    public SectionReader Named(ConfigNode node, string key) => new(node, _findings, $"{_pattern}.{key}.*");

    /// <summary>Notes every key that was not asked for.</summary>
    /// <param name="isUsed">Keys that are allowed nevertheless.</param>
    public void RefuseUnknown(Func<string, bool>? isUsed = null)
    {
        foreach (var (key, node) in _section.Fields)
        {
            if (_known.Contains(key) || isUsed?.Invoke(key) == true)
            {
                continue;
            }

            var nearest = Spelling.Nearest(key, _known);
            var message = $"there is no such key; the nearest is {nearest}";
            if (_hidden.Contains(nearest))
            {
                _findings.Error(node.Location, node, message);
            }
            else
            {
                _findings.Error(node, message);
            }
        }
    }

    public static string Family(bool isIPv6) => isIPv6 ? "IPv6" : "IPv4";

    private static bool TryNumber(string text, out long number) => long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number);
}
