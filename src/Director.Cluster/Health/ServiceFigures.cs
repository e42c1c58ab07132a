using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace Director.Cluster.Health;

/// <summary>A service's health as this director sees it.</summary>
/// <param name="Service">The service.</param>
/// <param name="Name">Its name.</param>
/// <param name="HasQuorum">Whether enough real servers are up.</param>
/// <param name="IsInPanic">Whether so many have failed that the last good ones are kept.</param>
/// <param name="Fallback">absent, waits, serves.</param>
/// <param name="Servers">Its real servers.</param>
public sealed record ServiceHealthFigures(string Service, string Name, bool HasQuorum, bool IsInPanic, string Fallback, ImmutableArray<ServerHealthFigures> Servers);

/// <summary>A real server's health as this director sees it.</summary>
/// <param name="Server">Address and port.</param>
/// <param name="State">up, down, unknown, maintenance, draining, unchecked.</param>
/// <param name="Weight">Its weight in the table; 0 gets no new connections.</param>
/// <param name="ConfiguredWeight">The weight that it is given by file or command.</param>
/// <param name="Percent">Share of that weight that its load leaves it.</param>
/// <param name="Detail">What its checks said last, for people.</param>
/// <param name="CheckedBy">The director that checks it; empty is nobody.</param>
public sealed record ServerHealthFigures(string Server, string State, int Weight, int ConfiguredWeight, int Percent, string Detail, string CheckedBy)
{
    /// <summary>When a verdict last changed; null: never. Written even so: the reader of the control socket's JSON takes an answer without it for none of a director's.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public DateTimeOffset? Since { get; init; }

    /// <summary>While draining: seconds until what is left of its connections is ended.</summary>
    public double? DrainSeconds { get; init; }
}

/// <summary>What a director does to know the health of real servers.</summary>
/// <param name="Probes">Checks that it makes itself: those of the services that it owns, and what nobody else makes.</param>
/// <param name="Answers">Answers since its start.</param>
/// <param name="LateSeconds">By how much a question was late at most, in seconds, within the last half or whole minute: near the interval, the director has too little processor for its checks.</param>
public sealed record CheckingFigures(int Probes, long Answers, double LateSeconds);
