namespace Director.Configuration.Import;

/// <summary>A file of another tool.</summary>
/// <param name="Name">What messages call it.</param>
/// <param name="Text">Its content.</param>
public sealed record ImportedFile(string Name, string Text);
