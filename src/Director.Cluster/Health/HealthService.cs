using System.Collections.Immutable;
using Director.Forwarding;
using Director.Health;
using Director.Health.Probing;

namespace Director.Cluster.Health;

/// <summary>
/// The health of real servers on one director. It belongs to the process: it probes what this director owns and what nobody else seems to probe, knows the verdicts of all directors, and says what
/// of each service is in force. Members may be called from any thread.
/// </summary>
internal sealed class HealthService : IDisposable
{
    private static readonly TimeSpan s_tick = TimeSpan.FromSeconds(1);

    /// <summary>Ticks in which every verdict and word is told once more.</summary>
    private const int TicksOfARound = 4;

    /// <summary>Ticks after which how late questions were is taken anew, so that who asks seldom sees it too.</summary>
    private const int TicksOfLateness = 30;

    private readonly Lock _lock = new();

    // Taken before _lock, and held while the others are told: they hear of a verdict's changes in the order in which they came.
    private readonly Lock _telling = new();
    private readonly string _name;
    private readonly string _self;
    private readonly TimeProvider _clock;
    private readonly long _start;
    private readonly Action<string> _log;
    private readonly Alerts _alerts;
    private readonly HealthNews _news;
    private readonly Prober _prober;
    private readonly ITimer _timer;
    private readonly VerdictBoard _board = new();
    private readonly Maintenance _maintenance = new();
    private readonly MaintenanceFolder _folder = new();
    private readonly Dictionary<ServiceKey, ServiceHealth> _services = [];
    private readonly HashSet<ServiceKey> _owned = [];
    private HealthPlan _plan = HealthPlan.Empty;
    private ProbePlan _probes = ProbePlan.Empty;
    private ForwardingTable _table = ForwardingTable.Empty;
    private Func<ServiceKey, ServerKey, (int Percent, string? State)> _feedback = (_, _) => (100, null);
    private ImmutableArray<string> _living = [];
    private bool _isAlone = true;
    private bool _isDisposed;
    private int _ticks;
    private TimeSpan _late;
    private TimeSpan _lateBefore;

    /// <param name="name">This director's name.</param>
    /// <param name="self">This process's life, unique in the cluster.</param>
    /// <param name="clock">The time.</param>
    /// <param name="log">Takes lines for the operator.</param>
    public HealthService(string name, string self, TimeProvider clock, Action<string> log)
    {
        _name = name;
        _self = self;
        _clock = clock;
        _start = clock.GetTimestamp();
        _log = log;
        _alerts = new Alerts(name, clock, log);
        _news = new HealthNews(_alerts, log);
        _prober = new Prober(clock, new Random(), OnAnswer);
        _timer = clock.CreateTimer(_ => OnTick(), null, s_tick, s_tick);
    }

    /// <summary>What of these services is in force may have changed: put it in force again. Raised outside of any lock.</summary>
    public event Action<IReadOnlyCollection<ServiceKey>>? Changed;

    /// <summary>The other directors are to hear this. Raised outside of any lock.</summary>
    public event Action<IHealthMessage>? Told;

    /// <summary>What this director does to know all that.</summary>
    public CheckingFigures Activity
    {
        get
        {
            lock (_lock)
            {
                return new(_prober.Count, _prober.Answers, Math.Max(_late.TotalSeconds, _lateBefore.TotalSeconds));
            }
        }
    }

    private TimeSpan Now => _clock.GetElapsedTime(_start);

    private KnownHealth Known => new(_probes, _board, _maintenance, _feedback);

    /// <summary>The file says something else.</summary>
    public void SetPlan(HealthPlan plan)
    {
        lock (_lock)
        {
            var before = _plan;
            _plan = plan;
            foreach (var (key, was) in before.Services)
            {
                if (plan.Services.TryGetValue(key, out var now))
                {
                    Leave(was, now);
                }
                else
                {
                    _services.Remove(key);
                }
            }

            _alerts.Plan = plan.Alerts;
            Replan();
        }

        Changed?.Invoke([.. plan.Services.Keys]);
    }

    /// <summary>Another table is wished for.</summary>
    public void SetTable(ForwardingTable table)
    {
        lock (_lock)
        {
            _table = table;
            Replan();
        }
    }

    /// <summary>This director owns a service now, or no longer.</summary>
    public void Own(ServiceKey service, bool isOwned)
    {
        lock (_lock)
        {
            if (isOwned ? _owned.Add(service) : _owned.Remove(service))
            {
                Reprobe();
            }
        }
    }

    /// <summary>Whether there are other directors.</summary>
    public void SetAlone(bool isAlone)
    {
        lock (_lock)
        {
            if (_isAlone != isAlone)
            {
                _isAlone = isAlone;
                Reprobe();
            }
        }
    }

    /// <summary>Which other directors are alive by heartbeat. What one of them asked that is so no longer, this director asks at once, until the cluster has found another owner.</summary>
    /// <param name="names">Their names.</param>
    public void SetLiving(IReadOnlyCollection<string> names)
    {
        lock (_lock)
        {
            string[] dead = [.. _living.Except(names)];
            _living = [.. names];
            Array.ForEach(dead, _board.Died);
            if (dead.Length > 0)
            {
                Reprobe();
            }
        }
    }

    /// <summary>Where load is asked for: share of the weight, and <c>maintenance</c> or <c>down</c> if the real server says so itself.</summary>
    public void SetFeedback(Func<ServiceKey, ServerKey, (int Percent, string? State)> feedback)
    {
        lock (_lock)
        {
            _feedback = feedback;
        }
    }

    /// <summary>Load asks for other weights.</summary>
    public void FeedbackChanged()
    {
        ImmutableArray<ServiceKey> all;
        lock (_lock)
        {
            all = [.. _plan.Services.Keys];
        }

        Changed?.Invoke(all);
    }

    /// <summary>Whether this director asks for a service, as its owner or because it is alone.</summary>
    public bool Owns(ServiceKey service)
    {
        lock (_lock)
        {
            return _isAlone || _owned.Contains(service);
        }
    }

    /// <summary>Whether a service has enough real servers; true for one that is not checked.</summary>
    public bool HasQuorum(string service)
    {
        lock (_lock)
        {
            foreach (var (key, plan) in _plan.Services)
            {
                if (plan.Name == service)
                {
                    return !_services.TryGetValue(key, out var health) || health.InForce is null || health.HasQuorum;
                }
            }

            return true;
        }
    }

    /// <summary>Hears another director.</summary>
    public void Hear(IHealthMessage message)
    {
        switch (message)
        {
            case Verdicts verdicts when verdicts.Prober != _self:
                foreach (var told in verdicts.Told)
                {
                    Take(told, verdicts.Prober, verdicts.Name);
                }

                break;
            case MaintenanceWords words:
                Take(words.Words, isOwn: false);
                break;
        }
    }

    /// <summary>An operator takes a real server out or back.</summary>
    /// <returns>Null, or what is wrong.</returns>
    public string? SetMaintenance(string text, bool isOn)
    {
        if (Maintenance.Target(text) is not { } target)
        {
            return $"'{text}' is no real server; ADDRESS:PORT, ADDRESS, or SERVICE/ADDRESS:PORT is right";
        }

        DateTimeOffset at;
        lock (_lock)
        {
            if (!_plan.Services.Any(plan => _table.Services.Any(service => service.Key == plan.Key && service.RealServers.Any(server => IsMeant(target, plan.Value.Name, server)))))
            {
                return $"no real server {target} in a service of the configuration file";
            }

            at = _maintenance.After(_clock.GetUtcNow());
        }

        Take([new(target, isOn, at, _name)], isOwn: true);
        return null;
    }

    private static bool IsMeant(string target, string service, RealServerSpec server)
    {
        var maintenance = new Maintenance();
        maintenance.Take(new(target, true, DateTimeOffset.MaxValue, ""));
        return maintenance.IsOn(service, ServerKey.Of(server), byFile: false);
    }

    /// <summary>A service as it is to be in force.</summary>
    public VirtualServiceSpec Serve(VirtualServiceSpec wanted)
    {
        VirtualServiceSpec result;
        IEnumerable<(string State, string Text)> news;
        ServicePlan? plan;
        bool isOwn;
        lock (_lock)
        {
            if (!_plan.Services.TryGetValue(wanted.Key, out plan))
            {
                return wanted;
            }

            if (!_services.TryGetValue(wanted.Key, out var health))
            {
                _services[wanted.Key] = health = new ServiceHealth();
            }

            var before = health.ForPeople;
            result = health.Decide(wanted, plan, server => Known.Of(plan, server), Now);
            news = ServiceNews.Between(before, health.ForPeople, plan);
            isOwn = _isAlone || _owned.Contains(plan.Key);
        }

        foreach (var (state, text) in news)
        {
            _news.Of(plan, "", state, text, isOwn, state is "calm" or "recovered" or "quorum");
        }

        return result;
    }

    /// <summary>Every checked service, for people.</summary>
    public ImmutableArray<ServiceHealthFigures> Figures()
    {
        lock (_lock)
        {
            var (known, now) = (Known, Now);
            return
            [
                .. _table.Services.Where(service => _plan.Services.ContainsKey(service.Key))
                    .Select(service => HealthFigures.Of(service, _plan.Services[service.Key], _services.GetValueOrDefault(service.Key), known, now)),
            ];
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock)
        {
            _isDisposed = true;
        }

        _timer.Dispose();
        _prober.Dispose();
        _alerts.Dispose();
    }

    /// <summary>Real servers that the file no longer names, in a service that it does: what ipvsadm removes is gone at once, as ever.</summary>
    private void Leave(ServicePlan was, ServicePlan now)
    {
        if (_table.Services.FirstOrDefault(service => service.Key == was.Key) is not { } service)
        {
            return;
        }

        foreach (var server in service.RealServers.Where(server => was.Servers.ContainsKey(ServerKey.Of(server)) && !now.Servers.ContainsKey(ServerKey.Of(server))))
        {
            if (_services.TryGetValue(was.Key, out var health))
            {
                health.Leave(server, Now + now.DrainTimeout);
            }
        }
    }

    private void OnAnswer(ProbeOrder order, ProbeState state)
    {
        try
        {
            TakeAnswer(order, state);
        }
        catch (Exception failure)
        {
            // It would end the probe: whatever went wrong, the real server is asked again.
            _log($"error: health: an answer of {order.Name} was not dealt with: {failure.GetType().Name}: {CheckRun.InOneLine(failure)}");
        }
    }

    private void TakeAnswer(ProbeOrder order, ProbeState state)
    {
        ToldVerdict told;
        ToldVerdict? before;
        bool isChanged;
        lock (_telling)
        {
            bool isTold;
            lock (_lock)
            {
                // The last answer of a probe that has ended or asks something else now, or that another director's word has made needless, is worth nothing.
                if (_isDisposed || _probes.Find(order.Name) is not { } probe || probe.Check.Check != order.Check || !IsToAsk(probe))
                {
                    return;
                }

                before = _board.Of(order.Name);
                told = new(order.Name, state.Verdict, state.Detail, state.Percent, before is not null && before.Verdict == state.Verdict ? before.Since : _clock.GetUtcNow());
                isTold = (before?.Verdict != told.Verdict || before.Percent != told.Percent) && IsSpeaker(probe);
                isChanged = _board.Take(told, _self, _name, Now);
            }

            // The others first: they need it as soon as this director does.
            if (isTold)
            {
                Told?.Invoke(new Verdicts(_self, _name, [told]));
            }
        }

        if (isChanged)
        {
            Follow(told, before, isOwn: true);
        }
    }

    private void Take(ToldVerdict told, string prober, string name)
    {
        ToldVerdict? before;
        lock (_lock)
        {
            if (_isDisposed || BelievesItself(told.Probe))
            {
                return;
            }

            before = _board.Of(told.Probe);
            if (!_board.Take(told, prober, name, Now))
            {
                return;
            }
        }

        Follow(told, before, isOwn: false);
    }

    /// <summary>What is known by a probe has changed: first the packet path, then people.</summary>
    private void Follow(ToldVerdict told, ToldVerdict? before, bool isOwn)
    {
        List<(ServicePlan Plan, ServerKey Server)> whose;
        lock (_lock)
        {
            whose = [.. _probes.UsersOf(told.Probe).Where(user => _plan.Services.ContainsKey(user.Service)).Select(user => (_plan.Services[user.Service], user.Server))];
        }

        if (whose.Count > 0)
        {
            Changed?.Invoke([.. whose.Select(user => user.Plan.Key)]);
        }

        if (before is not null && before.Verdict == told.Verdict)
        {
            return;
        }

        // At the start everything becomes known: that all is well needs no mail.
        var isForPeople = isOwn && (before is not null || told.Verdict != Verdict.Up);
        foreach (var (plan, server) in whose)
        {
            _news.Of(plan, server.ToString(), told.Verdict.ToString().ToLowerInvariant(), told.Detail, isForPeople, told.Verdict == Verdict.Up);
        }
    }

    private void Take(ImmutableArray<MaintenanceWord> words, bool isOwn)
    {
        ImmutableArray<MaintenanceWord> news;
        ImmutableArray<ServiceKey> all;
        lock (_lock)
        {
            news = [.. words.Where(_maintenance.Take)];
            all = [.. _plan.Services.Keys];
        }

        if (news.IsEmpty)
        {
            return;
        }

        if (isOwn)
        {
            Told?.Invoke(new MaintenanceWords(news));
        }

        foreach (var word in news)
        {
            _log($"{word.Target} is {(word.IsOn ? "taken into" : "back from")} maintenance (on {word.By})");
        }

        Changed?.Invoke(all);
    }

    private void OnTick()
    {
        try
        {
            TellOfARound();
            LookForEnds();
            ReadMaintenanceDirectory();
        }
        catch (Exception failure)
        {
            // Thrown on a timer it would end the director.
            _log($"error: health: a round failed: {failure.GetType().Name}: {CheckRun.InOneLine(failure)}");
        }
    }

    /// <summary>Begins and ends probes by who has spoken lately, and repeats to the others a part of what they should know.</summary>
    private void TellOfARound()
    {
        lock (_telling)
        {
            ImmutableArray<ToldVerdict> toTell;
            ImmutableArray<MaintenanceWord> words;
            lock (_lock)
            {
                if (_isDisposed)
                {
                    return;
                }

                _ticks++;
                FollowLateness();
                _board.Keep(name => _probes.Find(name) is not null);
                Reprobe();
                toTell =
                [
                    .. _probes.Probes.Where((probe, i) => i % TicksOfARound == _ticks % TicksOfARound && IsOwned(probe) && !probe.Check.FromAll)
                        .Select(probe => _board.Of(probe.Name)).OfType<ToldVerdict>(),
                ];
                words = _ticks % TicksOfARound == 0 ? _maintenance.Words : [];
            }

            // Below a frame's 128,000 bytes.
            foreach (var some in toTell.Chunk(300))
            {
                Told?.Invoke(new Verdicts(_self, _name, [.. some]));
            }

            if (!words.IsEmpty)
            {
                Told?.Invoke(new MaintenanceWords(words));
            }
        }
    }

    private void FollowLateness()
    {
        if (_ticks % TicksOfLateness == 0)
        {
            (_lateBefore, _late) = (_late, TimeSpan.Zero);
        }

        var late = _prober.TakeLongestLate();
        _late = late > _late ? late : _late;
    }

    /// <summary>Ends what has drained for long enough.</summary>
    private void LookForEnds()
    {
        HashSet<ServiceKey> touched = [];
        lock (_lock)
        {
            var now = Now;
            foreach (var (key, health) in _services)
            {
                foreach (var gone in health.Leaving.Where(server => health.DrainsUntil(ServerKey.Of(server)) is { } until && until + TimeSpan.FromSeconds(5) <= now).ToArray())
                {
                    health.Gone(ServerKey.Of(gone));
                    touched.Add(key);
                }

                if (health.InForce is { } inForce && inForce.RealServers.Any(server => server.Fate != ConnectionFate.Ended && health.DrainsUntil(ServerKey.Of(server)) is { } end && end <= now))
                {
                    touched.Add(key);
                }
            }
        }

        if (touched.Count > 0)
        {
            Changed?.Invoke(touched);
        }
    }

    /// <summary>Outside of all locks: a folder on a file server that is gone holds up nobody but its reader.</summary>
    private void ReadMaintenanceDirectory()
    {
        if (_folder.Read(_plan.MaintenanceDirectory) is not { } files)
        {
            return;
        }

        ImmutableArray<ServiceKey> all;
        lock (_lock)
        {
            if (files.SetEquals(_maintenance.Files))
            {
                return;
            }

            _maintenance.Files = files;
            all = [.. _plan.Services.Keys];
        }

        Changed?.Invoke(all);
    }

    /// <summary>The table or the file changed.</summary>
    private void Replan()
    {
        var before = _probes;
        _probes = ProbePlan.Of(_table, _plan);
        // A question has another name when its first service has come or gone: that is no reason to forget the answer.
        _board.Rename(_probes.Probes.Select(probe => (From: before.Find(probe.Check)?.Name ?? probe.Name, To: probe.Name)).Where(name => name.From != name.To));
        Reprobe();
    }

    /// <summary>Who asks what may have changed.</summary>
    private void Reprobe()
    {
        if (_isDisposed)
        {
            return;
        }

        ImmutableArray<ProbeOrder> orders = [.. _probes.Probes.Where(IsToAsk).Select(probe => new ProbeOrder(probe.Name, probe.Check.Check, probe.Check.Timing))];
        _prober.Set(orders, name => _board.Of(name) is { } told ? ProbeState.Inherited(told.Verdict, told.Detail, told.Percent) : ProbeState.Start);
    }

    private bool IsOwned(SharedProbe probe) => _isAlone || _owned.Contains(probe.Home);

    /// <summary>Whether the others take this director's word for it.</summary>
    private bool IsSpeaker(SharedProbe probe) => !probe.Check.FromAll && IsOwned(probe);

    /// <summary>Whether this director goes by what it sees itself.</summary>
    private bool BelievesItself(string probe) => _probes.Find(probe) is { } known && (known.Check.FromAll || IsOwned(known));

    /// <summary>What this director owns, and what no other has said anything about lately: an owner that is dead, moving, or without the service in its file leaves no real server unwatched.</summary>
    private bool IsToAsk(SharedProbe probe) => probe.Check.FromAll || IsOwned(probe) || !_board.IsAskedElsewhere(probe.Name, _self, Now);
}
