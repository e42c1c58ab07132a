namespace Akka.Actor;

public interface ITimeProvider
{
    DateTimeOffset Now { get; }

    TimeSpan MonotonicClock { get; }

    TimeSpan HighResMonotonicClock { get; }
}

public interface ITellScheduler
{
    void ScheduleTellOnce(TimeSpan delay, ICanTell receiver, object message, IActorRef sender);

    void ScheduleTellOnce(TimeSpan delay, ICanTell receiver, object message, IActorRef sender, ICancelable cancelable);

    void ScheduleTellRepeatedly(TimeSpan initialDelay, TimeSpan interval, ICanTell receiver, object message, IActorRef sender);

    void ScheduleTellRepeatedly(TimeSpan initialDelay, TimeSpan interval, ICanTell receiver, object message, IActorRef sender, ICancelable cancelable);
}

public interface IActionScheduler
{
    void ScheduleOnce(TimeSpan delay, Action action, ICancelable cancelable);

    void ScheduleOnce(TimeSpan delay, Action action);

    void ScheduleRepeatedly(TimeSpan initialDelay, TimeSpan interval, Action action, ICancelable cancelable);

    void ScheduleRepeatedly(TimeSpan initialDelay, TimeSpan interval, Action action);
}

public interface IAdvancedScheduler : IActionScheduler
{
}

public interface IScheduler : ITellScheduler, ITimeProvider
{
    IAdvancedScheduler Advanced { get; }
}

public static class SchedulerExtensions
{
    public static ICancelable ScheduleTellOnceCancelable(this IScheduler scheduler, TimeSpan delay, ICanTell receiver, object message, IActorRef sender)
    {
        var cancelable = new Cancelable(scheduler);
        scheduler.ScheduleTellOnce(delay, receiver, message, sender, cancelable);
        return cancelable;
    }

    public static ICancelable ScheduleTellRepeatedlyCancelable(this IScheduler scheduler, TimeSpan initialDelay, TimeSpan interval, ICanTell receiver, object message, IActorRef sender)
    {
        var cancelable = new Cancelable(scheduler);
        scheduler.ScheduleTellRepeatedly(initialDelay, interval, receiver, message, sender, cancelable);
        return cancelable;
    }

    public static ICancelable ScheduleOnceCancelable(this IActionScheduler scheduler, TimeSpan delay, Action action)
    {
        var cancelable = new Cancelable(scheduler);
        scheduler.ScheduleOnce(delay, action, cancelable);
        return cancelable;
    }

    public static ICancelable ScheduleRepeatedlyCancelable(this IActionScheduler scheduler, TimeSpan initialDelay, TimeSpan interval, Action action)
    {
        var cancelable = new Cancelable(scheduler);
        scheduler.ScheduleRepeatedly(initialDelay, interval, action, cancelable);
        return cancelable;
    }
}

/// <summary>One thread that runs what is due, in the order in which it is due. Actions are short: a message told, a task queued.</summary>
internal sealed class ThreadScheduler : IScheduler, IAdvancedScheduler, IDisposable
{
    private readonly PriorityQueue<Entry, (long Due, long Number)> _entries = new();
    private readonly Action<Exception> _onError;
    private readonly Thread _thread;
    private long _lastNumber;
    private bool _stopped;

    public ThreadScheduler(string name, Action<Exception> onError)
    {
        _onError = onError;
        _thread = new Thread(Run) { IsBackground = true, Name = name };
        _thread.Start();
    }

    public DateTimeOffset Now => DateTimeOffset.UtcNow;

    public TimeSpan MonotonicClock => TimeSpan.FromMilliseconds(Environment.TickCount64);

    public TimeSpan HighResMonotonicClock => System.Diagnostics.Stopwatch.GetElapsedTime(0);

    public IAdvancedScheduler Advanced => this;

    public void ScheduleTellOnce(TimeSpan delay, ICanTell receiver, object message, IActorRef sender) => ScheduleTellOnce(delay, receiver, message, sender, null);

    public void ScheduleTellOnce(TimeSpan delay, ICanTell receiver, object message, IActorRef sender, ICancelable cancelable) =>
        ScheduleOnce(delay, () => receiver.Tell(message, sender), cancelable);

    public void ScheduleTellRepeatedly(TimeSpan initialDelay, TimeSpan interval, ICanTell receiver, object message, IActorRef sender) =>
        ScheduleTellRepeatedly(initialDelay, interval, receiver, message, sender, null);

    public void ScheduleTellRepeatedly(TimeSpan initialDelay, TimeSpan interval, ICanTell receiver, object message, IActorRef sender, ICancelable cancelable) =>
        ScheduleRepeatedly(initialDelay, interval, () => receiver.Tell(message, sender), cancelable);

    public void ScheduleOnce(TimeSpan delay, Action action) => ScheduleOnce(delay, action, null);

    public void ScheduleOnce(TimeSpan delay, Action action, ICancelable cancelable) => Add(delay, new Entry(action, null, cancelable));

    public void ScheduleRepeatedly(TimeSpan initialDelay, TimeSpan interval, Action action) => ScheduleRepeatedly(initialDelay, interval, action, null);

    public void ScheduleRepeatedly(TimeSpan initialDelay, TimeSpan interval, Action action, ICancelable cancelable)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(interval, TimeSpan.Zero);
        Add(initialDelay, new Entry(action, interval, cancelable));
    }

    public void Dispose()
    {
        lock (_entries)
        {
            _stopped = true;
            _entries.Clear();
            Monitor.PulseAll(_entries);
        }
    }

    private static long NowTicks => System.Diagnostics.Stopwatch.GetElapsedTime(0).Ticks;

    private void Add(TimeSpan delay, Entry entry)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(delay, TimeSpan.Zero);
        Add(NowTicks + delay.Ticks, entry);
    }

    private void Add(long due, Entry entry)
    {
        lock (_entries)
        {
            if (_stopped)
            {
                return;
            }

            _entries.Enqueue(entry, (due, _lastNumber++));
            Monitor.PulseAll(_entries);
        }
    }

    private void Run()
    {
        while (true)
        {
            Entry entry;
            long due;
            lock (_entries)
            {
                if (_stopped)
                {
                    return;
                }

                if (!_entries.TryPeek(out entry, out var order))
                {
                    Monitor.Wait(_entries);
                    continue;
                }

                due = order.Due;
                var wait = due - NowTicks;
                if (wait > 0)
                {
                    Monitor.Wait(_entries, (int)Math.Min(wait / TimeSpan.TicksPerMillisecond + 1, int.MaxValue));
                    continue;
                }

                _entries.Dequeue();
            }

            if (entry.Cancelable is { IsCancellationRequested: true })
            {
                continue;
            }

            try
            {
                entry.Action();
            }
            catch (Exception cause)
            {
                _onError(cause);
            }

            if (entry.Interval is { } interval)
            {
                // At a fixed rate, without a burst after a pause.
                Add(Math.Max(due + interval.Ticks, NowTicks), entry);
            }
        }
    }

    private sealed record Entry(Action Action, TimeSpan? Interval, ICancelable Cancelable);
}
