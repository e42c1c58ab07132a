using Akka.Actor;
using Director.Cluster.VirtualServices;
using Director.Forwarding;
using Xunit;

namespace Director.Cluster.Tests.VirtualServices;

/// <summary>Whole clusters in this process: engines, owners, remoting, sharding.</summary>
public sealed class ClusteredTableTests : IAsyncLifetime
{
    private readonly List<ClusterNode> _nodes = [];

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => Task.WhenAll(_nodes.Select(node => node.System.Terminate()));

    [Fact]
    public async Task An_edit_on_any_director_takes_effect_on_all_and_survives_the_one_it_was_made_on()
    {
        var file = Parts.Table(Parts.Service("rr", Parts.Server(1)));
        var (one, two, three) = (Start("lb1", file, 0), Start("lb2", file, 1), Start("lb3", file, 2));
        await ClusterNode.Form(one, two, three);
        await ClusterNode.Until(() => _nodes.All(node => node.Versions.Part(Parts.WebPart).Version.IsOwned));

        Assert.Null(await three.Edit(new AddServer(Parts.Web, Parts.Server(2, 5))));
        Assert.Null(await three.Edit(new AddService(new(ServiceKey.ForMark(9)))));
        Assert.Null(await three.Edit(new SetTimeouts(77, 0, 0)));
        await ClusterNode.Until(() => _nodes.All(node => Text(node) == "TCP 10.0.0.1:80 rr [10.0.1.1/1 10.0.1.2/5], FWM 9 wlc [], tcp 77"));
        Assert.Equal("Destination already exists", (await one.Edit(new AddServer(Parts.Web, Parts.Server(2, 5))))?.Text);
        await ClusterNode.Until(() => one.Log.Contains("ipvsadm on lb3: virtual service www (TCP 10.0.0.1:80): real server 10.0.1.2:80 added: direct, weight 5"));

        await three.System.Terminate();
        Akka.Cluster.Cluster.Get(one.System).Down(three.Address);
        await ClusterNode.Until(() => Akka.Cluster.Cluster.Get(two.System).State.Members.Count == 2);
        Assert.Null(await two.Edit(new DeleteServer(Parts.Web, Parts.Server(1).Address, 80)));
        await ClusterNode.Until(() => Text(one) == "TCP 10.0.0.1:80 rr [10.0.1.2/5], FWM 9 wlc [], tcp 77");

        // A director that joins later, with the file, learns of all of it.
        var four = Start("lb4", file, 3);
        Akka.Cluster.Cluster.Get(four.System).Join(one.Address);
        await ClusterNode.Until(() => Text(four) == "TCP 10.0.0.1:80 rr [10.0.1.2/5], FWM 9 wlc [], tcp 77");
    }

    [Fact]
    public async Task A_director_that_is_cut_off_changes_its_own_table_and_the_change_comes_to_the_others_with_it()
    {
        var file = Parts.Table(Parts.Service("rr", Parts.Server(1)));
        var (one, two) = (Start("lb1", file, 0), Start("lb2", file, 0));
        await ClusterNode.Form(one, two);
        await ClusterNode.Until(() => _nodes.All(node => node.Versions.Part(Parts.WebPart).Version.IsOwned));
        InProcessTransport.CutOff(two.Address);
        // One of them owns the service, the other cannot reach it; both answer, and both go on.
        Assert.Null(await two.Edit(new AddServer(Parts.Web, Parts.Server(2))));
        Assert.Null(await one.Edit(new EditServer(Parts.Web, Parts.Server(1, 7))));
        Assert.Equal("TCP 10.0.0.1:80 rr [10.0.1.1/1 10.0.1.2/1], tcp 900", Text(two));
        Assert.Equal("TCP 10.0.0.1:80 rr [10.0.1.1/7], tcp 900", Text(one));
        await ClusterNode.Until(() => one.Log.Concat(two.Log).Any(line => line.Contains("did not hear from the owner of TCP 10.0.0.1:80", StringComparison.Ordinal)));
        InProcessTransport.Restore(two.Address);
        await ClusterNode.Until(() => Text(one) == Text(two));
        Assert.Equal(one.Versions.Part(Parts.WebPart).Version, two.Versions.Part(Parts.WebPart).Version);
    }

    [Fact]
    public async Task The_youngest_file_decides_where_files_differ_and_a_director_alone_needs_no_cluster()
    {
        var one = Start("lb1", Parts.Table(Parts.Service("rr")), 0);
        var two = Start("lb2", Parts.Table(Parts.Service("sh"), new(ServiceKey.ForMark(2))), 1);
        Assert.Null(await one.Edit(new AddServer(Parts.Web, Parts.Server(1))));
        Assert.Equal("TCP 10.0.0.1:80 rr [10.0.1.1/1], tcp 900", Text(one));
        await ClusterNode.Form(one, two);
        await ClusterNode.Until(() => _nodes.All(node => Text(node) is "TCP 10.0.0.1:80 sh [10.0.1.1/1], FWM 2 wlc [], tcp 900"));
        Assert.Equal(
            """
            virtual service www (TCP 10.0.0.1:80) changed: rr -> sh
            virtual service www (TCP 10.0.0.1:80): real server 10.0.1.1:80 added: direct, weight 1
            virtual service FWM 2 added: wlc; real servers: none
            """,
            string.Join('\n', one.Versions.Differences(one.Forwarding.Table)));

        // A change of a file while its director runs is younger than any other.
        var after = Parts.Table(Parts.Service("mh"));
        await one.Engine.Ask<EngineActor.EditAnswer>(new EngineActor.ApplyChanges(TableDifference.Between(Parts.Table(Parts.Service("rr")), after), after), ClusterNode.Patience);
        await ClusterNode.Until(() => _nodes.All(node => Text(node) is "TCP 10.0.0.1:80 mh [10.0.1.1/1], FWM 2 wlc [], tcp 900"));
    }

    private static string Text(ClusterNode node)
    {
        var table = node.Forwarding.Table;
        var services = table.Services.OrderBy(service => service.Key.Mark).Select(service =>
            $"{service.Key} {service.Scheduler} [{string.Join(' ', service.RealServers.OrderBy(server => $"{server.Address}", StringComparer.Ordinal).Select(server => $"{server.Address}/{server.Weight}"))}]");
        return $"{string.Join(", ", services)}, tcp {table.Timeouts.Tcp}";
    }

    private ClusterNode Start(string name, ForwardingTable file, int fileAge)
    {
        var node = new ClusterNode(name, file, Parts.At(fileAge));
        _nodes.Add(node);
        return node;
    }
}
