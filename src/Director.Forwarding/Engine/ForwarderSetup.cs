using Director.Forwarding.Connections;
using Director.Forwarding.Kernel;
using Director.Forwarding.Links;
using Director.Forwarding.Partitioning;
using Director.Forwarding.Routing;
using Director.Forwarding.Scheduling;
using Director.Forwarding.Statistics;
using Director.Forwarding.Synchronisation;
using Director.Forwarding.Synchronisation.Ipvs;

namespace Director.Forwarding.Engine;

/// <summary>What all workers look at, replaced whole when a table is applied or what is held changes.</summary>
/// <param name="Lookup">The virtual services.</param>
/// <param name="Hidden">What the kernel does not get.</param>
/// <param name="Held">What this director answers for and forwards.</param>
internal sealed record WorkerView(ServiceLookup Lookup, HiddenPackets Hidden, HeldAddresses Held)
{
    /// <summary>The view of a director without others.</summary>
    public WorkerView(ServiceLookup lookup, HiddenPackets hidden)
        : this(lookup, hidden, new HeldAddresses(Holdings.Everything, lookup, []))
    {
    }
}

/// <summary>Where workers find the view in force.</summary>
internal sealed class PublishedView(WorkerView first)
{
    private volatile WorkerView _current = first;

    /// <summary>The view in force.</summary>
    public WorkerView Current
    {
        get => _current;
        set => _current = value;
    }
}

/// <summary>What a worker has.</summary>
internal sealed record ForwarderSetup
{
    /// <summary>Its links; frames name them by index. At most one is a TUN device, which leads to this host.</summary>
    public required ILink[] Links { get; init; }

    /// <summary>What it forwards by.</summary>
    public required PublishedView View { get; init; }

    /// <summary>The real servers by number.</summary>
    public required DestinationRegistry Destinations { get; init; }

    /// <summary>The persistence templates of all workers.</summary>
    public required PersistenceTemplates Templates { get; init; }

    /// <summary>Its counters for each real server.</summary>
    public required WorkerTraffic Traffic { get; init; }

    /// <summary>Its packet counters.</summary>
    public required PacketCounters Counters { get; init; }

    /// <summary>The kernel's routes.</summary>
    public required IRoutes Routes { get; init; }

    /// <summary>What routers have reported of the ways to tunnels' ends; shared by all workers.</summary>
    public PathMtus PathMtus { get; init; } = new();

    /// <summary>How long this director may forward.</summary>
    public Loan Loan { get; init; } = new();

    /// <summary>Told when another host claims an address that is answered for here.</summary>
    public Action<AddressClaim>? AddressClaimed { get; init; }

    /// <summary>The way to the other workers.</summary>
    public IHandOver HandOver { get; init; } = new NoHandOver();

    /// <summary>Tells the other directors of its connections; null when it does not.</summary>
    public ConnectionSender? Sender { get; init; }

    /// <summary>Tells a kernel of its connections; null when nobody ever does.</summary>
    public IpvsSender? Ipvs { get; init; }

    /// <summary>What other directors, and kernels, tell of connections that are this worker's; null when none do.</summary>
    public RecordRing? Received { get; init; }

    /// <summary>For which addresses unknown TCP connections are adopted; null for none.</summary>
    public AdoptionPeriods? Adoption { get; init; }

    /// <summary>Connections that it has room for, each family.</summary>
    public required int Connections { get; init; }

    /// <summary>Secret of the hash.</summary>
    public required ulong Seed { get; init; }
}
