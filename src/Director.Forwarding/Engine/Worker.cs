using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.InteropServices;
using Director.Forwarding.Links;

namespace Director.Forwarding.Engine;

/// <summary>One thread that forwards: takes batches of frames from the links that have some, sleeps when none has.</summary>
internal sealed unsafe class Worker : IHandOver, IDisposable
{
    private const int LongestSleepMilliseconds = 50;
    private const int TickMilliseconds = 10;
    private const int HandedOverAtOnce = 64;

    private readonly int _number;
    private readonly ILink[] _links;
    private readonly Stopwatch _clock;
    private readonly long _spinTicks;
    private readonly Action<string> _log;
    private readonly HandOverRing[] _incoming;
    private readonly FrameBatch _batch = new();
    private readonly ConcurrentQueue<Action<Forwarder>> _requests = new();
    private readonly WakeUp _wakeUp = new();
    private readonly Thread _thread;
    private readonly Libc.PollDescriptor* _descriptors;
    private Worker[] _all = [];
    private volatile bool _isStopping;

    /// <param name="number">Its number, from 0; the core that it is pinned to.</param>
    /// <param name="workers">Number of workers.</param>
    /// <param name="links">Its links.</param>
    /// <param name="setup">What its forwarder has, but for the way to other workers, which is this.</param>
    /// <param name="clock">The engine's clock.</param>
    /// <param name="spin">How long it looks for frames without sleeping after the last one.</param>
    /// <param name="log">Takes a line for the operator.</param>
    public Worker(int number, int workers, ILink[] links, ForwarderSetup setup, Stopwatch clock, TimeSpan spin, Action<string> log)
    {
        _number = number;
        _links = links;
        _descriptors = (Libc.PollDescriptor*)NativeMemory.AllocZeroed((nuint)(links.Length + 1), (nuint)sizeof(Libc.PollDescriptor));
        _clock = clock;
        _spinTicks = (long)(spin.TotalSeconds * Stopwatch.Frequency);
        _log = log;
        _incoming = [.. Enumerable.Range(0, workers).Select(_ => new HandOverRing())];
        Workers = workers;
        Forwarder = new Forwarder(setup with { HandOver = workers == 1 ? new NoHandOver() : this });
        _thread = new Thread(Run) { Name = $"worker {number}", IsBackground = true };
    }

    /// <inheritdoc/>
    public int Workers { get; }

    /// <inheritdoc/>
    public int Self => _number;

    /// <summary>What it does with frames. Only its thread may call it; others may read connection tables for reports.</summary>
    public Forwarder Forwarder { get; }

    /// <summary>Its links.</summary>
    public IReadOnlyList<ILink> Links => _links;

    /// <summary>Begins, knowing the other workers.</summary>
    public void Start(Worker[] all)
    {
        _all = all;
        _thread.Start();
    }

    /// <summary>Has the worker do something between two batches.</summary>
    public void Ask(Action<Forwarder> request)
    {
        _requests.Enqueue(request);
        _wakeUp.Ring();
    }

    /// <summary>Wakes the worker if it sleeps: it has been given connections.</summary>
    public void Wake() => _wakeUp.Ring();

    /// <inheritdoc/>
    public bool TryGive(int worker, in Frame frame, ushort sourcePort, ushort destinationPort)
    {
        var to = _all[worker];
        if (!to._incoming[_number].TryWrite(frame, sourcePort, destinationPort))
            return false;
        to._wakeUp.Ring();
        return true;
    }

    /// <summary>Ends the thread and waits for it.</summary>
    public void Stop()
    {
        _isStopping = true;
        _wakeUp.Ring();
        if (_thread.ThreadState != System.Threading.ThreadState.Unstarted)
            _thread.Join();
    }

    private void Run()
    {
        Processor.PreferThisThread();

        // A worker that shares the host with idle cores is better off where the scheduler finds room for it.
        if (Workers >= Environment.ProcessorCount)
            Processor.PinThisThread(_number % Environment.ProcessorCount);
        var lastFrame = _clock.ElapsedTicks;
        var lastTick = 0L;
        while (!_isStopping)
        {
            Wait(isSpinning: _clock.ElapsedTicks - lastFrame < _spinTicks);
            var now = _clock.ElapsedMilliseconds;
            var isTick = now - lastTick >= TickMilliseconds;
            if (Forwarder.HasReceived)
                Forwarder.TakeReceived(now);
            if (TakeFrames(isTick) + TakeHandedOver() > 0)
                lastFrame = _clock.ElapsedTicks;
            if (isTick || Forwarder.IsWaiting)
            {
                lastTick = now;
                Forwarder.Tick(_clock.ElapsedMilliseconds);
            }

            if (!_requests.IsEmpty)
                DoRequests();
        }
    }

    /// <summary>Sleeps until there is something to do; when spinning, only looks.</summary>
    private void Wait(bool isSpinning)
    {
        for (var i = 0; i < _links.Length; i++)
        {
            // poll(2) passes over a negative descriptor: a link that is closed at the moment.
            _descriptors[i] = new Libc.PollDescriptor { Descriptor = _links[i].Descriptor, Events = Libc.PollIn };
        }

        _descriptors[_links.Length] = new Libc.PollDescriptor { Descriptor = _wakeUp.Descriptor, Events = Libc.PollIn };
        _wakeUp.Sleeps();
        var mayNotSleep = isSpinning || HasIncoming() || !_requests.IsEmpty || _isStopping;
        _ = Libc.poll(_descriptors, (nuint)(_links.Length + 1), mayNotSleep ? 0 : Forwarder.IsWaiting ? 1 : LongestSleepMilliseconds);
        _wakeUp.IsAwake();
    }

    // The time is taken anew for each batch: this thread may have been stopped since the last, for so long that its loan has run out.
    private int TakeFrames(bool asksAll)
    {
        var taken = 0;
        for (var i = 0; i < _links.Length; i++)
        {
            // Asking a link that has nothing is a system call. Now and then each is asked all the same: it may have to open again, or to take note that its fan-out is complete.
            if (!asksAll && _descriptors[i].Returned == 0)
                continue;
            _batch.Clear();
            var count = _links[i].Receive(_batch);
            if (count > 0)
                Forwarder.Process(_batch, _clock.ElapsedMilliseconds);
            taken += count;
        }

        return taken;
    }

    private int TakeHandedOver()
    {
        var taken = 0;
        foreach (var ring in _incoming)
        {
            while (taken < HandedOverAtOnce && ring.TryPeek(out var frame, out var sourcePort, out var destinationPort))
            {
                Forwarder.ProcessHandedOver(ref frame, sourcePort, destinationPort, _clock.ElapsedMilliseconds);
                ring.Release();
                taken++;
            }
        }

        return taken;
    }

    private void DoRequests()
    {
        while (_requests.TryDequeue(out var request))
        {
            try
            {
                request(Forwarder);
            }
            catch (Exception error)
            {
                // Whatever a request runs into, packets go on.
                _log($"worker {_number}: a request failed: {error.Message}");
            }
        }
    }

    private bool HasIncoming()
    {
        foreach (var ring in _incoming)
        {
            if (!ring.IsEmpty)
                return true;
        }

        return Forwarder.HasReceived;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Stop();
        foreach (var link in _links)
            link.Dispose();
        foreach (var ring in _incoming)
            ring.Dispose();
        Forwarder.Dispose();
        _batch.Dispose();
        _wakeUp.Dispose();
        NativeMemory.Free(_descriptors);
    }
}
