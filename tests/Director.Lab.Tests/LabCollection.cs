namespace Director.Lab.Tests;

/// <summary>
/// Tests that run alone, after all others: those of time and throughput, those whose clients ask as fast as they can, for which the director takes the cores from everybody else,
/// those with directors that take a silence of a third of a second for death, and those that look at the whole machine.
/// The classes outside this collection only wait for something, and run some at once (xunit.runner.json).
/// </summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class LabCollection
{
    public const string Name = "lab";
}
