using System.Net;
using System.Text.Json;
using Director.Control;
using Director.Forwarding;
using Xunit;

namespace Director.Tests.Ipvsadm;

/// <summary>--start-daemon, --stop-daemon and -L --daemon.</summary>
public sealed class DaemonTests
{
    private readonly TableDirector _director = new();

    [Fact]
    public void A_daemon_without_options_is_what_ipvsadm_starts()
    {
        Assert.Equal(new Printed(0, "", ""), Type("--start-daemon backup"));
        var daemon = Assert.Single(_director.Daemons);
        Assert.Equal((IpvsRole.Backup, "eth0", 0, 0, "224.0.0.81", 8848, 1), (daemon.Role, daemon.Interface, daemon.SyncId, daemon.MaximumLength, daemon.Group.ToString(), daemon.Port, daemon.Ttl));
    }

    [Fact]
    public void Every_option_arrives()
    {
        Type("--start-daemon master --mcast-interface eth2 --syncid 51 --sync-maxlen 1400 --mcast-group ff02::51 --mcast-port 8849 --mcast-ttl 3");
        Assert.Equal(
            new IpvsDaemonOptions(IpvsRole.Master) { Interface = "eth2", SyncId = 51, MaximumLength = 1400, Group = IPAddress.Parse("ff02::51"), Port = 8849, Ttl = 3 },
            Assert.Single(_director.Daemons));
    }

    [Theory]
    [InlineData("sync.txt", "[mu]$ ipvsadm --list --daemon", "master")]
    [InlineData("sync.txt", "[bu]$ ipvsadm --list --daemon", "backup")]
    public void A_running_daemon_is_listed_as_ipvsadm_listed_it(string file, string command, string state)
    {
        var lines = File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "ipvs", file));
        Type($"--start-daemon {state} --mcast-interface eth2 --syncid 51 --sync-maxlen 1472");
        Assert.Equal(new Printed(0, lines[Array.IndexOf(lines, command) + 1] + "\n", ""), Type("--list --daemon"));
    }

    [Fact]
    public void The_master_is_listed_before_the_backup_and_nothing_where_none_runs()
    {
        Assert.Equal(new Printed(0, "", ""), Type("-L --daemon"));
        Type("--start-daemon backup --syncid 2 --sync-maxlen 1472");
        Type("--start-daemon master --syncid 1 --sync-maxlen 1472");
        Assert.Equal(
            "master sync daemon (mcast=eth0, syncid=1, maxlen=1472, group=224.0.0.81, port=8848, ttl=1)\nbackup sync daemon (mcast=eth0, syncid=2, maxlen=1472, group=224.0.0.81, port=8848, ttl=1)\n",
            Type("-L --daemon").Output);
    }

    [Fact]
    public void One_of_a_kind_runs_and_one_that_does_not_run_is_not_stopped()
    {
        Assert.Equal(0, Type("--start-daemon master").ExitCode);
        Assert.Equal(new Printed(255, "", "Daemon has already run\n"), Type("--start-daemon master"));
        Assert.Equal(new Printed(0, "", ""), Type("--stop-daemon master --syncid 0"));
        Assert.Equal(new Printed(255, "", "No daemon is running\n"), Type("--stop-daemon master"));
    }

    [Fact]
    public void A_daemon_passes_the_control_socket_whole()
    {
        var daemon = new IpvsDaemonOptions(IpvsRole.Backup) { Interface = "eth2", SyncId = 51, MaximumLength = 1400, Group = IPAddress.Parse("ff02::51"), Port = 8849, Ttl = 3 };
        ControlRequest request = new ControlRequest.StartDaemon(daemon);
        Assert.Equal(request, JsonSerializer.Deserialize(JsonSerializer.Serialize(request, ControlJson.Default.ControlRequest), ControlJson.Default.ControlRequest));
        var response = new ControlResponse { Daemons = [daemon] };
        Assert.Equal(daemon, Assert.Single(JsonSerializer.Deserialize(JsonSerializer.Serialize(response, ControlJson.Default.ControlResponse), ControlJson.Default.ControlResponse)!.Daemons!.Value));
    }

    private Printed Type(string commandLine) => Terminal.Type(commandLine, _director.Ask);
}
