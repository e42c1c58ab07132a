namespace Director.Health.Feedback;

/// <summary>What one real server's agent has said, and what follows from it now. Time is passed in. Not thread-safe.</summary>
/// <param name="rules">How fast weights follow.</param>
/// <param name="now">Time since any fixed moment.</param>
public sealed class ServerFeedback(FeedbackRules rules, TimeSpan now)
{
    private readonly SteadyWeight _weight = new(rules, now);
    private ReportedState _wanted;
    private bool _isUp = true;
    private int? _percent;
    private TimeSpan? _heard;

    /// <summary>Takes an answer; one that says nothing is not heard.</summary>
    /// <returns>Whether it said something.</returns>
    public bool Take(AgentAnswer answer, TimeSpan now)
    {
        ArgumentNullException.ThrowIfNull(answer);
        if (!answer.SaysSomething)
        {
            return false;
        }

        if (IsStale(now))
        {
            Forget();
        }

        _heard = now;
        _wanted = answer.Wanted ?? _wanted;
        _isUp = answer.IsUp ?? _isUp;
        _percent = answer.Percent ?? _percent;
        if (_percent is { } percent)
        {
            _weight.Report(percent, now);
        }

        return true;
    }

    /// <summary>What it comes to now.</summary>
    public FeedbackVerdict Verdict(TimeSpan now)
    {
        var isStale = IsStale(now);
        var percent = (int)Math.Round(_weight.Percent(now), MidpointRounding.AwayFromZero);
        var state = isStale ? ReportedState.Ready
            : _wanted == ReportedState.Maintenance ? ReportedState.Maintenance
            : !_isUp ? ReportedState.Down
            : _wanted == ReportedState.Drain || _percent == 0 ? ReportedState.Drain
            : ReportedState.Ready;
        return new(state == ReportedState.Ready ? percent : 0, state, isStale);
    }

    /// <summary>Time since it was heard; null: never.</summary>
    public TimeSpan? Age(TimeSpan now) => _heard is { } heard ? now - heard : null;

    private bool IsStale(TimeSpan now) => _heard is not { } heard || now - heard > rules.Stale;

    private void Forget()
    {
        _wanted = ReportedState.Ready;
        _isUp = true;
        _percent = null;
    }
}

/// <summary>What a real server's agent comes to.</summary>
/// <param name="Percent">Of its configured weight: 0 unless it is <see cref="ReportedState.Ready"/>, then up to 100.</param>
/// <param name="State">What its words say.</param>
/// <param name="IsStale">Whether it has not been heard for too long: it is ready, and its percentage goes back to 100.</param>
public readonly record struct FeedbackVerdict(int Percent, ReportedState State, bool IsStale)
{
    /// <summary>Where nobody reports.</summary>
    public static FeedbackVerdict None { get; } = new(100, ReportedState.Ready, true);
}
