using System.Net;
using Director.Cluster.VirtualServices;
using Director.Forwarding;
using Xunit;

namespace Director.Cluster.Tests.VirtualServices;

/// <summary>Every refusal with its number and text: ipvsadm prints them (<c>ipvs_strerror</c>).</summary>
public sealed class TableEditorTests
{
    private static readonly ServiceKey Web = ServiceKey.ForAddress(Protocol.Tcp, IPAddress.Parse("10.0.0.1"), 80);
    private static readonly ServiceKey Web6 = ServiceKey.ForAddress(Protocol.Tcp, IPAddress.Parse("2001:db8::1"), 80);
    private static readonly RealServerSpec First = new(IPAddress.Parse("10.0.1.1"), 80);

    [Fact]
    public void A_service_is_added_once()
    {
        var table = Do(ForwardingTable.Empty, new AddService(new VirtualServiceSpec(Web) { Scheduler = "rr" }));
        Assert.Equal("rr", Assert.Single(table.Services).Scheduler);
        Refused(table, new AddService(new VirtualServiceSpec(Web)), EditErrno.Exists, "Service already exists");
    }

    [Fact]
    public void A_service_comes_without_real_servers() =>
        Assert.Empty(Do(ForwardingTable.Empty, new AddService(new VirtualServiceSpec(Web) { RealServers = [First] })).Services[0].RealServers);

    [Fact]
    public void The_same_address_with_another_protocol_or_port_is_another_service()
    {
        var table = Do(Table(), new AddService(new VirtualServiceSpec(ServiceKey.ForAddress(Protocol.Udp, IPAddress.Parse("10.0.0.1"), 80))));
        table = Do(table, new AddService(new VirtualServiceSpec(ServiceKey.ForAddress(Protocol.Tcp, IPAddress.Parse("10.0.0.1"), 81))));
        table = Do(table, new AddService(new VirtualServiceSpec(ServiceKey.ForMark(1))));
        table = Do(table, new AddService(new VirtualServiceSpec(ServiceKey.ForMark(1, isIPv6: true))));
        Assert.Equal(5, table.Services.Length);
    }

    [Theory]
    [InlineData("wlcx")]
    [InlineData("")]
    [InlineData("WLC")]
    public void An_unknown_scheduler_is_refused(string scheduler)
    {
        Refused(ForwardingTable.Empty, new AddService(new VirtualServiceSpec(Web) { Scheduler = scheduler }), EditErrno.NotFound, "Scheduler or persistence engine not found");
        Refused(Table(), new EditService(new VirtualServiceSpec(Web) { Scheduler = scheduler }), EditErrno.NotFound, "Scheduler or persistence engine not found");
    }

    [Fact]
    public void Editing_a_service_keeps_its_real_servers_name_and_access_list()
    {
        var access = new AccessList([IPNetwork.Parse("10.0.0.0/8")], []);
        var table = Table() with { Services = [Table().Services[0] with { Name = "www", Access = access, RealServers = [First] }] };
        var edited = Do(table, new EditService(new VirtualServiceSpec(Web) { Scheduler = "sh", SchedulerFlags = SchedulerFlags.Port, Persistence = new(300, 24) })).Services[0];
        Assert.Equal("www", edited.Name);
        Assert.Equal(access, edited.Access);
        Assert.Equal([First], edited.RealServers.ToArray());
        Assert.Equal("sh", edited.Scheduler);
        Assert.Equal(SchedulerFlags.Port, edited.SchedulerFlags);
        Assert.Equal(new Persistence(300, 24), edited.Persistence);
    }

    [Fact]
    public void What_is_not_there_cannot_be_changed_or_deleted()
    {
        var other = ServiceKey.ForMark(7);
        Refused(Table(), new EditService(new VirtualServiceSpec(other)), EditErrno.NoService, "No such service");
        Refused(Table(), new DeleteService(other), EditErrno.NoService, "No such service");
        Refused(Table(), new AddServer(other, First), EditErrno.NoService, "Service not defined");
        Refused(Table(), new EditServer(other, First), EditErrno.NoService, "Service not defined");
        Refused(Table(), new DeleteServer(other, First.Address, 80), EditErrno.NoService, "Service not defined");
        Refused(Table(), new EditServer(Web, First), EditErrno.NotFound, "No such destination");
        Refused(Table(), new DeleteServer(Web, First.Address, 80), EditErrno.NotFound, "No such destination");
    }

    [Fact]
    public void Real_servers_are_added_at_the_end_changed_in_place_and_deleted()
    {
        var second = First with { Port = 81 };
        var table = Do(Do(Table(), new AddServer(Web, First)), new AddServer(Web, second));
        Assert.Equal([First, second], table.Services[0].RealServers.ToArray());
        Refused(table, new AddServer(Web, First with { Weight = 9 }), EditErrno.Exists, "Destination already exists");
        table = Do(table, new EditServer(Web, First with { Weight = 9 }));
        Assert.Equal([First with { Weight = 9 }, second], table.Services[0].RealServers.ToArray());
        table = Do(table, new DeleteServer(Web, First.Address, 80));
        Assert.Equal([second], table.Services[0].RealServers.ToArray());
    }

    [Theory]
    [InlineData(-1, 0, 0)]
    [InlineData(65536, 0, 0)]
    [InlineData(1, 5, 6)]
    [InlineData(1, -1, 0)]
    [InlineData(1, 0, 1)]
    public void Weights_and_thresholds_out_of_range_are_refused(int weight, int upper, int lower)
    {
        var server = First with { Weight = weight, UpperThreshold = upper, LowerThreshold = lower };
        Refused(Table(), new AddServer(Web, server), EditErrno.OutOfRange, "Numerical result out of range");
        Refused(Do(Table(), new AddServer(Web, First)), new EditServer(Web, server), EditErrno.OutOfRange, "Numerical result out of range");
    }

    [Theory]
    [InlineData("0.0.0.0")]
    [InlineData("224.0.0.1")]
    [InlineData("255.255.255.255")]
    public void An_address_that_is_not_unicast_is_refused(string address) =>
        Refused(Table(), new AddServer(Web, First with { Address = IPAddress.Parse(address) }), EditErrno.Invalid, InvalidText);

    [Theory]
    [InlineData("ff02::1")]
    [InlineData("fe80::1")]
    [InlineData("::")]
    public void An_IPv6_address_that_is_not_global_unicast_is_refused(string address) =>
        Refused(new ForwardingTable { Services = [new VirtualServiceSpec(Web6)] }, new AddServer(Web6, First with { Address = IPAddress.Parse(address) }), EditErrno.Invalid, InvalidText);

    [Fact]
    public void Only_a_tunnel_reaches_a_real_server_of_the_other_family()
    {
        var server = First with { Address = IPAddress.Parse("2001:db8::2") };
        Refused(Table(), new AddServer(Web, server with { Method = ForwardingMethod.Nat }), EditErrno.Invalid, InvalidText);
        Refused(Table(), new AddServer(Web, server with { Method = ForwardingMethod.Direct }), EditErrno.Invalid, InvalidText);
        Assert.Single(Do(Table(), new AddServer(Web, server with { Method = ForwardingMethod.Tunnel })).Services[0].RealServers);
    }

    [Fact]
    public void A_gue_tunnel_needs_a_port() => Refused(
        Table(), new AddServer(Web, First with { Method = ForwardingMethod.Tunnel, Tunnel = new(TunnelType.Gue) }), EditErrno.Invalid, InvalidText);

    [Fact]
    public void Timeouts_of_zero_stay()
    {
        Assert.Equal(new Timeouts(60, 120, 300), Do(Table(), new SetTimeouts(60, 0, 0)).Timeouts);
        Assert.Equal(new Timeouts(900, 1, 2), Do(Table(), new SetTimeouts(0, 1, 2)).Timeouts);
        Refused(Table(), new SetTimeouts(0, 0, 2_678_401), EditErrno.Invalid, InvalidText);
    }

    [Fact]
    public void Clearing_deletes_all_services_and_nothing_else()
    {
        var table = Table() with { Timeouts = new(1, 2, 3), Marks = [new MarkRule(1, null, IPNetwork.Parse("0.0.0.0/0"), [])] };
        var cleared = Do(table, new ClearServices());
        Assert.Empty(cleared.Services);
        Assert.Equal(new Timeouts(1, 2, 3), cleared.Timeouts);
        Assert.Single(cleared.Marks);
        Assert.Empty(Do(ForwardingTable.Empty, new ClearServices()).Services);
    }

    private const string InvalidText = "Invalid operation.  Possibly wrong module version, address not unicast, ...";

    private static ForwardingTable Table() => new() { Services = [new VirtualServiceSpec(Web)] };

    private static ForwardingTable Do(ForwardingTable table, TableEdit edit)
    {
        var result = TableEditor.Apply(table, edit);
        Assert.Null(result.Error);
        return result.Table!;
    }

    private static void Refused(ForwardingTable table, TableEdit edit, EditErrno errno, string text)
    {
        var result = TableEditor.Apply(table, edit);
        Assert.Null(result.Table);
        Assert.Equal(new EditError(errno, text), result.Error);
    }
}
