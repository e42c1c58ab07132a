using Director.Forwarding.Synchronisation;
using Director.Forwarding.Tests.Engine;
using Director.Forwarding.Tests.Packets;
using Xunit;

namespace Director.Forwarding.Tests.Synchronisation;

/// <summary>Directors that synchronise over loopback: all they do but for the threads of workers.</summary>
public sealed class SynchronisationTests
{
    [Fact]
    public void Connections_of_each_are_known_to_the_other_at_once()
    {
        using var a = new DirectorInCluster("a");
        using var b = new DirectorInCluster("b");
        DirectorInCluster.Join(a, b);
        DirectorInCluster.UntilSynchronised(a, b);
        a.Scene.Open(1);
        b.Scene.Open(2);
        a.Scene.Send(a.Scene.FromClient().Udp(3, 80));
        DirectorInCluster.Until(() => a.Count == 3 && b.Count == 3 && a.Connections().SequenceEqual(b.Connections()), a, b);
        Assert.All([a, b], director => Assert.Equal(0, director.Report.Peers.Sum(peer => peer.Lost)));
        Assert.Equal(["ESTABLISHED", "ESTABLISHED", "UDP"], b.Scene.Path.ListConnections().Select(connection => connection.State).Order());
    }

    [Fact]
    public void One_that_joins_gets_what_there_was_before_it()
    {
        using var a = new DirectorInCluster("a", Persistent);
        for (var port = 1; port <= 1000; port++)
            a.Scene.Open(port);
        using var b = new DirectorInCluster("b", Persistent);
        Assert.False(b.Synchronisation.IsSynchronised);
        b.SetPeers(a.AsPeer());
        DirectorInCluster.Until(() => b.Report.Counters["drop-forged"] == 0 && a.Report.Counters["readers-not-peers"] > 0, a, b);
        Assert.False(b.Synchronisation.IsSynchronised);
        a.SetPeers(b.AsPeer());
        DirectorInCluster.UntilSynchronised(a, b);
        DirectorInCluster.Until(() => b.Count == 1000, a, b);
        Assert.Equal(a.Connections(), b.Connections());
        Assert.Equal(1001, b.Peer("a").SnapshotRecords);
    }

    [Fact]
    public void Three_directors_know_the_connections_of_all_three()
    {
        using var a = new DirectorInCluster("a");
        using var b = new DirectorInCluster("b");
        using var c = new DirectorInCluster("c");
        DirectorInCluster.Join(a, b);
        DirectorInCluster.UntilSynchronised(a, b);
        a.Scene.Open(1);
        b.Scene.Open(2);
        DirectorInCluster.Join(a, b, c);
        DirectorInCluster.UntilSynchronised(a, b, c);
        c.Scene.Open(3);
        a.Scene.Open(4);
        DirectorInCluster.Until(() => new[] { a, b, c }.All(director => director.Connections().SequenceEqual(a.Connections()) && director.Count == 4), a, b, c);
    }

    [Fact]
    public void A_director_that_is_gone_keeps_nothing_from_the_others()
    {
        using var a = new DirectorInCluster("a");
        using var b = new DirectorInCluster("b");
        var c = new DirectorInCluster("c");
        DirectorInCluster.Join(a, b, c);
        DirectorInCluster.UntilSynchronised(a, b, c);
        c.Dispose();
        for (var port = 1; port <= 200; port++)
            a.Scene.Open(port);
        DirectorInCluster.Until(() => b.Count == 200, a, b);
        Assert.Equal(0, b.Peer("a").Lost);
    }

    [Fact]
    public void A_killed_director_that_returns_under_its_name_has_all_again_before_it_says_so()
    {
        using var a = new DirectorInCluster("a");
        var b = new DirectorInCluster("b");
        DirectorInCluster.Join(a, b);
        DirectorInCluster.UntilSynchronised(a, b);
        b.Scene.Open(1);
        a.Scene.Open(2);
        DirectorInCluster.Until(() => a.Count == 2 && b.Count == 2, a, b);
        var endPoint = b.EndPoint;
        b.Dispose();
        a.SetPeers();
        a.Scene.Open(3);
        using var again = new DirectorInCluster("b", endPoint: endPoint);
        DirectorInCluster.Join(a, again);
        DirectorInCluster.UntilSynchronised(again);
        DirectorInCluster.Until(() => again.Connections().SequenceEqual(a.Connections()) && again.Count == 3, a, again);
        DirectorInCluster.UntilSynchronised(a, again);
        again.Scene.Open(4);
        DirectorInCluster.Until(() => a.Count == 4, a, again);
    }

    [Theory]
    [InlineData(0.01, 0, false)]
    [InlineData(0.2, 0.1, true)]
    public void What_the_network_loses_repeats_and_reorders_is_healed(double loss, double repeats, bool isReordered)
    {
        using var a = new DirectorInCluster("a");
        using var b = new DirectorInCluster("b");
        using var before = new LossyNetwork(b.EndPoint);
        var random = new Random(1);
        byte[]? held = null;
        before.Fate = datagram =>
        {
            if (random.NextDouble() < loss)
                return [];
            if (isReordered && held is null && random.Next(5) == 0)
            {
                held = datagram;
                return [];
            }

            byte[][] now = random.NextDouble() < repeats ? [datagram, datagram] : [datagram];
            if (held is not null)
                (now, held) = ([.. now, held], null);
            return now;
        };
        a.SetPeers(b.AsPeer(before.EndPoint));
        b.SetPeers(a.AsPeer());
        DirectorInCluster.UntilSynchronised(a, b);
        for (var port = 1; port <= 3000; port++)
        {
            a.Scene.Open(port);
            if (port % 100 == 0)
                DirectorInCluster.Until(() => true, b);
        }

        DirectorInCluster.Until(() => b.Connections().SequenceEqual(a.Connections()) && b.Count == 3000, a, b);
        Assert.Equal(0, b.Peer("a").Lost);
        DirectorInCluster.Until(() => b.Peer("a").Repaired > 0 && a.Report.Counters["resent-datagrams"] > 0, a, b);
    }

    [Fact]
    public void One_that_fell_too_far_behind_says_so_and_catches_up_by_a_snapshot()
    {
        using var a = new DirectorInCluster("a", bufferBytes: 64 << 10);
        using var b = new DirectorInCluster("b");
        using var before = new LossyNetwork(b.EndPoint);
        a.SetPeers(b.AsPeer(before.EndPoint));
        b.SetPeers(a.AsPeer());
        DirectorInCluster.UntilSynchronised(a, b);
        a.Scene.Open(1);
        DirectorInCluster.Until(() => b.Count == 1, a, b);

        before.Fate = _ => [];
        for (var port = 2; port <= 3000; port++)
            a.Scene.Open(port);
        before.Fate = datagram => [datagram];
        DirectorInCluster.Until(() => b.Peer("a").Lost > 0, a, b);
        DirectorInCluster.Until(() => b.Peer("a") is { Snapshots: >= 2, Stage: SynchronisationStage.CaughtUp } && b.Count == 3000, a, b);
        DirectorInCluster.UntilSynchronised(a, b);
        Assert.Equal(a.Connections(), b.Connections());
        Assert.True(a.Report.Counters["no-longer-kept"] > 0);
    }

    [Fact]
    public void What_waits_behind_a_gap_when_its_sender_dies_is_taken_as_it_is()
    {
        var a = new DirectorInCluster("a");
        using var b = new DirectorInCluster("b");
        using var before = new LossyNetwork(b.EndPoint);
        a.SetPeers(b.AsPeer(before.EndPoint));
        b.SetPeers(a.AsPeer());
        DirectorInCluster.UntilSynchronised(a, b);
        before.Fate = datagram => datagram[24] != Datagram.ControlStream && datagram[35] == 1 ? [] : [datagram];
        a.Scene.Send(a.Scene.FromClient().Tcp(1, 80, TcpFlags.Syn));
        a.Scene.Send(a.Scene.FromClient().Tcp(2, 80, TcpFlags.Syn));
        DirectorInCluster.Until(() => b.Peer("a") is { Behind: > 0 } or { Lost: > 0 }, a, b);
        a.Dispose();
        b.SetPeers();
        DirectorInCluster.Until(() => b.Count == 1, b);
        Assert.Equal(2, b.Scene.Path.ListConnections()[0].Client.Port);
    }

    [Fact]
    public void A_connection_that_had_no_place_is_asked_for_again_when_a_table_has_one()
    {
        using var a = new DirectorInCluster("a");
        using var b = new DirectorInCluster("b", _ => ForwardingTable.Empty);
        DirectorInCluster.Join(a, b);
        DirectorInCluster.UntilSynchronised(a, b);
        a.Scene.Open(1);
        DirectorInCluster.Until(() => b.Scene.Count(Forwarding.Engine.PacketCounter.DropUnknownSynchronisedService) > 0, a, b);
        b.Scene.Apply(a.Scene.Path.Services.Current.Table);
        b.Scene.Path.Synchronisation!.TableApplied(1);
        DirectorInCluster.Until(() => b.Count == 1, a, b);
        DirectorInCluster.UntilSynchronised(a, b);
    }

    [Theory]
    [InlineData("another secret of tests", "lab")]
    [InlineData(DirectorInCluster.Key, "production")]
    public void Another_clusters_director_is_refused_in_one_line(string key, string cluster)
    {
        using var a = new DirectorInCluster("a");
        using var stranger = new DirectorInCluster("b", key: key, cluster: cluster);
        DirectorInCluster.Join(a, stranger);
        stranger.Scene.Open(1);
        DirectorInCluster.Until(() => a.Report.Counters["drop-other-key"] > 0 && a.Report.Counters["readers-refused"] > 0 && !a.Scene.Path.Log.IsEmpty, a, stranger);
        Assert.False(a.Synchronisation.IsSynchronised);
        Assert.Equal(0, a.Count);
        Assert.Equal([$"synchronisation: no snapshot of b at {stranger.EndPoint}, tried again until there is one: it has another cluster.name or cluster.key"], a.Scene.Path.Log.Distinct());
    }

    [Fact]
    public void Alone_it_is_synchronised_once_it_was_told_that_it_is()
    {
        using var a = new DirectorInCluster("a");
        var changes = new List<bool>();
        a.Synchronisation.SynchronisedChanged += changes.Add;
        Assert.False(a.Synchronisation.IsSynchronised);
        a.SetPeers();
        DirectorInCluster.UntilSynchronised(a);
        Assert.Equal([true], changes);
    }

    private static ForwardingTable Persistent(Scene scene) =>
        new() { Services = [scene.Service(Protocol.Tcp, scene.Server(), scene.Server(address: scene.OtherReal)) with { Persistence = new Persistence(300, 32) }] };
}
