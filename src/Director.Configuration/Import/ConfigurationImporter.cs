using System.Globalization;
using Director.Configuration.Import.Feedbackd;
using Director.Configuration.Import.Heartbeat;
using Director.Configuration.Import.Ipvsadm;
using Director.Configuration.Import.Keepalived;
using Director.Configuration.Import.Ldirectord;
using Director.Configuration.Import.Saru;
using Director.Configuration.Import.Writing;

namespace Director.Configuration.Import;

/// <summary>Makes a configuration of the files of the tools that a director stands in for. Never throws for what they hold.</summary>
public static class ConfigurationImporter
{
    private static readonly string[] s_order =
        ["timeouts", "virtual-services", "marks", "masquerade", "health", "alerts", "cluster", "availability", "synchronisation", "partition"];

    /// <summary>Imports files of one tool; among them may be what <c>iptables-save</c> writes, for the marks.</summary>
    /// <param name="kind">The tool.</param>
    /// <param name="files">Its files, in the order in which it reads them.</param>
    /// <param name="names">Names of hosts and services in them.</param>
    public static ImportResult Import(ImportKind kind, IReadOnlyList<ImportedFile> files, INameLookup names)
    {
        ArgumentNullException.ThrowIfNull(files);
        ArgumentNullException.ThrowIfNull(names);
        var findings = new ImportFindings();
        var isAgent = kind == ImportKind.Feedbackd;
        var director = new WrittenSection(new(files.Count == 0 ? "" : files[0].Name, 0));
        var marks = new MarkRules(findings);
        var sources = files.Select(f => new ImportedFile(f.Name, f.Text.Replace("\r\n", "\n", StringComparison.Ordinal))).Where(f => !marks.Take(f)).ToList();
        var context = new ImportContext(director, findings, names, marks);
        Action<IReadOnlyList<ImportedFile>> import = kind switch
        {
            ImportKind.Ldirectord => new LdirectordImporter(context).Import,
            ImportKind.Keepalived => new KeepalivedImporter(context).Import,
            ImportKind.Ipvsadm => new IpvsadmImporter(context, marks).Import,
            ImportKind.Heartbeat => new HeartbeatImporter(context).Import,
            ImportKind.Saru => new SaruImporter(context).Import,
            _ => new FeedbackdImporter(context).Import,
        };
        import(sources);
        var text = new WrittenText();
        if (!findings.HasErrors)
        {
            director.Order(s_order);
            text.Remark(0, $"Made of {string.Join(", ", files.Select(f => f.Name))} by 'director import {kind.ToString().ToLowerInvariant()}'. What is not here has its default.", director.At);
            text.Line(0, isAgent ? "agent {" : "director {", director.At);
            director.WriteBody(text, 1);
            text.Line(0, "}", director.At);
            Judge(text, isAgent ? AgentConfigurationReader.ReadText(text.ToString(), "import").Errors : ConfigurationReader.ReadText(text.ToString(), "import").Errors, findings);
        }

        return findings.HasErrors ? new("", [.. findings.Errors], [.. findings.Missing]) : new($"{text}{Ending(findings)}", [], [.. findings.Missing]);
    }

    /// <summary>What is wrong in the text was wrong in the files, and is said of their lines.</summary>
    private static void Judge(WrittenText text, IEnumerable<string> errors, ImportFindings findings)
    {
        foreach (var error in errors)
        {
            // NAME:LINE: message, or NAME: message
            var parts = error.Split(':', 3);
            var isLine = int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var line) && parts.Length == 3;
            findings.Error(text.PlaceOf(isLine ? line : 1), "", (isLine ? parts[2] : error[(parts[0].Length + 1)..]).TrimStart());
        }
    }

    private static string Ending(ImportFindings findings)
    {
        var missing = findings.Missing.ToList();
        return missing.Count == 0 ? "" : $"\n# Without a counterpart here ({missing.Count}):\n{string.Concat(missing.Select(m => $"#   {m}\n"))}";
    }
}
