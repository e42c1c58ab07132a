using System.Net;

namespace Director.Forwarding;

/// <summary>What a synchronisation daemon of the kernel's protocol does.</summary>
public enum IpvsRole
{
    /// <summary>It tells of this director's connections.</summary>
    Master,

    /// <summary>It takes what others tell of.</summary>
    Backup,
}

/// <summary>A synchronisation daemon, as <c>ipvsadm --start-daemon</c> sets it up.</summary>
/// <param name="Role">What it does.</param>
public sealed record IpvsDaemonOptions(IpvsRole Role)
{
    /// <summary>The group that the kernel speaks to: 224.0.0.81.</summary>
    public static IPAddress DefaultGroup { get; } = new([224, 0, 0, 81]);

    /// <summary>NIC that datagrams leave and are taken by.</summary>
    public string Interface { get; init; } = "eth0";

    /// <summary>Master: the id that it sends, 0 to 255. Backup: the id that it takes; 0 takes all.</summary>
    public int SyncId { get; init; }

    /// <summary>Master: largest datagram in bytes, without IP and UDP headers, 1 to 65,507; 0 is 1,472, or 1,452 for an IPv6 group. A backup takes any and only shows it.</summary>
    public int MaximumLength { get; init; }

    /// <summary>Multicast group, IPv4 or IPv6.</summary>
    public IPAddress Group { get; init; } = DefaultGroup;

    /// <summary>UDP port, 1 to 65,535.</summary>
    public int Port { get; init; } = 8848;

    /// <summary>Master: how many routers a datagram may pass, 1 to 255.</summary>
    public int Ttl { get; init; } = 1;
}

/// <summary>When a master tells of a connection: the kernel's settings (<c>net.ipv4.vs.*</c>, ipvs-sysctl.rst).</summary>
public sealed record IpvsSendingOptions
{
    /// <summary>Version of the format that is sent, 0 or 1 (<c>sync_version</c>). Both are taken.</summary>
    public int Version { get; init; } = 1;

    /// <summary>Packet of a client after which a connection is told of (first number of <c>sync_threshold</c>), from 0 to below <see cref="Period"/>.</summary>
    public int Threshold { get; init; } = 3;

    /// <summary>After how many packets it is told of again (second number of <c>sync_threshold</c>); 0: never.</summary>
    public int Period { get; init; } = 50;

    /// <summary>How much its expiry must have changed before it is told of again (<c>sync_refresh_period</c>), whole seconds up to 31 days; 0: it does not matter.</summary>
    public TimeSpan RefreshPeriod { get; init; }

    /// <summary>How often it is told of again within a refresh period, 0 to 3 (<c>sync_retries</c>).</summary>
    public int Retries { get; init; }

    /// <summary>Of what a template controls the template alone is told (<c>sync_persist_mode</c>).</summary>
    public bool TemplatesOnly { get; init; }
}

/// <summary>Which daemons run from the start on.</summary>
public sealed record IpvsOptions
{
    /// <summary>Tells of connections; null: it does not run.</summary>
    public IpvsDaemonOptions? Master { get; init; }

    /// <summary>Takes connections; null: it does not run.</summary>
    public IpvsDaemonOptions? Backup { get; init; }

    /// <summary>When the master tells of a connection.</summary>
    public IpvsSendingOptions Sending { get; init; } = new();
}

/// <summary>The kernel's connection synchronisation (<c>ip_vs_sync.c</c>), so that a director can stand beside a Linux IPVS director. Members may be called from any thread.</summary>
public interface IIpvsSynchronisation
{
    /// <summary>The daemons that run, or run as soon as their interface is there: the master first. <see cref="IpvsDaemonOptions.MaximumLength"/> is never 0.</summary>
    IReadOnlyList<IpvsDaemonOptions> Daemons { get; }

    /// <summary>Starts a daemon (<c>ipvsadm --start-daemon</c>).</summary>
    /// <exception cref="EngineException">It runs already, or cannot; the message is ipvsadm's.</exception>
    void Start(IpvsDaemonOptions daemon);

    /// <summary>Ends a daemon (<c>ipvsadm --stop-daemon</c>). What the master holds is sent first.</summary>
    /// <exception cref="EngineException">It does not run; the message is ipvsadm's.</exception>
    void Stop(IpvsRole role);

    /// <summary>Brings the daemons from what one configuration says to what another says; those of which both say the same are left alone.</summary>
    void Change(IpvsOptions from, IpvsOptions to);
}
