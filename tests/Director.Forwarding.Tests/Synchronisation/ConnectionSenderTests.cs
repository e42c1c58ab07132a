using System.Net;
using Director.Forwarding.Connections;
using Director.Forwarding.Engine;
using Director.Forwarding.Packets;
using Director.Forwarding.Synchronisation;
using Director.Forwarding.Tests.Engine;
using Director.Forwarding.Tests.Packets;
using Xunit;

namespace Director.Forwarding.Tests.Synchronisation;

/// <summary>What a director tells the others of its connections, and when.</summary>
public sealed class ConnectionSenderTests
{
    private const TcpFlags SynAck = TcpFlags.Syn | TcpFlags.Ack;
    private const TcpFlags FinAck = TcpFlags.Fin | TcpFlags.Ack;

    private readonly RecordingPort _port = new();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_new_connection_is_told_of_before_the_frame_that_opened_it_leaves(bool isIPv6)
    {
        using var scene = Serving(isIPv6);
        var framesBefore = -1;
        _port.Sending = () => framesBefore = scene.Path.Links.Sum(link => link.Sent.Count);
        scene.Send(scene.FromClient().Tcp(Scene.ClientPort, 80, TcpFlags.Syn));
        Assert.Equal(0, framesBefore);
        var record = Assert.Single(_port.TakeRecords());
        Assert.Equal((RecordKind.Connection, RecordFlags.Rewritten, (byte)6, TcpState.SynReceived, 6000u), (record.Kind, record.Flags, record.Protocol, record.State, record.Left));
        Assert.Equal((Scene.ClientPort, 80, 8080), (record.ClientPort, record.VirtualPort, record.RealPort));
        Assert.Equal((scene.Client, scene.Vip, scene.Real), (record.Client.ToString(), record.Virtual.ToString(), record.Real.ToString()));
    }

    [Fact]
    public void Frames_that_leave_before_the_end_of_a_batch_wait_for_their_records_too()
    {
        using var scene = Serving();
        var clients = Enumerable.Range(1, 64).Select(port => scene.FromClient().Tcp(port, 80, TcpFlags.Syn).Build()).ToArray();
        var told = 0;
        var early = 0;
        _port.Sending = () =>
        {
            var sent = scene.Path.Links.Sum(link => link.Sent.Count);
            early += Math.Max(0, sent - told);
            told = _port.Datagrams.Sum(datagram => RecordingPort.Open(datagram).Count);
        };
        Assert.Equal(64, scene.Path.Send(Scene.Outside, clients).Count);
        Assert.Equal(0, early);
        Assert.Equal([50, 14], _port.Datagrams.Select(datagram => RecordingPort.Open(datagram).Count));
        Assert.All(_port.Datagrams, datagram => Assert.InRange(datagram.Length, 1, 1452));
    }

    [Theory]
    [InlineData("c:Syn", "SynReceived")]
    [InlineData("c:Syn s:SynAck c:Ack", "SynReceived Established")]
    [InlineData("c:Syn s:SynAck c:Ack c:Ack s:Ack c:Ack", "SynReceived Established")]
    [InlineData("c:Syn s:SynAck c:Ack c:FinAck s:FinAck c:Ack", "SynReceived Established CloseWait TimeWait")]
    [InlineData("c:Syn s:SynAck c:Ack s:FinAck c:FinAck", "SynReceived Established FinWait TimeWait")]
    [InlineData("c:Syn s:SynAck c:Ack c:Rst", "SynReceived Established Close")]
    public void Every_change_of_state_is_told_of_at_once_and_nothing_else(string packets, string states)
    {
        using var scene = Serving();
        foreach (var packet in packets.Split(' '))
        {
            var flags = packet[2..] switch { "SynAck" => SynAck, "FinAck" => FinAck, var name => Enum.Parse<TcpFlags>(name) };
            scene.Send(packet[0] == 'c' ? scene.FromClient().Tcp(Scene.ClientPort, 80, flags) : scene.FromReal().Tcp(8080, Scene.ClientPort, flags));
        }

        Assert.Equal(states.Split(' '), _port.TakeRecords().Select(record => record.State.ToString()));
    }

    [Theory]
    [InlineData(true, 900)]
    [InlineData(false, 300)]
    public void A_connection_in_use_is_told_of_again_at_half_its_timeout(bool isTcp, int seconds)
    {
        using var scene = Serving();
        if (isTcp)
            scene.Open();
        PacketBuilder Packet() => isTcp ? scene.FromClient().Tcp(Scene.ClientPort, 80, TcpFlags.Ack) : scene.FromClient().Udp(Scene.ClientPort, 80);
        scene.Send(Packet());
        _port.TakeRecords();
        scene.Path.Wait((seconds * 500) - 100);
        scene.Send(Packet());
        Assert.Empty(_port.TakeRecords());
        scene.Path.Wait(200);
        scene.Send(Packet());
        Assert.Equal((uint)seconds * 100, Assert.Single(_port.TakeRecords()).Left);
        scene.Send(Packet());
        scene.Path.Wait(seconds * 2000L);
        Assert.Empty(_port.TakeRecords());
    }

    [Fact]
    public void A_connection_that_a_SYN_takes_to_another_real_server_is_ended_and_told_of_anew()
    {
        using var scene = Serving();
        scene.With(scene.Server(), scene.Server(address: scene.OtherReal));
        scene.Send(scene.FromClient().Tcp(Scene.ClientPort, 80, TcpFlags.Syn));
        scene.Send(scene.FromReal(real: scene.OtherReal).Tcp(8080, Scene.ClientPort, SynAck));
        scene.Send(scene.FromClient().Tcp(Scene.ClientPort, 80, TcpFlags.Ack));
        scene.Send(scene.FromClient().Tcp(Scene.ClientPort, 80, FinAck));
        scene.Send(scene.FromReal(real: scene.OtherReal).Tcp(8080, Scene.ClientPort, FinAck));
        _port.TakeRecords();
        scene.Send(scene.FromClient().Tcp(Scene.ClientPort, 80, TcpFlags.Syn, 99));
        Assert.Equal(
            [(RecordKind.End, scene.OtherReal), (RecordKind.Connection, scene.Real)],
            _port.TakeRecords().Select(record => (record.Kind, record.Real.ToString())));
    }

    [Fact]
    public void By_the_kernels_rule_established_ones_go_at_packet_3_and_each_50_after_and_ends_at_once()
    {
        using var scene = Serving(mode: SynchronisedConnections.Ipvs);
        scene.Open();
        Assert.Empty(_port.TakeRecords());
        var told = new List<int>();
        for (var packet = 3; packet <= 110; packet++)
        {
            scene.Send(scene.FromClient().Tcp(Scene.ClientPort, 80, TcpFlags.Ack));
            if (_port.TakeRecords().Length > 0)
                told.Add(packet);
        }

        Assert.Equal([3, 53, 103], told);
        scene.Send(scene.FromReal().Tcp(8080, Scene.ClientPort, FinAck));
        Assert.Equal(TcpState.FinWait, Assert.Single(_port.TakeRecords()).State);
    }

    [Fact]
    public void A_template_goes_before_its_connection_when_made_and_when_assured()
    {
        foreach (var mode in (SynchronisedConnections[])[SynchronisedConnections.Full, SynchronisedConnections.Templates])
        {
            using var scene = Serving(mode: mode);
            scene.Apply(new ForwardingTable { Services = [scene.Service(Protocol.Tcp, scene.Server()) with { Persistence = new Persistence(360, 24) }] });
            scene.Open();
            var records = _port.TakeRecords();
            Assert.Equal(
                mode == SynchronisedConnections.Full
                    ? [(RecordKind.Template, RecordFlags.None), (RecordKind.Connection, RecordFlags.Rewritten | RecordFlags.Controlled), (RecordKind.Template, RecordFlags.Assured), (RecordKind.Connection, RecordFlags.Rewritten | RecordFlags.Controlled)]
                    : [(RecordKind.Template, RecordFlags.None), (RecordKind.Template, RecordFlags.Assured)],
                records.Select(record => (record.Kind, record.Flags)));
            Assert.Equal(("10.9.0.0", (ushort)0, (ushort)80, 36_000u), (records[0].Client.ToString(), records[0].ClientPort, records[0].VirtualPort, records[0].Left));
            scene.Open(Scene.ClientPort + 1);
            Assert.DoesNotContain(_port.TakeRecords(), record => record.Kind == RecordKind.Template);
        }
    }

    [Fact]
    public void One_packet_scheduling_is_nobody_elses_business()
    {
        using var scene = Serving();
        scene.Apply(new ForwardingTable { Services = [scene.Service(Protocol.Udp, scene.Server()) with { OnePacket = true }] });
        Assert.Single(scene.Send(scene.FromClient().Udp(Scene.ClientPort, 80)));
        Assert.Equal(1, scene.Path.Connections.Count);
        Assert.Empty(_port.Datagrams);
    }

    [Fact]
    public void Without_peers_nothing_is_numbered_and_what_is_told_later_stands_as_it_is_then()
    {
        using var scene = Serving();
        _port.HasPeers = false;
        scene.Send(scene.FromClient().Tcp(Scene.ClientPort, 80, TcpFlags.Syn));
        Assert.Equal(0UL, scene.Path.Sender!.Stream.Position);
        _port.HasPeers = true;
        scene.Send(scene.FromReal().Tcp(8080, Scene.ClientPort, SynAck));
        scene.Send(scene.FromClient().Tcp(Scene.ClientPort, 80, TcpFlags.Ack));
        Assert.Equal(TcpState.Established, Assert.Single(_port.TakeRecords()).State);
        Assert.Equal(1UL, scene.Path.Sender!.Stream.Position);
    }

    [Fact]
    public void Telling_allocates_nothing()
    {
        var port = new SilentPort();
        using var scene = new Scene(keepsSent: false, connections: 65_536, sender: destinations => new ConnectionSender(
            SynchronisedConnections.Full, new RecordStream(0, 1, RecordingPort.Keys, port, 1 << 20), destinations));
        scene.With(scene.Server());
        using var batch = new Director.Forwarding.Links.FrameBatch();
        var frames = Enumerable.Range(1, 60_000).Select(number => scene.FromClient().Tcp(number, 80, TcpFlags.Syn).Build()).ToArray();
        var next = 0;
        var bytes = Allocations.Least(() =>
        {
            for (var i = 0; i < 10; i++)
            {
                batch.Clear();
                while (batch.HasRoom)
                    batch.Append(frames[next++ % frames.Length], Scene.Outside);
                scene.Path.Forwarder.Process(batch, 1000);
            }
        });
        Assert.Equal(0, bytes);
        Assert.True(port.Count > 0);
    }

    private Scene Serving(bool isIPv6 = false, SynchronisedConnections mode = SynchronisedConnections.Full) =>
        new Scene(isIPv6, sender: destinations => _port.Sender(destinations, mode)) is var scene ? scene.With(scene.Server()) : null!;

    private sealed class SilentPort : IDatagramPort
    {
        public int Count { get; private set; }

        public bool HasPeers => true;

        public void Send(ReadOnlySpan<byte> datagram) => Count++;
    }
}
