using System.Net;
using Director.Forwarding.Connections;
using Director.Forwarding.Engine;
using Director.Forwarding.Kernel;
using Director.Forwarding.Links;
using Director.Forwarding.Packets;
using Director.Forwarding.Routing;
using Director.Forwarding.Scheduling;
using Director.Forwarding.Statistics;

namespace Director.Forwarding.Tests.Engine;

/// <summary>Several workers on one link, steered as the kernel steers them and handing frames over as they do, in one thread.</summary>
internal sealed class WorkersOnMemory : IDisposable
{
    public const ulong Mac = 0x01_00_00_00_00_02;
    public const ulong OthersMac = 0x02_00_00_00_00_02;

    private readonly Traffic _traffic;
    private readonly PersistenceTemplates _templates;
    private readonly PublishedView _view;
    private readonly FrameBatch _batch = new();
    private readonly Queue<(int Worker, byte[] Frame, ushort SourcePort, ushort DestinationPort)> _handedOver = new();
    private readonly Forwarder[] _forwarders;
    private readonly PacketCounters[] _counters;
    private readonly MemoryLink[] _links;

    public WorkersOnMemory(int workers, Random? random = null)
    {
        _traffic = new Traffic(workers);
        var link = new MemoryLink("eth0", 0, Mac);
        var routes = new StaticRoutes();
        routes.Add("0.0.0.0/0", link, OthersMac, source: "10.0.0.1");
        routes.Add("::/0", link, OthersMac, source: "2001:db8::1");
        Services = new ServiceTable(_traffic, address => routes.Find(address).Kind == RouteKind.Local, random);
        _templates = new PersistenceTemplates(1024, 1, Services.Destinations);
        _view = new PublishedView(new WorkerView(Services.Current, HiddenPackets.None));
        _counters = [.. Enumerable.Range(0, workers).Select(_ => new PacketCounters())];
        _links = [.. Enumerable.Range(0, workers).Select(_ => new MemoryLink("eth0", 0, Mac))];
        _forwarders =
        [
            .. Enumerable.Range(0, workers).Select(number => new Forwarder(new ForwarderSetup
            {
                Links = [_links[number]],
                View = _view,
                Destinations = Services.Destinations,
                Templates = _templates,
                Traffic = _traffic.Worker(number),
                Counters = _counters[number],
                Routes = routes,
                Connections = 1024,
                Seed = 42 + (ulong)number,
                HandOver = workers == 1 ? new NoHandOver() : new Giver(this, number, workers),
            })),
        ];
    }

    public ServiceTable Services { get; }

    public IEnumerable<WorkerConnections> Connections => _forwarders.Select(forwarder => forwarder.Connections);

    public ulong Count(PacketCounter counter) => _counters.Aggregate(0UL, (sum, counters) => sum + counters[counter]);

    /// <summary>How many of a counter's events each worker had.</summary>
    public ulong[] CountEach(PacketCounter counter) => [.. _counters.Select(counters => counters[counter])];

    public void Apply(ForwardingTable table)
    {
        Services.Apply(table);
        _view.Current = new WorkerView(Services.Current, HiddenPackets.None);
    }

    /// <summary>Puts a frame in at the worker that the kernel would choose and returns what all workers send.</summary>
    public List<SentFrame> Send(byte[] ethernet) => SendAt(SteeredTo(ethernet), ethernet);

    /// <summary>Puts a frame in at a worker.</summary>
    public List<SentFrame> SendAt(int worker, byte[] ethernet)
    {
        _batch.Clear();
        _batch.Append(ethernet, 0);
        _forwarders[worker].Process(_batch, 1000);
        while (_handedOver.TryDequeue(out var given))
        {
            _batch.Clear();
            ref var frame = ref _batch.Append(given.Frame, 0);
            _forwarders[given.Worker].ProcessHandedOver(ref frame, given.SourcePort, given.DestinationPort, 1000);
        }

        return [.. _links.SelectMany(link => link.TakeSent())];
    }

    /// <summary>What the steering program computes for an unfragmented TCP or UDP packet directly behind its IP header, and for others.</summary>
    private int SteeredTo(byte[] ethernet)
    {
        var isIPv6 = ethernet[12] == 0x86;
        var ip = ethernet.AsSpan(14);
        var source = InetAddress.From(new IPAddress(isIPv6 ? ip.Slice(8, 16) : ip.Slice(12, 4)));
        var destination = InetAddress.From(new IPAddress(isIPv6 ? ip.Slice(24, 16) : ip.Slice(16, 4)));
        var hasPorts = isIPv6 ? ip[6] is 6 or 17 : ip[9] is 6 or 17 && (((ip[6] << 8) | ip[7]) & 0x3FFF) == 0;
        var transport = ip[(isIPv6 ? 40 : (ip[0] & 15) * 4)..];
        var isToVirtual = Services.Current.IsVirtual(destination);
        var port = !hasPorts ? 0 : isToVirtual ? (transport[0] << 8) | transport[1] : (transport[2] << 8) | transport[3];
        return Steering.WorkerOf(isToVirtual ? source : destination, (ushort)port, _forwarders.Length);
    }

    public void Dispose()
    {
        foreach (var forwarder in _forwarders)
            forwarder.Dispose();
        foreach (var counters in _counters)
            counters.Dispose();
        _batch.Dispose();
        _templates.Dispose();
        _traffic.Dispose();
    }

    private sealed class Giver(WorkersOnMemory all, int self, int workers) : IHandOver
    {
        public int Workers => workers;

        public int Self => self;

        public unsafe bool TryGive(int worker, in Frame frame, ushort sourcePort, ushort destinationPort)
        {
            all._handedOver.Enqueue((worker, new ReadOnlySpan<byte>(frame.Data, frame.Length).ToArray(), sourcePort, destinationPort));
            return true;
        }
    }
}
