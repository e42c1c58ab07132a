using Xunit;

namespace Director.Tests.Ipvsadm;

public sealed class IpvsadmErrorTests
{
    private const string TryHelp = "Try `ipvsadm -h' or 'ipvsadm --help' for more information.";

    [Theory]
    // The command comes first.
    [InlineData("-t 10.0.0.1:80", 255, TryHelp)]
    [InlineData("-n", 255, TryHelp)]
    [InlineData("frob", 255, TryHelp)]
    [InlineData("-z", 255, TryHelp)]
    [InlineData("--start-daemon", 255, TryHelp)]
    [InlineData("-L -A", 2, "invalid option `-A'")]
    [InlineData("-A -t 10.0.0.1:80 -h", 2, "invalid option `-h'")]
    [InlineData("-LA", 2, "invalid option `-LA'")]
    [InlineData("-L --frob", 255, "--frob: unknown option")]
    [InlineData("-A -t", 255, "-t: missing argument")]
    [InlineData("-L frob", 2, "unexpected argument frob")]
    // Twice the same.
    [InlineData("-A -t 10.0.0.1:80 -u 10.0.0.1:80", 2, "multiple 'service-address' options specified")]
    [InlineData("-A -f 1 -f 2", 2, "multiple 'service-address' options specified")]
    [InlineData("-a -t 10.0.0.1:80 -r 10.1.0.1 -m -g", 2, "multiple 'forwarding-method' options specified")]
    [InlineData("-a -t 10.0.0.1:80 -r 10.1.0.1 -w1 -w2", 2, "multiple 'weight' options specified")]
    [InlineData("-L -n -n", 2, "multiple 'numeric' options specified")]
    [InlineData("-A -t 10.0.0.1:80 --sched-flags flag-1 -b flag-2", 2, "multiple 'sched-flags' options specified")]
    // What goes with what.
    [InlineData("-A", 2, "You need to supply the 'service-address' option for the 'add-service' command")]
    [InlineData("-E -s rr", 2, "You need to supply the 'service-address' option for the 'edit-service' command")]
    [InlineData("-D", 2, "You need to supply the 'service-address' option for the 'delete-service' command")]
    [InlineData("-a -t 10.0.0.1:80", 2, "You need to supply the 'real-server' option for the 'add-server' command")]
    [InlineData("-e -r 10.1.0.1", 2, "You need to supply the 'service-address' option for the 'edit-server' command")]
    [InlineData("-d -t 10.0.0.1:80", 2, "You need to supply the 'real-server' option for the 'delete-server' command")]
    [InlineData("-A -t 10.0.0.1:80 -w 1", 2, "Illegal 'weight' option with the 'add-service' command")]
    [InlineData("-A -t 10.0.0.1:80 -m", 2, "Illegal 'forwarding-method' option with the 'add-service' command")]
    [InlineData("-A -t 10.0.0.1:80 -n", 2, "Illegal 'numeric' option with the 'add-service' command")]
    [InlineData("-D -t 10.0.0.1:80 -s rr", 2, "Illegal 'scheduler' option with the 'delete-service' command")]
    [InlineData("-a -t 10.0.0.1:80 -r 10.1.0.1 -s rr", 2, "Illegal 'scheduler' option with the 'add-server' command")]
    [InlineData("-d -t 10.0.0.1:80 -r 10.1.0.1 -w 1", 2, "Illegal 'weight' option with the 'delete-server' command")]
    [InlineData("-C -n", 2, "Illegal 'numeric' option with the 'flush' command")]
    [InlineData("-R -n", 2, "Illegal 'numeric' option with the 'restore' command")]
    [InlineData("-S --stats", 2, "Illegal 'stats' option with the 'save' command")]
    [InlineData("-Z -n", 2, "Illegal 'numeric' option with the 'zero' command")]
    [InlineData("--set 1 2 3 -n", 2, "Illegal 'numeric' option with the 'set' command")]
    [InlineData("-L -p", 2, "Illegal 'persistent' option with the 'list' command")]
    [InlineData("-L -c --timeout", 2, "The option 'timeout' conflicts with the 'connection' option in the 'list' command")]
    [InlineData("-L -t 10.0.0.1:80 -c", 2, "The option 'service-address' conflicts with the 'connection' option in the 'list' command")]
    [InlineData("-L --daemon --timeout", 2, "The option 'daemon' conflicts with the 'timeout' option in the 'list' command")]
    [InlineData("-L -c --stats", 2, "options conflicts in the list command")]
    [InlineData("-L --timeout --persistent-conn", 2, "options conflicts in the list command")]
    [InlineData("-L --daemon --rate", 2, "options conflicts in the list command")]
    // Services.
    [InlineData("-A -t 10.0.0.1", 2, "Zero port specified for non-persistent service")]
    [InlineData("-A -t 10.0.0.1:0", 2, "Zero port specified for non-persistent service")]
    [InlineData("-A -t 10.0.0.1:80 -o", 2, "One-Packet Scheduling is only for UDP virtual services")]
    [InlineData("-A -t 80", 2, "illegal virtual server address[:port] specified")]
    [InlineData("-A -t nowhere:80", 2, "illegal virtual server address[:port] specified")]
    [InlineData("-A -t 10.0.0.1:65536", 2, "illegal virtual server address[:port] specified")]
    [InlineData("-A -t 10.0.0.1:frob", 2, "illegal virtual server address[:port] specified")]
    [InlineData("-A -u 10.0.0.1:http", 2, "illegal virtual server address[:port] specified")]
    [InlineData("-A -t [fd00::1]", 2, "illegal virtual server address[:port] specified")]
    [InlineData("-A -t [fd00::1", 2, "illegal virtual server address[:port] specified")]
    [InlineData("-A -t -s rr", 2, "illegal virtual server address[:port] specified")]
    [InlineData("-A -f 0", 2, "invalid fwmark value `0' specified")]
    [InlineData("-A -f -1", 2, "invalid fwmark value `-1' specified")]
    [InlineData("-A -f 4294967296", 2, "invalid fwmark value `4294967296' specified")]
    [InlineData("-A -6 -f 1", 2, "-6 used before -f\n")]
    [InlineData("-A -t 10.0.0.1:80 -6", 2, "-6 used before -f\n")]
    [InlineData("-A -t 10.0.0.1:80 -p 0", 2, "invalid timeout value `0' specified")]
    [InlineData("-A -t 10.0.0.1:80 -p 2678401", 2, "invalid timeout value `2678401' specified")]
    [InlineData("-A -t 10.0.0.1:80 -p 5x", 2, "invalid timeout value `5x' specified")]
    [InlineData("-A -t 10.0.0.1:80 -p -M frob", 2, "illegal virtual server persistent mask specified")]
    [InlineData("-A -t 10.0.0.1:80 -p -M 255.0.255.0", 2, "illegal virtual server persistent mask specified")]
    [InlineData("-A -t [fd00::1]:80 -p -M 129", 2, "illegal ipv6 netmask specified")]
    [InlineData("-A -f 1 -6 -p -M 0", 2, "illegal ipv6 netmask specified")]
    [InlineData("-A -t 10.0.0.1:80 -s rr -b sh-port", 2, "incompatible scheduler flag `sh-port'")]
    [InlineData("-A -t 10.0.0.1:80 -b mh-fallback", 2, "incompatible scheduler flag `mh-fallback'")]
    [InlineData("-A -t 10.0.0.1:80 -s sh -b sh-port,frob", 2, "invalid scheduler flag `frob'")]
    // Real servers.
    [InlineData("-a -t 10.0.0.1:80 -r frob", 2, "illegal real server address[:port] specified")]
    [InlineData("-a -t 10.0.0.1:80 -r 10.1.0.1 -w 65536", 2, "illegal weight specified")]
    [InlineData("-a -t 10.0.0.1:80 -r 10.1.0.1 -w -1", 2, "illegal weight specified")]
    [InlineData("-a -t 10.0.0.1:80 -r 10.1.0.1 -x 2147483648", 2, "illegal u_threshold specified")]
    [InlineData("-a -t 10.0.0.1:80 -r 10.1.0.1 -y frob", 2, "illegal l_threshold specified")]
    [InlineData("-a -t 10.0.0.1:80 -r fd00::1 -m", 2, "Different address family is allowed only for tunneling servers")]
    [InlineData("-a -f 1 -r fd00::1", 2, "Different address family is allowed only for tunneling servers")]
    [InlineData("-a -t 10.0.0.1:80 -r 10.1.0.1 --tun-type gre", 2, "Tunnel options conflict with forward method")]
    [InlineData("-a -t 10.0.0.1:80 -r 10.1.0.1 -m --tun-csum", 2, "Tunnel options conflict with forward method")]
    [InlineData("-a -t 10.0.0.1:80 -r 10.1.0.1 -i --tun-type frob", 2, "illegal tunnel type specified")]
    [InlineData("-a -t 10.0.0.1:80 -r 10.1.0.1 -i --tun-type gue", 2, "You need to supply the 'tun-port' option for the 'gue' tunnel type")]
    [InlineData("-a -t 10.0.0.1:80 -r 10.1.0.1 -i --tun-type gue --tun-port 0", 2, "illegal tunnel port specified")]
    [InlineData("-a -t 10.0.0.1:80 -r 10.1.0.1 -i --tun-port 6080", 2, "Illegal 'tun-port' option with the 'ipip' tunnel type")]
    [InlineData("-a -t 10.0.0.1:80 -r 10.1.0.1 -i --tun-type gre --tun-remcsum", 2, "Illegal 'tun-remcsum' option with the 'gre' tunnel type")]
    [InlineData("-a -t 10.0.0.1:80 -r 10.1.0.1 -i --tun-type gre --tun-csum --tun-nocsum", 2, "The option 'tun-csum' conflicts with the 'tun-nocsum' option in the 'gre' tunnel type")]
    // Timeouts.
    [InlineData("--set", 2, "--set option requires 3 timeout values")]
    [InlineData("--set 1 2", 2, "--set option requires 3 timeout values")]
    [InlineData("--set 1 2 3 4", 2, "unexpected argument 4")]
    [InlineData("--set 1 2 2678401", 2, "invalid timeout value `2678401' specified")]
    // Daemons, and what is not here yet.
    [InlineData("--start-daemon frob", 2, "illegal start-daemon parameter specified")]
    [InlineData("--stop-daemon frob", 2, "illegal start_daemon specified")]
    [InlineData("--start-daemon master --syncid 256", 2, "illegal syncid specified")]
    [InlineData("--start-daemon master --mcast-group 10.0.0.1", 2, "invalid IPv4 mcast-group `10.0.0.1'")]
    [InlineData("--start-daemon master --mcast-group fd00::1", 2, "invalid IPv6 mcast-group `fd00::1'")]
    [InlineData("--start-daemon master --sync-maxlen 65508", 2, "illegal sync-maxlen specified")]
    [InlineData("--start-daemon master --mcast-port 0", 2, "illegal mcast-port specified")]
    [InlineData("--start-daemon master --mcast-ttl 256", 2, "illegal mcast-ttl specified")]
    [InlineData("--start-daemon master -n", 2, "Illegal 'numeric' option with the 'start-daemon' command")]
    [InlineData("--stop-daemon backup --mcast-interface eth0", 2, "Illegal 'mcast-interface' option with the 'stop-daemon' command")]
    [InlineData("--stop-daemon backup", 255, "No daemon is running")]
    [InlineData("-A --sctp-service 10.0.0.1:80", 255, "--sctp-service is not here yet: this director forwards TCP and UDP")]
    [InlineData("-A -u 10.0.0.1:5060 --pe sip", 255, "--pe is not here yet: persistence is by the client's address")]
    // What the director answers.
    [InlineData("-E -t 10.0.0.1:80", 255, "No such service")]
    [InlineData("-D -t 10.0.0.1:80", 255, "No such service")]
    [InlineData("-Z -t 10.0.0.1:80", 255, "No such service")]
    [InlineData("-L -t 10.0.0.1:80", 1, "No such service")]
    [InlineData("-a -t 10.0.0.1:80 -r 10.1.0.1", 255, "Service not defined")]
    [InlineData("-e -t 10.0.0.1:80 -r 10.1.0.1", 255, "Service not defined")]
    [InlineData("-d -t 10.0.0.1:80 -r 10.1.0.1", 255, "Service not defined")]
    public void A_wrong_command_line_gets_ipvsadms_words_and_exit_status(string commandLine, int exitCode, string error) =>
        Assert.Equal(new Printed(exitCode, "", error + "\n"), Terminal.Type(commandLine));

    [Fact]
    public void A_service_is_added_once_and_its_real_servers_too()
    {
        TableDirector director = new();
        Assert.Equal(new Printed(0, "", ""), Terminal.Type("-A -t 10.0.0.1:80", director.Ask));
        Assert.Equal(new Printed(255, "", "Service already exists\n"), Terminal.Type("-A -t 10.0.0.1:80 -s rr", director.Ask));
        Assert.Equal(new Printed(0, "", ""), Terminal.Type("-a -t 10.0.0.1:80 -r 10.1.0.1:8080 -m", director.Ask));
        Assert.Equal(new Printed(255, "", "Destination already exists\n"), Terminal.Type("-a -t 10.0.0.1:80 -r 10.1.0.1:8080 -m", director.Ask));
        Assert.Equal(new Printed(255, "", "No such destination\n"), Terminal.Type("-e -t 10.0.0.1:80 -r 10.1.0.1:80 -m", director.Ask));
        Assert.Equal(new Printed(255, "", "No such destination\n"), Terminal.Type("-d -t 10.0.0.1:80 -r 10.1.0.1", director.Ask));
    }
}
