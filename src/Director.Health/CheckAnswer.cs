namespace Director.Health;

/// <summary>What one check found.</summary>
/// <param name="Passed">Whether the real server answered as it should.</param>
/// <param name="Detail">In one line for people: what came back, or what went wrong (<c>connection refused</c>, <c>status 503, expected 200-299</c>). Never a password.</param>
public readonly record struct CheckAnswer(bool Passed, string Detail)
{
    /// <summary>Share of the configured weight that the real server asks for, 0 to 100 percent; null: it does not say (checks with a dynamic weight: external, file).</summary>
    public int? Percent { get; init; }

    /// <summary>The check itself went wrong, which says nothing of the real server: the configuration says what unknown means.</summary>
    public bool IsBroken { get; private init; }

    /// <summary>A check that passed.</summary>
    public static CheckAnswer Pass(string detail) => new(true, detail);

    /// <summary>A check that did not pass.</summary>
    public static CheckAnswer Fail(string detail) => new(false, detail);

    /// <summary>A check that could not find out.</summary>
    public static CheckAnswer Broken(string detail) => new(false, detail) { IsBroken = true };
}
