namespace Director.Health.Probing;

/// <summary>When a probe asks, and what it makes of the answers.</summary>
public sealed record ProbeTiming
{
    /// <summary>From one question to the next.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>The same after a bad answer.</summary>
    public TimeSpan RetryInterval { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How long an answer may take.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>Good answers in a row after which one that was down is up: from 1.</summary>
    public int Rise { get; init; } = 2;

    /// <summary>Bad answers in a row after which one that was up is down: from 1.</summary>
    public int Fall { get; init; } = 2;
}
