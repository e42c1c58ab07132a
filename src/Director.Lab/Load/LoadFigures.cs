using System.Text.Json;

namespace Director.Lab.Load;

/// <summary>What a load client has seen since it started; written as a line of JSON.</summary>
public sealed record LoadFigures
{
    /// <summary>Since the start.</summary>
    public double Seconds { get; init; }

    /// <summary>Requests that were answered as they should be.</summary>
    public long Answered { get; init; }

    /// <summary>Requests that were not.</summary>
    public long Failed { get; init; }

    /// <summary>Connections that are open now.</summary>
    public int Open { get; init; }

    /// <summary>Answers by the name of the real server.</summary>
    public SortedDictionary<string, long> RealServers { get; init; } = [];

    /// <summary>Failures by reason.</summary>
    public SortedDictionary<string, long> Failures { get; init; } = [];

    /// <summary>Answers of a real server that saw another address than the client's.</summary>
    public long Disguised { get; init; }

    /// <summary>Client addresses that got answers from more than one real server.</summary>
    public int Scattered { get; init; }

    /// <summary>Half of the requests took at most so long, in milliseconds; with the connection's set-up where it is new.</summary>
    public double Median { get; init; }

    /// <summary>99 % of the requests took at most so long, in milliseconds.</summary>
    public double Percentile99 { get; init; }

    /// <summary>The longest took so long, in milliseconds.</summary>
    public double Longest { get; init; }

    /// <summary>Whether these are the last ones.</summary>
    public bool IsLast { get; init; }

    /// <summary>The part, 0 to 1, of the answers that came from a real server.</summary>
    public double Share(string realServer) => Answered == 0 ? 0 : (double)RealServers.GetValueOrDefault(realServer) / Answered;

    /// <summary>As one line.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, JsonSerializerOptions.Web);

    /// <summary>Reads what <see cref="ToJson"/> wrote.</summary>
    public static LoadFigures FromJson(string line) => JsonSerializer.Deserialize<LoadFigures>(line, JsonSerializerOptions.Web)!;
}
