using System.Text;

namespace Director.Configuration.Documents;

/// <summary>How text from a file appears in a line for people, and how it is written back.</summary>
internal static class Shown
{
    private const int ValueLimit = 60;

    /// <summary>On one line, without control characters.</summary>
    public static string Line(string text)
    {
        var result = new StringBuilder(text.Length);
        foreach (var c in text)
        {
            result.Append(c switch
            {
                '\n' => "\\n",
                '\r' => "\\r",
                '\t' => "\\t",
                _ when char.IsControl(c) || c is '\u2028' or '\u2029' || char.IsSurrogate(c) => $"\\u{(int)c:x4}",
                _ => c.ToString(),
            });
        }

        return result.ToString();
    }

    /// <summary>A value on one line, cut where it is long.</summary>
    public static string Value(string text) => text.Length == 0 ? "\"\"" : Line(text.Length > ValueLimit ? text[..ValueLimit] + "..." : text);

    /// <summary>A key as a part of a path, in quotes where HOCON would read it otherwise.</summary>
    public static string Key(string key) =>
        key.Length > 0 && key.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_') ? key : Quoted(key);

    /// <summary>A HOCON string with the escapes of JSON.</summary>
    public static string Quoted(string text)
    {
        var result = new StringBuilder("\"", text.Length + 2);
        foreach (var c in text)
        {
            result.Append(c switch
            {
                '"' => "\\\"",
                '\\' => "\\\\",
                '\n' => "\\n",
                '\r' => "\\r",
                '\t' => "\\t",
                _ when char.IsControl(c) || c is '\u2028' or '\u2029' || char.IsSurrogate(c) => $"\\u{(int)c:x4}",
                _ => c.ToString(),
            });
        }

        return result.Append('"').ToString();
    }
}
