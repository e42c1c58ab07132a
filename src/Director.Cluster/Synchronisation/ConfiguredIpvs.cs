using Director.Configuration;
using Director.Forwarding;

namespace Director.Cluster.Synchronisation;

/// <summary>The daemons of the kernel's synchronisation as a configuration says them.</summary>
internal static class ConfiguredIpvs
{
    /// <summary>Which run, and how.</summary>
    public static IpvsOptions Options(IpvsSynchronisationConfiguration ipvs) => new()
    {
        Master = ipvs.Master ? Daemon(IpvsRole.Master, ipvs) : null,
        Backup = ipvs.Backup ? Daemon(IpvsRole.Backup, ipvs) : null,
        Sending = new IpvsSendingOptions
        {
            Version = ipvs.Version,
            Threshold = ipvs.Threshold,
            Period = ipvs.Period,
            RefreshPeriod = ipvs.RefreshPeriod,
            Retries = ipvs.Retries,
            TemplatesOnly = ipvs.PersistMode,
        },
    };

    private static IpvsDaemonOptions Daemon(IpvsRole role, IpvsSynchronisationConfiguration ipvs) => new(role)
    {
        Interface = ipvs.Interface,
        SyncId = role == IpvsRole.Backup ? ipvs.BackupSyncId ?? ipvs.SyncId : ipvs.SyncId,
        MaximumLength = ipvs.MaximumLength,
        Group = ipvs.Group,
        Port = ipvs.Port,
        Ttl = ipvs.Ttl,
    };
}
