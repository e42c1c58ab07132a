using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Net;
using System.Runtime.InteropServices;

namespace Director.Cluster.Availability;

/// <summary>
/// The thread that hears and sends heartbeats and decides by them. It waits for nothing but its sockets: what could take long is given to other threads. What may stop it all the same is a
/// garbage collection, since that stops every thread that runs managed code; so it hardly makes garbage.
/// </summary>
internal sealed unsafe class HeartbeatThread : IDisposable
{
    /// <summary>Of SCHED_FIFO: before ordinary threads, after the kernel's own for interrupts (50).</summary>
    public const int Priority = 10;

    private const int MostDatagramsAtOnce = 256, GoodbyeRepeats = 3;
    private const int EventNonBlockingCloseOnExec = 0x80800;

    private readonly HeartbeatMachine _machine;
    private readonly HeartbeatLinks _links;
    private readonly PingNodes _pingNodes;
    private readonly IHeartbeatOwner _owner;
    private readonly ConcurrentQueue<Action<long>> _requests = new();
    private readonly List<ElectionOutput> _outputs = [];
    private readonly byte[] _buffer = new byte[2048];
    private readonly SendDatagram _send;
    private readonly Thread _thread;
    private readonly int _bell;
    private SystemCalls.PollDescriptor* _descriptors;
    private int _descriptorRoom;
    private HeardDirectors _published;
    private long _lastSent;
    private volatile bool _mustEnd;

    /// <param name="machine">What decides.</param>
    /// <param name="links">Owned.</param>
    /// <param name="pingNodes">Owned.</param>
    /// <param name="owner">Carries decisions out.</param>
    public HeartbeatThread(HeartbeatMachine machine, HeartbeatLinks links, PingNodes pingNodes, IHeartbeatOwner owner)
    {
        _machine = machine;
        _links = links;
        _pingNodes = pingNodes;
        _owner = owner;
        _send = links.Send;
        _published = machine.Heard;
        _bell = SystemCalls.eventfd(0, EventNonBlockingCloseOnExec);
        _thread = new Thread(Run) { Name = "heartbeat", IsBackground = true };
    }

    /// <summary>Whether it runs before ordinary threads.</summary>
    public bool RunsFirst { get; private set; }

    /// <summary>The longest time between two heartbeats, in milliseconds.</summary>
    public long LongestPause { get; private set; }

    /// <summary>Starts it.</summary>
    public void Start() => _thread.Start();

    /// <summary>Has the thread do something, with the time, between two datagrams; it must neither throw nor take long.</summary>
    public void Ask(Action<long> request)
    {
        _requests.Enqueue(request);
        var one = 1UL;
        _ = SystemCalls.write(_bell, &one, sizeof(ulong));
    }

    /// <summary>Waits until it has ended by itself, having handed everything over, and ends it if that takes too long.</summary>
    public void End(TimeSpan patience)
    {
        if (_thread.ThreadState.HasFlag(ThreadState.Unstarted) || _thread.Join(patience))
            return;
        _mustEnd = true;
        Ask(_ => { });
        _thread.Join();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _ = SystemCalls.close(_bell);
        NativeMemory.Free(_descriptors);
        _links.Dispose();
        _pingNodes.Dispose();
    }

    private void Run()
    {
        RunsFirst = SystemCalls.TryRunFirst(Priority);
        if (!RunsFirst)
            _owner.Log("warning: heartbeats cannot run before other work (SCHED_FIFO): under full load they may be late; run as root or with CAP_SYS_NICE");
        _lastSent = SystemCalls.Now;
        while (!_mustEnd)
        {
            Wait();
            var now = SystemCalls.Now;
            _machine.Wake(now);
            if (_machine.Election.IsListening)
            {
                _owner.Lend(0);
                LongestPause = Math.Max(LongestPause, now - _lastSent);
                _pingNodes.Forgive(now - _lastSent);
                _lastSent = now;
            }

            _links.Adopt();
            TakeHeartbeats(now);
            DoRequests(now);
            _machine.Decide(now, _owner.IsSynchronised, _pingNodes.Round(now), _outputs);
            if (_outputs.Count > 0)
                _owner.CarryOut(_outputs, _machine.Election);
            _owner.Follow();
            Send(now);
            Publish();
            if (_machine.Election.HasStopped)
            {
                for (var i = 0; i < GoodbyeRepeats; i++)
                    _machine.SendGoodbye(_send);
                return;
            }
        }
    }

    private void Send(long now)
    {
        if (!_machine.IsDue(now))
            return;
        LongestPause = Math.Max(LongestPause, now - _lastSent);
        _lastSent = now;
        _machine.Send(now, _send);
        _owner.Lend(_machine.Loan);
    }

    private void Publish()
    {
        var heard = _machine.Heard;
        if (ReferenceEquals(heard, _published))
            return;
        _published = heard;
        _owner.Publish(heard);
    }

    private void Wait()
    {
        var count = 1 + _links.Count + _pingNodes.Count;
        if (count > _descriptorRoom)
        {
            NativeMemory.Free(_descriptors);
            _descriptors = (SystemCalls.PollDescriptor*)NativeMemory.Alloc((nuint)count, (nuint)sizeof(SystemCalls.PollDescriptor));
            _descriptorRoom = count;
        }

        _descriptors[0] = new SystemCalls.PollDescriptor { Descriptor = _bell, Events = SystemCalls.PollIn };
        for (var i = 0; i < _links.Count; i++)
            _descriptors[1 + i] = new SystemCalls.PollDescriptor { Descriptor = _links[i]?.Descriptor ?? -1, Events = SystemCalls.PollIn };
        for (var i = 0; i < _pingNodes.Count; i++)
            _descriptors[1 + _links.Count + i] = new SystemCalls.PollDescriptor { Descriptor = _pingNodes.Descriptor(i), Events = SystemCalls.PollIn };
        var now = SystemCalls.Now;
        var timeout = Math.Clamp(Math.Min(_machine.NextEvent(), _pingNodes.NextRound) - now, 0, 1000);
        if (SystemCalls.poll(_descriptors, (nuint)count, (int)timeout) <= 0)
        {
            for (var i = 0; i < count; i++)
                _descriptors[i].Returned = 0;
        }
    }

    private void TakeHeartbeats(long now)
    {
        for (var link = 0; link < _links.Count; link++)
        {
            if (_descriptors[1 + link].Returned == 0 || _links[link] is not { } socket)
                continue;

            // Bounded: a flood of forged ones must not keep us from sending.
            for (var i = 0; i < MostDatagramsAtOnce && socket.TryReceive(_buffer, out var length, out var from); i++)
                _machine.Receive(_buffer.AsSpan(0, length), link, from, now);
        }

        for (var node = 0; node < _pingNodes.Count; node++)
        {
            if (_descriptors[1 + _links.Count + node].Returned != 0)
                _pingNodes.Receive(node, now);
        }
    }

    private void DoRequests(long now)
    {
        if (_descriptors[0].Returned != 0)
        {
            ulong count;
            _ = SystemCalls.read(_bell, &count, sizeof(ulong));
        }

        while (_requests.TryDequeue(out var request))
            request(now);
    }
}
