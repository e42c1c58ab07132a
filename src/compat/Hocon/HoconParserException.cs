namespace Hocon;

/// <summary>The text is not HOCON, or a substitution in it cannot be resolved.</summary>
public sealed class HoconParserException : Exception
{
    public HoconParserException()
    {
    }

    public HoconParserException(string message)
        : base(message)
    {
    }

    public HoconParserException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    internal HoconParserException(string message, int line, int position)
        : base(message)
    {
        LineNumber = line;
        LinePosition = position;
    }

    public int LineNumber { get; }

    public int LinePosition { get; }
}

/// <summary>A value is not of the kind that was asked for.</summary>
public class HoconException : Exception
{
    public HoconException(string message)
        : base(message)
    {
    }

    public HoconException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
