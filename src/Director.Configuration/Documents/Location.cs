namespace Director.Configuration.Documents;

/// <summary>A line of a file; line 0 is the file as a whole.</summary>
internal readonly record struct Location(string File, int Line)
{
    public override string ToString() => Line == 0 ? Shown.Line(File) : $"{Shown.Line(File)}:{Line}";
}

/// <summary>Something wrong at a place: the rest of an error's line.</summary>
internal sealed class DocumentException(Location location, string message) : Exception(message)
{
    public Location Location => location;
}
