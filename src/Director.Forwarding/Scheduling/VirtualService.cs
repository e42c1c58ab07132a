using Director.Forwarding.Packets;
using Director.Forwarding.Statistics;

namespace Director.Forwarding.Scheduling;

/// <summary>A virtual service as it is: its real servers and the scheduler that chooses among them.</summary>
internal sealed class VirtualService
{
    private readonly Lock _lock = new();
    private readonly Random _random;
    private volatile VirtualServiceSpec _spec;
    private volatile Destination[] _destinations = [];
    private volatile AccessFilter _access;
    private Scheduler _scheduler;

    /// <summary>A service that has no real servers yet.</summary>
    /// <exception cref="ArgumentException">There is no such scheduler.</exception>
    public VirtualService(VirtualServiceSpec spec, Random random)
    {
        _random = random;
        _spec = spec;
        _scheduler = Scheduler.Create(spec.Scheduler, random);
        _scheduler.Flags = spec.SchedulerFlags;
        _access = new AccessFilter(spec.Access);
    }

    /// <summary>What identifies it.</summary>
    public ServiceKey Key => _spec.Key;

    /// <summary>As it should be.</summary>
    public VirtualServiceSpec Spec => _spec;

    /// <summary>The mark that it is found by; 0 for a service that has an address.</summary>
    public uint Mark => _spec.Key.Mark;

    /// <summary>Keeps a client on one real server; null does not.</summary>
    public Persistence? Persistence => _spec.Persistence;

    /// <summary>Every packet is scheduled anew and no connection is kept.</summary>
    public bool OnePacket => _spec.OnePacket;

    /// <summary>Whether its scheduler chooses by the packet alone, so that every director chooses the same.</summary>
    public bool IsFunctionOfPacket => _spec.Scheduler is "sh" or "dh" or "mh";

    /// <summary>The real servers, the last one added first.</summary>
    public ReadOnlySpan<Destination> Destinations => _destinations;

    /// <summary>Its traffic as <see cref="ServiceTable"/> reads it; workers do not touch it.</summary>
    public TrafficAccount Account { get; } = new(default);

    /// <summary>Traffic of real servers that were removed and have no connections left.</summary>
    public TrafficTotals Retired { get; private set; }

    /// <summary>Keeps the traffic of a real server that is gone.</summary>
    public void Retire(TrafficTotals traffic) => Retired = Retired.Plus(traffic);

    /// <summary>Whether this client may open connections.</summary>
    public bool Admits(in InetAddress client) => _access.Admits(client);

    /// <summary>
    /// Chooses a real server for a new connection and counts the connection there as inactive (<see cref="Destination.TryBind"/>); the caller unbinds it
    /// when it ends or is not made. Null when no real server can take it.
    /// </summary>
    /// <param name="flow">The packet that opens the connection.</param>
    /// <param name="nowMilliseconds">Time since any fixed point.</param>
    public Destination? Schedule(in Flow flow, long nowMilliseconds)
    {
        lock (_lock)
        {
            var destination = _scheduler.Schedule(flow, nowMilliseconds);
            return destination is not null && destination.TryBind() ? destination : null;
        }
    }

    /// <summary>The real server of this address and port, not counted yet; null when there is none.</summary>
    public Destination? Find(in InetAddress address, ushort port)
    {
        foreach (var destination in _destinations)
        {
            if (destination.Port == port && destination.Address == address)
            {
                return destination;
            }
        }

        return null;
    }

    /// <summary>
    /// Takes another specification of the same key, but for its real servers. Another scheduler starts anew; the same one keeps its position.
    /// </summary>
    public void Update(VirtualServiceSpec spec)
    {
        lock (_lock)
        {
            if (spec.Scheduler != _spec.Scheduler)
            {
                var scheduler = Scheduler.Create(spec.Scheduler, _random);
                scheduler.Start(_destinations);
                _scheduler = scheduler;
            }

            _scheduler.Flags = spec.SchedulerFlags;
            if (spec.Access != _spec.Access)
            {
                _access = new AccessFilter(spec.Access);
            }

            _spec = spec;
        }
    }

    /// <summary>A new real server, at the head of the list.</summary>
    public void Add(Destination destination)
    {
        lock (_lock)
        {
            _destinations = [destination, .. _destinations];
            _scheduler.Add(_destinations);
        }
    }

    /// <summary>A real server has another specification.</summary>
    public void Change(Destination destination, RealServerSpec spec, ForwardingMethod method)
    {
        lock (_lock)
        {
            destination.Update(spec, method);
            _scheduler.Change();
        }
    }

    /// <summary>A real server takes no connection any more; those that it has go on.</summary>
    public void Remove(Destination destination)
    {
        lock (_lock)
        {
            int position = Array.IndexOf(_destinations, destination);
            destination.Remove();
            _destinations = [.. _destinations[..position], .. _destinations[(position + 1)..]];
            _scheduler.Remove(_destinations, destination, position);
        }
    }
}
