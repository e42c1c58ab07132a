using Director.Configuration.Import;
using Xunit;

namespace Director.Configuration.Tests.Import;

/// <summary>A mistake in a file of another tool is said by its line, its word, and what would be right.</summary>
public sealed class MistakesTests
{
    [Theory]
    [InlineData("-A -t 10.0.0.1:80 --wieght 1", "f:1: --wieght: is no option of ipvsadm; the nearest is --weight")]
    [InlineData("-A -t 10.0.0.1:80 -q", "f:1: -q: is no option of ipvsadm; 'ipvsadm --help' lists them")]
    [InlineData("-A -t 10.0.0.1:80 -s", "f:1: -s: needs a value")]
    [InlineData("-A -t 10.0.0.1:80 -a", "f:1: -a: is the second command beside --add-service; a line has one")]
    [InlineData("-A -t 10.0.0.1:80 -s rr -s lc", "f:1: -s: is there twice; give it once")]
    [InlineData("-A -t 10.0.0.256:80", "f:1: 10.0.0.256: is no address; an address is 192.0.2.1 or 2001:db8::1")]
    [InlineData("-A -t 10.0.0.1:70000", "f:1: 70000: is no port; a number from 0 to 65535 or a name in /etc/services is right")]
    [InlineData("-A -t nowhere:80", "f:1: nowhere: is a host that has no IPv4 address on this machine; write its address, or import where the name is known")]
    [InlineData("-A -f 0", "f:1: 0: is no mark; 1 to 4294967295 is right")]
    [InlineData("-A -s rr", "f:1: --add-service: names no virtual service; write -t ADDRESS:PORT, -u ADDRESS:PORT or -f MARK")]
    [InlineData("-A -t 10.0.0.1:80\n-A -t 10.0.0.1:80", "f:2: 10.0.0.1:80: is a service already, in f:1; use -E, or remove one of them")]
    [InlineData("-a -t 10.0.0.1:80 -r 10.1.0.1 -m", "f:1: 10.0.0.1:80: is no service yet; add it before with -A")]
    [InlineData("-A -t 10.0.0.1:80\n-a -t 10.0.0.1:80 -m", "f:2: 10.0.0.1:80: names no real server; write -r ADDRESS:PORT")]
    [InlineData("-A -t 10.0.0.1:80\n-e -t 10.0.0.1:80 -r 10.1.0.1 -m", "f:2: 10.1.0.1: is no real server of this service; add it before with -a")]
    [InlineData("-A -t 'x", "f:1: -A -t 'x: has a quote that is not closed; close it in the same line")]
    [InlineData("--start-daemon both", "f:1: --start-daemon both: master or backup is right")]
    [InlineData("--set 1 2", "f:1: --set 1 2: takes three numbers of seconds: TCP, TCP after a FIN, UDP")]
    public void Rules_of_ipvsadm(string text, string error) => Require(ImportKind.Ipvsadm, text, error);

    [Theory]
    [InlineData("-A -t 10.0.0.1:80 -s frob", "f:1: director.virtual-services.\"10.0.0.1:80\".scheduler = frob: is unknown;")]
    [InlineData("-A -t 10.0.0.1:80 -p 9999999", "f:1: director.virtual-services.\"10.0.0.1:80\".persistence.timeout = 9999999s: is out of range;")]
    [InlineData("-A -t 10.0.0.1:0", "f:1: director.virtual-services.\"10.0.0.1:0\".address = 10.0.0.1:0: has port 0, which is every port, and no persistence;")]
    [InlineData("-A -t 10.0.0.1:80\n-a -t 10.0.0.1:80 -r 10.1.0.1 -m -w many", "f:2: director.virtual-services.\"10.0.0.1:80\".real-servers[0].weight = many: ")]
    [InlineData("\n\n--set 1 x 2", "f:3: director.timeouts.tcp-fin = x: ")]
    public void What_the_reader_of_configurations_refuses_is_said_of_the_line_that_it_came_from(string text, string beginning)
    {
        var error = Assert.Single(ConfigurationImporter.Import(ImportKind.Ipvsadm, [new("f", text)], new Sample.Names()).Errors);
        Assert.StartsWith(beginning, error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("checkintervall = 5", "f:1: checkintervall = 5: is no line that ldirectord knows here; the nearest is checkinterval")]
    [InlineData("timeout = 5", "f:1: timeout = 5: is written checktimeout and negotiatetimeout now")]
    [InlineData("quiescent = maybe", "f:1: quiescent = maybe: yes or no is right")]
    [InlineData("frob", "f:1: frob: is no line of ldirectord.cf; KEY = VALUE is right")]
    [InlineData("    real = 10.1.0.1:80 masq", "f:1: real = 10.1.0.1:80 masq: belongs to a virtual service, and there is none above; begin one with virtual = ADDRESS:PORT")]
    [InlineData("virtual = 10.0.0.1", "f:1: virtual = 10.0.0.1: has no port; ADDRESS:PORT or a mark is right")]
    [InlineData("virtual = [fd00::1]:80", "f:1: virtual = [fd00::1]:80: is of the other family; write virtual6")]
    [InlineData("virtual = 10.0.0.1:80\n    real = 10.1.0.1:80 nat", "f:2: nat: is no way to forward; gate, masq or ipip is right")]
    [InlineData("virtual = 10.0.0.1:80\n    real = 10.1.0.1:80", "f:2: real = 10.1.0.1:80: is no real server; ADDRESS:PORT gate|masq|ipip [WEIGHT] [\"REQUEST\", \"RECEIVE\"] is right")]
    [InlineData("virtual = 10.0.0.1:80\n    real6 = [fd00::1]:80 masq", "f:2: real6 = [fd00::1]:80 masq: stands under virtual; write real")]
    [InlineData("virtual = 10.0.0.1:80\n    real = 10.1.0.9->10.1.0.1:80 masq", "f:2: real = 10.1.0.9->10.1.0.1:80 masq: is a range that ends before it begins; write the lower address first")]
    [InlineData("virtual = 10.0.0.1:80\nvirtual = 10.0.0.1:80", "f:2: 10.0.0.1:80: is a service already, in f:1; remove one of them")]
    [InlineData("virtual = 10.0.0.1:80\n    protocol = fwm", "f:2: protocol = fwm: is no protocol of a service with an address; tcp or udp is right")]
    [InlineData("virtual = 10.0.0.1:80\n    httpmethod = PUT", "f:2: httpmethod = PUT: GET or HEAD is right")]
    [InlineData("virtual = 10.0.0.1:80\n    checktype = sometimes\n    real = 10.1.0.1:80 masq", "f:2: checktype = sometimes: is no type of check; one of negotiate, connect, ping, external, external-perl, on, off or a number is right")]
    [InlineData("virtual = 10.0.0.1:80\n    fallback = 10.9.0.1 away", "f:2: away: is no way to forward; gate, masq or ipip is right")]
    public void Ldirectord_cf(string text, string error) => Require(ImportKind.Ldirectord, text, error);

    [Theory]
    [InlineData("vrrp_instance A {\n  interface eth0\n", "f:1: vrrp_instance: has a { that is not closed; add a }")]
    [InlineData("}", "f:1: }: closes nothing; remove it, or look for a } too many above")]
    [InlineData("{", "f:1: {: opens a block of nothing; write its name before it")]
    [InlineData("global_defs {\n  router_id \"a\n}", "f:2: router_id \"a: has a quote that is not closed; close it in the same line")]
    [InlineData("vrrp_sync_group G {\n group {\n  A\n }\n}", "f:3: A: is no vrrp_instance that is left for this group; name one of the file, and each in one group")]
    [InlineData("vrrp_instance A {\n virtual_router_id 1\n virtual_ipaddress {\n 10.0.0.1\n }\n}", "f:1: vrrp_instance A { }: has no interface; write it")]
    [InlineData("vrrp_instance A {\n interface eth0\n virtual_router_id 1\n state LEADER\n virtual_ipaddress {\n 10.0.0.1\n }\n}", "f:4: state LEADER: MASTER or BACKUP is right (SLAVE in old files)")]
    [InlineData("vrrp_instance A {\n interface eth0\n virtual_router_id 1\n track_script {\n x\n }\n virtual_ipaddress {\n 10.0.0.1\n }\n}", "f:5: x: names a script that is not there; write vrrp_script x { script \"...\" }")]
    [InlineData("virtual_server 10.0.0.1 80 {\n lb_kind FNAT\n real_server 10.1.0.1 80 {\n }\n}", "f:2: lb_kind FNAT: is no way to forward; NAT, DR or TUN is right")]
    [InlineData("virtual_server 10.0.0.1 80 {\n real_server 10.1.0.1 eighty {\n }\n}", "f:2: eighty: is no port; a number from 0 to 65535 or a name in /etc/services is right")]
    [InlineData("virtual_server group G {\n}", "f:1: virtual_server group G { }: names a group that is not there; write virtual_server_group G { ... }")]
    [InlineData("virtual_server_group G {\n 10.0.0.9-3 80\n}\nvirtual_server group G {\n}", "f:2: 10.0.0.9-3 80: is no range of up to 256 addresses; 192.0.2.10-13 is right")]
    [InlineData("virtual_server 10.0.0.1 {\n sorry_server 1 2 3\n persistence_timeout 5\n}", "f:2: sorry_server 1 2 3: is no sorry server; ADDRESS PORT is right")]
    [InlineData("global_defs {\n lvs_timeouts tcp\n}", "f:2: lvs_timeouts tcp: tcp SECONDS tcpfin SECONDS udp SECONDS is right")]
    public void Keepalived_conf(string text, string error) => Require(ImportKind.Keepalived, text, error);

    [Theory]
    [InlineData("node", "f:1: node: names no host; write its name, as uname -n has it, in the same line")]
    [InlineData("keepalive 1\ndeadtime", "f:2: deadtime: has no value; write it in the same line")]
    [InlineData("node a\nkeepalife 1", "f:2: keepalife: is nothing that ha.cf has; the nearest is keepalive")]
    [InlineData("node a\nauto_failback perhaps", "f:2: auto_failback perhaps: on or off is right")]
    [InlineData("node a\nucast eth0", "f:2: ucast eth0: ucast NIC ADDRESS is right")]
    [InlineData("auth one\n1 sha1 k", "f:1: auth one: is no number of a key; auth 1 is right")]
    [InlineData("auth 3\n1 sha1 k", "f:1: auth 3: names a key that is not there; add a line 3 sha1 KEY")]
    [InlineData("auth 1\n1 rot13 topsecret", "f:2: 1: is no line of authkeys; auth NUMBER or NUMBER sha1 KEY is right")]
    [InlineData("lb1", "f:1: lb1: names no resource; HOST ADDRESS ... is right")]
    [InlineData("lb1 IPaddr::10.0.0.999", "f:1: 10.0.0.999: is no address; an address is 192.0.2.1 or 2001:db8::1")]
    public void Files_of_heartbeat(string text, string error) =>
        Assert.Equal(error, ConfigurationImporter.Import(ImportKind.Heartbeat, [new("f", text)], new Sample.Names()).Errors[0]);

    [Theory]
    [InlineData("directors = 10.0.0.1", "f:1: directors = 10.0.0.1: is nothing that feedbackd-agent.conf has; the nearest is director")]
    [InlineData("service = http\nforwarding = pigeon", "f:2: pigeon: is no way to forward; NAT, DR or TUN is right")]
    [InlineData("service = http\nprotocol = SCTP", "f:2: SCTP: is no protocol; TCP or UDP is right")]
    [InlineData("service", "f:1: service: is no line of feedbackd-agent.conf; KEY = VALUE is right")]
    public void Feedbackd_agent_conf(string text, string error) => Require(ImportKind.Feedbackd, text, error);

    [Fact]
    public void A_key_is_in_no_message()
    {
        var result = ConfigurationImporter.Import(ImportKind.Heartbeat, [new("authkeys", "auth 1\n1 sha1 hush\n2 sha1 one two three\n")], new Sample.Names());
        Assert.DoesNotContain(result.Errors.Concat(result.Missing), line => line.Contains("hush", StringComparison.Ordinal) || line.Contains("two", StringComparison.Ordinal));
    }

    private static void Require(ImportKind kind, string text, string error)
    {
        var result = ConfigurationImporter.Import(kind, [new("f", text)], new Sample.Names());
        Assert.Equal([error], result.Errors.AsEnumerable());
        Assert.Equal("", result.Text);
    }
}
