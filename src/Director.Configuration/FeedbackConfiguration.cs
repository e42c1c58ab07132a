using System.Collections.Immutable;
using System.Net;

namespace Director.Configuration;

/// <summary>How weights follow what real servers report, and who may report.</summary>
public sealed record FeedbackConfiguration
{
    /// <summary>Where agents (<c>director agent</c>) are listened to; null is nowhere.</summary>
    public IPEndPoint? Listen { get; init; }

    /// <summary>The secret that agents and directors share, as <see cref="ClusterConfiguration.Key"/>; not empty where <see cref="Listen"/> is set.</summary>
    public ImmutableArray<byte> Key { get; init; } = [];

    /// <summary>Networks of real servers that an agent of another address may speak for; its own address is always allowed.</summary>
    public ImmutableArray<IPNetwork> Allow { get; init; } = [];

    /// <summary>Names of services that agents may speak for; empty is all.</summary>
    public ImmutableArray<string> Services { get; init; } = [];

    /// <summary>Whether agents may add their real server to a service that does not have it.</summary>
    public bool Join { get; init; } = true;

    /// <summary>How long after its last report a real server is back at its configured weight: 1 s to 1 h.</summary>
    public TimeSpan Stale { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long after an agent's last report the real server that it added is removed: at least <see cref="Stale"/>, to 1 day.</summary>
    public TimeSpan RemoveAfter { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Time constant of the average over reports: 0 to 1 h.</summary>
    public TimeSpan Smoothing { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>Percent by which the average has to differ before the weight moves: 0 to 50.</summary>
    public int DeadBand { get; init; } = 5;

    /// <summary>Percent that the weight moves in a second at most: 1 to 1000.</summary>
    public int Slew { get; init; } = 10;

    /// <summary>The lowest percentage that load brings a weight to: 1 to 100.</summary>
    public int Least { get; init; } = 10;
}

/// <summary>An agent on a real server that answers as HAProxy's <c>agent-check</c> expects.</summary>
/// <param name="Port">TCP port at the real server's address, 1 to 65535.</param>
public sealed record AgentCheckConfiguration(ushort Port)
{
    /// <summary>Between two questions: 100 ms to 1 h.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How long an answer may take: 100 ms to 1 min.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Sent first (HAProxy's <c>agent-send</c>), up to 255 characters; empty is nothing.</summary>
    public string Send { get; init; } = "";
}
