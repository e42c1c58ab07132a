using System.Collections.Immutable;
using System.Net;

namespace Director.Cluster.Health;

/// <summary>An operator's word on a real server, by command: the later word counts.</summary>
/// <param name="Target">What it is about: <c>192.168.6.4:80</c>, <c>192.168.6.4</c>, or either behind a service's name and a slash.</param>
/// <param name="IsOn">Whether it is in maintenance.</param>
/// <param name="At">When it was said.</param>
/// <param name="By">Where, for people.</param>
internal sealed record MaintenanceWord(string Target, bool IsOn, DateTimeOffset At, string By);

/// <summary>Words of operators that a director knows.</summary>
/// <param name="Words">All of them.</param>
internal sealed record MaintenanceWords(ImmutableArray<MaintenanceWord> Words) : IHealthMessage;

/// <summary>Which real servers are in maintenance by command or by a file in a folder. Every director knows all words, so they survive the loss of any; they are not kept on disk.</summary>
internal sealed class Maintenance
{
    private readonly Dictionary<string, MaintenanceWord> _words = new(StringComparer.Ordinal);

    /// <summary>Names of files in the folder.</summary>
    public ImmutableHashSet<string> Files { get; set; } = [];

    /// <summary>All words.</summary>
    public ImmutableArray<MaintenanceWord> Words => [.. _words.Values];

    /// <summary>When a new word is said: now, but later than every word that is known. Clocks of directors differ, and the last to speak is right.</summary>
    public DateTimeOffset After(DateTimeOffset now) => _words.Values.Select(word => word.At.AddTicks(1)).Append(now).Max();

    /// <summary>Takes a word in.</summary>
    /// <returns>Whether it is news.</returns>
    public bool Take(MaintenanceWord word)
    {
        if (_words.TryGetValue(word.Target, out var known) && known.At >= word.At)
        {
            return false;
        }

        _words[word.Target] = word;
        return known?.IsOn != word.IsOn;
    }

    /// <summary>Whether a real server is out: a command's latest word goes before the file's and the folder's.</summary>
    /// <param name="service">The service's name.</param>
    /// <param name="server">The real server.</param>
    /// <param name="byFile">What the configuration says.</param>
    public bool IsOn(string service, ServerKey server, bool byFile)
    {
        MaintenanceWord? latest = null;
        foreach (var name in Names(service, server))
        {
            if (_words.TryGetValue(name, out var word) && (latest is null || word.At > latest.At))
            {
                latest = word;
            }
        }

        return latest?.IsOn ?? (byFile || Names(service, server).Any(Files.Contains));
    }

    private static IEnumerable<string> Names(string service, ServerKey server)
    {
        var (address, both) = (server.Address.ToString(), server.ToString());
        yield return both;
        yield return address;
        if (service.Length > 0)
        {
            yield return $"{service}/{both}";
            yield return $"{service}/{address}";
        }
    }

    /// <summary>A target as words have it; null when the text is none.</summary>
    public static string? Target(string text)
    {
        var slash = text.LastIndexOf('/');
        var (service, server) = slash < 0 ? ("", text) : (text[..(slash + 1)], text[(slash + 1)..]);
        // An address is an end point without a port, and an end point in brackets is an address: the order matters.
        return IPEndPoint.TryParse(server, out var endPoint) && (endPoint.Port > 0 || !IPAddress.TryParse(server, out _)) ? service + endPoint
            : IPAddress.TryParse(server, out var address) ? service + address
            : null;
    }
}
