using System.Collections.Immutable;
using Director.Forwarding;

namespace Director.Cluster.Telemetry;

/// <summary>Puts the parts of other directors' figures together, and forgets who has not been heard from for long.</summary>
internal sealed class GatheredFigures
{
    /// <summary>How long a silent director's figures are shown, with their age.</summary>
    public static readonly TimeSpan Remembered = TimeSpan.FromMinutes(1);

    private readonly Dictionary<string, Director> _directors = [];

    /// <summary>Takes a part.</summary>
    /// <param name="part">The part.</param>
    /// <param name="now">Time since any fixed moment.</param>
    public void Take(FiguresPart part, TimeSpan now)
    {
        var name = part.Figures.Name;
        if (!_directors.TryGetValue(name, out var director) || director.Figures.Started != part.Figures.Started || director.Services.Length != part.Count)
        {
            director = _directors[name] = new Director { Services = new ImmutableArray<VirtualServiceReport>[part.Count] };
            Array.Fill(director.Services, []);
        }

        director.Figures = part.Figures;
        director.Services[part.Index] = part.Figures.Engine.Services;
        director.Heard = now;
    }

    /// <summary>The figures of all that are remembered.</summary>
    public ImmutableArray<DirectorFigures> Figures(TimeSpan now)
    {
        foreach (var (name, _) in _directors.Where(director => now - director.Value.Heard > Remembered).ToArray())
        {
            _directors.Remove(name);
        }

        return [.. _directors.Values.Select(director => director.Figures with
        {
            AgeSeconds = Math.Max(0.001, (now - director.Heard).TotalSeconds),
            Engine = director.Figures.Engine with { Services = [.. director.Services.SelectMany(services => services)] },
        })];
    }

    private sealed class Director
    {
        public DirectorFigures Figures { get; set; } = null!;

        public ImmutableArray<VirtualServiceReport>[] Services { get; init; } = [];

        public TimeSpan Heard { get; set; }
    }
}
