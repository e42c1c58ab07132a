namespace Director.Health.Feedback;

/// <summary>
/// A percentage of the configured weight that follows reports without swinging: an exponential average, then a dead band, then a limit on its speed. Without reports it goes back to 100 %. Time is
/// passed in; one that runs backwards stands still. Not thread-safe.
/// </summary>
/// <param name="rules">How fast.</param>
/// <param name="now">Time since any fixed moment.</param>
public sealed class SteadyWeight(FeedbackRules rules, TimeSpan now)
{
    private const double Whole = 100;

    private double? _average;
    private double _goal = Whole;
    private double _percent = Whole;
    private TimeSpan _reported = now;
    private TimeSpan _moved = now;

    /// <summary>Takes what a real server asks for.</summary>
    /// <param name="percent">Percent of its configured weight; held between <see cref="FeedbackRules.Least"/> and 100.</param>
    /// <param name="now">Time since any fixed moment.</param>
    /// <returns>False where it is no number: then nothing was reported.</returns>
    public bool Report(double percent, TimeSpan now)
    {
        if (double.IsNaN(percent))
        {
            return false;
        }

        MoveTo(now);
        var held = Math.Clamp(percent, Math.Min(rules.Least, Whole), Whole);
        _average = _average is { } average && !IsStale(now) ? average + ((held - average) * Share(now - _reported)) : held;
        _reported = Later(_reported, now);
        if (Math.Abs(_average.Value - _goal) > rules.DeadBand)
        {
            _goal = _average.Value;
        }

        return true;
    }

    /// <summary>The percentage now: <see cref="FeedbackRules.Least"/> to 100.</summary>
    /// <param name="now">Time since any fixed moment.</param>
    public double Percent(TimeSpan now)
    {
        MoveTo(now);
        return _percent;
    }

    /// <summary>Whether the last report is too old to go by, or there was none.</summary>
    public bool IsStale(TimeSpan now) => _average is null || now - _reported > rules.Stale;

    private void MoveTo(TimeSpan now)
    {
        // What happened since the last look, in order: towards the goal while reports were fresh, and then towards the configured weight.
        var stale = _average is null ? _reported : _reported + rules.Stale;
        if (now > stale)
        {
            Move(_goal, stale);
            _goal = Whole;
        }

        Move(_goal, now);
    }

    private void Move(double goal, TimeSpan until)
    {
        var most = rules.Slew * Math.Max(0, (until - _moved).TotalSeconds);
        _percent += Math.Clamp(goal - _percent, -most, most);
        _moved = Later(_moved, until);
    }

    // How much of the new there is in an average over irregular times: many reports at once weigh no more than one.
    private double Share(TimeSpan passed) => rules.Smoothing <= TimeSpan.Zero ? 1 : 1 - Math.Exp(-Math.Max(0, passed / rules.Smoothing));

    private static TimeSpan Later(TimeSpan one, TimeSpan other) => one > other ? one : other;
}
