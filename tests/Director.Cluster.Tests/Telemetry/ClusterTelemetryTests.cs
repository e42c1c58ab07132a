using Director.Cluster.Tests.VirtualServices;
using Director.Cluster.VirtualServices;
using Director.Forwarding;
using Xunit;

namespace Director.Cluster.Tests.Telemetry;

public sealed class ClusterTelemetryTests : IAsyncLifetime
{
    private readonly ClusterNode _one = new("lb1", Parts.Table(Parts.Service("rr")), Parts.Noon);
    private readonly ClusterNode _two = new("lb2", ForwardingTable.Empty, Parts.Noon);

    public Task InitializeAsync() => ClusterNode.Form(_one, _two);

    public Task DisposeAsync() => Task.WhenAll(_one.System.Terminate(), _two.System.Terminate());

    [Fact]
    public async Task Every_director_shows_every_other_and_a_director_that_is_cut_off_grows_old()
    {
        Assert.Null(await _two.Edit(new AddService(new(ServiceKey.ForMark(9)))));
        foreach (var node in new[] { _one, _two })
        {
            await ClusterNode.Until(() => node.Telemetry.Figures().Directors.Count(director => director.Engine.Services.Length == 2) == 2);
            var figures = node.Telemetry.Figures();
            Assert.Equal(["lb1", "lb2"], figures.Directors.Select(director => director.Name));
            Assert.Equal([_one.Address.ToString(), _two.Address.ToString()], figures.Directors.Select(director => director.Address));
            Assert.All(figures.Members, member => Assert.Equal(("up", true, "director"), (member.Status, member.IsReachable, member.Roles.Single())));
            Assert.Single(figures.Members, member => member.IsLeader);
            await ClusterNode.Until(() => node.Telemetry.Figures().Directors[1].Differences.Length == 2);
        }

        Assert.Equal("lb1", _one.Telemetry.Figures().Own().Name);
        InProcessTransport.CutOff(_two.Address);
        await ClusterNode.Until(() => _one.Telemetry.Figures() is { } figures && figures.Directors[1].AgeSeconds > 2 && figures.Members.Any(member => !member.IsReachable));

        // Each gives the other up: a leave would wait for who does not hear it.
        Akka.Cluster.Cluster.Get(_one.System).Down(_two.Address);
        Akka.Cluster.Cluster.Get(_two.System).Down(_one.Address);
        await ClusterNode.Until(() => new[] { _one, _two }.All(node => Akka.Cluster.Cluster.Get(node.System).State.Members.Count == 1));
        await _one.System.Terminate();
        var alone = _one.Telemetry.Figures();
        Assert.Empty(alone.Members);
        Assert.Equal("lb1", Assert.Single(alone.Directors).Name);
    }
}
