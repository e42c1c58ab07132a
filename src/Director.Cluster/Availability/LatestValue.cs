namespace Director.Cluster.Availability;

/// <summary>Hands values to a slow receiver on a thread of its own; who gives them never waits. Of values that come faster than they are taken, only the latest is handed on.</summary>
internal sealed class LatestValue<T> : IDisposable
    where T : class
{
    private readonly Thread _thread;
    private readonly AutoResetEvent _isNew = new(false);
    private readonly Action<T> _receive;
    private T? _latest;
    private volatile bool _isStopping;

    /// <param name="thread">The thread's name.</param>
    /// <param name="runsFirst">Whether it runs before ordinary threads, where that is allowed.</param>
    /// <param name="receive">The receiver; it must not throw.</param>
    public LatestValue(string thread, bool runsFirst, Action<T> receive)
    {
        _receive = receive;
        _thread = new Thread(() => Run(runsFirst)) { Name = thread, IsBackground = true };
        _thread.Start();
    }

    /// <summary>Gives a value.</summary>
    public void Give(T value)
    {
        Volatile.Write(ref _latest, value);
        _isNew.Set();
    }

    /// <summary>Hands on what was given and ends.</summary>
    public void Dispose()
    {
        _isStopping = true;
        _isNew.Set();
        if (Thread.CurrentThread != _thread)
            _thread.Join(TimeSpan.FromSeconds(5));
    }

    private void Run(bool runsFirst)
    {
        if (runsFirst)
            SystemCalls.TryRunFirst(HeartbeatThread.Priority);
        while (true)
        {
            var isLast = _isStopping;
            if (Interlocked.Exchange(ref _latest, null) is { } value)
                _receive(value);
            else if (isLast)
                return;
            else
                _isNew.WaitOne();
        }
    }
}
