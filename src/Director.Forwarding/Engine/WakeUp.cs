using Director.Forwarding.Links;

namespace Director.Forwarding.Engine;

/// <summary>Wakes a worker that sleeps in poll(2); costs nothing while it is awake.</summary>
internal sealed unsafe class WakeUp : IDisposable
{
    private const int NonBlockingCloseOnExec = 0x80800;

    private int _isSleeping;

    /// <summary>A bell that nobody has rung.</summary>
    public WakeUp()
    {
        Descriptor = Libc.eventfd(0, NonBlockingCloseOnExec);
        if (Descriptor < 0)
            throw new LinkException($"cannot make an eventfd: {Libc.ErrorText}");
    }

    /// <summary>Polls readable once the bell was rung for a sleeper.</summary>
    public int Descriptor { get; }

    /// <summary>The worker is about to sleep; it looks once more for work after this.</summary>
    public void Sleeps() => Interlocked.Exchange(ref _isSleeping, 1);

    /// <summary>The worker is awake.</summary>
    public void IsAwake()
    {
        if (Interlocked.Exchange(ref _isSleeping, 0) != 0)
            return;

        // It was rung: the event must not wake the next sleep too.
        ulong count;
        _ = Libc.read(Descriptor, &count, sizeof(ulong));
    }

    /// <summary>Wakes the worker if it sleeps. Any thread may.</summary>
    public void Ring()
    {
        // What the worker is to find must be visible before we look whether it sleeps.
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref _isSleeping) == 0 || Interlocked.Exchange(ref _isSleeping, 0) == 0)
            return;
        ulong one = 1;
        _ = Libc.write(Descriptor, &one, sizeof(ulong));
    }

    /// <inheritdoc/>
    public void Dispose() => _ = Libc.close(Descriptor);
}
