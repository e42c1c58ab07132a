using System.Collections.Concurrent;

namespace Akka.Actor;

/// <summary>A message and who sent it; <paramref name="Sender"/> may be null.</summary>
internal readonly record struct Message(object Content, IActorRef Sender);

/// <summary>
/// The queue of an actor, and its turn on the thread pool: at most one thread runs an actor at a time, and it lets go after a number of messages so that actors share the pool fairly.
/// </summary>
internal sealed class Mailbox(ActorCell cell, int throughput) : IThreadPoolWorkItem
{
    private readonly ConcurrentQueue<ISystemMessage> _system = new();
    private readonly ConcurrentQueue<Message> _user = new();

    /// <summary>Goes before <see cref="_user"/>: unstashed messages. Only the actor's turn touches it.</summary>
    private readonly LinkedList<Message> _front = new();

    private int _scheduled;
    private int _suspensions;
    private volatile bool _closed;

    public bool IsSuspended => _suspensions > 0;

    public void Post(in Message message)
    {
        InvalidMessageException.ThrowIfNull(message.Content);
        _user.Enqueue(message);
        AfterEnqueue();
    }

    public void Post(ISystemMessage message)
    {
        _system.Enqueue(message);
        AfterEnqueue();
    }

    /// <summary>Puts messages before all others, in their order. Only in the actor's turn.</summary>
    public void Prepend(IReadOnlyList<Message> messages)
    {
        for (var i = messages.Count - 1; i >= 0; i--)
        {
            _front.AddFirst(messages[i]);
        }
    }

    /// <summary>Holds user messages back until as many resumes. Only in the actor's turn.</summary>
    public void Suspend() => _suspensions++;

    public void Resume() => _suspensions = Math.Max(_suspensions - 1, 0);

    /// <summary>Sends what is and will be queued to the dead letters. Only in the actor's turn.</summary>
    public void Close()
    {
        _closed = true;
        Interlocked.MemoryBarrier();
        foreach (var message in _front)
        {
            cell.System.DeadLetterRef.Publish(message.Content, message.Sender, cell.Self);
        }

        _front.Clear();
        Drain();
    }

    void IThreadPoolWorkItem.Execute()
    {
        RunSystemMessages();
        for (var left = throughput; left > 0 && !IsSuspended && !_closed && TryTake(out var message); left--)
        {
            cell.Invoke(message);
            RunSystemMessages();
        }

        Volatile.Write(ref _scheduled, 0);
        Interlocked.MemoryBarrier();
        if (!_system.IsEmpty || (!IsSuspended && (_front.Count > 0 || !_user.IsEmpty)))
        {
            Schedule();
        }
    }

    private bool TryTake(out Message message)
    {
        if (_front.First is not { } first)
        {
            return _user.TryDequeue(out message);
        }

        message = first.Value;
        _front.RemoveFirst();
        return true;
    }

    private void RunSystemMessages()
    {
        while (!_closed && _system.TryDequeue(out var message))
        {
            cell.Invoke(message);
        }
    }

    private void AfterEnqueue()
    {
        // Either this thread sees that the mailbox is closed, or Close() sees the message: never neither.
        Interlocked.MemoryBarrier();
        if (_closed)
        {
            Drain();
        }
        else
        {
            Schedule();
        }
    }

    private void Schedule()
    {
        if (!_closed && Interlocked.CompareExchange(ref _scheduled, 1, 0) == 0)
        {
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }
    }

    private void Drain()
    {
        while (_system.TryDequeue(out var message))
        {
            cell.System.DeadLetterRef.SendSystemMessage(message);
        }

        while (_user.TryDequeue(out var message))
        {
            cell.System.DeadLetterRef.Publish(message.Content, message.Sender, cell.Self);
        }
    }
}
