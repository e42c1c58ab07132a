using System.Collections.Immutable;
using System.Net;

namespace Director.Forwarding;

/// <summary>When connections are sent to the other directors.</summary>
public enum SynchronisedConnections
{
    /// <summary>At once when set up and when their state changes, and again at half their timeout in use.</summary>
    Full,

    /// <summary>By the kernel's rule (<c>ip_vs_sync_conn_needed()</c> in <c>ip_vs_sync.c</c>, threshold 3, period 50): established ones, at packet 3 and each 50 after.</summary>
    Ipvs,

    /// <summary>Persistence templates only.</summary>
    Templates,
}

/// <summary>How connections are copied to the other directors and taken from them; fixed for an engine's lifetime.</summary>
public sealed record SynchronisationOptions
{
    /// <summary>This director's name, unique in the cluster, 1 to 255 bytes of UTF-8.</summary>
    public required string Name { get; init; }

    /// <summary>The cluster's name; another cluster's datagrams are refused.</summary>
    public required string Cluster { get; init; }

    /// <summary>The cluster's secret, at least 16 bytes.</summary>
    public required ImmutableArray<byte> Key { get; init; }

    /// <summary>Own address, which may be the any-address, UDP port of records and TCP port of snapshots; port 0 takes any.</summary>
    public required IPEndPoint EndPoint { get; init; }

    /// <summary>When connections are sent.</summary>
    public SynchronisedConnections Mode { get; init; } = SynchronisedConnections.Full;

    /// <summary>Memory for datagrams that may have to be sent again, over all workers: 1 MiB to 1 GiB.</summary>
    public int BufferBytes { get; init; } = 16 << 20;

    /// <summary>
    /// How long after an address was taken a packet of an unknown TCP connection, other than SYN and RST, is adopted as established where the scheduler is a function of the packet (sh, dh, mh).
    /// </summary>
    public TimeSpan Adoption { get; init; } = TimeSpan.FromSeconds(30);
}
