using System.Text.Json;

namespace Director.Lab.Witness;

/// <summary>What a <see cref="Witness"/> saw; times since the last phase began, counts since the start.</summary>
public sealed record WitnessFigures
{
    /// <summary>Since the start.</summary>
    public double Seconds { get; init; }

    /// <summary>The phase, from 0; each line of standard input begins the next.</summary>
    public int Phase { get; init; }

    /// <summary>Streams that are open now.</summary>
    public int Open { get; init; }

    /// <summary>Streams that could not be opened, were reset, ended, fell silent or carried a wrong byte.</summary>
    public int Broken { get; init; }

    /// <summary>Bytes of all streams, each checked.</summary>
    public long Bytes { get; init; }

    /// <summary>The longest silence of a stream, in milliseconds, whether or not it has ended.</summary>
    public double LongestStall { get; init; }

    /// <summary>New connections that were answered.</summary>
    public long Answered { get; init; }

    /// <summary>New connections that were not.</summary>
    public long Refused { get; init; }

    /// <summary>The slowest new connection from its SYN to its last byte, in milliseconds.</summary>
    public double SlowestNew { get; init; }

    /// <summary>Datagrams of the probe that were sent.</summary>
    public long ProbesSent { get; init; }

    /// <summary>Datagrams of the probe that came back.</summary>
    public long ProbesAnswered { get; init; }

    /// <summary>The longest time without an answer to the probe, from sending a datagram until it or a later one came back, in milliseconds, whether or not it has ended.</summary>
    public double ProbeGap { get; init; }

    /// <summary>What broke or failed, by reason.</summary>
    public SortedDictionary<string, long> Reasons { get; init; } = [];

    /// <summary>As one line.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, JsonSerializerOptions.Web);

    /// <summary>Reads what <see cref="ToJson"/> wrote.</summary>
    public static WitnessFigures FromJson(string line) => JsonSerializer.Deserialize<WitnessFigures>(line, JsonSerializerOptions.Web)!;
}
