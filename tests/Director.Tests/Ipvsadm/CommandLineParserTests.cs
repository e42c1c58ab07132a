using System.Net;
using Director.Cluster.VirtualServices;
using Director.Forwarding;
using Director.Ipvsadm;
using Xunit;

namespace Director.Tests.Ipvsadm;

public sealed class CommandLineParserTests
{
    private static readonly ServiceKey Www = ServiceKey.ForAddress(Protocol.Tcp, IPAddress.Parse("10.0.0.1"), 80);

    [Fact]
    public void A_service_has_the_defaults_of_ipvsadm()
    {
        VirtualServiceSpec service = ParseEdit<AddService>("-A -t 10.0.0.1:80").Service;
        Assert.Equal(new VirtualServiceSpec(Www) { Scheduler = "wlc" }, service);
        RealServerSpec server = ParseEdit<AddServer>("-a -t 10.0.0.1:80 -r 10.1.0.1").Server;
        Assert.Equal(new RealServerSpec(IPAddress.Parse("10.1.0.1"), 80) { Method = ForwardingMethod.Direct, Weight = 1 }, server);
    }

    [Theory]
    [InlineData("-t 10.0.0.1:80", "TCP 10.0.0.1:80")]
    [InlineData("-u 10.0.0.1:domain", "UDP 10.0.0.1:53")]
    [InlineData("-t www:http", "TCP 192.0.2.80:80")]
    [InlineData("-t 10.1:80", "TCP 10.0.0.1:80")]
    [InlineData("--tcp-service=[fd00::1]:http", "TCP [fd00::1]:80")]
    [InlineData("-t fd00::1", "TCP [fd00::1]:0")]
    // The brackets are only for IPv6; ipvsadm loses an IPv4 port in them.
    [InlineData("-t [10.0.0.1]:80", "TCP 10.0.0.1:0")]
    [InlineData("-f 4294967295", "FWM 4294967295")]
    [InlineData("-f 7 -6", "FWM 7 IPv6")]
    public void A_service_is_named_by_address_or_mark(string service, string key) =>
        Assert.Equal(key, ParseEdit<DeleteService>($"-D {service}").Service.ToString());

    [Theory]
    [InlineData("-A -t 10.0.0.1:80 -p", 300, 32)]
    [InlineData("-A -t 10.0.0.1:0 -p 60 -M 255.255.255.0", 60, 24)]
    [InlineData("-A -M 255.255.0.0 -t 10.0.0.1:80 --persistent=2678400", 2678400, 16)]
    [InlineData("-A -t [fd00::1]:80 -p1 -M 64", 1, 64)]
    [InlineData("-A -f 1 -6 -p -M 48x", 300, 48)]
    // An IPv6 address and -6 set the mask back.
    [InlineData("-A -M 255.255.0.0 -t [fd00::1]:80 -p", 300, 128)]
    [InlineData("-A -f 1 -M 255.255.0.0 -6 -p", 300, 128)]
    public void Persistence_has_a_timeout_and_a_mask(string commandLine, int seconds, int prefixLength) =>
        Assert.Equal(new Persistence(seconds, prefixLength), ParseEdit<AddService>(commandLine).Service.Persistence);

    [Fact]
    public void A_mask_without_persistence_means_nothing() => Assert.Null(ParseEdit<AddService>("-A -t 10.0.0.1:80 -M 255.255.255.0").Service.Persistence);

    [Theory]
    [InlineData("-s sh -b sh-fallback,sh-port", SchedulerFlags.Fallback | SchedulerFlags.Port)]
    [InlineData("-b mh-port -s mh", SchedulerFlags.Port)]
    [InlineData("-b flag-1,flag-3", SchedulerFlags.Fallback | SchedulerFlags.Third)]
    [InlineData("", SchedulerFlags.None)]
    public void Scheduler_flags_have_two_names(string options, SchedulerFlags flags) =>
        Assert.Equal(flags, ParseEdit<AddService>($"-A -t 10.0.0.1:80 {options}").Service.SchedulerFlags);

    [Theory]
    // NAT keeps the port that is given and takes the service's otherwise.
    [InlineData("-a -t 10.0.0.1:80 -r 10.1.0.1:8080 -m", "10.1.0.1:8080")]
    [InlineData("-a -t 10.0.0.1:80 -r 10.1.0.1 -m", "10.1.0.1:80")]
    [InlineData("-a -t 10.0.0.1:80 -r 10.1.0.1:0 -m", "10.1.0.1:0")]
    // The others cannot change it.
    [InlineData("-a -t 10.0.0.1:80 -r 10.1.0.1:8080 -g", "10.1.0.1:80")]
    [InlineData("-a -t 10.0.0.1:80 -r 10.1.0.1:8080 -i", "10.1.0.1:80")]
    [InlineData("-e -r 10.1.0.1 -t 10.0.0.1:80", "10.1.0.1:80")]
    // Before the service there is no port to take.
    [InlineData("-a -r 10.1.0.1 -t 10.0.0.1:80 -m", "10.1.0.1:0")]
    // A mark service has no port.
    [InlineData("-a -f 1 -r 10.1.0.1", "10.1.0.1:0")]
    [InlineData("-a -f 1 -r 10.1.0.1:8080 -g", "10.1.0.1:8080")]
    [InlineData("-a -t 10.0.0.1:80 -r fd00::2 -i", "[fd00::2]:80")]
    public void A_real_servers_port_follows_the_service_and_the_method(string commandLine, string endpoint)
    {
        RealServerSpec server = ParseEdit<TableEdit>(commandLine) switch
        {
            AddServer add => add.Server,
            EditServer edit => edit.Server,
            var other => throw new InvalidOperationException($"{other}"),
        };
        Assert.Equal(endpoint, new IPEndPoint(server.Address, server.Port).ToString());
    }

    [Fact]
    public void A_real_server_has_every_attribute_that_is_given()
    {
        IPAddress address = IPAddress.Parse("10.1.0.1");
        Assert.Equal(
            new RealServerSpec(address, 80) { Method = ForwardingMethod.Tunnel, Tunnel = new(TunnelType.Gue, 6080, TunnelChecksum.Remote), Weight = 0, UpperThreshold = 10, LowerThreshold = 5 },
            ParseEdit<AddServer>("-a -t 10.0.0.1:80 -r 10.1.0.1 -i --tun-type gue --tun-port 6080 --tun-remcsum -w0 -x 10 -y5").Server);
        Assert.Equal(
            new RealServerSpec(address, 80) { Method = ForwardingMethod.Tunnel, Tunnel = new(TunnelType.Gre, 0, TunnelChecksum.Full), Weight = 65535 },
            ParseEdit<EditServer>("-e -t 10.0.0.1:80 -r 10.1.0.1 -i --tun-type gre --tun-csum --weight=65535").Server);
    }

    [Fact]
    public void Timeouts_of_0_are_left_as_they_are() => Assert.Equal(new SetTimeouts(0, 60, 2678400), ParseEdit<SetTimeouts>("--set 0 60 2678400"));

    [Fact]
    public void Lists_take_their_options_joined_and_in_any_order()
    {
        Assert.Equal(new IpvsadmCommand.List(null, ListFormat.Numeric | ListFormat.Stats | ListFormat.Exact), Parse("-lnX --stats --sort"));
        Assert.Equal(new IpvsadmCommand.List(Www, ListFormat.Rate), Parse("--list --rate --tcp-service 10.0.0.1:80"));
        Assert.Equal(new IpvsadmCommand.ListConnections(ListFormat.Numeric), Parse("-Lnc"));
        Assert.Equal(new IpvsadmCommand.ListTimeouts(), Parse("-L --timeout"));
        Assert.Equal(new IpvsadmCommand.Zero(null), Parse("-Z"));
        Assert.Equal(new IpvsadmCommand.Zero(Www), Parse("-Zt 10.0.0.1:80"));
    }

    private static T ParseEdit<T>(string commandLine) => Assert.IsAssignableFrom<T>(Assert.IsType<IpvsadmCommand.Change>(Parse(commandLine)).Edit);

    private static IpvsadmCommand Parse(string commandLine) => CommandLineParser.Parse("ipvsadm", commandLine.Split(' ', StringSplitOptions.RemoveEmptyEntries), new FewNames());
}
