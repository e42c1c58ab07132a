using System.Collections.Immutable;
using System.Net;
using System.Net.NetworkInformation;
using Director.Forwarding.Engine;
using Director.Forwarding.Packets;
using Director.Forwarding.Synchronisation;
using Director.Forwarding.Tests.Engine;
using Director.Forwarding.Tests.Packets;
using Xunit;

namespace Director.Forwarding.Tests.Synchronisation;

/// <summary>Connections that nobody told of, met after a takeover.</summary>
public sealed class AdoptionTests
{
    [Theory]
    [InlineData("sh", "Ack", "ESTABLISHED")]
    [InlineData("dh", "Ack", "ESTABLISHED")]
    [InlineData("mh", "Ack, Psh", "ESTABLISHED")]
    [InlineData("sh", "Fin, Ack", "CLOSE_WAIT")]
    public void A_packet_of_an_unknown_connection_is_adopted_where_every_director_chooses_the_same(string scheduler, string flags, string state)
    {
        using var scene = Taking(scheduler);
        Assert.Single(scene.Send(scene.FromClient().Tcp(Scene.ClientPort, 80, Enum.Parse<TcpFlags>(flags))));
        Assert.Equal(state, Assert.Single(scene.Path.ListConnections()).State);
        Assert.Equal(1UL, scene.Count(PacketCounter.ConnectionsAdopted));
        Assert.Equal(1, scene.Path.Services.Report()[0].RealServers.Sum(server => server.ActiveConnections + server.InactiveConnections));
    }

    [Theory]
    [InlineData("wlc", "Ack")]
    [InlineData("sh", "Rst")]
    [InlineData("sh", "Rst, Ack")]
    [InlineData("sh", "Syn, Ack")]
    public void What_cannot_be_or_is_no_middle_of_a_connection_is_refused_as_ever(string scheduler, string flags)
    {
        using var scene = Taking(scheduler);
        scene.Send(scene.FromClient().Tcp(Scene.ClientPort, 80, Enum.Parse<TcpFlags>(flags)));
        Assert.Equal((1UL, 0), (scene.Count(PacketCounter.DropNotSyn), scene.Path.Connections.Count));
    }

    [Fact]
    public void After_the_grace_it_is_over_until_something_is_taken_again()
    {
        using var scene = Taking("sh");
        scene.Path.Wait(30_000);
        scene.Send(scene.FromClient().Tcp(Scene.ClientPort, 80, TcpFlags.Ack));
        Assert.Empty(scene.Path.ListConnections());
        scene.Path.Hold(Held(scene, forwards: true, []));
        scene.Send(scene.FromClient().Tcp(Scene.ClientPort, 80, TcpFlags.Ack));
        Assert.Empty(scene.Path.ListConnections());
        scene.Path.Hold(Held(scene, forwards: false, []));
        scene.Path.Hold(Held(scene, forwards: true, []));
        scene.Send(scene.FromClient().Tcp(Scene.ClientPort, 80, TcpFlags.Ack));
        Assert.Single(scene.Path.ListConnections());
    }

    [Fact]
    public void Another_block_begins_the_grace_anew_and_a_block_less_does_not()
    {
        var periods = new AdoptionPeriods(TimeSpan.FromSeconds(30));
        var address = InetAddress.From(IPAddress.Parse("10.0.0.1"));
        ImmutableArray<bool> half = [.. Enumerable.Range(0, 512).Select(block => block < 256)];
        periods.Follow(Partition(half), [], 0);
        Assert.True(periods.Covers(address, 29_999));
        Assert.False(periods.Covers(address, 30_000));
        periods.Follow(Partition(half.SetItem(0, false)), [], 40_000);
        Assert.False(periods.Covers(address, 40_000));
        periods.Follow(Partition(half), [], 50_000);
        Assert.True(periods.Covers(address, 50_000));
        periods.Follow(new Holdings([]), [], 60_000);
        Assert.False(periods.Covers(address, 60_000));
        periods.Follow(Holdings.Everything, [address], 70_000);
        Assert.True(periods.Covers(address, 70_000));
    }

    private static Holdings Partition(ImmutableArray<bool> blocks) => new(
        [new HeldGroup("www", [IPAddress.Parse("10.0.0.1")]) { Forwards = true, Share = new PartitionShare(BlockSense.SourcePort, PhysicalAddress.Parse("02-00-00-00-00-99"), blocks) }]);

    private static Holdings Held(Scene scene, bool forwards, ImmutableArray<string> interfaces) =>
        new([new HeldGroup("www", [IPAddress.Parse(scene.Vip)]) { Answers = forwards, Forwards = forwards, Interfaces = interfaces }]);

    private static Scene Taking(string scheduler)
    {
        var scene = new Scene(synchronisation: new SynchronisationOptions { Name = "a", Cluster = "lab", Key = [.. "a secret of tests"u8], EndPoint = new IPEndPoint(IPAddress.Loopback, 0) });
        return scene.Apply(new ForwardingTable { Services = [scene.Service(Protocol.Tcp, scene.Server(), scene.Server(address: scene.OtherReal)) with { Scheduler = scheduler }] });
    }
}
