using Director.Configuration.Documents;

namespace Director.Configuration.Reading;

/// <summary>A secret that stands in the file or in one of its own; no message shows it.</summary>
internal static class SecretReader
{
    public const string RightFile = "an absolute path is right";

    /// <param name="section">Where both keys are.</param>
    /// <param name="findings">Where mistakes go.</param>
    /// <param name="key">The key of the secret.</param>
    /// <param name="fileKey">The key of the file that holds it; white space at its end does not count.</param>
    /// <param name="wrong">What is wrong with a secret, and what would be right; null is nothing.</param>
    public static string Read(SectionReader section, Findings findings, string key, string fileKey, Func<string, string?> wrong)
    {
        section.HideValue(key);
        var text = section.FindText(key, "a text is right");
        var file = section.FindText(fileKey, RightFile);
        if (file is null || file.Text.Length == 0)
        {
            return text is null || text.Text.Length == 0 ? "" : Checked(text.Text, text);
        }

        if (text is { Text.Length: > 0 })
        {
            findings.Error(file, $"stands beside {key}; keep one of them");
            return "";
        }

        if (WrongFile(file.Text) is { } path)
        {
            findings.Error(file, $"{path}; {RightFile}");
            return "";
        }

        try
        {
            return Checked(SourceFile.Load(file.Text).Text.TrimEnd(), file);
        }
        catch (DocumentException e)
        {
            findings.Error(file, e.Message.Replace("name a HOCON file", "write a secret into it", StringComparison.Ordinal));
            return "";
        }

        string Checked(string secret, ConfigNode node)
        {
            if (wrong(secret) is not { } message)
            {
                return secret;
            }

            findings.Error(node.Location, node, message);
            return "";
        }
    }

    public static string? WrongFile(string path) =>
        path.Length == 0 || (path.StartsWith('/') && !path.Contains('\0', StringComparison.Ordinal)) ? null : "is no absolute path";
}
