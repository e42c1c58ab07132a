namespace Director.Lab.Tests;

/// <summary>Tests that use the machine's cores and namespaces, one at a time.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class LabCollection
{
    public const string Name = "lab";
}
