using Director.Configuration.Documents;
using Director.Configuration.Reading;

namespace Director.Configuration;

/// <summary>Reads and validates a configuration. Never throws for what a file holds or for a file that is not there.</summary>
public static class ConfigurationReader
{
    /// <summary>Reads a file and those that it includes; these are looked for in its folder.</summary>
    /// <param name="path">The file; errors name it as it is given here.</param>
    public static ConfigurationResult Read(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return Read(() => SourceFile.Load(path), Path.GetDirectoryName(path) ?? "", new Findings());
    }

    /// <summary>Reads a text; files that it includes are looked for in the working directory.</summary>
    /// <param name="text">HOCON.</param>
    /// <param name="name">What errors call it.</param>
    public static ConfigurationResult ReadText(string text, string name = "configuration")
    {
        ArgumentNullException.ThrowIfNull(text);
        return Read(() => SourceFile.Of(name, text), "", new Findings());
    }

    internal static ConfigurationResult Read(Func<SourceFile> load, string folder, Findings findings)
    {
        try
        {
            var document = Document.Parse(load(), folder);
            var configuration = DirectorReader.Read(document, findings);
            return findings.HasErrors
                ? new(null, [.. findings.Errors], [.. findings.Notes], "")
                : new(configuration, [], [.. findings.Notes], document.Render("akka"));
        }
        catch (DocumentException e)
        {
            findings.Error(e);
            return new(null, [.. findings.Errors], [], "");
        }
    }
}
