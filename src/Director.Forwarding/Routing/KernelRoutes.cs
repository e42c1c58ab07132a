using System.Collections.Concurrent;
using System.ComponentModel;
using System.Runtime.InteropServices;
using Director.Forwarding.Packets;

namespace Director.Forwarding.Routing;

/// <summary>
/// The kernel's routes and neighbours over rtnetlink. One thread listens for changes and lists anew what the kernel does not tell of; the others read an immutable snapshot.
/// </summary>
/// <remarks>
/// Rules with selectors, routes for a source or a type of service, VRFs and routes that encapsulate are left out of account. Of several hops the destination's hash chooses one.
/// </remarks>
internal sealed class KernelRoutes : IRoutes, IDisposable
{
    /// <summary>The MAC of hosts behind an interface without MACs.</summary>
    private const ulong NoMacNeeded = 0xFFFF_FFFF_FFFF;

    // The kernel's own limit (net.ipv4.neigh.default.gc_thresh3) is 1,024 by default; this one only bounds the memory.
    private const int MaximumNeighbours = 65_536;
    private const int RefreshMilliseconds = 1_000;
    private const int ForgetMilliseconds = 600_000;
    private const int DumpTimeoutMilliseconds = 10_000;
    private const int EventBufferBytes = 4 << 20;
    private const RoutingEffect Everything = RoutingEffect.Changed | RoutingEffect.RoutesOutdated | RoutingEffect.RulesOutdated;

    private readonly record struct NeighbourKey(int Interface, InetAddress Address);

    private delegate void MessageReader(in NetlinkMessage message);

    private readonly NetlinkSocket _events;
    private readonly NetlinkSocket _requests;
    private readonly EventDescriptor _wake = new();
    private readonly byte[] _buffer = new byte[64 * 1024];
    private readonly byte[] _request = new byte[64];
    private readonly RoutingState _state = new();
    private readonly ConcurrentDictionary<NeighbourKey, Neighbour> _neighbours = new();
    private readonly ConcurrentQueue<Neighbour> _wanted = new();
    private readonly List<Neighbour> _asked = [];
    private readonly Action<string> _report;
    private readonly Thread _thread;
    private RoutingSnapshot _snapshot = RoutingSnapshot.Empty;
    private RoutingEffect _outdated;
    private bool _hasLostEvents;
    private long _notBefore;
    private uint _sequence;
    private int _generation;
    private int _neighbourCount;
    private volatile bool _isStopping;

    /// <summary>Reads everything once and follows the kernel from then on, in the network namespace of the calling thread.</summary>
    /// <param name="report">Takes a line about what the operator may want to know, on any thread.</param>
    /// <exception cref="Win32Exception">The kernel refuses.</exception>
    public KernelRoutes(Action<string> report)
    {
        _report = report;
        _requests = new NetlinkSocket(NetlinkSocket.RouteProtocol, 0, EventBufferBytes);
        try
        {
            // Listening comes first: what changes while the lists are read is seen afterwards.
            _events = new NetlinkSocket(NetlinkSocket.RouteProtocol, RouteMessages.Groups, EventBufferBytes);
            ReadAll();
        }
        catch
        {
            _events?.Dispose();
            _requests.Dispose();
            _wake.Dispose();
            throw;
        }
        _thread = new Thread(Run) { IsBackground = true, Name = "routes" };
        _thread.Start();
    }

    /// <inheritdoc/>
    public int Generation => Volatile.Read(ref _generation);

    /// <inheritdoc/>
    public Route Find(in InetAddress destination)
    {
        var way = Volatile.Read(ref _snapshot).Find(destination);
        if (way.Kind != RouteKind.Unicast)
            return new(way.Kind, null, way.Mtu, way.Source);
        // Behind an interface without MACs one object stands for all.
        var key = way.HasNeighbours ? new NeighbourKey(way.Interface, way.NextHop) : new NeighbourKey(way.Interface, default);
        var neighbour = _neighbours.TryGetValue(key, out var known) ? known : Meet(key, way.HasNeighbours ? 0 : NoMacNeeded);
        return neighbour is null ? default : new(RouteKind.Unicast, neighbour, way.Mtu, way.Source);
    }

    /// <inheritdoc/>
    public void Resolve(Neighbour neighbour)
    {
        if (!neighbour.Want())
            return;
        _wanted.Enqueue(neighbour);
        _wake.Set();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_isStopping)
            return;
        _isStopping = true;
        _wake.Set();
        _thread.Join();
        _events.Dispose();
        _requests.Dispose();
        _wake.Dispose();
    }

    private Neighbour? Meet(NeighbourKey key, ulong mac)
    {
        if (Volatile.Read(ref _neighbourCount) >= MaximumNeighbours)
            return null;
        var met = new Neighbour(key.Interface, key.Address) { Mac = mac, LastUsed = Environment.TickCount64 };
        var kept = _neighbours.GetOrAdd(key, met);
        if (ReferenceEquals(kept, met))
            Interlocked.Increment(ref _neighbourCount);
        return kept;
    }

    private void Run()
    {
        var refreshAt = Environment.TickCount64 + RefreshMilliseconds;
        while (!_isStopping)
        {
            try
            {
                var now = Environment.TickCount64;
                var until = _outdated == RoutingEffect.None ? refreshAt : Math.Min(refreshAt, _notBefore);
                NetlinkSocket.Wait([_events.Descriptor, _wake.Descriptor], (int)Math.Clamp(until - now, 0, RefreshMilliseconds));
                _wake.Clear();
                AskWanted();
                FollowEvents();
                now = Environment.TickCount64;
                if (_outdated != RoutingEffect.None && now >= _notBefore)
                    ReadOutdated();
                if (now >= refreshAt)
                {
                    Refresh(now);
                    refreshAt = now + RefreshMilliseconds;
                }
            }
            catch (Exception e) when (e is Win32Exception or TimeoutException)
            {
                _report($"routes: {e.Message} They are read again in a second.");
                _hasLostEvents = true;
                _outdated = Everything;
                _notBefore = Environment.TickCount64 + RefreshMilliseconds;
            }
        }
    }

    private void FollowEvents()
    {
        var effect = RoutingEffect.None;
        while (true)
        {
            if (!_events.TryReceive(_buffer, out var length))
            {
                _hasLostEvents = true;
                effect |= Everything;
                continue;
            }
            if (length == 0)
                break;
            ReadOnlySpan<byte> rest = _buffer.AsSpan(0, length);
            while (NetlinkMessage.TryTake(ref rest, out var message))
                effect |= Follow(message);
        }
        _outdated |= effect & ~RoutingEffect.Changed;
        if ((effect & RoutingEffect.Changed) != 0)
            Publish();
    }

    private RoutingEffect Follow(in NetlinkMessage message)
    {
        switch (message.Type)
        {
            case RouteMessages.NewLink or RouteMessages.DeleteLink when RouteMessages.ReadLink(message.Payload) is { } link:
                return message.Type == RouteMessages.NewLink ? _state.Follow(link) : _state.Remove(link);
            case RouteMessages.NewAddress or RouteMessages.DeleteAddress when RouteMessages.ReadAddress(message.Payload) is { } address:
                return message.Type == RouteMessages.NewAddress ? _state.Follow(address) : _state.Remove(address);
            case RouteMessages.NewRoute or RouteMessages.DeleteRoute when RouteMessages.ReadRoute(message.Payload) is { } route:
                return message.Type == RouteMessages.NewRoute ? _state.Follow(route, (message.Flags & NetlinkMessage.ReplaceFlag) != 0) : _state.Remove(route);
            case RouteMessages.NewRule or RouteMessages.DeleteRule:
                return RoutingEffect.RulesOutdated;
            case RouteMessages.NewNeighbour or RouteMessages.DeleteNeighbour when RouteMessages.ReadNeighbour(message.Payload) is { } neighbour:
                Follow(message.Type == RouteMessages.NewNeighbour ? neighbour : neighbour with { Mac = 0, State = NeighbourStates.None });
                return RoutingEffect.None;
            default:
                return RoutingEffect.None;
        }
    }

    private void Follow(in NeighbourEvent told)
    {
        var key = new NeighbourKey(told.Interface, told.Address);
        if (!_neighbours.TryGetValue(key, out var neighbour) && (told.Mac == 0 || (neighbour = Meet(key, 0)) is null))
            return;
        neighbour.State = told.State;
        neighbour.Mac = told.Mac;
    }

    private void ReadAll()
    {
        _outdated = Everything;
        _hasLostEvents = true;
        ReadOutdated();
        foreach (var rule in _state.IgnoredRules.Where(rule => rule.Table != OwnRoutingTable.Number))
            _report($"routes: {(rule.IsIPv6 ? "ip -6 rule" : "ip rule")} {rule.Priority} (table {rule.Table}) looks at more than the destination and is left out of account.");
    }

    /// <summary>Lists again what may have changed without an event.</summary>
    private void ReadOutdated()
    {
        var started = Environment.TickCount64;
        var outdated = _outdated;
        _outdated = RoutingEffect.None;
        if (_hasLostEvents)
            ReadInterfaces();
        if ((outdated & RoutingEffect.RulesOutdated) != 0)
            outdated |= ReadRules();
        if ((outdated & RoutingEffect.RoutesOutdated) != 0)
            ReadRoutes();
        Publish();
        if (_hasLostEvents)
            ReadNeighbours();
        _hasLostEvents = false;
        // A full table takes a while to read: at most a third of the time goes into it.
        var now = Environment.TickCount64;
        _notBefore = now + 2 * (now - started);
    }

    private void ReadInterfaces() => Consistently(() =>
    {
        _state.ClearInterfaces();
        return List(RouteMessages.GetLink, 0, (in NetlinkMessage message) =>
            {
                if (message.Type == RouteMessages.NewLink && RouteMessages.ReadLink(message.Payload) is { } link)
                    _state.Follow(link);
            })
            && List(RouteMessages.GetAddress, 0, (in NetlinkMessage message) =>
            {
                if (message.Type == RouteMessages.NewAddress && RouteMessages.ReadAddress(message.Payload) is { } address)
                    _state.Follow(address);
            });
    });

    private RoutingEffect ReadRules()
    {
        List<RuleEvent> rules = [];
        Consistently(() =>
        {
            rules.Clear();
            MessageReader read = (in NetlinkMessage message) =>
            {
                if (message.Type == RouteMessages.NewRule && RouteMessages.ReadRule(message.Payload) is { } rule)
                    rules.Add(rule);
            };
            return List(RouteMessages.GetRule, RouteMessages.IPv4Family, read) && List(RouteMessages.GetRule, RouteMessages.IPv6Family, read);
        });
        return _state.SetRules(rules);
    }

    private void ReadRoutes() => Consistently(() =>
    {
        var routes = new RouteTables();
        MessageReader read = (in NetlinkMessage message) =>
        {
            if (message.Type == RouteMessages.NewRoute && RouteMessages.ReadRoute(message.Payload) is { } route && _state.IsWanted(route))
                routes.Add(route);
        };
        var isConsistent = List(RouteMessages.GetRoute, RouteMessages.IPv4Family, read) & List(RouteMessages.GetRoute, RouteMessages.IPv6Family, read);
        _state.SetRoutes(routes);
        return isConsistent;
    });

    private void ReadNeighbours()
    {
        HashSet<NeighbourKey> listed = [];
        MessageReader read = (in NetlinkMessage message) =>
        {
            if (message.Type != RouteMessages.NewNeighbour || RouteMessages.ReadNeighbour(message.Payload) is not { } neighbour)
                return;
            listed.Add(new(neighbour.Interface, neighbour.Address));
            Follow(neighbour);
        };
        Consistently(() => List(RouteMessages.GetNeighbour, RouteMessages.IPv4Family, read) & List(RouteMessages.GetNeighbour, RouteMessages.IPv6Family, read));
        foreach (var (key, neighbour) in _neighbours)
        {
            if (neighbour.Mac != NoMacNeeded && !listed.Contains(key))
                (neighbour.Mac, neighbour.State) = (0, NeighbourStates.None);
        }
    }

    /// <summary>Repeats a list that changed while it was read, a few times; a change that is missed after that comes as an event.</summary>
    private static void Consistently(Func<bool> list)
    {
        const int Attempts = 4;
        for (var attempt = 0; attempt < Attempts && !list(); attempt++)
        {
        }
    }

    /// <summary>Asks the kernel for a list.</summary>
    /// <returns>False when it changed while it was read.</returns>
    private bool List(ushort type, byte family, MessageReader read)
    {
        var sequence = ++_sequence;
        _requests.Send(_request.AsSpan(0, RouteMessages.WriteDump(_request, type, family, sequence)));
        var isConsistent = true;
        var deadline = Environment.TickCount64 + DumpTimeoutMilliseconds;
        while (Environment.TickCount64 < deadline)
        {
            if (!_requests.TryReceive(_buffer, out var length))
            {
                isConsistent = false;
                continue;
            }
            if (length == 0)
                NetlinkSocket.Wait([_requests.Descriptor], RefreshMilliseconds);
            ReadOnlySpan<byte> rest = _buffer.AsSpan(0, length);
            while (NetlinkMessage.TryTake(ref rest, out var message))
            {
                if (message.Sequence != sequence)
                    continue;
                isConsistent &= (message.Flags & NetlinkMessage.InterruptedFlag) == 0;
                if (message.Type == NetlinkMessage.DoneType)
                    return isConsistent;
                if (message.Type == NetlinkMessage.ErrorType)
                    // A kernel without the family (IPv6 compiled out, no policy routing) has nothing to list.
                    return isConsistent;
                read(message);
            }
        }
        throw new TimeoutException($"The kernel did not list what was asked for (rtnetlink request {type}).");
    }

    private void Publish()
    {
        Volatile.Write(ref _snapshot, _state.Snapshot());
        Interlocked.Increment(ref _generation);
    }

    private void AskWanted()
    {
        while (_wanted.TryDequeue(out var neighbour))
        {
            // It may be asked for again at the next refresh; until then the kernel is at work.
            _asked.Add(neighbour);
            Use(neighbour);
        }
    }

    /// <summary>
    /// Tells the kernel that a neighbour is in use: it finds one that is not known, has a stale one confirmed, and so notices a MAC that changed and a host that is gone.
    /// One that the operator set is left alone: NTF_USE would make it forgettable (neighbour.c, NEIGH_UPDATE_F_USE).
    /// </summary>
    private void Use(Neighbour neighbour)
    {
        if (neighbour.Mac == NoMacNeeded || (neighbour.State & (NeighbourStates.Permanent | NeighbourStates.NoArp)) != 0)
            return;
        try
        {
            _requests.Send(_request.AsSpan(0, RouteMessages.WriteUse(_request, neighbour.InterfaceIndex, neighbour.Address, 0)));
        }
        catch (Win32Exception)
        {
            // Out of memory for a moment: the next packet or refresh asks again.
        }
    }

    private void Refresh(long now)
    {
        foreach (var neighbour in _asked)
            neighbour.Asked();
        _asked.Clear();

        var hasForgotten = false;
        foreach (var (key, neighbour) in _neighbours)
        {
            if (neighbour.Used)
            {
                neighbour.Used = false;
                neighbour.LastUsed = now;
                Use(neighbour);
            }
            else if (neighbour.Mac == 0 && now - neighbour.LastUsed > ForgetMilliseconds && _neighbours.TryRemove(key, out _))
            {
                Interlocked.Decrement(ref _neighbourCount);
                hasForgotten = true;
            }
        }
        // Who still holds a forgotten one asks again.
        if (hasForgotten)
            Interlocked.Increment(ref _generation);
        DrainAnswers();
    }

    // Refusals of NTF_USE (the interface is gone, the table is full) queue up on the requests' socket.
    private void DrainAnswers()
    {
        while (!_requests.TryReceive(_buffer, out var length) || length > 0)
        {
        }
    }
}
