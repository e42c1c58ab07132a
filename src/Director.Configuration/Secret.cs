namespace Director.Configuration;

/// <summary>A password or another secret: compared by value, and never shown.</summary>
/// <param name="text">The secret; empty is none.</param>
public readonly struct Secret(string text) : IEquatable<Secret>
{
    private readonly string? _text = text;

    /// <summary>Whether there is none.</summary>
    public bool IsEmpty => string.IsNullOrEmpty(_text);

    /// <summary>The secret itself, for who sends it. A method, so that nothing that lists properties shows it.</summary>
    public string Reveal() => _text ?? "";

    /// <inheritdoc/>
    public bool Equals(Secret other) => Reveal() == other.Reveal();

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Secret other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => Reveal().GetHashCode(StringComparison.Ordinal);

    /// <summary><c>***</c>, or nothing where there is none.</summary>
    public override string ToString() => IsEmpty ? "" : "***";

    /// <summary>Whether both are the same.</summary>
    public static bool operator ==(Secret left, Secret right) => left.Equals(right);

    /// <summary>Whether both differ.</summary>
    public static bool operator !=(Secret left, Secret right) => !left.Equals(right);
}
