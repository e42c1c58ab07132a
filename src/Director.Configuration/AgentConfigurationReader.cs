using Director.Configuration.Documents;
using Director.Configuration.Reading;

namespace Director.Configuration;

/// <summary>Reads and validates an agent's file. Never throws for what a file holds or for a file that is not there.</summary>
public static class AgentConfigurationReader
{
    /// <summary>Reads a file and those that it includes; these are looked for in its folder.</summary>
    /// <param name="path">The file; errors name it as it is given here.</param>
    public static AgentConfigurationResult Read(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return Read(() => SourceFile.Load(path), Path.GetDirectoryName(path) ?? "", new Findings());
    }

    /// <summary>Reads a text; files that it includes are looked for in the working directory.</summary>
    /// <param name="text">HOCON.</param>
    /// <param name="name">What errors call it.</param>
    public static AgentConfigurationResult ReadText(string text, string name = "configuration")
    {
        ArgumentNullException.ThrowIfNull(text);
        return Read(() => SourceFile.Of(name, text), "", new Findings());
    }

    internal static AgentConfigurationResult Read(Func<SourceFile> load, string folder, Findings findings)
    {
        AgentConfiguration? configuration = null;
        try
        {
            configuration = AgentReader.Read(Document.Parse(load(), folder), findings);
        }
        catch (DocumentException e)
        {
            findings.Error(e);
        }

        return findings.HasErrors ? new(null, [.. findings.Errors]) : new(configuration, []);
    }
}
