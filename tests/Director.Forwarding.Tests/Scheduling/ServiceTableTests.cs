using System.Collections.Immutable;
using System.Net;
using Director.Forwarding.Packets;
using Director.Forwarding.Scheduling;
using Director.Forwarding.Statistics;
using Xunit;

namespace Director.Forwarding.Tests.Scheduling;

public sealed class ServiceTableTests : IDisposable
{
    private readonly Traffic _traffic = new(2);
    private readonly ServiceTable _table;
    private Func<InetAddress, bool> _isLocal = _ => false;

    public ServiceTableTests() => _table = new ServiceTable(_traffic, address => _isLocal(address), new Random(1));

    public void Dispose() => _traffic.Dispose();

    [Fact]
    public void A_packet_belongs_to_the_service_of_its_protocol_address_and_port()
    {
        Apply(Web(), Service("udp 10.0.0.1:80"), Service("tcp 10.0.0.2:80"), Service("tcp [fd00::1]:80"));
        Assert.Equal("TCP 10.0.0.1:80", Find("10.0.0.1", 80)?.Key.ToString());
        Assert.Equal("UDP 10.0.0.1:80", Find("10.0.0.1", 80, Protocol.Udp)?.Key.ToString());
        Assert.Equal("TCP 10.0.0.2:80", Find("10.0.0.2", 80)?.Key.ToString());
        Assert.Equal("TCP [fd00::1]:80", Find("fd00::1", 80)?.Key.ToString());
        Assert.Null(Find("10.0.0.1", 81));
        Assert.Null(Find("10.0.0.3", 80));
    }

    [Fact]
    public void Port_0_takes_what_no_port_of_its_own_has()
    {
        Apply(Web(), Service("tcp 10.0.0.1:0"));
        Assert.Equal("TCP 10.0.0.1:80", Find("10.0.0.1", 80)?.Key.ToString());
        Assert.Equal("TCP 10.0.0.1:0", Find("10.0.0.1", 443)?.Key.ToString());
        Assert.Null(Find("10.0.0.1", 443, Protocol.Udp));
    }

    [Fact]
    public void The_first_rule_that_matches_marks_a_packet_and_a_mark_goes_before_an_address()
    {
        _table.Apply(new ForwardingTable
        {
            Services =
            [
                Web(),
                new VirtualServiceSpec(ServiceKey.ForMark(1)),
                new VirtualServiceSpec(ServiceKey.ForMark(2)),
                new VirtualServiceSpec(ServiceKey.ForMark(2, isIPv6: true)),
            ],
            Marks =
            [
                new MarkRule(3, null, IPNetwork.Parse("10.0.0.1/32"), [22]),
                new MarkRule(1, Protocol.Tcp, IPNetwork.Parse("10.0.0.0/24"), [443], IPNetwork.Parse("192.168.0.0/16")),
                new MarkRule(2, null, IPNetwork.Parse("10.0.0.0/24"), [443, 8080]),
                new MarkRule(2, null, IPNetwork.Parse("fd00::/64"), []),
            ],
        });
        Assert.Equal(1u, Find("10.0.0.1", 443, client: "192.168.0.1")?.Mark);
        Assert.Equal(2u, Find("10.0.0.1", 443, client: "172.16.0.1")?.Mark);
        Assert.Equal(2u, Find("10.0.0.1", 443, Protocol.Udp, "192.168.0.1")?.Mark);
        Assert.Equal(2u, Find("10.0.0.77", 8080)?.Mark);
        Assert.Equal((2u, true), (Find("fd00::5", 9)!.Mark, Find("fd00::5", 9)!.Key.IsIPv6));
        Assert.Equal(0u, Find("10.0.0.1", 80)?.Mark);
        Assert.Null(Find("10.0.0.1", 22)); // Mark 3 has no service, and no service has port 22.
        Assert.Null(Find("10.0.0.77", 80));
    }

    [Fact]
    public void Virtual_addresses_are_those_of_services_of_masquerading_and_of_marks_that_a_service_has()
    {
        _table.Apply(new ForwardingTable
        {
            Services = [Web(), Service("udp 10.0.0.1:53"), Service("tcp [fd00::1]:80"), new VirtualServiceSpec(ServiceKey.ForMark(1))],
            Marks =
            [
                new MarkRule(1, null, IPNetwork.Parse("10.9.0.1/32"), []),
                new MarkRule(1, null, IPNetwork.Parse("10.8.0.0/24"), []),
                new MarkRule(7, null, IPNetwork.Parse("10.7.0.0/24"), []),
            ],
            Masquerade = [new MasqueradeRule(IPNetwork.Parse("192.168.6.0/24"), IPAddress.Parse("10.0.0.9"))],
        });
        var current = _table.Current;
        Assert.Equal(["10.0.0.1", "10.0.0.9", "10.9.0.1", "fd00::1"], current.VirtualAddresses.Select(address => address.ToString()).Order());
        Assert.All(["10.0.0.1", "10.0.0.9", "10.9.0.1", "fd00::1", "10.8.0.200"], address => Assert.True(current.IsVirtual(Address(address))));
        Assert.All(["10.0.0.2", "10.7.0.1", "192.168.6.4", "fd00::2"], address => Assert.False(current.IsVirtual(Address(address))));
    }

    [Fact]
    public void The_first_masquerade_rule_of_the_source_decides()
    {
        _table.Apply(new ForwardingTable
        {
            Masquerade =
            [
                new MasqueradeRule(IPNetwork.Parse("192.168.6.0/24"), IPAddress.Parse("10.0.0.8")),
                new MasqueradeRule(IPNetwork.Parse("192.168.0.0/16"), IPAddress.Parse("10.0.0.9")),
            ],
        });
        Assert.True(_table.Current.TryMasquerade(Address("192.168.6.4"), Address("8.8.8.8"), out var first) && first == Address("10.0.0.8"));
        Assert.True(_table.Current.TryMasquerade(Address("192.168.7.4"), Address("8.8.8.8"), out var second) && second == Address("10.0.0.9"));
        Assert.False(_table.Current.TryMasquerade(Address("192.169.0.1"), Address("8.8.8.8"), out _));
        Assert.False(_table.Current.TryMasquerade(Address("fd00::1"), Address("2001:db8::1"), out _));
        Assert.False(_table.Current.TryMasquerade(Address("192.168.6.4"), Address("192.168.6.5"), out _));
    }

    [Fact]
    public void A_real_server_with_one_of_this_hosts_addresses_is_local()
    {
        _isLocal = address => address == Address("10.1.0.2");
        Apply(Web("10.1.0.1", "10.1.0.2"));
        Assert.Equal([ForwardingMethod.Local, ForwardingMethod.Direct], Methods());
        Assert.Equal(ForwardingMethod.Local, _table.Report()[0].RealServers[0].Spec.Method);

        _isLocal = _ => false;
        _table.Apply(_table.Current.Table);
        Assert.Equal([ForwardingMethod.Direct, ForwardingMethod.Direct], Methods());

        ForwardingMethod[] Methods() => [.. Destinations().Select(each => each.Method)];
    }

    [Fact]
    public void A_new_real_server_comes_first_and_those_that_stay_keep_their_place_and_their_connections()
    {
        Apply(Web("10.1.0.1", "10.1.0.2"));
        var (second, first) = (Destinations()[0], Destinations()[1]);
        Assert.True(first.TryBind());
        Apply(Web("10.1.0.3", "10.1.0.1", "10.1.0.2"));
        Assert.Equal(["10.1.0.3", "10.1.0.2", "10.1.0.1"], Destinations().Select(each => each.Address.ToString()));
        Assert.Same(first, Destinations()[2]);
        Assert.Same(second, Destinations()[1]);
        Assert.Equal(1, first.InactiveConnections);
        Assert.Equal(2, _table.Current.Version);
    }

    [Fact]
    public void A_scheduler_keeps_its_position_when_something_else_changes_and_starts_anew_when_it_is_another()
    {
        var web = Web("10.1.0.1", "10.1.0.2", "10.1.0.3") with { Scheduler = "rr" };
        Apply(web);
        Assert.Equal("10.1.0.3", Schedule());
        Apply(web with { Persistence = new Persistence(60, 32) }, Service("tcp 10.0.0.7:1"));
        Assert.Equal("10.1.0.2", Schedule());
        Apply(web with { RealServers = web.RealServers.SetItem(0, web.RealServers[0] with { Weight = 9 }) });
        Assert.Equal("10.1.0.1", Schedule());
        Assert.Equal("10.1.0.3", Schedule());
        Apply(web with { Scheduler = "fo" });
        Apply(web);
        Assert.Equal("10.1.0.3", Schedule());
    }

    [Fact]
    public void A_removed_real_server_leaves_the_scheduler_at_once_and_its_successor_is_another()
    {
        Apply(Web("10.1.0.1", "10.1.0.2"));
        var old = Destinations()[0];
        Assert.True(old.TryBind());
        Apply(Web("10.1.0.1"));
        Assert.Equal("10.1.0.1", Schedule());
        Assert.Null(old.Current());

        Apply(Web("10.1.0.1", "10.1.0.2"));
        var renewed = Destinations()[0];
        Assert.NotSame(old, renewed);
        Assert.NotEqual(old.Index, renewed.Index);
        Assert.Same(renewed, old.Current());
        Assert.Equal(0, renewed.InactiveConnections);

        Apply();
        Assert.Null(old.Current());
        Apply(Web("10.1.0.2"));
        Assert.Same(Destinations()[0], old.Current());
    }

    [Fact]
    public void A_number_is_given_again_only_when_nothing_refers_to_it()
    {
        Apply(Web("10.1.0.1"));
        var first = Destinations()[0];
        Assert.True(first.TryBind() && first.TryBindTemplate());
        Apply(Web("10.1.0.2"));
        Apply(Web("10.1.0.3"));
        Assert.Same(first, _table.Destinations[first.Index]);
        Assert.DoesNotContain(first.Index, Destinations().Select(each => each.Index));

        first.Unbind(active: false);
        Apply(Web("10.1.0.4"));
        Assert.Same(first, _table.Destinations[first.Index]);

        first.UnbindTemplate();
        Apply(Web("10.1.0.5", "10.1.0.6", "10.1.0.7"));
        Assert.Contains(first.Index, Destinations().Select(each => each.Index));
        Assert.Equal(4, _table.Destinations.Used);
    }

    [Fact]
    public void Hundreds_of_real_servers_have_numbers_and_counters_of_their_own()
    {
        string[] addresses = [.. Enumerable.Range(0, 700).Select(at => $"10.{at >> 8}.{at & 255}.1")];
        Apply(Web(addresses));
        Assert.Equal(700, Destinations().Select(each => each.Index).Distinct().Count());
        foreach (var destination in Destinations())
        {
            _traffic.Worker(1)[destination.Index].InPackets = (ulong)destination.Index + 1;
        }

        Assert.Equal(Destinations().Select(each => (ulong)each.Index + 1), _table.Report()[0].RealServers.Select(real => real.Totals.InPackets));
    }

    [Fact]
    public void Totals_are_the_sum_of_the_workers_and_a_service_keeps_those_of_removed_real_servers()
    {
        Apply(Web("10.1.0.1", "10.1.0.2"));
        Count(0, Destinations()[0].Index, 3);
        Count(1, Destinations()[0].Index, 4);
        Count(1, Destinations()[1].Index, 10);
        Assert.Equal([Totals(7), Totals(10)], _table.Report()[0].RealServers.Select(real => real.Totals));
        Assert.Equal(Totals(17), _table.Report()[0].Totals);

        int removed = Destinations()[0].Index;
        Apply(Web("10.1.0.1"));
        Assert.Equal(Totals(17), _table.Report()[0].Totals);
        Apply(Web("10.1.0.1", "10.1.0.3"));
        Assert.Equal(removed, Destinations()[0].Index);
        Assert.Equal([Totals(0), Totals(10)], _table.Report()[0].RealServers.Select(real => real.Totals));
        Assert.Equal(Totals(17), _table.Report()[0].Totals);

        Count(0, removed, 1);
        Assert.Equal([Totals(1), Totals(10)], _table.Report()[0].RealServers.Select(real => real.Totals));
        Assert.Equal(Totals(18), _table.Report()[0].Totals);

        // The number's second owner goes too; only what came in its time is the service's.
        Apply(Web("10.1.0.1"));
        Apply(Web("10.1.0.1"));
        Assert.Equal(Totals(18), _table.Report()[0].Totals);
    }

    [Fact]
    public void Zeroing_is_of_one_service_or_of_all()
    {
        Apply(Web("10.1.0.1"), Service("tcp 10.0.0.2:80", "10.1.0.1"));
        foreach (int index in new[] { 0, 1 })
        {
            Count(0, index, 5);
        }

        Assert.False(_table.Zero(ServiceKey.ForMark(9)));
        Assert.Equal([Totals(5), Totals(5)], _table.Report().Select(service => service.Totals));
        Assert.True(_table.Zero(Web().Key));
        Assert.Equal([Totals(0), Totals(5)], _table.Report().Select(service => service.Totals));
        Assert.Equal([Totals(0), Totals(5)], _table.Report().Select(service => service.RealServers[0].Totals));
        Assert.Equal(5ul, _traffic.Worker(0)[0].Connections); // The worker's own memory is not written to.

        Count(1, 0, 2);
        Assert.Equal([Totals(2), Totals(5)], _table.Report().Select(service => service.Totals));
        Assert.True(_table.Zero(null));
        Assert.Equal([Totals(0), Totals(0)], _table.Report().Select(service => service.Totals));
    }

    [Fact]
    public void Rates_are_of_the_service_and_its_real_servers()
    {
        Apply(Web("10.1.0.1", "10.1.0.2"));
        Count(0, 0, 80);
        Count(1, 1, 8);
        _table.AdvanceRates();
        var report = _table.Report()[0];
        Assert.Equal([1ul, 10ul], report.RealServers.Select(real => real.Rates.Connections));
        Assert.Equal(11ul, report.Rates.Connections);
        _table.Zero(null);
        Assert.Equal(0ul, _table.Report()[0].Rates.Connections);
    }

    [Fact]
    public void What_cannot_be_is_refused_and_nothing_changes()
    {
        Apply(Web("10.1.0.1"));
        var before = _table.Current;
        Assert.Contains("TCP 10.0.0.1:80 is there twice", Refused(Web(), Web()));
        Assert.Contains("10.1.0.2 port 80 twice", Refused(Web("10.1.0.2", "10.1.0.2")));
        Assert.Contains("'wlcc'", Refused(Web() with { Scheduler = "wlcc" }));
        Assert.Same(before, _table.Current);

        string Refused(params VirtualServiceSpec[] services) => Assert.Throws<ArgumentException>(() => Apply(services)).Message;
    }

    [Fact]
    public void An_access_list_is_in_force_when_its_table_is()
    {
        Apply(Web());
        Assert.True(_table.Current.Services[0].Admits(Address("172.16.0.1")));
        Apply(Web() with { Access = new AccessList([], [IPNetwork.Parse("172.16.0.0/12")]) });
        Assert.False(_table.Current.Services[0].Admits(Address("172.16.0.1")));
        Apply(Web());
        Assert.True(_table.Current.Services[0].Admits(Address("172.16.0.1")));
    }

    [Fact]
    public void Finding_a_service_allocates_nothing()
    {
        _table.Apply(new ForwardingTable
        {
            Services = [Web(), Service("tcp [fd00::1]:80"), new VirtualServiceSpec(ServiceKey.ForMark(1))],
            Marks = [new MarkRule(1, Protocol.Tcp, IPNetwork.Parse("10.8.0.0/24"), [80, 443], IPNetwork.Parse("0.0.0.0/0"))],
            Masquerade = [new MasqueradeRule(IPNetwork.Parse("192.168.6.0/24"), IPAddress.Parse("10.0.0.8"))],
        });
        Flow[] flows = [.. new[] { "10.0.0.1", "10.8.0.1", "10.9.0.1", "fd00::1" }.Select(address => Flow(address, 80))];
        int found = 0;
        long allocated = Allocations.Least(() =>
        {
            found = 0;
            foreach (ref readonly var flow in flows.AsSpan())
            {
                found += _table.Current.Find(flow) is { } service && service.Admits(flow.Source) ? 1 : 0;
                found += _table.Current.IsVirtual(flow.Destination) ? 1 : 0;
                _table.Current.TryMasquerade(flow.Source, flow.Destination, out _);
            }
        });

        Assert.Equal(6, found);
        Assert.Equal(0, allocated);
    }

    [Fact]
    public void Workers_schedule_while_the_table_changes()
    {
        Apply(Web("10.1.0.1", "10.1.0.2", "10.1.0.3"));
        bool isDone = false;
        var failures = new System.Collections.Concurrent.ConcurrentQueue<Exception>();
        var workers = Enumerable.Range(0, 3).Select(worker => new Thread(() =>
        {
            try
            {
                var open = new Queue<int>();
                while (!Volatile.Read(ref isDone))
                {
                    if (_table.Current.Find(Flow("10.0.0.1", 80))!.Schedule(Flow("10.0.0.1", 80), 0) is { } destination)
                    {
                        open.Enqueue(destination.Index);
                        Assert.Same(destination, _table.Destinations[destination.Index]);
                    }

                    if (open.Count > 20)
                    {
                        _table.Destinations[open.Dequeue()].Unbind(active: false);
                    }
                }

                while (open.TryDequeue(out int index))
                {
                    _table.Destinations[index].Unbind(active: false);
                }
            }
            catch (Exception exception)
            {
                failures.Enqueue(exception);
            }
        })).ToArray();
        Array.ForEach(workers, worker => worker.Start());
        var random = new Random(3);
        for (int change = 0; change < 300; change++)
        {
            string[] some = [.. Enumerable.Range(1, 6).Where(_ => random.Next(2) == 0).Select(at => $"10.1.0.{at}")];
            Apply(Web(some) with { Scheduler = SchedulerNames.All[change % 14] });
        }

        Volatile.Write(ref isDone, true);
        Array.ForEach(workers, worker => worker.Join());
        Assert.Empty(failures);
        var left = Enumerable.Range(0, _table.Destinations.Used).Select(_table.Destinations.Find).OfType<Destination>();
        Assert.All(left, each => Assert.Equal((0, 0), (each.ActiveConnections, each.InactiveConnections)));
    }

    private static VirtualServiceSpec Web(params string[] realServers) => Service("tcp 10.0.0.1:80", realServers);

    private static VirtualServiceSpec Service(string text, params string[] realServers)
    {
        string[] words = text.Split(' ');
        var endPoint = IPEndPoint.Parse(words[1]);
        return new VirtualServiceSpec(ServiceKey.ForAddress(Enum.Parse<Protocol>(words[0], ignoreCase: true), endPoint.Address, (ushort)endPoint.Port))
        {
            RealServers = [.. realServers.Select(real => new RealServerSpec(IPAddress.Parse(real), 80))],
        };
    }

    private static InetAddress Address(string text) => InetAddress.From(IPAddress.Parse(text));

    private static Flow Flow(string destination, ushort port, Protocol protocol = Protocol.Tcp, string client = "172.16.0.1") =>
        new((byte)protocol, Address(client), 1024, Address(destination), port);

    private static TrafficTotals Totals(ulong each) => new(each, each, each, each, each);

    private void Apply(params VirtualServiceSpec[] services) => _table.Apply(new ForwardingTable { Services = [.. services] });

    private VirtualService? Find(string destination, ushort port, Protocol protocol = Protocol.Tcp, string client = "172.16.0.1") =>
        _table.Current.Find(Flow(destination, port, protocol, client));

    private Destination[] Destinations() => _table.Current.Services[0].Destinations.ToArray();

    private string? Schedule() => _table.Current.Services[0].Schedule(Flow("10.0.0.1", 80), 0)?.Address.ToString();

    private void Count(int worker, int destination, ulong each)
    {
        ref var counters = ref _traffic.Worker(worker)[destination];
        counters.Connections += each;
        counters.CountIn((uint)each, (uint)each);
        counters.CountOut((uint)each, (uint)each);
    }
}
