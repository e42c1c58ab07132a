using System.Collections.Immutable;
using System.Net;
using Director.Cluster.VirtualServices;
using Director.Forwarding;
using Xunit;

namespace Director.Cluster.Tests.VirtualServices;

public sealed class TableDifferenceTests
{
    private static readonly RealServerSpec First = Server(1);
    private static readonly RealServerSpec Second = Server(2);

    [Fact]
    public void Equal_tables_do_not_differ()
    {
        // Built twice: immutable arrays compare by reference.
        Assert.Empty(TableDifference.Between(Build(), Build()));
        static ForwardingTable Build() => new()
        {
            Services = [Service(80) with { RealServers = [Server(1)], Access = new([IPNetwork.Parse("10.0.0.0/8")], []) }],
            Marks = [new MarkRule(1, null, IPNetwork.Parse("10.0.0.0/24"), [80, 443])],
            Masquerade = [new MasqueradeRule(IPNetwork.Parse("10.0.1.0/24"), IPAddress.Parse("10.0.0.1"))],
        };
    }

    [Fact]
    public void Each_change_says_itself_in_one_line()
    {
        var before = new ForwardingTable
        {
            Services = [Service(80) with { Name = "www", RealServers = [First, Second] }, Service(81)],
        };
        var after = new ForwardingTable
        {
            Services =
            [
                Service(80) with { Name = "www", Scheduler = "rr", RealServers = [First with { Weight = 0 }, Server(3) with { Method = ForwardingMethod.Nat, UpperThreshold = 9 }] },
                Service(82) with { Persistence = new(300, 24), RealServers = [Second] },
            ],
            Timeouts = new(60, 120, 300),
        };
        Assert.Equal(
            [
                "virtual service TCP 10.0.0.1:81 removed",
                "virtual service www (TCP 10.0.0.1:80) changed: wlc -> rr",
                "virtual service www (TCP 10.0.0.1:80): real server 10.0.1.2:80 removed",
                "virtual service www (TCP 10.0.0.1:80): real server 10.0.1.1:80 changed: direct, weight 1 -> direct, weight 0",
                "virtual service www (TCP 10.0.0.1:80): real server 10.0.1.3:80 added: nat, weight 1, thresholds 9/0",
                "virtual service TCP 10.0.0.1:82 added: wlc, persistent 300 s /24; real servers: 10.0.1.2:80 direct, weight 1",
                "timeouts (tcp tcpfin udp) changed: 900 120 300 -> 60 120 300",
            ],
            TableDifference.Between(before, after).Select(change => change.ToString()));
    }

    [Fact]
    public void Applied_to_its_first_table_a_difference_gives_the_second()
    {
        var random = new Random(20240229);
        for (var i = 0; i < 2_000; i++)
        {
            var (before, after) = (RandomTable(random), RandomTable(random));
            var changes = TableDifference.Between(before, after);
            AssertSame(after, TableChange.Apply(before, changes));
            AssertSame(after, TableChange.Apply(TableChange.Apply(before, changes), changes));
        }
    }

    [Fact]
    public void What_the_file_did_not_change_stays_as_ipvsadm_set_it()
    {
        var file = new ForwardingTable { Services = [Service(80) with { RealServers = [First] }, Service(81) with { RealServers = [First] }], Timeouts = new(1, 1, 1) };
        var edited = Edit(file, new EditServer(Service(81).Key, First with { Weight = 5 }), new AddServer(Service(81).Key, Second), new AddService(Service(90)), new SetTimeouts(7, 7, 7));
        var newFile = file with { Services = file.Services.SetItem(0, Service(80) with { RealServers = [First, Second] }) };

        var result = TableChange.Apply(edited, TableDifference.Between(file, newFile));

        Assert.Equal([First, Second], result.Services[0].RealServers.ToArray());
        Assert.Equal([First with { Weight = 5 }, Second], result.Services[1].RealServers.ToArray());
        Assert.Equal(Service(90).Key, result.Services[2].Key);
        Assert.Equal(new Timeouts(7, 7, 7), result.Timeouts);
    }

    [Fact]
    public void Within_a_changed_service_only_what_changed_is_touched()
    {
        var file = new ForwardingTable { Services = [Service(80) with { RealServers = [First, Second] }] };
        var edited = Edit(file, new EditServer(Service(80).Key, First with { Weight = 5 }));
        var newFile = file with { Services = [Service(80) with { Scheduler = "rr", RealServers = [First, Second with { Weight = 3 }] }] };

        var result = Assert.Single(TableChange.Apply(edited, TableDifference.Between(file, newFile)).Services);

        Assert.Equal("rr", result.Scheduler);
        Assert.Equal([First with { Weight = 5 }, Second with { Weight = 3 }], result.RealServers.ToArray());
    }

    [Fact]
    public void A_deleted_service_comes_back_when_its_section_changes()
    {
        var file = new ForwardingTable { Services = [Service(80) with { RealServers = [First] }] };
        var edited = Edit(file, new ClearServices());
        var newFile = new ForwardingTable { Services = [Service(80) with { RealServers = [First, Second] }] };

        Assert.Empty(TableChange.Apply(edited, TableDifference.Between(file, file)).Services);
        Assert.Equal([First, Second], Assert.Single(TableChange.Apply(edited, TableDifference.Between(file, newFile)).Services).RealServers.ToArray());
    }

    [Fact]
    public void Removing_what_ipvsadm_has_removed_already_is_no_error()
    {
        var file = new ForwardingTable { Services = [Service(80)] };
        Assert.Empty(TableChange.Apply(Edit(file, new ClearServices()), TableDifference.Between(file, ForwardingTable.Empty)).Services);
    }

    private static ForwardingTable Edit(ForwardingTable table, params TableEdit[] edits) => edits.Aggregate(table, (at, edit) => TableEditor.Apply(at, edit).Table!);

    private static VirtualServiceSpec Service(ushort port) => new(ServiceKey.ForAddress(Protocol.Tcp, IPAddress.Parse("10.0.0.1"), port));

    private static RealServerSpec Server(int number) => new(IPAddress.Parse($"10.0.1.{number}"), 80);

    private static ForwardingTable RandomTable(Random random) => new()
    {
        Services = [.. Enumerable.Range(80, 4).Where(_ => random.Next(3) > 0).Select(port => Service((ushort)port) with
        {
            Scheduler = random.Next(2) == 0 ? "rr" : "wlc",
            Access = random.Next(2) == 0 ? AccessList.Open : new AccessList([IPNetwork.Parse("10.0.0.0/8")], []),
            RealServers = [.. Enumerable.Range(1, 4).Where(_ => random.Next(2) > 0).Select(number => Server(number) with { Weight = random.Next(3) })],
        })],
        Timeouts = new(random.Next(1, 3), 2, 3),
        Marks = random.Next(2) == 0 ? [] : [new MarkRule(1, null, IPNetwork.Parse("10.0.0.0/24"), [80])],
        Options = new ForwardingOptions { SloppyTcp = random.Next(2) == 0 },
    };

    private static void AssertSame(ForwardingTable expected, ForwardingTable actual)
    {
        Assert.Empty(TableDifference.Between(expected, actual));
        Assert.Equal(expected.Services.Select(service => service.Key).Order(ByText), actual.Services.Select(service => service.Key).Order(ByText));
    }

    private static readonly Comparer<ServiceKey> ByText = Comparer<ServiceKey>.Create((left, right) => string.CompareOrdinal(left.ToString(), right.ToString()));
}
