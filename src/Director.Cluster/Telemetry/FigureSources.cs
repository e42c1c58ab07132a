using System.Collections.Immutable;
using Director.Cluster.Health;
using Director.Forwarding;

namespace Director.Cluster.Telemetry;

/// <summary>Where a director's own figures come from. Each is asked at any time, from any thread.</summary>
/// <param name="Name">The director's name.</param>
/// <param name="Program">Version of the program and the packages that it stands on.</param>
/// <param name="Started">When it started.</param>
/// <param name="Engine">Its engine.</param>
public sealed record FigureSources(string Name, string Program, DateTimeOffset Started, IForwardingEngine Engine)
{
    /// <summary>What it does for each group.</summary>
    public Func<ImmutableArray<GroupFigures>> Groups { get; init; } = () => [];

    /// <summary>What it hears by heartbeat.</summary>
    public Func<HeartbeatFigures?> Heartbeat { get; init; } = () => null;

    /// <summary>How far it has the connections of others.</summary>
    public Func<SynchronisationFigures?> Synchronisation { get; init; } = () => null;

    /// <summary>VRRP packets that it did not take.</summary>
    public Func<ImmutableSortedDictionary<string, ulong>> Vrrp { get; init; } = () => ImmutableSortedDictionary<string, ulong>.Empty;

    /// <summary>What real servers report of themselves.</summary>
    public Func<FeedbackFigures?> Feedback { get; init; } = () => null;

    /// <summary>How its table in force differs from its configuration file.</summary>
    public Func<ImmutableArray<string>> Differences { get; init; } = () => [];

    /// <summary>The health of real servers as it sees it.</summary>
    public Func<ImmutableArray<ServiceHealthFigures>> Health { get; init; } = () => [];

    /// <summary>What it does to know that.</summary>
    public Func<CheckingFigures?> Checking { get; init; } = () => null;

    /// <summary>The figures now.</summary>
    /// <param name="report">What the engine says.</param>
    internal DirectorFigures Take(EngineReport report) => new(Name, Program, Started, Engine.Table.Timeouts, report)
    {
        Groups = Groups(),
        Heartbeat = Heartbeat(),
        Synchronisation = Synchronisation(),
        Vrrp = Vrrp(),
        Feedback = Feedback(),
        Differences = Differences(),
        Health = Health(),
        Checking = Checking(),
    };
}
