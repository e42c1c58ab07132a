namespace Akka.Actor;

public interface IWithTimers
{
    ITimerScheduler Timers { get; set; }
}

public interface ITimerScheduler
{
    IReadOnlyCollection<object> ActiveTimers { get; }

    void StartPeriodicTimer(object key, object msg, TimeSpan interval);

    void StartPeriodicTimer(object key, object msg, TimeSpan initialDelay, TimeSpan interval);

    void StartSingleTimer(object key, object msg, TimeSpan timeout);

    bool IsTimerActive(object key);

    void Cancel(object key);

    void CancelAll();
}

/// <summary>A timer's message on its way; delivered only while its timer, of the same incarnation, is the one under its key.</summary>
internal sealed record TimerMessage(object Key, object Content, bool IsPeriodic, ICancelable Task) : INoSerializationVerificationNeeded
{
    public override string ToString() => $"timer {Key}: {Content}";
}

internal sealed class ActorTimers(ActorCell cell) : ITimerScheduler
{
    private readonly Dictionary<object, TimerMessage> _timers = [];

    public IReadOnlyCollection<object> ActiveTimers => _timers.Keys;

    public void StartPeriodicTimer(object key, object msg, TimeSpan interval) => Start(key, msg, interval, interval);

    public void StartPeriodicTimer(object key, object msg, TimeSpan initialDelay, TimeSpan interval) => Start(key, msg, initialDelay, interval);

    public void StartSingleTimer(object key, object msg, TimeSpan timeout) => Start(key, msg, timeout, null);

    public bool IsTimerActive(object key) => _timers.ContainsKey(key);

    public void Cancel(object key)
    {
        if (_timers.Remove(key, out var timer))
        {
            timer.Task.Cancel();
        }
    }

    public void CancelAll()
    {
        foreach (var timer in _timers.Values)
        {
            timer.Task.Cancel();
        }

        _timers.Clear();
    }

    /// <summary>Whether the timer still stands; takes a single one off.</summary>
    public bool TryAccept(TimerMessage timer, out object content)
    {
        content = timer.Content;
        if (!_timers.TryGetValue(timer.Key, out var active) || !ReferenceEquals(active, timer))
        {
            return false;
        }

        if (!timer.IsPeriodic)
        {
            _timers.Remove(timer.Key);
        }

        return true;
    }

    private void Start(object key, object content, TimeSpan delay, TimeSpan? interval)
    {
        Cancel(key);
        var scheduler = cell.System.Scheduler;
        var timer = new TimerMessage(key, content, interval is not null, new Cancelable(scheduler.Advanced));
        _timers.Add(key, timer);
        if (interval is { } every)
        {
            scheduler.ScheduleTellRepeatedly(delay, every, cell.Self, timer, ActorRefs.NoSender, timer.Task);
        }
        else
        {
            scheduler.ScheduleTellOnce(delay, cell.Self, timer, ActorRefs.NoSender, timer.Task);
        }
    }
}
