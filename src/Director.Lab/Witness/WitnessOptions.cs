using System.Text.Json;

namespace Director.Lab.Witness;

/// <summary>What a <see cref="Witness"/> does.</summary>
/// <param name="Target">Address and port of a TCP virtual service over <see cref="StreamServer"/>s.</param>
public sealed record WitnessOptions(string Target)
{
    /// <summary>Addresses of this host to connect from, in turn; empty leaves it to the kernel.</summary>
    public IReadOnlyList<string> From { get; init; } = [];

    /// <summary>Connections that are held open, each with a stream of its own.</summary>
    public int Streams { get; init; } = 1000;

    /// <summary>Between two chunks of a stream, in milliseconds.</summary>
    public int PauseMilliseconds { get; init; } = 200;

    /// <summary>Length of a chunk in bytes.</summary>
    public int ChunkBytes { get; init; } = 100;

    /// <summary>Between two new connections, each opened, answered and closed, in milliseconds; 0 is none.</summary>
    public int NewEveryMilliseconds { get; init; } = 10;

    /// <summary>Address and port of a UDP virtual service over <see cref="StreamServer"/>s; empty is no probe.</summary>
    public string ProbeTarget { get; init; } = "";

    /// <summary>Between two datagrams of the probe, in milliseconds.</summary>
    public int ProbeEveryMilliseconds { get; init; } = 5;

    /// <summary>A new connection that takes longer, in seconds, has failed; a stream that is silent for longer is broken.</summary>
    public double TimeoutSeconds { get; init; } = 15;

    /// <summary>As one line.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, JsonSerializerOptions.Web);

    /// <summary>Reads what <see cref="ToJson"/> wrote.</summary>
    public static WitnessOptions FromJson(string text) => JsonSerializer.Deserialize<WitnessOptions>(text, JsonSerializerOptions.Web)!;
}
