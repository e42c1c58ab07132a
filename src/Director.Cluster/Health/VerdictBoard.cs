using System.Collections.Immutable;
using Director.Health.Probing;

namespace Director.Cluster.Health;

/// <summary>A verdict as directors tell it each other.</summary>
/// <param name="Probe">The probe's name.</param>
/// <param name="Verdict">What is known.</param>
/// <param name="Detail">The last answer, for people.</param>
/// <param name="Percent">Share of the weight that the real server asks for; null is none.</param>
/// <param name="Since">When the verdict last changed.</param>
internal sealed record ToldVerdict(string Probe, Verdict Verdict, string Detail, int? Percent, DateTimeOffset Since);

/// <summary>Verdicts of one director.</summary>
/// <param name="Prober">The director, unique to its process's life.</param>
/// <param name="Name">Its name.</param>
/// <param name="Told">Some of its verdicts.</param>
internal sealed record Verdicts(string Prober, string Name, ImmutableArray<ToldVerdict> Told) : IHealthMessage;

/// <summary>What is known by each probe, from whichever director. Pure: it is given the time.</summary>
internal sealed class VerdictBoard
{
    /// <summary>A verdict that its prober has not repeated for this long does not keep others from asking for themselves.</summary>
    public static readonly TimeSpan Silence = TimeSpan.FromSeconds(12);

    private readonly Dictionary<string, Known> _known = [];

    // Heard is null when the prober is known to be dead.
    private sealed record Known(ToldVerdict Told, string Prober, string Name, TimeSpan? Heard);

    /// <summary>What is known by a probe; null is nothing.</summary>
    public ToldVerdict? Of(string probe) => _known.GetValueOrDefault(probe)?.Told;

    /// <summary>Who found it out; empty is nobody.</summary>
    public string ProberOf(string probe) => _known.GetValueOrDefault(probe)?.Name ?? "";

    /// <summary>Whether another director asks: it has said so lately.</summary>
    public bool IsAskedElsewhere(string probe, string self, TimeSpan now) => _known.TryGetValue(probe, out var known) && known.Prober != self && now - known.Heard < Silence;

    /// <summary>Takes a verdict in.</summary>
    /// <param name="told">The verdict.</param>
    /// <param name="prober">Whose it is.</param>
    /// <param name="name">The director's name.</param>
    /// <param name="now">Monotonic time.</param>
    /// <returns>Whether anything but its age changed.</returns>
    public bool Take(ToldVerdict told, string prober, string name, TimeSpan now)
    {
        var before = _known.GetValueOrDefault(told.Probe);
        _known[told.Probe] = new(told, prober, name, now);
        return before is null ? told.Verdict != Verdict.Unknown || told.Percent is not null : before.Told.Verdict != told.Verdict || before.Told.Percent != told.Percent;
    }

    /// <summary>A director is dead: what it said last stays known, and is nobody's reason not to ask.</summary>
    /// <param name="name">Its name.</param>
    public void Died(string name)
    {
        foreach (var (probe, known) in _known.Where(each => each.Value.Name == name).ToArray())
        {
            _known[probe] = known with { Heard = null };
        }
    }

    /// <summary>The same questions have other names now: what is known stays known.</summary>
    /// <param name="names">Old and new names.</param>
    public void Rename(IEnumerable<(string From, string To)> names)
    {
        // All are read before the first is written: two may have changed places.
        foreach (var (known, to) in names.Select(name => (_known.GetValueOrDefault(name.From), name.To)).ToArray())
        {
            if (known is not null)
            {
                _known[to] = known with { Told = known.Told with { Probe = to } };
            }
        }
    }

    /// <summary>Forgets what nothing asks about any more.</summary>
    public void Keep(Predicate<string> isAsked)
    {
        foreach (var name in _known.Keys.Where(name => !isAsked(name)).ToArray())
        {
            _known.Remove(name);
        }
    }
}
