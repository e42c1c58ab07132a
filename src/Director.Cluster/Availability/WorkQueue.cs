using System.Collections.Concurrent;

namespace Director.Cluster.Availability;

/// <summary>Work that may take long, one piece after the other on a thread of its own; who asks for it never waits.</summary>
internal sealed class WorkQueue : IDisposable
{
    private const int MostWaiting = 1000;

    private readonly BlockingCollection<Action> _work = new(MostWaiting);
    private readonly Thread _thread;
    private readonly TimeSpan _patience;

    /// <param name="thread">The thread's name.</param>
    /// <param name="patience">How long <see cref="Dispose"/> waits for what is left.</param>
    public WorkQueue(string thread, TimeSpan patience)
    {
        _patience = patience;
        _thread = new Thread(Run) { Name = thread, IsBackground = true };
        _thread.Start();
    }

    /// <summary>Asks for work; it must not throw. Left out when a thousand pieces wait.</summary>
    public void Ask(Action work)
    {
        if (!_work.IsAddingCompleted)
            _work.TryAdd(work);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _work.CompleteAdding();
        _thread.Join(_patience);
    }

    private void Run()
    {
        foreach (var work in _work.GetConsumingEnumerable())
            work();
    }
}
