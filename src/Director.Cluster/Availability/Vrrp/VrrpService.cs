using System.Collections.Immutable;
using System.Net;
using Director.Configuration;
using Director.Forwarding;

namespace Director.Cluster.Availability.Vrrp;

/// <summary>
/// The groups of a director that are held by VRRP. It belongs to the process, as <see cref="AvailabilityService"/> does, and needs no key: without one it also tells the engine that everything else
/// is held. Members may be called from any thread and do not block, but for <see cref="DisposeAsync"/>.
/// </summary>
public sealed class VrrpService : IVrrpOwner, IAsyncDisposable
{
    private const long ComplainEvery = 60_000_000;
    private static readonly TimeSpan QuorumEvery = TimeSpan.FromMilliseconds(200);

    private readonly IForwardingEngine _engine;
    private readonly Func<bool> _isSynchronised;
    private readonly Func<string, bool> _hasQuorum;
    private readonly Action<string> _write;
    private readonly string _director;
    private readonly bool _isAlone;
    private readonly long _started = SystemCalls.NowMicroseconds;
    private readonly WorkQueue _log = new("vrrp-log", TimeSpan.FromSeconds(1));
    private readonly GroupNotices _notices;
    private readonly LatestValue<Holdings> _holdings;
    private readonly PingNodes _pingNodes;
    private readonly VrrpThread _thread;
    private readonly Timer _quorumTimer;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _startLock = new();
    private bool _hasThread;
    private int _isStopping;
    private volatile ImmutableDictionary<string, bool> _quorums = ImmutableDictionary<string, bool>.Empty;
    private ImmutableArray<string> _tracked = [];
    private ImmutableArray<VrrpView> _views = [];

    // The thread's from here on.
    private readonly long[] _refused = new long[Enum.GetValues<VrrpFault>().Length];
    private readonly long[] _complained = new long[Enum.GetValues<VrrpFault>().Length];
    private readonly Dictionary<VrrpTrackedScript, VrrpScript> _scripts = [];
    private DirectorConfiguration _configuration;
    private ForwardingTable? _table;

    private VrrpService(
        DirectorConfiguration configuration, IForwardingEngine engine, Func<bool> isSynchronised, Func<string, bool> hasQuorum, Action<string> log)
    {
        _configuration = configuration;
        _engine = engine;
        _isSynchronised = isSynchronised;
        _hasQuorum = hasQuorum;
        _write = log;
        _director = configuration.Name.Length > 0 ? configuration.Name : Environment.MachineName;
        _isAlone = configuration.Cluster.Key.IsDefaultOrEmpty;
        Loan = new LoanTerms(engine);
        _notices = new GroupNotices(Log);
        _holdings = new LatestValue<Holdings>("vrrp-holdings", runsFirst: true, Hold);
        _pingNodes = new PingNodes(Log);
        _thread = new VrrpThread(this, _pingNodes);
        _quorumTimer = new Timer(_ => AskForQuorums(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        engine.AddressClaimed += Claimed;
    }

    /// <summary>Raised on the VRRP thread when <see cref="Views"/> are others.</summary>
    internal event Action? Changed;

    /// <summary>What this director does for each group, as an immutable snapshot.</summary>
    internal ImmutableArray<VrrpView> Views => ImmutableInterlocked.InterlockedCompareExchange(ref _views, default, default);

    /// <summary>The terms on which the engine forwards.</summary>
    internal LoanTerms Loan { get; }

    /// <summary>Starts it. Nothing runs before there is a group that VRRP holds.</summary>
    /// <param name="configuration">Whole and valid.</param>
    /// <param name="engine">What holds and forwards. It must outlive the service.</param>
    /// <param name="isSynchronised">Whether this director has the connections of the others; asked often, must not block.</param>
    /// <param name="hasQuorum">Whether a virtual service has its quorum, by its name; asked often.</param>
    /// <param name="log">Takes lines for the operator, one an event, from a thread of its own.</param>
    public static VrrpService Start(
        DirectorConfiguration configuration, IForwardingEngine engine, Func<bool> isSynchronised, Func<string, bool> hasQuorum, Action<string> log)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        ArgumentNullException.ThrowIfNull(engine);
        VrrpService service = new(configuration, engine, isSynchronised, hasQuorum, log);
        if (service._isAlone && HasGroups(configuration))
            engine.Hold(service.Compose(engine.Table));
        service.Reconfigure(configuration);
        return service;
    }

    /// <summary>Goes by another configuration. A group whose virtual routers are as they were goes on; one that is gone is resigned.</summary>
    public void Reconfigure(DirectorConfiguration configuration)
    {
        lock (_startLock)
        {
            if (!_hasThread && !HasGroups(configuration))
                return;
            _thread.Ask(now => Follow(configuration, now));
            if (_hasThread)
                return;
            _hasThread = true;
            _thread.Start();
        }
    }

    /// <summary>What it does and has done; null while there is no such group.</summary>
    public async Task<VrrpReport?> Report()
    {
        lock (_startLock)
        {
            if (!_hasThread)
                return null;
        }

        TaskCompletionSource<VrrpReport> report = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _thread.Ask(_ => report.TrySetResult(Describe()));
        await Task.WhenAny(report.Task, _ended.Task).ConfigureAwait(false);
        return report.Task.IsCompletedSuccessfully ? await report.Task.ConfigureAwait(false) : throw new InvalidOperationException("VRRP has stopped");
    }

    /// <summary>Resigns: the others take over while this director still forwards. Then it ends. May be called again.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isStopping, 1) != 0)
        {
            await _ended.Task.ConfigureAwait(false);
            return;
        }

        _engine.AddressClaimed -= Claimed;
        lock (_startLock)
        {
            if (_hasThread)
                _thread.Ask(Stop);
        }

        await Task.Factory.StartNew(End, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).ConfigureAwait(false);

        void End()
        {
            if (_hasThread)
                _thread.Join();
            _quorumTimer.Dispose();
            foreach (var script in _scripts.Values)
                script.Dispose();
            _holdings.Dispose();
            _notices.Dispose();
            _thread.Dispose();
            _log.Dispose();
            _ended.TrySetResult();
        }
    }

    /// <inheritdoc/>
    bool IVrrpOwner.MayPreempt(long now) =>
        (_isAlone || now - _started >= _configuration.Availability.Heartbeat.Initdead.Ticks / TimeSpan.TicksPerMicrosecond) && _isSynchronised();

    /// <inheritdoc/>
    void IVrrpOwner.Follow(long now, long heldUntil)
    {
        var hasNews = false;
        foreach (var group in _thread.Groups)
        {
            hasNews |= group.HasNews;
            group.HasNews = false;
        }

        // Rounded up would be late.
        Loan.ByVrrp(heldUntil == long.MaxValue ? long.MaxValue : heldUntil / 1000, now / 1000);
        if (hasNews)
        {
            Publish();
            Changed?.Invoke();
        }

        if (_isAlone && (hasNews || !ReferenceEquals(_engine.Table, _table)))
        {
            _table = _engine.Table;
            _holdings.Give(Compose(_table));
        }
    }

    /// <inheritdoc/>
    void IVrrpOwner.Refuse(VrrpFault fault, IVrrpLink link, in VrrpAdvertisement advertisement, long now)
    {
        _refused[(int)fault]++;

        // Other routers on the LAN are nobody's mistake.
        if (fault == VrrpFault.RouterId || now < _complained[(int)fault])
            return;
        _complained[(int)fault] = now + ComplainEvery;
        var from = VrrpAddress.From(advertisement.Source, link.IsIPv6) is { } source ? $" of {source} for router-id {advertisement.RouterId}" : "";
        Log($"warning: VRRP on {link.Interface}: a packet{from} was not taken: {Words(fault)}; 'director status' counts them");
    }

    /// <inheritdoc/>
    void IVrrpOwner.Log(string line) => Log(line);

    private static bool HasGroups(DirectorConfiguration configuration) => configuration.Availability.Groups.Any(group => group.Vrrp is not null);

    private static string Words(VrrpFault fault) => fault switch
    {
        VrrpFault.Truncated => "it is cut off",
        VrrpFault.TimeToLive => "it comes through a router (TTL is not 255)",
        VrrpFault.Version => "it is of another version than the group's",
        VrrpFault.Type => "it is no advertisement",
        VrrpFault.Checksum => "its checksum is wrong",
        VrrpFault.Sender => "its sender is this director's own address, or none of the group's peers",
        VrrpFault.Password => "its password or authentication type is not the group's",
        VrrpFault.Interval => "its interval is not the group's",
        VrrpFault.Addresses => "its addresses are not the group's",
        _ => "no group has its router-id here",
    };

    private void Log(string line) => _log.Ask(() => _write(line));

    private void Hold(Holdings holdings)
    {
        try
        {
            _engine.Hold(holdings);
        }
        catch (Exception error)
        {
            Log($"error: the engine does not hold what it should: {error.Message}");
        }
    }

    private void Claimed(AddressClaim claim)
    {
        lock (_startLock)
        {
            if (!_hasThread)
                return;
        }

        _thread.Ask(now =>
        {
            foreach (var group in _thread.Groups)
            {
                if (group.Configuration.Addresses.Contains(claim.Address) && group.Machine.Contested(now))
                    Log($"warning: group {group.Configuration.Name}: {claim.Mac} on {claim.Interface} announces {claim.Address} too: another host has this address; look for it");
            }
        });
    }

    private void Stop(long now)
    {
        _thread.IsStopping = true;
        foreach (var group in _thread.Groups)
            group.Machine.Stop(now);
    }

    private void Follow(DirectorConfiguration configuration, long now)
    {
        _configuration = configuration;
        var wanted = configuration.Availability.Groups.Where(group => group.Vrrp is not null).ToArray();
        foreach (var gone in _thread.Groups.Where(group => !wanted.Any(one => one.Name == group.Configuration.Name && group.IsSame(one))).ToArray())
        {
            gone.Machine.Stop(now);
            _thread.Groups.Remove(gone);
        }

        var routers = wanted.ToDictionary(group => group, group => group.Vrrp!.Routers(group.Addresses).ToImmutableArray());
        var ways = routers.Values.SelectMany(all => all.Select(router => (router.Interface, router.IsIPv6))).ToHashSet();
        foreach (var gone in _thread.Links.Where(link => !ways.Contains((link.Interface, link.IsIPv6))).ToArray())
        {
            gone.Dispose();
            _thread.Links.Remove(gone);
        }

        foreach (var (nic, isIPv6) in ways.Where(way => !_thread.Links.Exists(link => (link.Interface, link.IsIPv6) == way)).ToArray())
        {
            _thread.Links.Add(new VrrpLink(nic, isIPv6, Log));
            _thread.Links[^1].Refresh(now);
            if (!_engine.Report().Links.Contains(nic))
                Log($"warning: {nic} is not among the director's interfaces ({string.Join(' ', _engine.Report().Links)}): addresses that VRRP holds there are not answered; add it to 'interfaces'");
        }

        foreach (var group in wanted)
        {
            var one = _thread.Groups.Find(known => known.Configuration.Name == group.Name);
            if (one is null)
            {
                _thread.Groups.Add(one = new VrrpGroup(group, routers[group], [.. routers[group].Select(LinkOf)], StateChanged, now));
                Log($"group {group.Name}: VRRP version {group.Vrrp!.Version}, {string.Join(", ", routers[group].Select(router => $"router-id {router.RouterId} on {router.Interface} ({(router.IsIPv6 ? "IPv6" : "IPv4")})"))}, priority {group.Vrrp.Priority}");
            }
            else
            {
                one.Change(group);
            }
        }

        FollowTracks(wanted, now);
        // Those that are gone have no news of their own.
        Publish();
        Changed?.Invoke();
        _table = null;

        IVrrpLink LinkOf(VrrpRouter router) => _thread.Links.Single(link => link.Interface == router.Interface && link.IsIPv6 == router.IsIPv6);
    }

    private void FollowTracks(GroupConfiguration[] groups, long now)
    {
        var availability = _configuration.Availability;
        _pingNodes.Set(
            [.. groups.SelectMany(group => group.Vrrp!.Track.PingNodes).Select(node => node.Address).Distinct()],
            (long)availability.PingInterval.TotalMilliseconds, (long)availability.PingTimeout.TotalMilliseconds);
        var scripts = groups.SelectMany(group => group.Vrrp!.Track.Scripts).ToHashSet();
        foreach (var gone in _scripts.Keys.Except(scripts).ToArray())
        {
            _scripts[gone].Dispose();
            _scripts.Remove(gone);
        }

        foreach (var added in scripts.Except(_scripts.Keys).ToArray())
            _scripts.Add(added, new VrrpScript(added, Tell));
        _tracked = [.. groups.SelectMany(group => group.Vrrp!.Track.Services).Select(service => service.Name).Distinct()];
        AskForQuorums();
        _quorumTimer.Change(_tracked.IsEmpty ? Timeout.InfiniteTimeSpan : QuorumEvery, QuorumEvery);
        foreach (var group in _thread.Groups)
            group.Tracked = Tracks(group.Configuration.Vrrp!.Track, now);

        void Tell(string line)
        {
            Log(line);
            // So that it is acted on at once.
            _thread.Ask(_ => { });
        }
    }

    /// <summary>Who answers may wait for a lock, which the VRRP thread must not.</summary>
    private void AskForQuorums()
    {
        if (!_tracked.IsDefaultOrEmpty)
            _quorums = _tracked.ToImmutableDictionary(name => name, name => _hasQuorum(name));
    }

    private ImmutableArray<VrrpTracked> Tracks(VrrpTrackConfiguration track, long now)
    {
        var all = ImmutableArray.CreateBuilder<VrrpTracked>();
        foreach (var nic in track.Interfaces)
        {
            var state = new InterfaceState(nic.Interface, now);
            all.Add(new(nic.Weight, $"{nic.Interface}, which it tracks, is down", () => state.IsUp));
        }

        foreach (var node in track.PingNodes)
            all.Add(new(node.Weight, $"ping node {node.Address} is not reached", () => _pingNodes.IsReached(node.Address)));
        foreach (var script in track.Scripts)
        {
            var running = _scripts[script];
            all.Add(new(script.Weight, $"tracked script '{script.Command}' does not succeed", () => running.IsUp));
        }

        foreach (var service in track.Services)
            all.Add(new(service.Weight, $"service {service.Name} has no quorum", () => _quorums.GetValueOrDefault(service.Name, true)));
        return all.ToImmutable();
    }

    private void StateChanged(VrrpGroup group, VrrpState before, VrrpState now, string reason)
    {
        var (configuration, mail) = (group.Configuration, _configuration.Availability.Mail);
        var addresses = string.Join(", ", configuration.Addresses);
        if (now == VrrpState.Master)
        {
            Log($"took group {configuration.Name} ({addresses}): {reason}");
            _notices.Took(configuration, mail, _director, reason);
        }
        else if (before == VrrpState.Master)
        {
            Log($"released group {configuration.Name} ({addresses}): {reason}");
            _notices.Released(configuration, mail, _director, reason);
        }
        else
        {
            Log($"group {configuration.Name}: VRRP {(now == VrrpState.Backup ? "backup" : "cannot hold it")}: {reason}");
        }
    }

    private void Publish() => ImmutableInterlocked.InterlockedExchange(ref _views,
    [
        .. _thread.Groups.Select(group => new VrrpView(
            group.Configuration.Name, group.Routers, group.Machine.State == VrrpState.Master, group.Machine.State == VrrpState.Master || group.Machine.IsLeaving,
            group.AnnouncementRound, group.AnnouncementTimes)),
    ]);

    /// <summary>What a director without others holds: all but what VRRP gives to another router.</summary>
    private Holdings Compose(ForwardingTable table)
    {
        if (!HasGroups(_configuration))
            return Holdings.Everything;
        var views = Views;
        return new Holdings(
        [
            .. GroupAddresses.Of(_configuration.Availability, table).SelectMany(group => group.Vrrp is null
                ?
                [
                    new HeldGroup(group.Name, group.Addresses)
                    {
                        Interfaces = group.Interfaces, Answers = true, Forwards = true, Announcements = group.Announcements, Refresh = group.Refresh,
                    },
                ]
                : VrrpHoldings.Of(group, views.FirstOrDefault(view => view.Name == group.Name))),
        ]);
    }

    private VrrpReport Describe() => new(
        [
            .. _thread.Groups.Select(group => new VrrpGroupReport(
                group.Configuration.Name, group.Configuration.Addresses, group.Machine.State,
                group.Machine.State == VrrpState.Master ? GroupRole.Holds : group.Machine.IsLeaving ? GroupRole.Leaves : GroupRole.Waits,
                group.Machine.Priority, group.Machine.Reason, group.Takes, group.Sent, group.Received,
                [.. group.Routers.Select((router, i) => RouterOf(group, router, i))])),
        ],
        Enum.GetValues<VrrpFault>().Where(fault => fault != VrrpFault.None).ToImmutableSortedDictionary(fault => fault, fault => _refused[(int)fault]));

    private static VrrpRouterReport RouterOf(VrrpGroup group, VrrpRouter router, int index)
    {
        var (master, priority) = group.Machine.State == VrrpState.Master ? (group.SourceOf(index), group.Machine.Priority) : group.Machine.MasterOf(index);
        return new(router.Interface, router.RouterId, VrrpAddress.From(master, router.IsIPv6), priority);
    }

    /// <summary>Whether a tracked interface is up, looked at ten times a second.</summary>
    private sealed class InterfaceState(string name, long now)
    {
        private long _next = now;
        private bool _isUp;

        public bool? IsUp
        {
            get
            {
                var time = SystemCalls.NowMicroseconds;
                if (time >= _next)
                {
                    _next = time + 100_000;
                    _isUp = VrrpLink.IsUpAndRunning(name);
                }

                return _isUp;
            }
        }
    }
}
