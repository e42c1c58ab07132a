using System.Text;
using Hocon;

namespace Director.Configuration.Documents;

/// <summary>A configuration file and what it includes, parsed and resolved.</summary>
internal sealed class Document
{
    private Document(ConfigNode root, IReadOnlySet<string> referenced)
    {
        Root = root;
        Referenced = referenced;
    }

    public ConfigNode Root { get; }

    /// <summary>Keys of the root that substitutions name.</summary>
    public IReadOnlySet<string> Referenced { get; }

    /// <param name="file">The document.</param>
    /// <param name="folder">Where the files are looked for that it includes.</param>
    /// <exception cref="DocumentException">It is not HOCON, or not what is safe to read.</exception>
    public static Document Parse(SourceFile file, string folder)
    {
        var outline = OutlineScanner.Scan(file, name => SourceFile.Load(Path.Combine(folder, name)));
        var unset = new UnsetSubstitutions(outline);
        SubstitutionCheck.Run(outline);
        var referenced = outline.Substitutions.Select(s => s.Path[0]).ToHashSet(StringComparer.Ordinal);
        if (outline.Definitions.Count == 0)
        {
            // The package takes an empty document for an error.
            return new(ConfigNode.Empty(outline.Root.Location), referenced);
        }

        try
        {
            var root = HoconParser.Parse(
                unset.Without(file), (_, name) => Task.FromResult(outline.Included[name] is { } included ? unset.Without(included) : "{}"));
            return new(ConfigNode.From(root.Value, outline), referenced);
        }
        catch (HoconParserException e)
        {
            throw new DocumentException(new(file.Name, Math.Max(0, e.LineNumber)), $"is not HOCON: {Shown.Line(e.Message)}");
        }
        catch (Exception e) when (e is not DocumentException)
        {
            // The package answers some mistakes with whatever its code ran into.
            throw new DocumentException(new(file.Name, 0), $"is not HOCON: {Shown.Line(e.Message)}");
        }
    }

    /// <summary>A section as HOCON in which every key and string is quoted, so that Akka's own, narrower parser takes it. Empty if it is not there.</summary>
    public string Render(string key)
    {
        if (!Root.Fields.TryGetValue(key, out var section))
        {
            return "";
        }

        var result = new StringBuilder(key).Append(' ');
        Render(result, section, 0);
        return result.Append('\n').ToString();
    }

    private static void Render(StringBuilder to, ConfigNode node, int depth)
    {
        switch (node.Kind)
        {
            case NodeKind.Section:
                to.Append("{\n");
                foreach (var (key, value) in node.Fields)
                {
                    to.Append(' ', 2 * (depth + 1)).Append(Shown.Quoted(key)).Append(value.Kind == NodeKind.Section ? " " : " = ");
                    Render(to, value, depth + 1);
                    to.Append('\n');
                }

                to.Append(' ', 2 * depth).Append('}');
                break;
            case NodeKind.List:
                to.Append('[');
                foreach (var item in node.Items)
                {
                    Render(to.Append(item == node.Items[0] ? "" : ", "), item, depth + 1);
                }

                to.Append(']');
                break;
            default:
                to.Append(Shown.Quoted(node.Text));
                break;
        }
    }
}
