namespace Director.Health.Feedback;

/// <summary>How fast weights follow what real servers report.</summary>
public sealed record FeedbackRules
{
    /// <summary>Time constant of the exponential average over reports: a change has reached 63 % of itself after this long. 0 to 1 h; 0 is no average.</summary>
    public TimeSpan Smoothing { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>The average has to differ by more than this from what the weight goes by before the weight moves; percent, 0 to 50.</summary>
    public double DeadBand { get; init; } = 5;

    /// <summary>How far the weight moves in a second; percent, above 0 to 1000.</summary>
    public double Slew { get; init; } = 10;

    /// <summary>The lowest that load brings a weight to; percent, 1 to 100. Only the word of an operator (drain, maint, 0%) is less: all real servers under full load must not be none.</summary>
    public double Least { get; init; } = 10;

    /// <summary>A real server that has reported nothing for so long goes back to its configured weight; above 0.</summary>
    public TimeSpan Stale { get; init; } = TimeSpan.FromSeconds(10);
}
