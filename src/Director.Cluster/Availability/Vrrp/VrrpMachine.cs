using System.Globalization;
using Director.Configuration;

namespace Director.Cluster.Availability.Vrrp;

/// <summary>
/// Decides for one group whether this director is its master: the state machine of RFC 3768 6.4 and RFC 5798 6.4, for virtual routers that move together. Pure: time (microseconds), advertisements
/// and facts go in, actions come out.
/// </summary>
/// <remarks>
/// Beyond the RFCs. Routers of a group become master when each of them would, and backup when one of them has to (keepalived's <c>vrrp_sync_group</c>, which so does not flap when one LAN of two is
/// cut). A director that lacks the others' connections replaces no master, and lets those that have them take first. One that stood still gives way to whoever has advertised meanwhile, and after a
/// long time listens for an interval first. Who is no longer master forwards a moment longer without answering, as packets are on their way.
/// </remarks>
internal sealed class VrrpMachine(VrrpConfiguration settings, IReadOnlyList<VrrpRouter> routers, IVrrpActions actions, long now)
{
    /// <summary>How long packets are forwarded after another has become master.</summary>
    public const long LeaveTime = 500_000;

    private const int LeastPriority = 1, OwnerPriority = 255;

    // An answer to each of many forged advertisements would be a flood of our own.
    private const long LeastGap = 10_000;
    private const long LongestFarewell = 3_000_000;

    // What others sent during a short stop waits in the socket; during a long one it may be lost, as when a virtual machine is moved.
    private const long ShortStop = 500_000;
    private const long Never = long.MaxValue;

    private readonly RouterState[] _routers = [.. routers.Select(_ => new RouterState())];
    private VrrpConfiguration _settings = settings;
    private VrrpFacts _facts = new("it has just started", settings.Priority, false);
    private long _preemptAt = now + Microseconds(settings.PreemptDelay);
    private bool _isPreemptArmed = true;
    private bool _isDoubtful;
    private long _leaveAt = Never;
    private long _announceAt = Never, _refreshAt = Never, _lowerAnnounceAt = Never, _lowerQuietUntil;

    /// <summary>The state.</summary>
    public VrrpState State { get; private set; }

    /// <summary>Since when.</summary>
    public long Since { get; private set; } = now;

    /// <summary>Why.</summary>
    public string Reason { get; private set; } = "this director has just started";

    /// <summary>Whether the director is to end.</summary>
    public bool IsStopping { get; private set; }

    /// <summary>Whether packets that still come are forwarded although this director is no longer master.</summary>
    public bool IsLeaving => _leaveAt != Never;

    /// <summary>Whether it is to end and there is nothing left to do.</summary>
    public bool HasStopped => IsStopping && State == VrrpState.Initialize && !IsLeaving;

    /// <summary>The priority in force.</summary>
    public int Priority => _facts.Priority;

    /// <summary>Gratuitous ARP again while master, 0 is never, and how often when taken: the group's.</summary>
    public TimeSpan Refresh { get; set; }

    /// <summary>Announcements of one kind.</summary>
    public int Announcements { get; set; } = 5;

    private long Interval => Microseconds(_settings.Interval);

    private bool MayPreempt => (_settings.Preempt || _facts.Priority == OwnerPriority) && _facts.MayPreempt;

    /// <summary>When something happens by itself next.</summary>
    public long NextEvent
    {
        get
        {
            var next = Math.Min(Math.Min(_leaveAt, _announceAt), Math.Min(_refreshAt, _lowerAnnounceAt));
            foreach (var router in _routers)
                next = Math.Min(next, router.Timer);
            return next;
        }
    }

    /// <summary>How long after its last advertisements the others leave the group to this director; <see cref="long.MaxValue"/> while it is not master.</summary>
    public long HeldUntil
    {
        get
        {
            var until = Never;
            if (State == VrrpState.Master)
            {
                foreach (var router in _routers)
                    until = Math.Min(until, router.LastSent + (3 * Interval));
            }

            return until;
        }
    }

    /// <summary>Who was heard last as master of a router: address and priority; 0 and 0 before anybody was.</summary>
    public (UInt128 Address, int Priority) MasterOf(int router) => (_routers[router].MasterAddress, _routers[router].MasterPriority);

    /// <summary>Says which address a router's advertisements come from.</summary>
    public void SetSource(int router, UInt128 address) => _routers[router].Source = address;

    /// <summary>Goes by other settings; the routers stay.</summary>
    public void Change(VrrpConfiguration to) => _settings = to;

    /// <summary>Ends: a master says that it is one no longer, and forwards until another is.</summary>
    public void Stop(long now)
    {
        IsStopping = true;
        if (State != VrrpState.Initialize)
            Resign(now, "this director stops");
    }

    /// <summary>Somebody else announces an address of the group: it is announced again, but not for each of many.</summary>
    /// <returns>Whether it is.</returns>
    public bool Contested(long now) => State == VrrpState.Master && AnnounceRarely(now, Announcements);

    /// <summary>
    /// To be called before advertisements are taken: finds out whether this director has not run when it should have, so that what it has may be another's.
    /// </summary>
    /// <returns>For how long a master was not heard, if it was long enough to give the group up; else 0.</returns>
    public long Wake(long now)
    {
        var gap = 0L;
        foreach (var router in _routers)
        {
            // Others have become master 3 intervals after the last advertisement at the earliest.
            if (State == VrrpState.Master)
                gap = Math.Max(gap, now - router.LastSent);
            else if (State == VrrpState.Backup && router.Timer != Never && now - router.Timer >= Interval)
                router.Timer = now + MasterDown(router);
        }

        _isDoubtful = gap >= 3 * Interval;
        if (gap < Math.Max(10 * Interval, ShortStop))
            return 0;
        StepDown(now, $"this director stood still for {gap / 1000} ms; it listens before it takes anything");
        return gap;
    }

    /// <summary>Takes an advertisement that was found good.</summary>
    public void Receive(int index, in VrrpAdvertisement advertisement, long now)
    {
        var router = _routers[index];
        if (advertisement.Priority > 0)
            (router.MasterAddress, router.MasterPriority) = (advertisement.Source, advertisement.Priority);
        if (IsLeaving && advertisement.Priority > 0)
            _leaveAt = Math.Min(_leaveAt, now + LeaveTime);
        if (_isDoubtful && State == VrrpState.Master && advertisement.Priority > 0)
            StepDown(now, $"this director stood still, and {VrrpAddress.From(advertisement.Source, routers[index].IsIPv6)} has become master with priority {advertisement.Priority}");
        if (State == VrrpState.Backup)
            ReceiveAsBackup(router, advertisement, now);
        else if (State == VrrpState.Master)
            ReceiveAsMaster(index, advertisement, now);
    }

    /// <summary>Goes by what holds now, and does what is due.</summary>
    public void Step(long now, in VrrpFacts facts)
    {
        _facts = facts;
        _isDoubtful = false;
        if (facts.Obstacle is { } obstacle)
        {
            if (State != VrrpState.Initialize)
                Resign(now, obstacle);
            else if (!IsStopping && !ReferenceEquals(Reason, obstacle))
                Reason = obstacle;
        }
        else if (State == VrrpState.Initialize && !IsStopping)
        {
            StartUp(now);
        }

        for (var i = 0; i < _routers.Length; i++)
        {
            if (_routers[i].Timer > now)
                continue;
            if (State == VrrpState.Master)
            {
                Send(i, now);
            }
            else
            {
                _routers[i].WantsMaster = true;
                _routers[i].Timer = Never;
            }
        }

        if (State == VrrpState.Backup && Array.TrueForAll(_routers, router => router.WantsMaster))
            BecomeMaster(now, WhyFree());
        AnnounceWhenDue(now);
        if (_leaveAt <= now)
            Release();
    }

    private void StartUp(long now)
    {
        foreach (var router in _routers)
        {
            router.MasterInterval = Interval;
            router.WantsMaster = false;
            router.Timer = now + MasterDown(router);
        }

        if (_facts is { Priority: OwnerPriority, MayPreempt: true } && _preemptAt <= now)
        {
            BecomeMaster(now, "it owns the addresses: its priority is 255");
            return;
        }

        Become(VrrpState.Backup, now, "it listens for a master");
    }

    private void ReceiveAsBackup(RouterState router, in VrrpAdvertisement advertisement, long now)
    {
        if (advertisement.Priority == 0)
        {
            router.Timer = now + Skew(router);
            router.WantsMaster = false;
            return;
        }

        if (advertisement.Priority >= _facts.Priority)
        {
            _isPreemptArmed = false;
        }
        else if (!_isPreemptArmed)
        {
            _isPreemptArmed = true;
            _preemptAt = Math.Max(_preemptAt, now + Microseconds(_settings.PreemptDelay));
        }

        // A lower master is not heard: it is replaced when the timer runs out.
        if (advertisement.Priority < _facts.Priority && MayPreempt && _preemptAt <= now)
            return;
        router.MasterInterval = _settings.Version == 3 ? advertisement.Interval : Interval;
        router.Timer = now + MasterDown(router);
        router.WantsMaster = false;
    }

    private void ReceiveAsMaster(int index, in VrrpAdvertisement advertisement, long now)
    {
        var router = _routers[index];
        if (advertisement.Priority > _facts.Priority || (advertisement.Priority == _facts.Priority && advertisement.Source > router.Source))
        {
            GiveWay(index, advertisement, now);
            return;
        }

        // Who resigns is answered, so that the others need not wait (RFC 5798 6.4.3); a lower master too, as keepalived does.
        if (now - router.LastSent >= LeastGap)
            Send(index, now);
        if (advertisement.Priority == 0 || _settings.LowerPriorityAnnouncements == 0)
            return;
        if (AnnounceRarely(now, _settings.LowerPriorityAnnouncements) && _settings.LowerPriorityDelay > TimeSpan.Zero)
            _lowerAnnounceAt = now + Microseconds(_settings.LowerPriorityDelay);
    }

    private void GiveWay(int index, in VrrpAdvertisement advertisement, long now)
    {
        for (var i = 0; i < _routers.Length; i++)
        {
            var router = _routers[i];
            router.MasterInterval = i == index && _settings.Version == 3 ? advertisement.Interval : Interval;
            router.WantsMaster = false;
            router.Timer = now + MasterDown(router);
        }

        _isPreemptArmed = false;
        _leaveAt = now + LeaveTime;
        var master = VrrpAddress.From(advertisement.Source, routers[index].IsIPv6);
        Become(VrrpState.Backup, now, $"{master} is master with priority {advertisement.Priority}");
    }

    /// <summary>Gives up at once what may be another's: nothing is forwarded, and nobody replaced, before it has listened.</summary>
    private void StepDown(long now, string reason)
    {
        foreach (var router in _routers)
        {
            router.MasterInterval = Interval;
            router.WantsMaster = false;
            router.Timer = now + router.MasterInterval + Skew(router);
        }

        _preemptAt = Math.Max(_preemptAt, now + MasterDown(_routers[0]));
        Become(VrrpState.Backup, now, reason);
        Release();
    }

    private void BecomeMaster(long now, string reason)
    {
        _leaveAt = Never;
        Become(VrrpState.Master, now, reason);
        // Others hear of it before the network does.
        for (var i = 0; i < _routers.Length; i++)
        {
            _routers[i].WantsMaster = false;
            _routers[i].Timer = now;
            Send(i, now);
        }

        _announceAt = _settings.AnnounceDelay > TimeSpan.Zero ? now + Microseconds(_settings.AnnounceDelay) : Never;
        _refreshAt = Refresh > TimeSpan.Zero ? now + Microseconds(Refresh) : Never;
    }

    private void Resign(long now, string reason)
    {
        var wasMaster = State == VrrpState.Master;
        if (wasMaster)
        {
            for (var i = 0; i < _routers.Length; i++)
                actions.Send(i, 0);
            // The slowest of the others takes it after its whole skew, an interval.
            _leaveAt = now + Math.Min(Interval + LeaveTime, LongestFarewell);
        }

        foreach (var router in _routers)
            (router.Timer, router.WantsMaster) = (Never, false);
        Become(VrrpState.Initialize, now, reason);
    }

    private void Become(VrrpState state, long now, string reason)
    {
        var before = State;
        (State, Since, Reason) = (state, now, reason);
        if (state != VrrpState.Master)
            _announceAt = _refreshAt = _lowerAnnounceAt = Never;
        actions.Changed(before, state, reason);
    }

    private void Release()
    {
        _leaveAt = Never;
        actions.Released();
    }

    private void Send(int index, long now)
    {
        var router = _routers[index];
        actions.Send(index, _facts.Priority);
        router.LastSent = now;
        // By the clock, not by when this thread came to it.
        router.Timer = router.Timer <= now && now - router.Timer < Interval ? router.Timer + Interval : now + Interval;
    }

    private void AnnounceWhenDue(long now)
    {
        if (_announceAt <= now)
        {
            _announceAt = Never;
            actions.Announce(Announcements);
        }

        if (_lowerAnnounceAt <= now)
        {
            _lowerAnnounceAt = Never;
            actions.Announce(_settings.LowerPriorityAnnouncements);
        }

        if (_refreshAt <= now)
        {
            _refreshAt = now + Microseconds(Refresh);
            actions.Announce(_settings.RefreshAnnouncements);
        }
    }

    private bool AnnounceRarely(long now, int times)
    {
        if (now < _lowerQuietUntil)
            return false;
        _lowerQuietUntil = now + Math.Max(Microseconds(_settings.LowerPriorityDelay), 1_000_000);
        actions.Announce(times);
        return true;
    }

    private string WhyFree()
    {
        var router = _routers[0];
        return router.MasterPriority == 0 ? "no other master is heard"
            : string.Create(CultureInfo.InvariantCulture, $"{VrrpAddress.From(router.MasterAddress, routers[0].IsIPv6)}, which had priority {router.MasterPriority}, {(router.MasterPriority < _facts.Priority && MayPreempt ? "comes after it" : "is heard no more")}");
    }

    private long MasterDown(RouterState router) => (3 * router.MasterInterval) + Skew(router);

    // Who lacks the connections comes last.
    private long Skew(RouterState router)
    {
        var priority = _facts.MayPreempt ? _facts.Priority : LeastPriority;
        return (256 - priority) * (_settings.Version == 2 ? 1_000_000 : router.MasterInterval) / 256;
    }

    private static long Microseconds(TimeSpan time) => time.Ticks / TimeSpan.TicksPerMicrosecond;

    private sealed class RouterState
    {
        public long Timer { get; set; } = Never;

        public long MasterInterval { get; set; }

        public long LastSent { get; set; }

        public bool WantsMaster { get; set; }

        public UInt128 Source { get; set; }

        public UInt128 MasterAddress { get; set; }

        public int MasterPriority { get; set; }
    }
}
