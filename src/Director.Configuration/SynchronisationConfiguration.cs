using System.Net;

namespace Director.Configuration;

/// <summary>When connections are sent to the other directors.</summary>
public enum SynchronisationMode
{
    /// <summary>At once when set up and when their state changes, and again at half their timeout in use.</summary>
    Full,

    /// <summary>By the kernel's rule: established ones, at packet 3 and each 50 after.</summary>
    Ipvs,

    /// <summary>Persistence templates only.</summary>
    Templates,

    /// <summary>Not at all.</summary>
    Off,
}

/// <summary>How connections are copied to the other directors.</summary>
public sealed record SynchronisationConfiguration
{
    /// <summary>When connections are sent.</summary>
    public SynchronisationMode Mode { get; init; } = SynchronisationMode.Full;

    /// <summary>UDP port of records and TCP port of snapshots, 1 to 65535.</summary>
    public int Port { get; init; } = 2552;

    /// <summary>Own address for them; null: the address of <c>cluster.hostname</c>.</summary>
    public IPAddress? Address { get; init; }

    /// <summary>Memory for records that may have to be sent again: 1 MiB to 1 GiB.</summary>
    public int BufferBytes { get; init; } = 16 << 20;

    /// <summary>After a takeover, how long packets of unknown TCP connections are adopted where the scheduler is a function of the packet (sh, dh, mh): 0 to 1 h.</summary>
    public TimeSpan Adoption { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The kernel's own synchronisation.</summary>
    public IpvsSynchronisationConfiguration Ipvs { get; init; } = new();
}

/// <summary>The kernel's connection synchronisation (<c>ip_vs_sync.c</c>), beside a Linux IPVS director: what <c>ipvsadm --start-daemon</c> and <c>net.ipv4.vs.sync_*</c> say there.</summary>
public sealed record IpvsSynchronisationConfiguration
{
    /// <summary>The group that kernels use.</summary>
    public static IPAddress DefaultGroup { get; } = new([224, 0, 0, 81]);

    /// <summary>Whether this director's connections are told.</summary>
    public bool Master { get; init; }

    /// <summary>Whether what others tell is taken.</summary>
    public bool Backup { get; init; }

    /// <summary>NIC that both use; needed where one of them is on.</summary>
    public string Interface { get; init; } = "";

    /// <summary>Id that is sent, 0 to 255.</summary>
    public int SyncId { get; init; }

    /// <summary>Id that is taken, 0 to 255, 0 for any; null: <see cref="SyncId"/>.</summary>
    public int? BackupSyncId { get; init; }

    /// <summary>Multicast group, IPv4 or IPv6.</summary>
    public IPAddress Group { get; init; } = DefaultGroup;

    /// <summary>UDP port, 1 to 65535.</summary>
    public int Port { get; init; } = 8848;

    /// <summary>How many routers a datagram may pass, 1 to 255.</summary>
    public int Ttl { get; init; } = 1;

    /// <summary>Largest datagram that is sent, in bytes without IP and UDP headers, 1 to 65507; 0: what fits into 1500 with them.</summary>
    public int MaximumLength { get; init; }

    /// <summary>Version that is sent, 0 or 1 (<c>sync_version</c>).</summary>
    public int Version { get; init; } = 1;

    /// <summary>Packet after which a connection is told of, 0 to below <see cref="Period"/> (first number of <c>sync_threshold</c>).</summary>
    public int Threshold { get; init; } = 3;

    /// <summary>After how many packets it is told of again, 0 for never (second number of <c>sync_threshold</c>).</summary>
    public int Period { get; init; } = 50;

    /// <summary>How much its expiry has to change before it is told of again: 0 to 31 days, whole seconds (<c>sync_refresh_period</c>).</summary>
    public TimeSpan RefreshPeriod { get; init; }

    /// <summary>How often it is told of again within a refresh period, 0 to 3 (<c>sync_retries</c>).</summary>
    public int Retries { get; init; }

    /// <summary>Whether of connections under a template only the template is told of (<c>sync_persist_mode</c>).</summary>
    public bool PersistMode { get; init; }
}
