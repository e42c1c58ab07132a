using System.Net;
using Director.Forwarding.Connections;
using Director.Forwarding.Engine;
using Director.Forwarding.Packets;
using Director.Forwarding.Synchronisation;
using Director.Forwarding.Synchronisation.Ipvs;
using Director.Forwarding.Tests.Packets;
using Xunit;

namespace Director.Forwarding.Tests.Synchronisation.Ipvs;

/// <summary>What a director makes of a kernel's connections: what another kernel would.</summary>
public sealed class IpvsReceptionTests
{
    private const TcpFlags FinAck = TcpFlags.Fin | TcpFlags.Ack;

    [Fact]
    public void A_connection_goes_on_here_and_back_there()
    {
        using var backup = new KernelsPair(new IpvsSendingOptions());
        backup.Take(KernelsPair.Entry());
        Assert.Equal(["TCP ESTABLISHED 192.168.60.2:30000 192.168.60.100:80 10.1.0.11:8080"], backup.Connections());
        Assert.Equal(1, backup.Path.Services.Report()[0].RealServers.Sum(server => server.ActiveConnections));

        // It counts for three packets, so that it is not told back with the next.
        backup.More(30000, 49);
        Assert.Empty(backup.TakeTold());
        Assert.Equal(49UL, backup.Path.Counters[PacketCounter.ForwardedIn]);
        backup.More(30000, 1);
        Assert.Equal(KernelsPair.Entry(), Assert.Single(backup.TakeTold()));
        backup.FromClient(30000, 80, FinAck);
        Assert.Equal(KernelsPair.Entry(state: TcpState.CloseWait) with { Timeout = 60 }, Assert.Single(backup.TakeTold()));
    }

    [Fact]
    public void The_timeout_told_is_the_timeout_here()
    {
        using var backup = new KernelsPair();
        backup.Take(KernelsPair.Entry() with { Timeout = 77 });
        Assert.Equal(77, backup.SecondsLeft()[30000]);
        backup.Take(KernelsPair.Entry() with { Timeout = 12 });
        Assert.Equal(12, backup.SecondsLeft()[30000]);
        backup.Take(KernelsPair.Entry(state: TcpState.FinWait) with { Timeout = 0 });
        Assert.Equal(120, backup.SecondsLeft()[30000]);
        backup.Take(KernelsPair.Entry() with { Timeout = uint.MaxValue });
        Assert.Equal(31 * 24 * 60 * 60, backup.SecondsLeft()[30000]);
    }

    [Fact]
    public void An_active_connection_to_another_real_server_takes_the_place_of_the_old_one()
    {
        using var backup = new KernelsPair();
        backup.Take(KernelsPair.Entry());
        backup.Take(KernelsPair.Entry(real: "10.1.0.12"));
        Assert.Equal(["TCP ESTABLISHED 192.168.60.2:30000 192.168.60.100:80 10.1.0.12:8080"], backup.Connections());
        Assert.Equal([1, 0], backup.Path.Services.Report()[0].RealServers.OrderByDescending(server => server.Spec.Address.ToString()).Select(server => server.ActiveConnections + server.InactiveConnections));
    }

    [Fact]
    public void The_late_end_of_a_connection_that_went_to_another_real_server_is_left_out()
    {
        using var backup = new KernelsPair();
        backup.Take(KernelsPair.Entry(real: "10.1.0.12"));
        backup.Take(KernelsPair.Entry(state: TcpState.TimeWait));
        Assert.Equal(["TCP ESTABLISHED 192.168.60.2:30000 192.168.60.100:80 10.1.0.12:8080"], backup.Connections());
        Assert.Equal(1UL, backup.Path.Counters[PacketCounter.DropSynchronisedReplaced]);
    }

    [Theory]
    [InlineData(ForwardingMethod.Direct)]
    [InlineData(ForwardingMethod.Tunnel)]
    public void How_the_real_server_is_reached_is_this_directors_to_say(ForwardingMethod method)
    {
        using var backup = new KernelsPair(new IpvsSendingOptions(), new ForwardingTable { Services = [KernelsPair.Service(Protocol.Tcp, 80, KernelsPair.Server("10.1.0.11", 80, method))] });
        backup.Take(KernelsPair.Entry() with { RealPort = 80 });
        Assert.Equal(method, Assert.Single(backup.Path.ListConnections()).Method);
        backup.FromClient(30000, 80, FinAck);
        var told = Assert.Single(backup.TakeTold());

        // The state table of those whose answers pass by: FIN_WAIT.
        Assert.Equal((TcpState.FinWait, (int)IpvsFlags.NoOutput | (int)IpvsFlags.Inactive | (method == ForwardingMethod.Direct ? 3 : 2)), ((TcpState)told.State, (int)told.Flags));
    }

    [Fact]
    public void What_has_no_place_here_is_left_out_and_counted()
    {
        using var backup = new KernelsPair();
        backup.Take(KernelsPair.Entry(real: "10.9.9.9"));
        backup.Take(KernelsPair.Entry() with { RealPort = 22 });
        backup.Take(KernelsPair.Entry() with { VirtualPort = 81 });
        backup.Take(KernelsPair.Entry() with { VirtualPort = 81, ClientPort = 0, Flags = IpvsFlags.Template });
        backup.Take(KernelsPair.Entry(flags: IpvsFlags.NoClientPort));
        Assert.Empty(backup.Connections());
        Assert.Equal((2UL, 1UL), (backup.Path.Counters[PacketCounter.DropUnknownSynchronisedRealServer], backup.Path.Counters[PacketCounter.DropUnknownSynchronisedService]));
        Assert.Equal((1, 1), (backup.Counters[IpvsFault.UnplacedTemplate], backup.Counters[IpvsFault.NoClientPort]));
    }

    [Fact]
    public void Shifted_sequence_numbers_and_persistence_engines_are_not_for_us()
    {
        using var backup = new KernelsPair();
        var shifted = new byte[24];
        shifted[7] = 4;
        TakeWith(backup, KernelsPair.Entry(flags: IpvsFlags.OutSequence), new IpvsEntryOptions { Sequence = shifted });
        TakeWith(backup, KernelsPair.Entry() with { ClientPort = 0, Flags = IpvsFlags.Template }, new IpvsEntryOptions { PersistenceData = "call"u8, PersistenceName = "sip"u8 });
        Assert.Empty(backup.Connections());
        Assert.Equal((1, 1), (backup.Counters[IpvsFault.SequenceShifted], backup.Counters[IpvsFault.PersistenceEngine]));
        TakeWith(backup, KernelsPair.Entry(flags: IpvsFlags.OutSequence), new IpvsEntryOptions { Sequence = new byte[24] });
        Assert.Single(backup.Connections());
    }

    [Fact]
    public void Another_id_is_left_out_and_counted_and_0_takes_all()
    {
        using var backup = new KernelsPair();
        var datagram = SyncCapture.Datagrams("sync")[0];
        backup.ReceptionFor(50).Take(datagram);
        Assert.False(backup.Path.Forwarder.HasReceived);
        Assert.Equal(1, backup.Counters[IpvsFault.OtherId]);
        backup.ReceptionFor(51).Take(datagram);
        Assert.True(backup.Path.Forwarder.HasReceived);
    }

    [Fact]
    public void Templates_of_marks_and_of_all_ports_find_their_service()
    {
        var all = KernelsPair.Service(Protocol.Tcp, 0, KernelsPair.Server("10.1.0.11", 0)) with { Persistence = new Persistence(300, 24) };
        var mark = new VirtualServiceSpec(ServiceKey.ForMark(7, isIPv6: false)) { Scheduler = "rr", Persistence = new Persistence(60, 32), RealServers = [KernelsPair.Server("10.1.0.12")] };
        using var backup = new KernelsPair(table: new ForwardingTable { Services = [all, mark] });
        backup.Take(
            KernelsPair.Entry() with { ClientPort = 0, VirtualPort = 0, RealPort = 0, Flags = IpvsFlags.Template, State = 1, Client = InetAddress.From(IPAddress.Parse("192.168.60.0")) },
            KernelsPair.Entry() with { Protocol = 0, ClientPort = 0, VirtualPort = 0, RealPort = 0, Mark = 7, Flags = IpvsFlags.Template, State = 0, Virtual = InetAddress.From(IPAddress.Parse("0.0.0.7")), Real = InetAddress.From(IPAddress.Parse("10.1.0.12")), Timeout = 60 },
            KernelsPair.Entry() with { VirtualPort = 443, RealPort = 443 });
        Assert.Equal(
            [
                "IP NONE 192.168.60.2:0 0.0.0.7:0 10.1.0.12:8080",
                "TCP ASSURED 192.168.60.0:0 192.168.60.100:0 10.1.0.11:0",
                "TCP ESTABLISHED 192.168.60.2:30000 192.168.60.100:443 10.1.0.11:443",
            ],
            backup.Connections());

        // The client of the template stays with its real server.
        backup.FromClient(30001, 8443, TcpFlags.Syn);
        Assert.Contains("TCP SYN_RECV 192.168.60.2:30001 192.168.60.100:8443 10.1.0.11:8443", backup.Connections());
        Assert.Equal(0, backup.Counters[IpvsFault.UnplacedTemplate]);
    }

    [Fact]
    public void The_other_directors_are_told_once_this_one_forwards_for_it()
    {
        var port = new RecordingPort();
        using var scene = new Engine.Scene(sender: destinations => port.Sender(destinations));
        scene.With(scene.Server());
        new IpvsReception(0, scene.Path.Delivery, 3, new IpvsCounters()).Take(Datagram(KernelsPair.Entry() with
        {
            ClientPort = Engine.Scene.ClientPort,
            Client = InetAddress.From(IPAddress.Parse(scene.Client)),
            Virtual = InetAddress.From(IPAddress.Parse(scene.Vip)),
            Real = InetAddress.From(IPAddress.Parse(scene.Real)),
        }));
        scene.Path.Forwarder.TakeReceived(scene.Path.Now);
        scene.Path.Wait(20);
        Assert.Empty(port.TakeRecords());
        scene.Send(scene.FromClient().Tcp(Engine.Scene.ClientPort, 80, TcpFlags.Ack));
        Assert.Equal(TcpState.Established, Assert.Single(port.TakeRecords()).State);
    }

    [Fact]
    public void One_packet_connections_are_never_told_of_and_their_template_is()
    {
        var service = KernelsPair.Service(Protocol.Udp, 8080) with { OnePacket = true, Persistence = new Persistence(300, 32) };
        using var master = new KernelsPair(new IpvsSendingOptions(), new ForwardingTable { Services = [service] });
        master.FromClient(30400, 8080, datagrams: 5);
        var told = master.TakeTold();
        Assert.Equal(5, told.Count);
        Assert.All(told, entry => Assert.Equal((true, Wire.Udp, 0), (entry.IsTemplate, entry.Protocol, entry.ClientPort)));
    }

    [Fact]
    public void Nothing_is_noted_without_a_master_and_noting_allocates_nothing()
    {
        using var director = new KernelsPair();
        director.Open(30000, "10.1.0.12", 60);
        Assert.Empty(director.TakeTold());
        director.Path.Ipvs.Rule = new IpvsRule(new IpvsSendingOptions { Threshold = 0, Period = 1 });
        var packet = PacketBuilder.Ethernet(0x01_00_00_00_00_02, 0x07_00_00_00_00_02).IP(KernelsPair.Client, KernelsPair.Vip).Tcp(30000, 80, TcpFlags.Ack).Build();
        using var batch = new Director.Forwarding.Links.FrameBatch();
        batch.Append(packet, 0);
        Assert.Equal(0, Allocations.Least(() => director.Path.Forwarder.Process(batch, director.Path.Now)));
        Assert.NotEmpty(director.TakeTold());
    }

    [Fact]
    public void A_ring_that_is_full_keeps_nothing_waiting()
    {
        using var director = new KernelsPair(new IpvsSendingOptions { Threshold = 0, Period = 1 });
        director.Open(30000, "10.1.0.12", 1);
        director.More(30000, 8192 + 10);
        Assert.Equal(8192UL + 11, director.Path.Counters[PacketCounter.ForwardedIn]);
        Assert.Equal((8192, 10), (director.TakeTold().Count, director.Path.Ipvs.Lost));
    }

    private static byte[] Datagram(in IpvsEntry entry, IpvsEntryOptions options = default)
    {
        var batch = new IpvsBatch(1, 51, 1472);
        Assert.True(batch.TryAdd(entry, options, 0));
        return batch.Finish().ToArray();
    }

    private static void TakeWith(KernelsPair backup, in IpvsEntry entry, IpvsEntryOptions options) => backup.Take(Datagram(entry, options).AsSpan());
}
