using System.Collections.Immutable;
using Director.Forwarding;

namespace Director.Cluster.Telemetry;

/// <summary>The figures of the whole cluster, on every director. It belongs to the process and answers whether there are actors or not. Members may be called from any thread.</summary>
public sealed class ClusterTelemetry(FigureSources sources)
{
    private volatile Gathered _gathered = new("", [], []);

    /// <summary>The cluster now.</summary>
    public ClusterFigures Figures()
    {
        var gathered = _gathered;
        var own = Own() with { Address = gathered.Address };
        return new(own.Name, gathered.Members, [.. gathered.Others.Add(own).OrderBy(director => director.Name, StringComparer.Ordinal)]);
    }

    /// <summary>This director's figures now.</summary>
    /// <param name="report">What its engine says; null: the engine is asked.</param>
    public DirectorFigures Own(EngineReport? report = null) => sources.Take(report ?? sources.Engine.Report());

    /// <summary>What the actors have gathered.</summary>
    internal void Publish(string address, ImmutableArray<MemberFigures> members, ImmutableArray<DirectorFigures> others) => _gathered = new(address, members, others);

    private sealed record Gathered(string Address, ImmutableArray<MemberFigures> Members, ImmutableArray<DirectorFigures> Others);
}
