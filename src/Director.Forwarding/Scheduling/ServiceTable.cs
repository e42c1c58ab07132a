using System.Collections.Immutable;
using Director.Forwarding.Packets;
using Director.Forwarding.Statistics;

namespace Director.Forwarding.Scheduling;

/// <summary>
/// The virtual services and real servers as they are. <see cref="Apply"/> brings them to what a <see cref="ForwardingTable"/> says and keeps what both have:
/// counters, connections, schedulers' positions. Workers read <see cref="Current"/> once a batch and take no lock but a service's, when a connection is set up.
/// </summary>
internal sealed class ServiceTable
{
    private readonly Lock _lock = new();
    private readonly Traffic _traffic;
    private readonly Func<InetAddress, bool> _isLocalAddress;
    private readonly Random _random;
    private readonly Dictionary<ServiceKey, VirtualService> _services = [];
    private volatile ServiceLookup _current = new(ForwardingTable.Empty, [], 0);

    /// <summary>An empty table.</summary>
    /// <param name="traffic">The workers' counters; read for reports, and given room for new real servers.</param>
    /// <param name="isLocalAddress">Whether an address is this host's, loopback included; asked at each <see cref="Apply"/>.</param>
    /// <param name="random">What <c>twos</c> draws from; <see cref="Random.Shared"/> when null.</param>
    public ServiceTable(Traffic traffic, Func<InetAddress, bool> isLocalAddress, Random? random = null)
    {
        _traffic = traffic;
        _isLocalAddress = isLocalAddress;
        _random = random ?? Random.Shared;
    }

    /// <summary>The snapshot in force.</summary>
    public ServiceLookup Current => _current;

    /// <summary>The real servers by their numbers.</summary>
    public DestinationRegistry Destinations { get; } = new();

    /// <summary>
    /// Puts a table in force. Real servers that stay keep their place in the scheduler's list; new ones go to its head, in the table's order.
    /// </summary>
    /// <exception cref="ArgumentException">
    /// Two services have one key, a service has one real server twice, or a scheduler is unknown; nothing has changed then.
    /// </exception>
    public void Apply(ForwardingTable table)
    {
        Check(table);
        lock (_lock)
        {
            Destinations.Release(destination => destination.Service.Retire(_traffic.Sum(destination.Index).Since(destination.Account.Start)));

            var wanted = table.Services.ToDictionary(service => service.Key);
            foreach (var service in _services.Values.Where(service => !wanted.ContainsKey(service.Key)).ToArray())
            {
                RemoveAbsent(service, []);
                _services.Remove(service.Key);
            }

            foreach (var spec in table.Services)
            {
                if (_services.TryGetValue(spec.Key, out var service))
                {
                    service.Update(spec);
                }
                else
                {
                    _services[spec.Key] = service = new VirtualService(spec, _random);
                }

                RemoveAbsent(service, spec.RealServers);
                AddOrChange(service, spec.RealServers);
            }

            _current = new ServiceLookup(table, [.. table.Services.Select(spec => _services[spec.Key])], _current.Version + 1);
        }
    }

    /// <summary>Moves all rates on; to be called every <see cref="RateEstimator.Interval"/>.</summary>
    public void AdvanceRates()
    {
        lock (_lock)
        {
            var services = Count((destination, now) => destination.Account.Advance(now));
            foreach (var (service, now) in services)
            {
                service.Account.Advance(now);
            }
        }
    }

    /// <summary>Sets totals and rates of a service and its real servers to zero; of all services when <paramref name="key"/> is null.</summary>
    /// <returns>False when there is no such service.</returns>
    public bool Zero(ServiceKey? key)
    {
        lock (_lock)
        {
            if (key is { } wanted && !_services.ContainsKey(wanted))
            {
                return false;
            }

            bool IsMeant(VirtualService service) => key is null || service.Key == key;
            var services = Count((destination, now) =>
            {
                if (IsMeant(destination.Service))
                {
                    destination.Account.Zero(now);
                }
            });
            foreach (var (service, now) in services)
            {
                if (IsMeant(service))
                {
                    service.Account.Zero(now);
                }
            }

            return true;
        }
    }

    /// <summary>The services and real servers with their counters, in the table's order.</summary>
    public ImmutableArray<VirtualServiceReport> Report()
    {
        lock (_lock)
        {
            var services = Count((_, _) => { });
            return
            [
                .. _current.Services.Select(service => new VirtualServiceReport(
                    service.Spec,
                    [.. service.Destinations.ToArray().Select(Report)],
                    service.Account.Totals(services[service]),
                    service.Account.Rates)),
            ];
        }
    }

    private static void Check(ForwardingTable table)
    {
        if (table.Services.GroupBy(service => service.Key).FirstOrDefault(same => same.Count() > 1) is { } services)
        {
            throw new ArgumentException($"The virtual service {services.Key} is there twice.", nameof(table));
        }

        foreach (var service in table.Services)
        {
            if (service.RealServers.GroupBy(real => (real.Address, real.Port)).FirstOrDefault(same => same.Count() > 1) is { } reals)
            {
                throw new ArgumentException(
                    $"The virtual service {service.Key} has the real server {reals.Key.Address} port {reals.Key.Port} twice.", nameof(table));
            }

            if (!SchedulerNames.All.Contains(service.Scheduler))
            {
                throw new ArgumentException(
                    $"The virtual service {service.Key} names the scheduler '{service.Scheduler}'; there are {string.Join(", ", SchedulerNames.All)}.",
                    nameof(table));
            }
        }
    }

    private void RemoveAbsent(VirtualService service, ImmutableArray<RealServerSpec> wanted)
    {
        foreach (var destination in service.Destinations.ToArray())
        {
            if (!wanted.Any(spec => IsSame(spec, destination)))
            {
                service.Remove(destination);
                Destinations.Retire(destination);
            }
        }
    }

    private void AddOrChange(VirtualService service, ImmutableArray<RealServerSpec> wanted)
    {
        foreach (var spec in wanted)
        {
            var method = _isLocalAddress(InetAddress.From(spec.Address)) ? ForwardingMethod.Local : spec.Method;
            var destination = service.Find(InetAddress.From(spec.Address), spec.Port);
            if (destination is null)
            {
                destination = Destinations.Add(service, spec, method);
                _traffic.Reserve(Destinations.Used);
                destination.Account = new TrafficAccount(_traffic.Sum(destination.Index));
                service.Add(destination);
            }
            else if (destination.Spec != spec || destination.Method != method)
            {
                service.Change(destination, spec, method);
            }
        }
    }

    /// <summary>Counters of every real server as they stand, and what they come to for each service, from its start on.</summary>
    private Dictionary<VirtualService, TrafficTotals> Count(Action<Destination, TrafficTotals> each)
    {
        var services = _services.Values.ToDictionary(service => service, service => service.Retired);
        for (int index = 0; index < Destinations.Used; index++)
        {
            if (Destinations.Find(index) is not { } destination)
            {
                continue;
            }

            var now = _traffic.Sum(index);
            each(destination, now);
            if (services.TryGetValue(destination.Service, out var sum))
            {
                services[destination.Service] = sum.Plus(now.Since(destination.Account.Start));
            }
        }

        return services;
    }

    private RealServerReport Report(Destination destination) => new(
        destination.Spec with { Method = destination.Method },
        destination.ActiveConnections,
        destination.InactiveConnections,
        destination.PersistentConnections,
        destination.IsOverloaded,
        destination.Account.Totals(_traffic.Sum(destination.Index)),
        destination.Account.Rates);

    private static bool IsSame(RealServerSpec spec, Destination destination) => spec.Port == destination.Port && spec.Address.Equals(destination.Spec.Address);
}
