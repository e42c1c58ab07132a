using System.Net;
using Director.Forwarding;
using Director.Forwarding.Connections;
using Director.Forwarding.Engine;
using Director.Forwarding.Kernel;
using Director.Forwarding.Links;
using Director.Forwarding.Packets;
using Director.Forwarding.Routing;
using Director.Forwarding.Scheduling;
using Director.Forwarding.Statistics;
using Director.Forwarding.Synchronisation;
using Director.Forwarding.Synchronisation.Ipvs;

namespace Director.Benchmarks;

/// <summary>One worker's packet path between memory links that keep nothing, with one virtual service and four real servers.</summary>
internal sealed unsafe class BenchedForwarder : IDisposable
{
    private const ulong DirectorMac = 0x01_00_00_00_00_02;
    private const int ClientsPerAddress = 50_000;

    private readonly Traffic _traffic = new(1);
    private readonly RecordDelivery _delivery;
    private readonly IpvsSender _ipvs;
    private readonly PersistenceTemplates _templates;
    private readonly PacketCounters _counters = new();

    public BenchedForwarder(ForwardingMethod method, SynchronisationOptions? synchronisation = null)
    {
        MemoryLink[] links = [new("outside", 0, DirectorMac) { KeepsSent = false }, new("inside", 1, DirectorMac) { KeepsSent = false }];
        var services = new ServiceTable(_traffic, _ => false);
        _templates = new PersistenceTemplates(1024, 1, services.Destinations);
        services.Apply(ForwardingTable.Empty with
        {
            Services =
            [
                new VirtualServiceSpec(ServiceKey.ForAddress(Protocol.Tcp, IPAddress.Parse("192.0.2.1"), 80))
                {
                    Scheduler = "rr",
                    RealServers = [.. Enumerable.Range(1, 4).Select(i => new RealServerSpec(IPAddress.Parse($"10.1.0.{i}"), 80) { Method = method })],
                },
            ],
            Options = new ForwardingOptions { DropEntry = DefenceMode.Off, SecureTcp = DefenceMode.Off },
        });
        _delivery = new RecordDelivery(1, _templates, () => services.Current, () => 100);
        _ipvs = new IpvsSender(services.Destinations, _templates);
        if (synchronisation is not null)
            Synchronisation = new ConnectionSynchronisation(synchronisation, 1, services.Destinations, _templates, _delivery, _ => { });
        Forwarder = new Forwarder(new ForwarderSetup
        {
            Links = links,
            View = new PublishedView(new WorkerView(services.Current, HiddenPackets.None)),
            Destinations = services.Destinations,
            Templates = _templates,
            Traffic = _traffic.Worker(0),
            Counters = _counters,
            Routes = new OneNeighbour(links[1].InterfaceIndex),
            Connections = 1 << 20,
            Seed = 7,
            Sender = Synchronisation?.Senders[0],
            Ipvs = _ipvs,
            Received = _delivery.Rings[0],
        });
        Synchronisation?.Start([Forwarder.Connections]);
    }

    public Forwarder Forwarder { get; }

    /// <summary>Copying of connections; null where it is not asked for.</summary>
    public ConnectionSynchronisation? Synchronisation { get; }

    /// <summary>A 60-byte frame of the client with this number.</summary>
    public static byte[] FrameOf(int client, byte flags)
    {
        var frame = new byte[60];
        fixed (byte* start = frame)
        {
            Wire.WriteEthernet(start, DirectorMac, 0x02_00_00_00_00_02, Wire.EtherTypeIPv4);
            var ip = start + Wire.EthernetHeaderLength;
            ip[0] = 0x45;
            Wire.Write16(ip + 2, 40);
            ip[8] = 64;
            ip[9] = Wire.Tcp;
            Wire.Write32(ip + 12, 0x0A_80_00_00 + ((uint)client / ClientsPerAddress));
            Wire.Write32(ip + 16, 0xC0_00_02_01);
            Wire.FinishIPv4Header(ip);
            var tcp = ip + Wire.IPv4HeaderLength;
            Wire.Write16(tcp, 1024 + (client % ClientsPerAddress));
            Wire.Write16(tcp + 2, 80);
            tcp[12] = 0x50;
            tcp[13] = flags;
        }

        return frame;
    }

    public void Dispose()
    {
        Synchronisation?.Stop();
        Forwarder.Dispose();
        Synchronisation?.Dispose();
        _ipvs.Dispose();
        _delivery.Dispose();
        _templates.Dispose();
        _traffic.Dispose();
        _counters.Dispose();
    }

    private sealed class OneNeighbour(int interfaceIndex) : IRoutes
    {
        private readonly Neighbour _neighbour = new(interfaceIndex, default) { Mac = 0x13_01_00_00_00_02 };

        public int Generation => 1;

        public Route Find(in InetAddress destination) => new(RouteKind.Unicast, _neighbour, 1500, default);

        public void Resolve(Neighbour neighbour)
        {
        }
    }
}
