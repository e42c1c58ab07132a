using System.Net;
using System.Text.Json;

namespace Director.Lab.Load;

/// <summary>What a load client does.</summary>
/// <param name="Target">Address and port of the virtual service: <c>192.0.2.1:80</c>, <c>[2001:db8::1]:80</c>.</param>
public sealed record LoadOptions(string Target)
{
    /// <summary>Addresses of this host to connect from, in turn; empty leaves it to the kernel.</summary>
    public IReadOnlyList<string> From { get; init; } = [];

    /// <summary>How many clients ask at the same time, from 1; each one request after the other.</summary>
    public int Clients { get; init; } = 64;

    /// <summary>Ends after so many requests; 0 is no limit.</summary>
    public long Requests { get; init; }

    /// <summary>Ends after so many seconds; 0 is no limit.</summary>
    public double Seconds { get; init; }

    /// <summary>Whether a client keeps its connection for its next request; otherwise every request is a new connection.</summary>
    public bool KeepAlive { get; init; }

    /// <summary>
    /// How long a client waits after an answer before it asks again, in seconds on average: from none to twice as long, so that clients do not ask in step; 0 is not at all. Clients that do not wait
    /// ask as much as servers can take, whatever that is.
    /// </summary>
    public double PauseSeconds { get; init; }

    /// <summary>A request that takes longer, in seconds, has failed.</summary>
    public double TimeoutSeconds { get; init; } = 10;

    /// <summary>As one line.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, JsonSerializerOptions.Web);

    /// <summary>Reads what <see cref="ToJson"/> wrote.</summary>
    public static LoadOptions FromJson(string text) => JsonSerializer.Deserialize<LoadOptions>(text, JsonSerializerOptions.Web)!;

    internal IPEndPoint Endpoint => IPEndPoint.Parse(Target);
}
