using System.Net;
using Director.Forwarding.Connections;
using Director.Forwarding.Engine;
using Director.Forwarding.Kernel;
using Director.Forwarding.Links;
using Director.Forwarding.Packets;
using Director.Forwarding.Partitioning;
using Director.Forwarding.Routing;
using Director.Forwarding.Scheduling;
using Director.Forwarding.Statistics;
using Director.Forwarding.Synchronisation;
using Director.Forwarding.Synchronisation.Ipvs;

namespace Director.Forwarding.Tests.Engine;

/// <summary>One worker's packet path between memory links: frames in, frames out, time by hand.</summary>
internal sealed class ForwarderOnMemory : IDisposable
{
    private readonly Traffic _traffic = new(1);
    private readonly PublishedView _view;
    private readonly FrameBatch _batch = new();
    private readonly PersistenceTemplates _templates;
    private Holdings _holdings = Holdings.Everything;
    private HiddenTraffic _hidden = new();

    public ForwarderOnMemory(StaticRoutes routes, MemoryLink[] links, int connections = 4096, Func<DestinationRegistry, ConnectionSender>? sender = null, SynchronisationOptions? synchronisation = null)
    {
        Links = links;
        Routes = routes;
        Services = new ServiceTable(_traffic, address => routes.Find(address).Kind == RouteKind.Local, new Random(1));
        _templates = new PersistenceTemplates(1024, 1, Services.Destinations);
        _view = new PublishedView(new WorkerView(Services.Current, HiddenPackets.None));
        Counters = new PacketCounters();
        Sender = sender?.Invoke(Services.Destinations);
        Delivery = new RecordDelivery(1, _templates, () => Services.Current, () => (uint)(Now / 10));
        Ipvs = new IpvsSender(Services.Destinations, _templates);
        if (synchronisation is not null)
        {
            Synchronisation = new ConnectionSynchronisation(synchronisation, 1, Services.Destinations, _templates, Delivery, Log.Enqueue);
            Adoption = new AdoptionPeriods(synchronisation.Adoption);
        }

        Forwarder = new Forwarder(new ForwarderSetup
        {
            Links = links,
            View = _view,
            Destinations = Services.Destinations,
            Templates = _templates,
            Traffic = _traffic.Worker(0),
            Counters = Counters,
            Routes = routes,
            Connections = connections,
            Seed = 42,
            Sender = Synchronisation?.Senders[0] ?? Sender,
            Adoption = Adoption,
            Received = Received,
            Ipvs = Ipvs,
            Loan = Loan,
            AddressClaimed = Claims.Add,
        });
        Synchronisation?.Start([Forwarder.Connections]);
    }

    public MemoryLink[] Links { get; }

    public StaticRoutes Routes { get; }

    public ServiceTable Services { get; }

    public PacketCounters Counters { get; }

    /// <summary>Tells other directors; null when there are none.</summary>
    public ConnectionSender? Sender { get; }

    /// <summary>What other directors tell.</summary>
    public RecordRing Received => Delivery.Rings[0];

    /// <summary>The way that what others tell takes.</summary>
    public RecordDelivery Delivery { get; }

    /// <summary>Tells a kernel, once it has a rule.</summary>
    public IpvsSender Ipvs { get; }

    /// <summary>Copying of connections over real sockets; null where the test does without.</summary>
    public ConnectionSynchronisation? Synchronisation { get; }

    public AdoptionPeriods? Adoption { get; }

    /// <summary>What the operator was told.</summary>
    public System.Collections.Concurrent.ConcurrentQueue<string> Log { get; } = new();

    public Forwarder Forwarder { get; }

    public Loan Loan { get; } = new();

    /// <summary>What other hosts have claimed.</summary>
    public List<AddressClaim> Claims { get; } = [];

    public WorkerConnections Connections => Forwarder.Connections;

    public PersistenceTemplates Templates => _templates;

    /// <summary>Milliseconds since the start.</summary>
    public long Now { get; set; } = 1000;

    public void Apply(ForwardingTable table)
    {
        Services.Apply(table);
        _hidden = HiddenTraffic.Of(table, Links.Select(link => link.Name), IsOwn);
        Hold(_holdings);
    }

    public void Hold(Holdings holdings)
    {
        _holdings = holdings;
        Adoption?.Follow(holdings, Services.Current.VirtualAddresses, Now);
        _view.Current = new WorkerView(Services.Current, new HiddenPackets(_hidden.Under(holdings, IsOwn)), new HeldAddresses(holdings, Services.Current, [.. Links.Select(link => link.Name)]));
    }

    private bool IsOwn(IPAddress address) => Routes.Find(InetAddress.From(address)).Kind == RouteKind.Local;

    /// <summary>Puts frames in at a link and returns what comes out, by link.</summary>
    public List<(int Link, SentFrame Frame)> Send(int link, params byte[][] frames)
    {
        Links[link].Deliver(frames);
        _batch.Clear();
        while (Links[link].Receive(_batch) > 0)
        {
            Forwarder.Process(_batch, Now);
            _batch.Clear();
        }

        return TakeSent();
    }

    /// <summary>Lets time pass.</summary>
    public List<(int Link, SentFrame Frame)> Wait(long milliseconds)
    {
        for (var end = Now + milliseconds; Now < end;)
        {
            Now = Math.Min(Now + 100, end);
            Forwarder.Tick(Now);
            _templates.Expire((uint)(Now / 10));
        }

        return TakeSent();
    }

    public List<(int Link, SentFrame Frame)> TakeSent() => [.. Links.SelectMany((link, number) => link.TakeSent().Select(frame => (number, frame)))];

    public ConnectionReport[] ListConnections()
    {
        var list = System.Collections.Immutable.ImmutableArray.CreateBuilder<ConnectionReport>();
        foreach (var isIPv6 in (bool[])[false, true])
        {
            ConnectionListing.Append(Connections.Table(isIPv6), (uint)(Now / 10), Services.Destinations, list);
            ConnectionListing.Append(_templates.Table(isIPv6), (uint)(Now / 10), Services.Destinations, list);
        }

        return [.. list];
    }

    public void Dispose()
    {
        Synchronisation?.Stop();
        Forwarder.Dispose();
        Sender?.Dispose();
        Synchronisation?.Dispose();
        Ipvs.Dispose();
        Delivery.Dispose();
        _batch.Dispose();
        _templates.Dispose();
        _traffic.Dispose();
        Counters.Dispose();
    }
}
