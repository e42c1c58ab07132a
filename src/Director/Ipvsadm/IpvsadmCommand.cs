using Director.Cluster.VirtualServices;
using Director.Forwarding;

namespace Director.Ipvsadm;

/// <summary>What a list looks like.</summary>
[Flags]
internal enum ListFormat
{
    /// <summary>The plain table.</summary>
    None = 0,

    /// <summary>Addresses and ports as numbers (-n).</summary>
    Numeric = 1,

    /// <summary>Totals (--stats).</summary>
    Stats = 2,

    /// <summary>Rates (--rate).</summary>
    Rate = 4,

    /// <summary>Thresholds (--thresholds).</summary>
    Thresholds = 8,

    /// <summary>Persistence templates (--persistent-conn).</summary>
    PersistentConnections = 16,

    /// <summary>Encapsulation (--tun-info).</summary>
    TunnelInfo = 32,

    /// <summary>In the order of the table (--nosort).</summary>
    NoSort = 64,

    /// <summary>Large numbers in full (--exact).</summary>
    Exact = 128,
}

/// <summary>What an ipvsadm command line asks for.</summary>
internal abstract record IpvsadmCommand
{
    private IpvsadmCommand()
    {
    }

    /// <summary>-A, -E, -D, -a, -e, -d, -C, --set.</summary>
    public sealed record Change(TableEdit Edit) : IpvsadmCommand;

    /// <summary>-Z: one service, or all when null.</summary>
    public sealed record Zero(ServiceKey? Service) : IpvsadmCommand;

    /// <summary>-L: one service, or all when null.</summary>
    public sealed record List(ServiceKey? Service, ListFormat Format) : IpvsadmCommand;

    /// <summary>-L -c.</summary>
    public sealed record ListConnections(ListFormat Format) : IpvsadmCommand;

    /// <summary>-L --timeout.</summary>
    public sealed record ListTimeouts : IpvsadmCommand;

    /// <summary>-L --daemon.</summary>
    public sealed record ListDaemons : IpvsadmCommand;

    /// <summary>--start-daemon.</summary>
    public sealed record StartDaemon(IpvsDaemonOptions Daemon) : IpvsadmCommand;

    /// <summary>--stop-daemon.</summary>
    public sealed record StopDaemon(IpvsRole Role) : IpvsadmCommand;

    /// <summary>-S.</summary>
    public sealed record Save(ListFormat Format) : IpvsadmCommand;

    /// <summary>-R.</summary>
    public sealed record Restore : IpvsadmCommand;

    /// <summary>-h.</summary>
    public sealed record Help : IpvsadmCommand;

    /// <summary>-v.</summary>
    public sealed record Version : IpvsadmCommand;
}
