using System.Collections.Concurrent;
using System.Runtime.InteropServices;

namespace Director.Cluster.Availability.Vrrp;

/// <summary>Who carries out what the VRRP thread decides. Called on that thread: nothing may block.</summary>
internal interface IVrrpOwner
{
    /// <summary>Whether a living master may be replaced.</summary>
    bool MayPreempt(long now);

    /// <summary>Called after each pass, with until when (microseconds) the others leave this director what it has.</summary>
    void Follow(long now, long heldUntil);

    /// <summary>A packet was not taken.</summary>
    void Refuse(VrrpFault fault, IVrrpLink link, in VrrpAdvertisement advertisement, long now);

    /// <summary>Takes a line for the operator.</summary>
    void Log(string line);
}

/// <summary>The thread that hears and sends VRRP advertisements and decides by them. Like <see cref="HeartbeatThread"/> it waits for nothing but its sockets and hardly makes garbage.</summary>
internal sealed unsafe class VrrpThread : IDisposable
{
    private const int MostPacketsAtOnce = 256;
    private const int EventNonBlockingCloseOnExec = 0x80800;
    private const long LongestWait = 100_000;

    private readonly IVrrpOwner _owner;
    private readonly PingNodes _pingNodes;
    private readonly ConcurrentQueue<Action<long>> _requests = new();
    private readonly byte[] _buffer = new byte[4096];
    private readonly Thread _thread;
    private readonly int _bell;
    private SystemCalls.PollDescriptor* _descriptors;
    private int _descriptorRoom;
    private long _lastPass = SystemCalls.NowMicroseconds;

    /// <param name="owner">Carries decisions out.</param>
    /// <param name="pingNodes">Owned.</param>
    public VrrpThread(IVrrpOwner owner, PingNodes pingNodes)
    {
        _owner = owner;
        _pingNodes = pingNodes;
        _bell = SystemCalls.eventfd(0, EventNonBlockingCloseOnExec);
        _thread = new Thread(Run) { Name = "vrrp", IsBackground = true };
    }

    /// <summary>The groups; the thread's own, as are <see cref="Links"/>.</summary>
    public List<VrrpGroup> Groups { get; } = [];

    /// <summary>The links of all groups.</summary>
    public List<IVrrpLink> Links { get; } = [];

    /// <summary>Whether it ends when no group is left to hold.</summary>
    public bool IsStopping { get; set; }

    /// <summary>Starts it.</summary>
    public void Start() => _thread.Start();

    /// <summary>Has the thread do something, with the time in microseconds, between two packets; it must neither throw nor take long.</summary>
    public void Ask(Action<long> request)
    {
        _requests.Enqueue(request);
        var one = 1UL;
        _ = SystemCalls.write(_bell, &one, sizeof(ulong));
    }

    /// <summary>Waits until it has ended by itself.</summary>
    public void Join() => _thread.Join();

    /// <inheritdoc/>
    public void Dispose()
    {
        _ = SystemCalls.close(_bell);
        NativeMemory.Free(_descriptors);
        foreach (var link in Links)
            link.Dispose();
        _pingNodes.Dispose();
    }

    private void Run()
    {
        if (!SystemCalls.TryRunFirst(HeartbeatThread.Priority))
            _owner.Log("warning: VRRP cannot run before other work (SCHED_FIFO): under full load advertisements may be late; run as root or with CAP_SYS_NICE");
        while (true)
        {
            Wait();
            var now = SystemCalls.NowMicroseconds;
            Wake(now);
            foreach (var link in Links)
                link.Refresh(now);
            TakePackets(now);
            DoRequests(now);
            _ = _pingNodes.Round(now / 1000);
            var mayPreempt = _owner.MayPreempt(now);
            var heldUntil = long.MaxValue;
            var hasStopped = IsStopping;
            foreach (var group in Groups)
            {
                group.Step(now, mayPreempt);
                heldUntil = Math.Min(heldUntil, group.Machine.HeldUntil);
                hasStopped &= group.Machine.HasStopped;
            }

            _owner.Follow(now, heldUntil);
            if (hasStopped)
                return;
        }
    }

    private void Wake(long now)
    {
        foreach (var group in Groups)
        {
            if (group.Machine.Wake(now) is > 0 and var gap)
                _owner.Log($"warning: group {group.Configuration.Name}: this director stood still for {gap / 1000} ms, another may be master: it listens first; look at what the host was doing");
        }

        if (now - _lastPass > 2 * LongestWait)
            _pingNodes.Forgive((now - _lastPass) / 1000);
        _lastPass = now;
    }

    private void TakePackets(long now)
    {
        for (var i = 0; i < Links.Count; i++)
        {
            var link = Links[i];

            // Bounded: a flood must not keep us from sending.
            for (var n = 0; n < MostPacketsAtOnce && link.TryReceive(_buffer, out var packet); n++)
            {
                var fault = VrrpFormat.Open(packet, link.IsIPv6, out var advertisement, out var message);
                if (fault == VrrpFault.None)
                    fault = Give(link, advertisement, message, now);
                if (fault != VrrpFault.None)
                    _owner.Refuse(fault, link, advertisement, now);
            }
        }

        for (var node = 0; node < _pingNodes.Count; node++)
        {
            if (_pingNodes.Descriptor(node) >= 0)
                _pingNodes.Receive(node, now / 1000);
        }
    }

    private VrrpFault Give(IVrrpLink link, in VrrpAdvertisement advertisement, ReadOnlySpan<byte> message, long now)
    {
        foreach (var group in Groups)
        {
            if (group.Find(link, advertisement.RouterId) is >= 0 and var router)
                return group.Receive(router, advertisement, message, now);
        }

        return VrrpFault.RouterId;
    }

    private void Wait()
    {
        var count = 1 + Links.Count + _pingNodes.Count;
        if (count > _descriptorRoom)
        {
            NativeMemory.Free(_descriptors);
            _descriptors = (SystemCalls.PollDescriptor*)NativeMemory.Alloc((nuint)count, (nuint)sizeof(SystemCalls.PollDescriptor));
            _descriptorRoom = count;
        }

        _descriptors[0] = new SystemCalls.PollDescriptor { Descriptor = _bell, Events = SystemCalls.PollIn };
        for (var i = 0; i < Links.Count; i++)
            _descriptors[1 + i] = new SystemCalls.PollDescriptor { Descriptor = Links[i].Descriptor, Events = SystemCalls.PollIn };
        for (var i = 0; i < _pingNodes.Count; i++)
            _descriptors[1 + Links.Count + i] = new SystemCalls.PollDescriptor { Descriptor = _pingNodes.Descriptor(i), Events = SystemCalls.PollIn };
        var now = SystemCalls.NowMicroseconds;
        var next = now + LongestWait;
        foreach (var group in Groups)
            next = Math.Min(next, group.Machine.NextEvent);
        if (_pingNodes.Count > 0)
            next = Math.Min(next, Math.Max(_pingNodes.NextRound, 0) * 1000);
        _ = SystemCalls.Poll(_descriptors, (nuint)count, Math.Max(next - now, 0));
    }

    private void DoRequests(long now)
    {
        ulong count;
        _ = SystemCalls.read(_bell, &count, sizeof(ulong));
        while (_requests.TryDequeue(out var request))
            request(now);
    }
}
