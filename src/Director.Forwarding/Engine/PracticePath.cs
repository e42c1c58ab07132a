using System.Collections.Immutable;
using System.Net;
using Director.Forwarding.Connections;
using Director.Forwarding.Kernel;
using Director.Forwarding.Links;
using Director.Forwarding.Packets;
using Director.Forwarding.Partitioning;
using Director.Forwarding.Routing;
using Director.Forwarding.Scheduling;
using Director.Forwarding.Statistics;
using Director.Forwarding.Synchronisation;
using Director.Forwarding.Synchronisation.Ipvs;

namespace Director.Forwarding.Engine;

/// <summary>
/// A packet path of its own between memory links, with small tables, that takes addresses and forwards made-up frames of every common kind. It has nothing of the host's and nothing of the engine's.
/// The addresses are those of documentation (RFC 5737, RFC 3849).
/// </summary>
internal sealed class PracticePath : IDisposable
{
    private const ulong OwnMac = 0x01_00_00_00_00_02;
    private const ulong OtherMac = 0x02_00_00_00_00_02;
    private const ulong SharedMac = 0x03_00_00_00_00_02;
    private const int Capacity = 1024;
    private const int Nat = 80;
    private const int Direct = 81;
    private const int Tunnel = 82;
    private const int Persistent = 83;
    private const int Unknown = 99;
    private const int FirstOfSchedulers = 100;
    private const int RealPort = 8080;
    private const int ClientPort = 40_000;
    private const int ReceivedPort = 50_000;
    private const int SegmentsEachWay = 10;
    private const byte Push = 0x08;

    private static readonly Ends[] Families = [new("192.0.2.7", "198.51.100.1", "203.0.113.1"), new("2001:db8:1::7", "2001:db8:2::1", "2001:db8:3::1")];

    private readonly Traffic _traffic = new(1);
    private readonly ServiceTable _services;
    private readonly PersistenceTemplates _templates;
    private readonly ConnectionSender? _sender;
    private readonly RecordRing _received = new(64);
    private readonly IpvsSender _ipvs;
    private readonly AdoptionPeriods _adoption = new(TimeSpan.FromSeconds(1));
    private readonly AnnouncementSchedule _announced = new();
    private readonly PublishedView _view;
    private readonly HiddenTraffic _hidden;
    private readonly FrameBatch _batch = new();
    private readonly Forwarder _forwarder;
    private readonly byte[][] _frames = [.. Families.SelectMany(FramesOf)];
    private readonly ImmutableArray<Holdings> _holdings;
    private int _round;
    private long _now;

    /// <param name="synchronises">Whether it tells other directors of its connections.</param>
    public PracticePath(bool synchronises)
    {
        _services = new ServiceTable(_traffic, _ => false);
        _services.Apply(new ForwardingTable { Services = [.. Families.SelectMany(ServicesOf)] });
        _templates = new PersistenceTemplates(Capacity, 0, _services.Destinations);
        _sender = synchronises ? new ConnectionSender(SynchronisedConnections.Full, new RecordStream(0, 0, new SynchronisationKeys(new byte[32], ""), new Nobody(), 1 << 16), _services.Destinations) : null;
        _ipvs = new IpvsSender(_services.Destinations, _templates, new IpvsRing(64)) { Rule = new IpvsRule(new IpvsSendingOptions()) };
        _view = new PublishedView(new WorkerView(_services.Current, HiddenPackets.None));
        _hidden = HiddenTraffic.Of(_services.Current.Table, [], _ => false);
        var group = new HeldGroup("practice", [.. Families.Select(ends => ends.Vip.ToIPAddress())]) { Answers = true, Forwards = true };
        var share = new PartitionShare(BlockSense.Source, new System.Net.NetworkInformation.PhysicalAddress(BitConverter.GetBytes(SharedMac)[..6]), [.. Enumerable.Repeat(true, PartitionShare.BlockCount)]) { IsGatewayOwner = true };
        _holdings = [Holdings.Everything, new Holdings([group]), new Holdings([group with { Share = share }]), new Holdings([group with { Answers = false, Forwards = false }])];
        _forwarder = new Forwarder(new ForwarderSetup
        {
            Links = [new MemoryLink("practice", 0, OwnMac) { KeepsSent = false }, new MemoryLink("host", 1, mac: 0) { KeepsSent = false }],
            View = _view,
            Destinations = _services.Destinations,
            Templates = _templates,
            Traffic = _traffic.Worker(0),
            Counters = Counters,
            Routes = new OneNeighbour(),
            Connections = Capacity,
            Seed = 0,
            Sender = _sender,
            Ipvs = _ipvs,
            Received = _received,
            Adoption = _adoption,
        });
    }

    /// <summary>What it has counted.</summary>
    public PacketCounters Counters { get; } = new();

    /// <summary>Takes the addresses in each way that there is, one after another, and each time announces them, forwards every frame, and lets all connections expire.</summary>
    public void Run()
    {
        foreach (var holdings in _holdings)
        {
            Hold(holdings);
            foreach (var ends in Families)
            {
                _received.TryWrite(new ReceivedRecord { Record = ReceivedConnection(ends) });
                _received.TryWrite(new ReceivedRecord { Record = ReceivedConnection(ends), Source = RecordSource.Kernel });
            }

            while (_ipvs.Ring.TryRead(out _))
            {
                // Room for the next round.
            }

            _forwarder.TakeReceived(_now);
            for (var i = 0; i < _frames.Length;)
            {
                _batch.Clear();
                for (; i < _frames.Length && _batch.HasRoom; i++)
                    _batch.Append(_frames[i], 0);
                _forwarder.Process(_batch, _now);
            }

            // As long as it takes for everything to expire.
            for (var end = _now + 2_000_000; _now < end; _now += 50_000)
                _forwarder.Tick(_now);
            _templates.Expire((uint)(_now / 10));
        }
    }

    private void Hold(Holdings holdings)
    {
        var lookup = _services.Current;
        _adoption.Follow(holdings, lookup.VirtualAddresses, _now);
        _view.Current = new WorkerView(lookup, new HiddenPackets(_hidden.Under(holdings, _ => false)), new HeldAddresses(holdings, lookup, ["practice"]));
        _announced.Follow(_now, [new AnnouncedGroup("practice", [.. lookup.VirtualAddresses], 1, TimeSpan.Zero, _round++)]);
        _forwarder.Announce([.. _announced.Take(_now)], _now);
    }

    private static IEnumerable<VirtualServiceSpec> ServicesOf(Ends ends)
    {
        VirtualServiceSpec Service(Protocol protocol, int port, ForwardingMethod method) => new(ServiceKey.ForAddress(protocol, ends.Vip.ToIPAddress(), (ushort)port))
        {
            RealServers = [new RealServerSpec(ends.Real.ToIPAddress(), method == ForwardingMethod.Nat ? (ushort)RealPort : (ushort)port) { Method = method }],
        };

        return
        [
            Service(Protocol.Tcp, Nat, ForwardingMethod.Nat),
            Service(Protocol.Udp, Nat, ForwardingMethod.Nat),
            Service(Protocol.Tcp, Direct, ForwardingMethod.Direct),
            Service(Protocol.Udp, Direct, ForwardingMethod.Direct),
            Service(Protocol.Tcp, Tunnel, ForwardingMethod.Tunnel),
            Service(Protocol.Udp, Tunnel, ForwardingMethod.Tunnel),
            Service(Protocol.Tcp, Persistent, ForwardingMethod.Nat) with { Persistence = new Persistence(60, ends.Vip.IsIPv6 ? 64 : 24) },
            .. SchedulerNames.All.Select((name, number) => Service(Protocol.Tcp, FirstOfSchedulers + number, ForwardingMethod.Direct) with { Scheduler = name }),
        ];
    }

    private static IEnumerable<byte[]> FramesOf(Ends ends)
    {
        var (client, vip, real) = ends;
        var write = new MadeUpFrames(OwnMac, OtherMac);
        byte[] FromClient(int port, byte flags, int data = 0, int clientPort = ClientPort) => write.Tcp(client, clientPort, vip, port, flags, data);
        byte[] FromReal(byte flags, int data = 0, int clientPort = ClientPort) => write.Tcp(real, RealPort, client, clientPort, flags, data);

        // Most of it is data of known connections, as in life: the compiler lays code out for what it saw most.
        var connections = new List<byte[]> { FromClient(Nat, Wire.Syn), FromReal(Wire.Syn | Wire.Ack), FromClient(Nat, Wire.Ack) };
        for (var i = 0; i < SegmentsEachWay; i++)
            connections.AddRange([FromClient(Nat, Wire.Ack | Push, 100), FromReal(Wire.Ack | Push, 1400), FromClient(Nat, Wire.Ack, 0, ReceivedPort), FromReal(Wire.Ack, 1400, ReceivedPort)]);
        connections.AddRange([FromClient(Nat, Wire.Fin | Wire.Ack), FromReal(Wire.Fin | Wire.Ack), FromClient(Nat, Wire.Ack)]);
        foreach (var port in (int[])[Direct, Tunnel, Persistent, .. Enumerable.Range(FirstOfSchedulers, SchedulerNames.All.Length)])
            connections.AddRange([FromClient(port, Wire.Syn), FromClient(port, Wire.Ack), FromClient(port, Wire.Ack | Push, 100), FromClient(port, Wire.Fin | Wire.Ack), FromClient(port, Wire.Rst)]);
        foreach (var scheduler in (string[])["sh", "wlc"])
            connections.Add(FromClient(FirstOfSchedulers + SchedulerNames.All.IndexOf(scheduler), Wire.Ack | Push, 100, ReceivedPort));
        return
        [
            write.Solicitation(client, vip),
            write.EchoRequest(client, vip),
            .. connections,
            .. ((int[])[Nat, Direct, Tunnel]).Select(port => write.Udp(client, ClientPort, vip, port)),
            write.Udp(real, RealPort, client, ClientPort),
            .. write.UdpFragments(client, ClientPort, vip, Nat),
            .. write.UdpFragments(real, RealPort, client, ClientPort),
            write.PortUnreachable(client, ClientPort, vip, Nat),
            write.PortUnreachable(real, RealPort, client, ClientPort),
            FromClient(Unknown, Wire.Syn),
            write.Udp(real, Unknown, client, Unknown),
            new MadeUpFrames(SharedMac, OtherMac).Udp(client, ClientPort, vip, Nat),
        ];
    }

    private static ConnectionRecord ReceivedConnection(Ends ends) => new()
    {
        Kind = RecordKind.Connection,
        Flags = RecordFlags.Rewritten,
        Protocol = Wire.Tcp,
        State = TcpState.Established,
        ClientPort = ReceivedPort,
        VirtualPort = Nat,
        RealPort = RealPort,
        Left = 90_000,
        Client = ends.Client,
        Virtual = ends.Vip,
        Real = ends.Real,
    };

    /// <inheritdoc/>
    public void Dispose()
    {
        _forwarder.Dispose();
        _sender?.Dispose();
        _received.Dispose();
        _ipvs.Dispose();
        _batch.Dispose();
        _templates.Dispose();
        _traffic.Dispose();
        Counters.Dispose();
    }

    private sealed record Ends(InetAddress Client, InetAddress Vip, InetAddress Real)
    {
        public Ends(string client, string vip, string real)
            : this(InetAddress.From(IPAddress.Parse(client)), InetAddress.From(IPAddress.Parse(vip)), InetAddress.From(IPAddress.Parse(real)))
        {
        }
    }

    /// <summary>Everything is reached through one host, whose MAC address is known.</summary>
    private sealed class OneNeighbour : IRoutes
    {
        private readonly Neighbour _neighbour = new(1, Families[0].Real) { Mac = OtherMac };

        public int Generation => 1;

        public Route Find(in InetAddress destination) => new(RouteKind.Unicast, _neighbour, 1500, destination.IsIPv6 ? Families[1].Vip : Families[0].Vip);

        public void Resolve(Neighbour neighbour)
        {
        }
    }

    /// <summary>What is sent to it goes nowhere.</summary>
    private sealed class Nobody : IDatagramPort
    {
        public bool HasPeers => true;

        public void Send(ReadOnlySpan<byte> datagram)
        {
        }
    }
}
