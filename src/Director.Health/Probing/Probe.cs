namespace Director.Health.Probing;

/// <summary>What is to be probed.</summary>
/// <param name="Name">Unique; the same on all directors.</param>
/// <param name="Check">The question.</param>
/// <param name="Timing">When it is asked.</param>
public sealed record ProbeOrder(string Name, HealthCheck Check, ProbeTiming Timing);

/// <summary>A check asked again and again.</summary>
internal sealed class Probe : IDisposable
{
    private readonly CancellationTokenSource _end = new();
    private readonly TimeProvider _clock;
    private readonly Action<Probe, ProbeState, TimeSpan> _told;
    private int _inside;

    /// <param name="order">What to ask.</param>
    /// <param name="state">What is known before the first answer.</param>
    /// <param name="firstAfter">How long to wait before the first question.</param>
    /// <param name="clock">The time.</param>
    /// <param name="told">Takes the state after each answer, and by how much the question was late.</param>
    public Probe(ProbeOrder order, ProbeState state, TimeSpan firstAfter, TimeProvider clock, Action<Probe, ProbeState, TimeSpan> told)
    {
        Order = order;
        State = state;
        _clock = clock;
        _told = told;
        // Who makes it holds locks: nothing of it runs there, neither the first question nor its answer.
        Ended = Task.Run(() => Run(firstAfter));
    }

    /// <summary>What is asked.</summary>
    public ProbeOrder Order { get; }

    /// <summary>What the answers so far come to.</summary>
    public ProbeState State { get; private set; }

    /// <summary>Completes when no question will be asked any more.</summary>
    public Task Ended { get; }

    /// <summary>Asks no more; the answer to a question under way is not told.</summary>
    public void Dispose()
    {
        // What a check does when it is called off may take long, or throw: on the pool, where it is nobody's harm.
        _ = _end.CancelAsync();
    }

    private async Task Run(TimeSpan wait)
    {
        var timing = Order.Timing;
        try
        {
            var due = _clock.GetTimestamp() + (long)(wait.TotalSeconds * _clock.TimestampFrequency);
            while (true)
            {
                var left = _clock.GetElapsedTime(_clock.GetTimestamp(), due);
                if (left > TimeSpan.Zero)
                {
                    await Task.Delay(left, _clock, _end.Token).ConfigureAwait(false);
                }

                var asked = _clock.GetTimestamp();
                var late = _clock.GetElapsedTime(due, asked);
                var answer = Volatile.Read(ref _inside) > 0
                    ? CheckAnswer.Broken("the check hangs: it did not end when its time was over")
                    : await CheckRun.Ask(Ask, timing.Timeout, _clock, _end.Token).ConfigureAwait(false);
                _end.Token.ThrowIfCancellationRequested();
                State = State.After(answer, timing.Rise, timing.Fall);
                _told(this, State, late > TimeSpan.Zero ? late : TimeSpan.Zero);
                var pause = answer.Passed ? timing.Interval : timing.RetryInterval;
                due = Math.Max(asked + (long)(pause.TotalSeconds * _clock.TimestampFrequency), _clock.GetTimestamp());
            }
        }
        catch (OperationCanceledException) when (_end.IsCancellationRequested)
        {
            // Nobody wants to know any more.
        }
    }

    private async Task<CheckAnswer> Ask(CancellationToken cancellation)
    {
        Interlocked.Increment(ref _inside);
        try
        {
            return await Order.Check.Ask(cancellation).ConfigureAwait(false);
        }
        finally
        {
            Interlocked.Decrement(ref _inside);
        }
    }
}
