using System.Net;
using Director.Forwarding.Connections;
using Director.Forwarding.Engine;
using Director.Forwarding.Packets;
using Director.Forwarding.Scheduling;
using Director.Forwarding.Synchronisation;
using Director.Forwarding.Tests.Engine;
using Director.Forwarding.Tests.Packets;
using Xunit;

namespace Director.Forwarding.Tests.Synchronisation;

/// <summary>What one director makes of another one's connections: as if it had set them up itself.</summary>
public sealed class ReceivedConnectionsTests
{
    private const TcpFlags FinAck = TcpFlags.Fin | TcpFlags.Ack;

    private readonly RecordingPort _port = new();
    private readonly RecordingPort _back = new();

    [Theory]
    [InlineData(false, ForwardingMethod.Nat)]
    [InlineData(true, ForwardingMethod.Nat)]
    [InlineData(false, ForwardingMethod.Direct)]
    [InlineData(true, ForwardingMethod.Tunnel)]
    public void A_connection_goes_on_at_the_other_director_as_if_nothing_had_happened(bool isIPv6, ForwardingMethod method)
    {
        var (first, second) = Two(isIPv6, scene => [scene.Server(method, method == ForwardingMethod.Nat ? 8080 : 80)]);
        using var _ = first;
        using var __ = second;
        first.Open();
        Pass(first, second);
        Assert.Equal("ESTABLISHED", Assert.Single(second.Path.ListConnections()).State);
        Assert.Equal((1, 0), Counts(second));
        var packet = first.FromClient().Tcp(Scene.ClientPort, 80, TcpFlags.Ack, 7);
        var here = Assert.Single(first.Send(packet));
        var there = Assert.Single(second.Send(packet));
        Assert.Equal(Convert.ToHexString(here.Frame.Bytes), Convert.ToHexString(there.Frame.Bytes));
        if (method == ForwardingMethod.Nat)
            second.Expect(second.FromReal().Tcp(8080, Scene.ClientPort, TcpFlags.Ack, 8), second.ToClient().Tcp(80, Scene.ClientPort, TcpFlags.Ack, 8));
    }

    [Fact]
    public void What_was_received_is_not_told_back_until_this_director_forwards_for_it()
    {
        var (first, second) = Two();
        using var _ = first;
        using var __ = second;
        first.Open();
        Pass(first, second);
        second.Path.Wait(1000);
        second.Send(second.FromClient().Tcp(Scene.ClientPort, 80, TcpFlags.Ack));
        Assert.Empty(_back.TakeRecords());
        second.Send(second.FromClient().Tcp(Scene.ClientPort, 80, FinAck));
        Assert.Equal(TcpState.CloseWait, Assert.Single(_back.TakeRecords()).State);
    }

    [Fact]
    public void A_copy_lives_half_a_timeout_longer_than_it_was_told()
    {
        var (first, second) = Two();
        using var _ = first;
        using var __ = second;
        first.Open();
        Pass(first, second);
        second.Path.Wait(1_349_000);
        Assert.Equal((1, 0), Counts(second));
        second.Path.Wait(2_000);
        Assert.Empty(second.Path.ListConnections());
        Assert.Equal((0, 0), Counts(second));
    }

    [Fact]
    public void States_follow_and_so_do_the_real_servers_counts()
    {
        var (first, second) = Two();
        using var _ = first;
        using var __ = second;
        first.Send(first.FromClient().Tcp(Scene.ClientPort, 80, TcpFlags.Syn));
        Pass(first, second);
        Assert.Equal((0, 1), Counts(second));
        Assert.Equal(1, second.Path.Connections.HalfOpen);
        first.Open();
        Pass(first, second);
        Assert.Equal((1, 0), Counts(second));
        Assert.Equal(0, second.Path.Connections.HalfOpen);
        first.Send(first.FromClient().Tcp(Scene.ClientPort, 80, FinAck));
        Pass(first, second);
        Assert.Equal((0, 1), Counts(second));
        Assert.Equal(("CLOSE_WAIT", 90_000L), (second.Path.ListConnections()[0].State, second.Path.ListConnections()[0].RemainingMilliseconds));
    }

    [Fact]
    public void A_record_with_another_real_server_takes_the_connection_there()
    {
        var (first, second) = Two(false, scene => [scene.Server(), scene.Server(address: scene.OtherReal)]);
        using var _ = first;
        using var __ = second;
        second.Open();
        first.Send(first.FromClient().Tcp(1, 80, TcpFlags.Syn));
        first.Open();
        Pass(first, second);
        var report = Assert.Single(second.Path.ListConnections(), connection => connection.Client.Port == Scene.ClientPort);
        Assert.Equal(first.Path.ListConnections().Single(connection => connection.Client.Port == Scene.ClientPort).RealServer, report.RealServer);
        Assert.Equal(2, second.Path.Services.Report()[0].RealServers.Sum(server => server.ActiveConnections + server.InactiveConnections));
    }

    [Fact]
    public void An_end_ends_the_copy()
    {
        var (first, second) = Two();
        using var _ = first;
        using var __ = second;
        first.Apply(first.Path.Services.Current.Table with { Options = new ForwardingOptions { ExpireNoDestination = true } });
        first.Open();
        Pass(first, second);
        first.Apply(new ForwardingTable { Services = [first.Service(Protocol.Tcp)], Options = new ForwardingOptions { ExpireNoDestination = true } });
        first.Send(first.FromClient().Tcp(Scene.ClientPort, 80, TcpFlags.Ack));
        Pass(first, second);
        Assert.Empty(second.Path.ListConnections());
        Assert.Equal(1UL, second.Count(PacketCounter.SynchronisedEnded));
    }

    [Fact]
    public void What_has_no_place_here_is_counted_and_left_out()
    {
        var (first, second) = Two();
        using var _ = first;
        using var __ = second;
        second.Apply(new ForwardingTable { Services = [second.Service(Protocol.Tcp, second.Server(address: second.OtherReal))] });
        first.Send(first.FromClient().Tcp(Scene.ClientPort, 80, TcpFlags.Syn));
        first.Send(first.FromClient().Udp(Scene.ClientPort, 80));
        Pass(first, second);
        Assert.Empty(second.Path.ListConnections());
        Assert.Equal((1UL, 1UL), (second.Count(PacketCounter.DropUnknownSynchronisedRealServer), second.Count(PacketCounter.DropUnknownSynchronisedService)));
    }

    [Fact]
    public void A_full_table_takes_no_more_and_counts_nothing_at_real_servers()
    {
        using var first = new Scene(sender: destinations => _port.Sender(destinations));
        using var second = new Scene(connections: 16);
        first.With(first.Server());
        second.With(second.Server());
        foreach (var port in Enumerable.Range(1, 20))
            first.Open(port);
        Pass(first, second);
        Assert.Equal(16, second.Path.Connections.Count);
        Assert.Equal(16, Counts(second).Active + Counts(second).Inactive);
        Assert.True(second.Count(PacketCounter.DropSynchronisedTableFull) > 0);
    }

    [Fact]
    public void A_snapshots_record_does_not_undo_what_was_heard_since_it_began()
    {
        var (first, second) = Two();
        using var _ = first;
        using var __ = second;
        first.Send(first.FromClient().Tcp(Scene.ClientPort, 80, TcpFlags.Syn));
        var old = _port.TakeRecords();
        first.Open();
        Pass(first, second);
        var now = (uint)(second.Path.Now / 10);
        Give(second, old, new ReceivedRecord { Source = RecordSource.Snapshot, Heard = now - 1 });
        Assert.Equal("ESTABLISHED", second.Path.ListConnections()[0].State);
        Give(second, old, new ReceivedRecord { Source = RecordSource.Snapshot, Heard = now + 1 });
        Assert.Equal("SYN_RECV", second.Path.ListConnections()[0].State);
    }

    [Fact]
    public void What_came_before_a_snapshot_began_is_older_than_it_even_if_the_worker_takes_it_after()
    {
        var (first, second) = Two();
        using var _ = first;
        using var __ = second;
        first.Send(first.FromClient().Tcp(Scene.ClientPort, 80, TcpFlags.Syn));
        var early = _port.TakeRecords().Single();
        first.Open();
        var whole = _port.TakeRecords().Last();
        var came = (uint)(second.Path.Now / 10);
        Assert.True(second.Path.Received.TryWrite(new ReceivedRecord { Record = early, Heard = came }));
        Assert.True(second.Path.Received.TryWrite(new ReceivedRecord { Record = whole, Source = RecordSource.Snapshot, Heard = came + 1 }));

        second.Path.Forwarder.TakeReceived(second.Path.Now + 1000);

        Assert.Equal("ESTABLISHED", second.Path.ListConnections()[0].State);
    }

    [Fact]
    public void A_template_holds_a_client_at_the_other_director_and_lives_with_its_connections()
    {
        var (first, second) = Two(false, scene => [scene.Server(), scene.Server(address: scene.OtherReal)], new Persistence(300, 32));
        using var _ = first;
        using var __ = second;
        first.Open();
        Pass(first, second);
        Assert.Equal(["ASSURED", "ESTABLISHED"], second.Path.ListConnections().Select(connection => connection.State).Order());
        var real = first.Path.ListConnections()[0].RealServer.Address;
        Assert.All(second.Path.ListConnections(), connection => Assert.Equal(real, connection.RealServer.Address));
        for (var port = 1; port <= 4; port++)
            second.Send(second.FromClient().Tcp(port, 80, TcpFlags.Syn));
        Assert.All(second.Path.ListConnections(), connection => Assert.Equal(real, connection.RealServer.Address));
        second.Path.Wait(600_000);
        Assert.Contains(second.Path.ListConnections(), connection => connection.IsTemplate);
        second.Path.Wait(900_000);
        Assert.Empty(second.Path.ListConnections());
        Assert.Equal(0, second.Path.Services.Report()[0].RealServers.Sum(server => server.PersistentConnections));
    }

    [Fact]
    public void A_masqueraded_connection_and_a_straight_one_are_known_too()
    {
        var (first, second) = Two();
        using var _ = first;
        using var __ = second;
        var table = new ForwardingTable
        {
            Services = [first.Service(Protocol.Tcp, first.Server())],
            Masquerade = [new MasqueradeRule(IPNetwork.Parse("192.168.1.0/24"), IPAddress.Parse(first.Vip))],
        };
        first.Apply(table);
        second.Apply(table);
        Assert.Single(first.Send(first.FromReal().Tcp(5000, 443, TcpFlags.Syn)));
        first.Send(PacketBuilder.Ethernet(Scene.OutsideMac, Scene.ClientMac).IP(first.Client, first.Real).Tcp(7777, 22, TcpFlags.Syn));
        Pass(first, second);
        Assert.Equal(2, second.Path.Connections.Count);
        Assert.Equal(first.Path.ListConnections(), second.Path.ListConnections().Select(connection => connection with { RemainingMilliseconds = first.Path.ListConnections()[0].RemainingMilliseconds }));
        second.Expect(first.FromClient().Tcp(443, 5000, TcpFlags.Syn | TcpFlags.Ack), first.ToReal().Tcp(443, 5000, TcpFlags.Syn | TcpFlags.Ack));
    }

    private (Scene First, Scene Second) Two(bool isIPv6 = false, Func<Scene, RealServerSpec[]>? servers = null, Persistence? persistence = null)
    {
        var first = new Scene(isIPv6, sender: destinations => _port.Sender(destinations));
        var second = new Scene(isIPv6, sender: destinations => _back.Sender(destinations));
        foreach (var scene in (Scene[])[first, second])
        {
            var reals = servers?.Invoke(scene) ?? [scene.Server()];
            scene.Apply(new ForwardingTable { Services = [scene.Service(Protocol.Tcp, reals) with { Persistence = persistence }, scene.Service(Protocol.Udp, reals)] });
        }

        second.Apply(second.Path.Services.Current.Table with { Services = [.. second.Path.Services.Current.Table.Services.Where(service => service.Key.Protocol == Protocol.Tcp)] });
        return (first, second);
    }

    /// <summary>Carries over what the first director has told.</summary>
    private void Pass(Scene from, Scene to)
    {
        to.Path.Now = from.Path.Now = Math.Max(from.Path.Now, to.Path.Now);
        Give(to, _port.TakeRecords(), default);
    }

    private static void Give(Scene to, IEnumerable<ConnectionRecord> records, ReceivedRecord form)
    {
        foreach (var record in records)
        {
            form.Record = record;
            form.Heard = form.Source == RecordSource.Snapshot ? form.Heard : (uint)(to.Path.Now / 10);
            if (record.Kind == RecordKind.Template)
            {
                var destination = to.Path.Services.Current.FindService(record)!.FindOf(record)!;
                Assert.True(to.Path.Templates.Receive(record, destination, (uint)(to.Path.Now / 10), null));
            }
            else
            {
                Assert.True(to.Path.Received.TryWrite(form));
            }
        }

        while (to.Path.Forwarder.HasReceived)
            to.Path.Forwarder.TakeReceived(to.Path.Now);
    }

    private static (int Active, int Inactive) Counts(Scene scene)
    {
        var servers = scene.Path.Services.Report()[0].RealServers;
        return (servers.Sum(server => server.ActiveConnections), servers.Sum(server => server.InactiveConnections));
    }
}
