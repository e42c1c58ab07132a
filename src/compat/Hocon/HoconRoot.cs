namespace Hocon;

/// <summary>A parsed document, every substitution resolved.</summary>
public class HoconRoot
{
    public HoconRoot(HoconValue value)
    {
        Value = value;
    }

    public virtual HoconValue Value { get; set; }
}

/// <summary>Where an <c>include</c> points to.</summary>
public enum HoconCallbackType
{
    File = 0,
    Url = 1,
    Resource = 2,
}

/// <summary>Gives the text of an included document.</summary>
public delegate Task<string> HoconIncludeCallbackAsync(HoconCallbackType callbackType, string value);

/// <summary>Reads HOCON, the superset of JSON that Lightbend's specification describes.</summary>
public sealed class HoconParser
{
    /// <exception cref="HoconParserException">The text is not HOCON or refers to something that does not exist.</exception>
    public static HoconRoot Parse(string text, HoconIncludeCallbackAsync? includeCallback = null)
    {
        var document = new SyntaxReader(text, includeCallback, []).ReadDocument();
        return new HoconRoot(new Resolver(document).Resolve());
    }
}
