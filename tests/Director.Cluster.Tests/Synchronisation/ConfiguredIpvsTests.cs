using System.Net;
using Director.Cluster.Synchronisation;
using Director.Configuration;
using Director.Forwarding;
using Xunit;

namespace Director.Cluster.Tests.Synchronisation;

public sealed class ConfiguredIpvsTests
{
    [Fact]
    public void Nothing_runs_unless_it_is_asked_for() => Assert.Equal(new IpvsOptions(), ConfiguredIpvs.Options(new()));

    [Fact]
    public void Every_key_arrives()
    {
        var options = ConfiguredIpvs.Options(new()
        {
            Master = true,
            Backup = true,
            Interface = "eth2",
            SyncId = 51,
            Group = IPAddress.Parse("224.0.0.82"),
            Port = 8849,
            Ttl = 3,
            MaximumLength = 1400,
            Version = 0,
            Threshold = 2,
            Period = 10,
            RefreshPeriod = TimeSpan.FromSeconds(10),
            Retries = 3,
            PersistMode = true,
        });
        var daemon = new IpvsDaemonOptions(IpvsRole.Master) { Interface = "eth2", SyncId = 51, Group = IPAddress.Parse("224.0.0.82"), Port = 8849, Ttl = 3, MaximumLength = 1400 };
        Assert.Equal(
            new IpvsOptions
            {
                Master = daemon,
                Backup = daemon with { Role = IpvsRole.Backup },
                Sending = new() { Version = 0, Threshold = 2, Period = 10, RefreshPeriod = TimeSpan.FromSeconds(10), Retries = 3, TemplatesOnly = true },
            },
            options);
    }

    [Theory]
    [InlineData(null, 51)]
    [InlineData(0, 0)]
    [InlineData(52, 52)]
    public void The_backup_takes_the_id_that_is_sent_unless_it_has_one_of_its_own(int? backup, int taken) =>
        Assert.Equal(taken, ConfiguredIpvs.Options(new() { Backup = true, SyncId = 51, BackupSyncId = backup }).Backup!.SyncId);
}
