using System.Collections.Immutable;
using System.Net;
using System.Net.NetworkInformation;

namespace Director.Forwarding;

/// <summary>The packet path as its owner sees it. Members may be called from any thread; none blocks on traffic.</summary>
public interface IForwardingEngine : IAsyncDisposable
{
    /// <summary>The table in force.</summary>
    ForwardingTable Table { get; }

    /// <summary>Puts a table in force. Connections, templates, counters and schedulers' positions of what both tables have are kept.</summary>
    void Apply(ForwardingTable table);

    /// <summary>Says which addresses are answered for and forwarded from now on; <see cref="Holdings.Everything"/> until then.</summary>
    void Hold(Holdings holdings);

    /// <summary>
    /// Lends the right to forward until this much time from now; each call replaces the one before, and <see cref="Timeout.InfiniteTimeSpan"/>, as at the start, lends it for good. Workers whose loan
    /// has run out drop what they get: so a process that was stopped for longer than the others wait touches no packet before its availability has looked around.
    /// </summary>
    void Lend(TimeSpan duration);

    /// <summary>Another host claims an address that is answered for here; at most ten a second and worker. Raised on a thread of the pool.</summary>
    event Action<AddressClaim>? AddressClaimed;

    /// <summary>Copying of connections to and from other directors; null where <see cref="EngineOptions.Synchronisation"/> is.</summary>
    ISynchronisation? Synchronisation { get; }

    /// <summary>The kernel's connection synchronisation.</summary>
    IIpvsSynchronisation Ipvs { get; }

    /// <summary>What the engine has done and holds.</summary>
    EngineReport Report();

    /// <summary>Every connection and persistence template.</summary>
    ImmutableArray<ConnectionReport> Connections();

    /// <summary>Sets the totals of a service and its real servers to zero (<c>ipvsadm -Z</c>); of all services when <paramref name="service"/> is null.</summary>
    /// <returns>False when there is no such service.</returns>
    bool Zero(ServiceKey? service);
}

/// <summary>Another host's claim, by ARP or neighbour advertisement, to an address that this director answers for.</summary>
/// <param name="Address">The address.</param>
/// <param name="Mac">The MAC address that it is claimed for.</param>
/// <param name="Interface">The NIC that it was heard on.</param>
public sealed record AddressClaim(IPAddress Address, PhysicalAddress Mac, string Interface);

/// <summary>How the engine is set up; fixed for its lifetime.</summary>
public sealed record EngineOptions
{
    /// <summary>NICs to take packets from; empty takes every one that is up, not loopback, not a bridge port or bond member, and not a TUN device of ours.</summary>
    public ImmutableArray<string> Interfaces { get; init; } = [];

    /// <summary>Threads that forward, each with a connection table of its own: 1 to 64; 0 is one a core.</summary>
    public int Workers { get; init; }

    /// <summary>Connections that there is room for, over all workers: 1,024 to 16,777,216 a worker.</summary>
    public int Connections { get; init; } = 1_048_576;

    /// <summary>libpcap's immediate mode: lower latency, less throughput.</summary>
    public bool Immediate { get; init; } = true;

    /// <summary>libpcap's buffer for each NIC and worker in bytes.</summary>
    public int ReceiveBufferBytes { get; init; } = 64 << 20;

    /// <summary>Whether frames skip the kernel's queueing discipline (PACKET_QDISC_BYPASS) on their way out.</summary>
    public bool BypassQueueingDiscipline { get; init; } = true;

    /// <summary>How connections are copied to and from other directors; null: they are not.</summary>
    public SynchronisationOptions? Synchronisation { get; init; }

    /// <summary>Which daemons of the kernel's synchronisation run from the start on.</summary>
    public IpvsOptions Ipvs { get; init; } = new();

    /// <summary>How long a worker looks for frames without sleeping after the last one, in microseconds: 0 to 1,000,000.</summary>
    public int SpinMicroseconds { get; init; }
}
