namespace Director.Lab.Demonstration;

/// <summary>What <c>director lab</c> shows.</summary>
public sealed record LabOptions
{
    /// <summary>Directors, 1 to 9. Of several one is killed on the way.</summary>
    public int Directors { get; init; } = 2;

    /// <summary><c>active-standby</c>: one director holds the VIP; <c>active-active</c>: all do and share the clients.</summary>
    public string Mode { get; init; } = "active-standby";

    /// <summary><c>nat</c>, <c>direct</c> or <c>tunnel</c>.</summary>
    public string Forwarding { get; init; } = "nat";

    /// <summary>One of the schedulers' names.</summary>
    public string Scheduler { get; init; } = "wlc";

    /// <summary>Weights of the three real servers.</summary>
    public IReadOnlyList<int> Weights { get; init; } = [1, 2, 3];

    /// <summary>Clients that ask at the same time.</summary>
    public int Clients { get; init; } = 32;

    /// <summary>How long they ask.</summary>
    public TimeSpan Duration { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>nginx instead of the built-in web server.</summary>
    public bool Nginx { get; init; }

    /// <summary>IPv6 instead of IPv4.</summary>
    public bool IPv6 { get; init; }

    /// <summary>Clients keep their connections; otherwise every request is a new one.</summary>
    public bool KeepAlive { get; init; }

    /// <summary>Only the result, as JSON.</summary>
    public bool Json { get; init; }
}
