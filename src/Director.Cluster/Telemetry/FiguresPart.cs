using System.Collections.Immutable;
using Director.Forwarding;

namespace Director.Cluster.Telemetry;

/// <summary>
/// A director's figures as it sends them, a part a second. Each part has everything but the services, and some of the services: in a cluster of usual size all of them, in a very
/// large one the parts together.
/// </summary>
/// <param name="Figures">The figures with this part's services.</param>
/// <param name="Index">Which part, from 0.</param>
/// <param name="Count">How many parts there are.</param>
internal sealed record FiguresPart(DirectorFigures Figures, int Index, int Count)
{
    /// <summary>Real servers in a part, a service itself counting as one: at about 100 bytes each, well below a frame's 128,000.</summary>
    public const int MostRows = 600;

    /// <summary>Lines of differences that are sent on; the director itself shows all.</summary>
    public const int MostDifferences = 50;

    /// <summary>Real servers whose feedback is sent on; the director itself shows all.</summary>
    public const int MostFeedback = 200;

    /// <summary>This part with everything but the services as it is now.</summary>
    public FiguresPart At(DirectorFigures now) =>
        this with { Figures = now with { Engine = now.Engine with { Services = Figures.Engine.Services }, Feedback = Cut(now.Feedback), Differences = Figures.Differences } };

    /// <summary>Cuts figures into parts.</summary>
    public static ImmutableArray<FiguresPart> Cut(DirectorFigures figures)
    {
        var parts = new List<ImmutableArray<VirtualServiceReport>> { ImmutableArray<VirtualServiceReport>.Empty };
        var rows = 0;
        foreach (var service in figures.Engine.Services)
        {
            // A service of more real servers than that is sent with the first of them.
            var sent = service.RealServers.Length < MostRows ? service : service with { RealServers = service.RealServers[..(MostRows - 1)] };
            rows += 1 + sent.RealServers.Length;
            if (rows > MostRows)
            {
                parts.Add([]);
                rows = 1 + sent.RealServers.Length;
            }

            parts[^1] = parts[^1].Add(sent with { Spec = sent.Spec with { RealServers = [] } });
        }

        var lines = figures.Differences;
        if (lines.Length > MostDifferences)
        {
            lines = [.. lines[..MostDifferences], $"and {lines.Length - MostDifferences} more: 'director status' on {figures.Name} shows them"];
        }

        return [.. parts.Select((services, index) => new FiguresPart(figures with { Engine = figures.Engine with { Services = services }, Feedback = Cut(figures.Feedback), Differences = lines }, index, parts.Count))];
    }

    private static FeedbackFigures? Cut(FeedbackFigures? feedback) =>
        feedback is { Servers.Length: > MostFeedback } ? feedback with { Servers = feedback.Servers[..MostFeedback] } : feedback;
}
