using System.Collections.Immutable;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Director.Cluster.Availability.Vrrp;
using Director.Configuration;
using Director.Forwarding;

namespace Director.Cluster.Availability;

/// <summary>
/// A director's availability: heartbeats, the election of who holds which group, and what follows from it. It belongs to the process, not to the actor system, and goes on whatever becomes of
/// that. Members may be called from any thread and do not block.
/// </summary>
public sealed class AvailabilityService : IHeardDirectors, IAsyncDisposable
{
    private readonly IForwardingEngine _engine;
    private readonly Func<bool> _isSynchronised;
    private readonly DateTimeOffset _started;
    private readonly string _name;
    private readonly WorkQueue _log;
    private readonly GroupNotices _notices;
    private readonly VrrpService? _vrrp;
    private readonly LoanTerms _loan;
    private readonly LatestValue<HeardDirectors> _news;
    private readonly LatestValue<Holdings> _holdings;
    private readonly HeartbeatSeal _seal;
    private readonly HeartbeatMachine _machine;
    private readonly HeartbeatLinks _links;
    private readonly PingNodes _pingNodes;
    private readonly HeartbeatThread _thread;
    private readonly Action<string> _write;
    private readonly Lock _payloadLock = new();
    private readonly HashSet<int> _payloads = [];
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // The heartbeat thread's from here on.
    private readonly Dictionary<string, PartitionShare?> _shares = [];
    private readonly Dictionary<string, int> _announcementRounds = [];
    private readonly Dictionary<string, long> _takes = [];
    private DirectorConfiguration _configuration;
    private ForwardingTable? _table;
    private ImmutableArray<GroupConfiguration> _groups = [], _formerGroups = [];
    private HeardDirectors _heard;
    private int _isStopping;

    private AvailabilityService(DirectorConfiguration configuration, IForwardingEngine engine, Func<bool> isSynchronised, Action<string> log, VrrpService? vrrp)
    {
        _vrrp = vrrp;
        _loan = vrrp?.Loan ?? new LoanTerms(engine);
        _notices = new GroupNotices(Log);
        _configuration = configuration;
        _engine = engine;
        _isSynchronised = isSynchronised;
        _started = DateTimeOffset.FromUnixTimeMilliseconds(DateTimeOffset.UtcNow.ToUnixTimeMilliseconds());
        _name = NameOf(configuration);
        _write = log;
        _log = new WorkQueue("heartbeat-log", TimeSpan.FromSeconds(1));
        _seal = new HeartbeatSeal(configuration.Cluster.Key.AsSpan());
        _links = new HeartbeatLinks(configuration.Availability.Heartbeat, configuration.Cluster.Seeds, engine.Report().Links, Log);
        _pingNodes = new PingNodes(Log);
        SetPingNodes(configuration.Availability);
        _machine = new HeartbeatMachine(
            new HeartbeatFormat(configuration.Cluster.Name, _seal), Settings(configuration), Draw(), Draw, _links.NameOf, Log, SystemCalls.Now);
        _heard = _machine.Heard;
        _news = new LatestValue<HeardDirectors>("heartbeat-news", runsFirst: false, Tell);
        _holdings = new LatestValue<Holdings>("holdings", runsFirst: true, Hold);
        _thread = new HeartbeatThread(_machine, _links, _pingNodes, new Owner(this));
        engine.AddressClaimed += Claimed;
    }

    /// <inheritdoc/>
    public event Action<HeardDirectors>? Changed;

    /// <inheritdoc/>
    public HeardDirectors Heard => Volatile.Read(ref _heard);

    /// <summary>Starts it. Until <c>initdead</c> has passed this director holds nothing.</summary>
    /// <param name="configuration">Whole and valid, with a key.</param>
    /// <param name="engine">What holds and forwards; its table may change at any time. It must outlive the service.</param>
    /// <param name="isSynchronised">Whether this director has the connections of the others; asked often, must not block.</param>
    /// <param name="log">Takes lines for the operator, one an event, from a thread of its own.</param>
    /// <param name="vrrp">What decides for the groups that VRRP holds; null: there are none.</param>
    /// <exception cref="ArgumentException">There is no key, or there are too many groups, or a name is too long; the message says so in one line.</exception>
    public static AvailabilityService Start(
        DirectorConfiguration configuration, IForwardingEngine engine, Func<bool> isSynchronised, Action<string> log, VrrpService? vrrp = null)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        ArgumentNullException.ThrowIfNull(engine);
        Check(configuration);
        AvailabilityService service = new(configuration, engine, isSynchronised, log, vrrp);
        engine.Hold(new Holdings([]));
        service._thread.Start();
        if (vrrp is not null)
            vrrp.Changed += service.FollowVrrp;
        return service;
    }

    /// <inheritdoc/>
    public void SetPayload(int number, ReadOnlySpan<byte> bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(number);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(number, ushort.MaxValue);
        if (bytes.Length > IHeardDirectors.MaxPayloadBytes)
            throw new ArgumentException($"{bytes.Length} bytes: {IHeardDirectors.MaxPayloadBytes} at most", nameof(bytes));
        lock (_payloadLock)
        {
            if (_payloads.Add(number) && _payloads.Count > IHeardDirectors.MaxPayloads)
            {
                _payloads.Remove(number);
                throw new ArgumentException($"{IHeardDirectors.MaxPayloads} payloads at most", nameof(number));
            }
        }

        var copy = bytes.ToArray();
        _thread.Ask(_ => _machine.SetPayload(number, copy));
    }

    /// <inheritdoc/>
    public void SetAkka(string address, ClusterIdentity? cluster)
    {
        if (Encoding.UTF8.GetByteCount(address) > HeartbeatFormat.MaxAkkaAddressBytes)
            throw new ArgumentException($"'{address}' is too long: {HeartbeatFormat.MaxAkkaAddressBytes} bytes at most", nameof(address));
        _thread.Ask(_ => _machine.SetAkka(address, cluster));
    }

    /// <inheritdoc/>
    public void SetSynchronisation(IPEndPoint? address) => _thread.Ask(_ => _machine.SetSynchronisation(address));

    /// <summary>Says which part of a group's clients is this director's. In active-active mode a group without one is neither answered for nor forwarded.</summary>
    public void SetShare(string group, PartitionShare? share) => _thread.Ask(_ =>
    {
        _shares[group] = share;
        Hold(_machine.Election);
    });

    /// <summary>Hands groups over to the best of the other directors.</summary>
    /// <param name="group">Which one; null is all.</param>
    public void HandOver(string? group = null) => _thread.Ask(_ => _machine.Election.HandOver(group));

    /// <summary>
    /// Goes by another configuration: groups, scripts, mail, times, priority and ping nodes. What groups both have stay where they are. Names, key, port and links are as they were at the start.
    /// </summary>
    /// <exception cref="ArgumentException">As for <see cref="Start"/>.</exception>
    public void Reconfigure(DirectorConfiguration configuration)
    {
        Check(configuration);
        _thread.Ask(now =>
        {
            _configuration = configuration;
            _table = null;
            SetPingNodes(configuration.Availability);
            _machine.Change(Settings(configuration), now);
        });
    }

    /// <summary>What it does and has done.</summary>
    public Task<AvailabilityReport> Report()
    {
        TaskCompletionSource<AvailabilityReport> report = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _thread.Ask(now => report.TrySetResult(Report(now)));
        return Task.WhenAny(report.Task, _ended.Task).ContinueWith(
            done => report.Task.IsCompletedSuccessfully ? report.Task.Result : throw new InvalidOperationException("availability has stopped"), TaskScheduler.Default);
    }

    /// <summary>Hands everything over, says goodbye and ends. May be called again.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isStopping, 1) != 0)
        {
            await _ended.Task.ConfigureAwait(false);
            return;
        }

        _engine.AddressClaimed -= Claimed;
        _thread.Ask(_ => _machine.Election.Stop());
        // A successor has twice deadtime to take a group, and the others once more to hear of it.
        var patience = TimeSpan.FromSeconds(1) + (8 * _configuration.Availability.Heartbeat.Deadtime);
        await Task.Factory.StartNew(End, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).ConfigureAwait(false);

        void End()
        {
            _thread.End(patience);
            _news.Dispose();
            _holdings.Dispose();
            _notices.Dispose();
            if (_vrrp is not null)
                _vrrp.Changed -= FollowVrrp;
            _thread.Dispose();
            _seal.Dispose();
            _log.Dispose();
            _ended.TrySetResult();
        }
    }

    private static string NameOf(DirectorConfiguration configuration) => configuration.Name.Length > 0 ? configuration.Name : Environment.MachineName;

    private static ulong Draw() => BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong)));

    private static void Check(DirectorConfiguration configuration)
    {
        if (configuration.Cluster.Key.IsDefaultOrEmpty)
            throw new ArgumentException("cluster.key is missing: without it directors cannot trust each other's heartbeats");
        if (configuration.Availability.Groups.Length >= HeartbeatFormat.MaxGroups)
            throw new ArgumentException($"availability.groups has {configuration.Availability.Groups.Length} groups: {HeartbeatFormat.MaxGroups - 1} at most");
        if (Encoding.UTF8.GetByteCount(NameOf(configuration)) > HeartbeatFormat.MaxNameBytes)
            throw new ArgumentException($"name '{NameOf(configuration)}' is too long: {HeartbeatFormat.MaxNameBytes} bytes at most");
    }

    private ElectionSettings Settings(DirectorConfiguration configuration)
    {
        var availability = configuration.Availability;
        var heartbeat = availability.Heartbeat;
        return new ElectionSettings
        {
            Name = _name,
            Started = _started,
            Keepalive = Milliseconds(heartbeat.Keepalive),
            Warntime = Milliseconds(heartbeat.Warntime),
            Deadtime = Milliseconds(heartbeat.Deadtime),
            Initdead = Milliseconds(heartbeat.Initdead),
            HoldOff = Milliseconds(availability.PingInterval + availability.PingTimeout + heartbeat.Deadtime),
            JoinWait = Milliseconds(configuration.Partition.JoinWait),
            NiceFailback = heartbeat.NiceFailback,
            Priority = heartbeat.Priority,
            Mode = availability.Mode,
            PingNodes = availability.PingNodes.Length,
            Groups = [.. GroupAddresses.Of(availability, ForwardingTable.Empty).Where(group => group.Vrrp is null).Select(group => new ElectionGroup(group.Name, group.Preferred))],
        };
    }

    private static long Milliseconds(TimeSpan time) => (long)time.TotalMilliseconds;

    private void SetPingNodes(AvailabilityConfiguration availability) =>
        _pingNodes.Set(availability.PingNodes, Milliseconds(availability.PingInterval), Milliseconds(availability.PingTimeout));

    private void Log(string line) => _log.Ask(() => _write(line));

    private void Tell(HeardDirectors heard)
    {
        foreach (var subscriber in Changed?.GetInvocationList() ?? [])
        {
            try
            {
                ((Action<HeardDirectors>)subscriber)(heard);
            }
            catch (Exception error)
            {
                // One that fails must not keep the others from hearing who is alive.
                Log($"error: what {subscriber.Method.DeclaringType?.Name} does about heartbeats failed: {error.Message}");
            }
        }
    }

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

    private void Claimed(AddressClaim claim) => _thread.Ask(now =>
    {
        if (_groups.FirstOrDefault(group => group.Vrrp is null && group.Addresses.Contains(claim.Address)) is { } group)
            _machine.Contested(group.Name, $"{claim.Mac} on {claim.Interface} announces {claim.Address} too: another host has this address; look for it", now);
    });

    private void FollowVrrp() => _thread.Ask(_ => Hold(_machine.Election));

    private void Lend(long milliseconds)
    {
        var now = SystemCalls.Now;
        _loan.ByHeartbeats(now + milliseconds, now);
    }

    /// <summary>Tells the engine what this director does for each group now.</summary>
    private void Hold(Election election)
    {
        var isShared = _machine.Settings.Mode == AvailabilityMode.ActiveActive;
        var held = ImmutableArray.CreateBuilder<HeldGroup>();
        foreach (var group in _groups)
        {
            if (group.Vrrp is not null)
            {
                held.AddRange(VrrpHoldings.Of(group, _vrrp?.Views.FirstOrDefault(view => view.Name == group.Name)));
                continue;
            }

            var one = election.Groups.FirstOrDefault(known => known.Name == group.Name);
            var role = one?.State.Role ?? GroupRole.Waits;
            var share = isShared ? _shares.GetValueOrDefault(group.Name) : null;
            if (one is not null)
                one.IsEmpty = share is null || (!share.Blocks.Contains(true) && !share.Ending.Contains(true));
            var mayServe = !isShared || share is not null;
            held.Add(new HeldGroup(group.Name, group.Addresses)
            {
                Interfaces = group.Interfaces,
                Answers = mayServe && role == GroupRole.Holds,
                Forwards = mayServe && role != GroupRole.Waits,
                Announcements = group.Announcements,
                Refresh = group.Refresh,
                AnnouncementRound = _announcementRounds.GetValueOrDefault(group.Name),
                Share = share,
            });
        }

        _holdings.Give(new Holdings(held.ToImmutable()));
    }

    private void Note(ElectionOutput output)
    {
        // One that is no longer configured is released too.
        var group = _groups.Concat(_formerGroups).FirstOrDefault(known => known.Name == output.Group);
        if (output is ElectionOutput.Take)
            _takes[output.Group] = _takes.GetValueOrDefault(output.Group) + 1;
        if (output is ElectionOutput.AnnounceAgain)
            _announcementRounds[output.Group] = _announcementRounds.GetValueOrDefault(output.Group) + 1;
        if (group is null || group.Addresses.IsEmpty)
            return;
        var addresses = string.Join(", ", group.Addresses);
        switch (output)
        {
            case ElectionOutput.Take:
                Log($"took group {output.Group} ({addresses}): {output.Reason}");
                _notices.Took(group, _configuration.Availability.Mail, _name, output.Reason);
                break;
            case ElectionOutput.HandOver handOver:
                Log($"hands group {output.Group} over to {handOver.Successor}: {output.Reason}");
                break;
            case ElectionOutput.Leave:
                Log($"no longer answers for group {output.Group}: {output.Reason}");
                break;
            case ElectionOutput.Release:
                Log($"released group {output.Group} ({addresses}): {output.Reason}");
                _notices.Released(group, _configuration.Availability.Mail, _name, output.Reason);
                break;
            case ElectionOutput.AnnounceAgain:
                Log($"announces group {output.Group} again: {output.Reason}");
                break;
            case ElectionOutput.Alert:
                Log($"warning: group {output.Group}: {output.Reason}");
                break;
        }
    }

    private AvailabilityReport Report(long now)
    {
        var wall = DateTimeOffset.UtcNow;
        var heard = _machine.Heard;
        return new AvailabilityReport(
            heard,
            [
                .. _machine.Election.Groups.Select(group => new GroupReport(
                    group.Name, _groups.FirstOrDefault(known => known.Name == group.Name)?.Addresses ?? [], group.State.Role,
                    [.. heard.OldestFirst.Where(director => director.Groups.TryGetValue(group.Name, out var state) && state.Role == GroupRole.Holds).Select(director => director.Name)],
                    wall - TimeSpan.FromMilliseconds(now - group.Since), group.Reason, _takes.GetValueOrDefault(group.Name))),
            ],
            [.. _machine.Hearing.Peers.Select(peer => new PeerReport(peer.Name, peer.IsAlive, TimeSpan.FromMilliseconds(now - peer.LastHeard), peer.Gone, LinksOf(peer, now)))],
            [.. Enumerable.Range(0, _links.Count).Select(link => new HeartbeatLinkReport(_links.NameOf(link), _links.ProblemOf(link), _links[link]?.Sent ?? 0, _links[link]?.NotSent ?? 0))],
            [.. _pingNodes.States().Select(node => new PingNodeReport(node.Address, node.IsReached))],
            Enum.GetValues<HeartbeatFault>().Where(fault => fault != HeartbeatFault.None).ToImmutableSortedDictionary(fault => fault, _machine.Hearing.Count),
            _thread.RunsFirst,
            TimeSpan.FromMilliseconds(_thread.LongestPause));
    }

    private ImmutableArray<PeerLinkReport> LinksOf(Hearing.Peer peer, long now) =>
    [
        .. peer.Links.Select((heard, link) => (heard, link)).Where(pair => pair.heard.Received > 0)
            .Select(pair => new PeerLinkReport(_links.NameOf(pair.link), TimeSpan.FromMilliseconds(now - pair.heard.LastHeard), pair.heard.Received, pair.heard.Lost)),
    ];

    /// <summary>What the heartbeat thread asks for.</summary>
    private sealed class Owner(AvailabilityService service) : IHeartbeatOwner
    {
        public bool IsSynchronised => service._isSynchronised();

        public void Lend(long milliseconds) => service.Lend(milliseconds);

        public void CarryOut(IReadOnlyList<ElectionOutput> outputs, Election election)
        {
            service.FollowTable();
            foreach (var output in outputs)
                service.Note(output);
            service.Hold(election);
        }

        public void Follow()
        {
            if (service.FollowTable())
                service.Hold(service._machine.Election);
        }

        public void Publish(HeardDirectors heard)
        {
            Volatile.Write(ref service._heard, heard);
            service._news.Give(heard);
        }

        public void Log(string line) => service.Log(line);
    }

    /// <summary>Takes note of another table. False when it is the same.</summary>
    private bool FollowTable()
    {
        var table = _engine.Table;
        if (ReferenceEquals(table, _table))
            return false;
        _table = table;
        _formerGroups = _groups;
        _groups = GroupAddresses.Of(_configuration.Availability, table);
        return true;
    }
}
