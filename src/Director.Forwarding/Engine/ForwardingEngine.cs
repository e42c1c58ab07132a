using System.Collections.Immutable;
using System.Diagnostics;
using System.Net;
using System.Security.Cryptography;
using Director.Forwarding.Connections;
using Director.Forwarding.Engine;
using Director.Forwarding.Kernel;
using Director.Forwarding.Links;
using Director.Forwarding.Packets;
using Director.Forwarding.Partitioning;
using Director.Forwarding.Routing;
using Director.Forwarding.Scheduling;
using Director.Forwarding.Statistics;
using Director.Forwarding.Synchronisation;
using Director.Forwarding.Synchronisation.Ipvs;

namespace Director.Forwarding;

/// <summary>The packet path on this host: workers on its NICs, the kernel kept off what they forward.</summary>
public sealed class ForwardingEngine : IForwardingEngine
{
    /// <summary>The TUN device through which packets are given to this host's kernel.</summary>
    public const string TunDevice = "director0";

    private const int SmallestTable = 1024;
    private const int AnnouncementsAlone = 3;
    private static readonly TimeSpan LongestWarmUpBeforeStart = TimeSpan.FromMilliseconds(200);

    private readonly Lock _lock = new();
    private readonly Action<string> _log;
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly ImmutableArray<InterfaceInfo> _interfaces;
    private readonly KernelRoutes _routes;
    private readonly KernelGuard _guard;
    private readonly SteeringProgram? _steering;
    private readonly GroupMembership _groups = new();
    private readonly MacMembership _sharedMacs = new();
    private readonly AnnouncementSchedule _announced = new();
    private readonly Loan _loan = new();
    private readonly Traffic _traffic;
    private readonly ServiceTable _services;
    private readonly PersistenceTemplates _templates;
    private readonly PublishedView _view;
    private readonly PathMtus _mtus = new();
    private readonly PacketCounters[] _counters;
    private readonly Worker[] _workers;
    private readonly RecordDelivery _delivery;
    private readonly ConnectionSynchronisation? _synchronisation;
    private readonly IpvsSynchronisation _ipvs;
    private readonly AdoptionPeriods? _adoption;
    private readonly Timer _rates;
    private readonly Timer _announcements;
    private readonly WarmUp _warmUp;
    private readonly int _capacity;
    private Holdings _holdings = Holdings.Everything;
    private HiddenTraffic _hiddenOfTable = new();
    private HiddenTraffic _hidden = new();
    private HashSet<(InetAddress Address, int InterfaceIndex)> _joined = [];
    private bool _isDisposed;

    // Held by who reads native memory on a thread that is no worker's; taken whole before that memory is freed.
    private readonly ReaderWriterLockSlim _memory = new();
    private EngineReport? _lastReport;

    private ForwardingEngine(EngineOptions options, Action<string> log)
    {
        _log = log;
        _warmUp = new WarmUp(options.Synchronisation is not null, log);
        _interfaces = [.. InterfaceList.Choose(InterfaceList.Read(), options.Interfaces)];
        var workers = options.Workers == 0 ? Environment.ProcessorCount : options.Workers;
        if (workers > 1 && !SteeringProgram.TryLoad(workers, out _steering, out var problem))
        {
            log($"one worker instead of {workers}: {problem}");
            workers = 1;
        }

        _routes = new KernelRoutes(log);
        _capacity = Math.Clamp(options.Connections / workers, SmallestTable, ConnectionTable.MaximumCapacity);
        _traffic = new Traffic(workers);
        _services = new ServiceTable(_traffic, address => _routes.Find(address).Kind == RouteKind.Local);
        _templates = new PersistenceTemplates(Math.Min(_capacity * workers, ConnectionTable.MaximumCapacity), Secret(), _services.Destinations);
        _view = new PublishedView(new WorkerView(_services.Current, HiddenPackets.None));
        _counters = [.. Enumerable.Range(0, workers).Select(_ => new PacketCounters())];
        _workers = new Worker[workers];
        _delivery = new RecordDelivery(workers, _templates, () => _services.Current, Now);
        _ipvs = new IpvsSynchronisation(workers, _services.Destinations, _templates, _delivery, InterfaceList.Read, log);
        if (options.Synchronisation is { } synchronisation)
        {
            _adoption = new AdoptionPeriods(synchronisation.Adoption);
            _synchronisation = new ConnectionSynchronisation(synchronisation, workers, _services.Destinations, _templates, _delivery, log);
        }

        OpenLinks(options);
        _guard = KernelGuard.Start(new HostSystem(), TunDevice, watch: new RulesetWatch());
        _warmUp.Wait(LongestWarmUpBeforeStart);
        foreach (var worker in _workers)
            worker.Start(_workers);
        _delivery.Start(worker => _workers[worker].Wake());
        _synchronisation?.Start([.. _workers.Select(worker => worker.Forwarder.Connections)]);
        _ipvs.Change(new IpvsOptions(), options.Ipvs);
        _rates = new Timer(_ => EveryTwoSeconds(), null, RateEstimator.Interval, RateEstimator.Interval);
        _announcements = new Timer(_ => AnnounceAgain(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Takes the interfaces and starts the workers. Nothing is forwarded until a table is applied.</summary>
    /// <param name="options">How the engine is set up.</param>
    /// <param name="log">Takes a line for the operator; called from any thread.</param>
    /// <exception cref="EngineException">Something that the engine needs is missing; the message says what, in one line.</exception>
    public static ForwardingEngine Start(EngineOptions options, Action<string> log)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(log);
        try
        {
            return new ForwardingEngine(options, log);
        }
        catch (Exception error) when (error is LinkException or KernelGuardException)
        {
            throw new EngineException(error.Message);
        }
    }

    /// <inheritdoc/>
    public event Action<AddressClaim>? AddressClaimed;

    /// <inheritdoc/>
    public ForwardingTable Table => _services.Current.Table;

    /// <inheritdoc/>
    public ISynchronisation? Synchronisation => _synchronisation;

    /// <inheritdoc/>
    public IIpvsSynchronisation Ipvs => _ipvs;

    private uint Now() => (uint)(_clock.ElapsedMilliseconds / 10);

    private static ulong Secret() => BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong)));

    // In worker order on each interface: a fan-out chooses among its members by the order in which they joined.
    private void OpenLinks(EngineOptions options)
    {
        var linkOptions = new LinkOptions
        {
            Immediate = options.Immediate,
            ReceiveBufferBytes = options.ReceiveBufferBytes,
            BypassQueueingDiscipline = options.BypassQueueingDiscipline,
        };
        var fanOuts = _interfaces.Select(_ => _steering is null ? null : new FanOut(_steering)).ToArray();
        for (var number = 0; number < _workers.Length; number++)
        {
            var worker = number;
            ILink[] links =
            [
                .. _interfaces.Select((info, i) => new PcapLink(info, linkOptions, i, fanOuts[i], worker)),
                new TunLink(TunDevice, _interfaces.Length, _steering),
            ];
            var setup = new ForwarderSetup
            {
                Links = links,
                View = _view,
                Destinations = _services.Destinations,
                Templates = _templates,
                Traffic = _traffic.Worker(number),
                Counters = _counters[number],
                Routes = _routes,
                PathMtus = _mtus,
                Connections = _capacity,
                Seed = Secret(),
                Loan = _loan,
                Sender = _synchronisation?.Senders[number],
                Ipvs = _ipvs.Senders[number],
                Received = _delivery.Rings[number],
                Adoption = _adoption,
                AddressClaimed = claim => ThreadPool.QueueUserWorkItem(_ => AddressClaimed?.Invoke(claim)),
            };
            _workers[number] = new Worker(number, _workers.Length, links, setup, _clock, TimeSpan.FromMicroseconds(options.SpinMicroseconds), _log);
        }
    }

    /// <inheritdoc/>
    /// <exception cref="EngineException">The table cannot be put in force, as where a VIP is on one of the host's NICs; the one before stays.</exception>
    public void Apply(ForwardingTable table)
    {
        ArgumentNullException.ThrowIfNull(table);
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            var ofTable = HiddenTraffic.Of(table, _interfaces.Select(info => info.Name), IsOwn);
            var hidden = ofTable.Under(_holdings, IsOwn);
            try
            {
                // First the kernel looks away, then the workers begin: never both, never neither for longer than this.
                _guard.Apply(hidden);
            }
            catch (KernelGuardException error)
            {
                throw new EngineException(error.Message);
            }

            _services.Apply(table);
            _hiddenOfTable = ofTable;
            _hidden = hidden;
            var lookup = _services.Current;
            _steering?.SetVirtualAddresses(Prefixes(lookup));
            Publish(lookup, new HiddenPackets(hidden));
            FollowHeldAddresses();
            _synchronisation?.TableApplied(_counters.Sum(counters => (long)(counters[PacketCounter.DropUnknownSynchronisedService] + counters[PacketCounter.DropUnknownSynchronisedRealServer])));
        }
    }

    /// <inheritdoc/>
    public void Hold(Holdings holdings)
    {
        ArgumentNullException.ThrowIfNull(holdings);
        lock (_lock)
        {
            if (_isDisposed)
                return;
            _holdings = holdings;
            var before = _hidden;
            var hidden = _hiddenOfTable.Under(holdings, IsOwn);
            if (hidden.IsSameUnderHoldings(before))
            {
                // As a rule: taking an address costs no command.
                Publish(_services.Current, _view.Current.Hidden);
            }
            else
            {
                // What is taken: first the kernel looks away, then the workers begin. What is released: first the workers stop.
                Hide(hidden with { Vips = hidden.Vips.Union(before.Vips), Served = hidden.Served.Except(before.Vips) });
                Publish(_services.Current, new HiddenPackets(hidden));
                Hide(hidden);
            }

            FollowHeldAddresses();
        }
    }

    /// <inheritdoc/>
    public void Lend(TimeSpan duration) =>
        _loan.Until = duration == Timeout.InfiniteTimeSpan ? long.MaxValue : _clock.ElapsedMilliseconds + (long)duration.TotalMilliseconds;

    // A takeover goes on whatever the host says: better an ICMP redirect too many than addresses that nobody serves.
    private void Hide(HiddenTraffic traffic)
    {
        if (traffic.IsSameUnderHoldings(_hidden))
            return;
        try
        {
            _guard.Apply(traffic);
            _hidden = traffic;
        }
        catch (KernelGuardException error)
        {
            _log(error.Message);
        }
    }

    private bool IsOwn(IPAddress address) => _routes.Find(InetAddress.From(address)).Kind == RouteKind.Local;

    private void Publish(ServiceLookup lookup, HiddenPackets hidden)
    {
        _adoption?.Follow(_holdings, lookup.VirtualAddresses, _clock.ElapsedMilliseconds);
        _view.Current = new WorkerView(lookup, hidden, new HeldAddresses(_holdings, lookup, [.. _interfaces.Select(info => info.Name)]));
    }

    private static IEnumerable<(InetAddress Address, int Length)> Prefixes(ServiceLookup lookup) =>
        lookup.VirtualAddresses.Select(address => (address, address.IsIPv6 ? 128 : 32))
            .Concat(lookup.VirtualNetworks.Select(network => (InetAddress.From(network.BaseAddress), network.PrefixLength)))
            .Distinct();

    /// <summary>Announces what was taken, and hears what is asked about it: solicited-node groups, the shared MAC.</summary>
    private void FollowHeldAddresses()
    {
        var held = _view.Current.Held;
        _announced.Follow(_clock.ElapsedMilliseconds, Announced());
        Announce();

        var wanted = AnsweredAddresses().Where(address => address.IsIPv6)
            .SelectMany(address => _interfaces.Where((_, link) => held.Answering(address, link) is not null).Select(info => (address, info.Index))).ToHashSet();
        try
        {
            foreach (var (address, index) in _joined.Except(wanted))
                _groups.Leave(address, index);
            var added = wanted.Except(_joined).ToArray();
            _joined = wanted;
            foreach (var (address, index) in added)
                _groups.Join(address, index);
            _sharedMacs.Set(_holdings.Groups.Where(group => group is { Mac: not null, Forwards: true })
                .SelectMany(group => _interfaces.Where(info => group.Interfaces.IsEmpty || group.Interfaces.Contains(info.Name)).Select(info => (GroupHolding.MacOf(group.Mac!), info.Index)))
                .ToHashSet());
        }
        catch (LinkException error)
        {
            _log(error.Message);
        }
    }

    private IEnumerable<InetAddress> AnsweredAddresses() => _holdings.IsEverything
        ? _services.Current.VirtualAddresses
        : _holdings.Groups.Where(group => group.Answers).SelectMany(group => group.Addresses).Select(InetAddress.From);

    // Of several directors that answer with one MAC address, the gateway owner announces it.
    private IReadOnlyCollection<AnnouncedGroup> Announced() => _holdings.IsEverything
        ? [new AnnouncedGroup("", [.. _services.Current.VirtualAddresses], AnnouncementsAlone, TimeSpan.Zero)]
        :
        [
            .. _holdings.Groups.Where(group => group.Answers && group.Share is null or { IsGatewayOwner: true })
                .Select(group => new AnnouncedGroup(group.Name, [.. group.Addresses.Select(InetAddress.From)], group.Announcements, group.Refresh, group.AnnouncementRound, group.AnnouncementInterval)),
        ];

    private void Announce()
    {
        var now = _clock.ElapsedMilliseconds;
        InetAddress[] addresses = [.. _announced.Take(now)];
        if (addresses.Length > 0)
            _workers[0].Ask(forwarder => forwarder.Announce(addresses, _clock.ElapsedMilliseconds));
        var next = _announced.Next;
        _announcements.Change(next == long.MaxValue ? Timeout.Infinite : Math.Max(next - now, 0), Timeout.Infinite);
    }

    private void AnnounceAgain()
    {
        lock (_lock)
        {
            if (!_isDisposed)
                Announce();
        }
    }

    private void EveryTwoSeconds()
    {
        try
        {
            Read(() =>
            {
                if (_lastReport is null)
                {
                    _services.AdvanceRates();
                    _templates.Expire(Now());
                    _mtus.Expire(_clock.ElapsedMilliseconds);
                }

                return true;
            });
            lock (_lock)
            {
                if (_isDisposed)
                    return;
                _guard.Restore();
            }

            _ipvs.Look();
        }
        catch (Exception error) when (error is KernelGuardException)
        {
            _log(error.Message);
        }
    }

    /// <inheritdoc/>
    /// <remarks>After <see cref="DisposeAsync"/> what it was then.</remarks>
    public EngineReport Report() => Read(() => _lastReport ?? TakeReport());

    private T Read<T>(Func<T> read)
    {
        _memory.EnterReadLock();
        try
        {
            return read();
        }
        finally
        {
            _memory.ExitReadLock();
        }
    }

    private EngineReport TakeReport() => new(
        _services.Report(),
        _workers.Sum(worker => (long)worker.Forwarder.Connections.Count),
        (long)_capacity * _workers.Length,
        Counters(),
        _workers.Length,
        [.. _interfaces.Select(info => info.Name)]);

    private ImmutableSortedDictionary<string, ulong> Counters()
    {
        var links = _workers.SelectMany(worker => worker.Links).ToArray();
        return PacketCounters.Sum(_counters)
            .SetItem("drop-ring-full", (ulong)links.OfType<PcapLink>().Sum(link => link.KernelDropped))
            .SetItem("send-failed-too-long", (ulong)links.Sum(link => Volatile.Read(ref link.Counters.TooLong)))
            .SetItem("send-failed-no-buffers", (ulong)links.Sum(link => Volatile.Read(ref link.Counters.NoBuffers)))
            .SetItem("send-failed-interface-down", (ulong)links.Sum(link => Volatile.Read(ref link.Counters.InterfaceDown)))
            .SetItem("send-failed-buffer-full", (ulong)links.Sum(link => Volatile.Read(ref link.Counters.SendBufferFull)))
            .SetItems(_ipvs.Counters);
    }

    /// <inheritdoc/>
    public ImmutableArray<ConnectionReport> Connections() => Read(() => _lastReport is null ? ListConnections() : []);

    private ImmutableArray<ConnectionReport> ListConnections()
    {
        var list = ImmutableArray.CreateBuilder<ConnectionReport>();
        var now = Now();
        foreach (var isIPv6 in (ReadOnlySpan<bool>)[false, true])
        {
            foreach (var worker in _workers)
                ConnectionListing.Append(worker.Forwarder.Connections.Table(isIPv6), now, _services.Destinations, list);
            ConnectionListing.Append(_templates.Table(isIPv6), now, _services.Destinations, list);
        }

        return list.ToImmutable();
    }

    /// <inheritdoc/>
    public bool Zero(ServiceKey? service) => Read(() => _lastReport is null && _services.Zero(service));

    /// <summary>Stops the workers and leaves the host as it was.</summary>
    public ValueTask DisposeAsync()
    {
        lock (_lock)
        {
            if (_isDisposed)
                return ValueTask.CompletedTask;
            _isDisposed = true;
        }

        _warmUp.Dispose();
        _announcements.Dispose();
        _rates.Dispose();
        _delivery.Stop();
        _synchronisation?.Stop();
        foreach (var worker in _workers)
            worker.Stop();

        // What workers noted to the end goes out.
        _ipvs.Stop();
        _guard.Stop();
        _memory.EnterWriteLock();
        _lastReport = TakeReport();
        FreeMemory();
        _memory.ExitWriteLock();
        return ValueTask.CompletedTask;
    }

    private void FreeMemory()
    {
        foreach (var worker in _workers)
            worker.Dispose();
        _synchronisation?.Dispose();
        _ipvs.Dispose();
        _delivery.Dispose();
        foreach (var counters in _counters)
            counters.Dispose();
        _groups.Dispose();
        _sharedMacs.Dispose();
        _steering?.Dispose();
        _routes.Dispose();
        _templates.Dispose();
        _traffic.Dispose();
    }
}
