namespace Director.Lab.Tests;

/// <summary>Skips a test where the machine lacks what it needs, and says what.</summary>
internal static class Needs
{
    internal static void Lab(params string[] programs)
    {
        string? missing = Requirements.Missing(programs);
        Skip.If(missing is not null, missing);
    }
}
