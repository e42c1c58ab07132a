using System.Net;
using Director.Cluster.Health;
using Director.Configuration;
using Director.Health;
using Director.Health.Checks;
using Director.Health.Paths;
using Director.Health.Probing;
using Xunit;

namespace Director.Cluster.Tests.Health;

public sealed class ConfiguredChecksTests
{
    private static readonly VirtualServiceConfiguration s_service = new("www") { Address = IPAddress.Parse("10.0.0.1"), Port = 80 };
    private static readonly RealServerConfiguration s_server = new(IPAddress.Parse("192.168.6.4"), 8080);

    [Fact]
    public void A_check_asks_its_real_server_unless_it_says_otherwise()
    {
        Assert.Equal(new ConnectCheck(new(s_server.Address, 8080)), ConfiguredChecks.Question(new("connect"), s_server, s_service));
        var other = new CheckConfiguration("connect") { Address = IPAddress.Parse("192.168.7.4"), Port = 81, Source = IPAddress.Parse("192.168.7.1"), Interface = "eth1" };
        Assert.Equal(
            new ConnectCheck(new(other.Address!, 81) { Source = other.Source, Interface = "eth1" }), ConfiguredChecks.Question(other, s_server, s_service));
    }

    [Fact]
    public void A_check_through_the_service_asks_the_VIP_by_the_real_server()
    {
        var check = new CheckConfiguration("connect") { ThroughService = true };
        var server = s_server with { Port = 80, Forwarding = PacketForwarding.Direct };
        Assert.Equal(new ConnectCheck(new(s_service.Address!, 80) { Through = new(server.Address) }), ConfiguredChecks.Question(check, server, s_service));
        var other = IPAddress.Parse("10.0.0.2");
        Assert.Equal(new ConnectCheck(new(other, 80) { Through = new(server.Address) }), ConfiguredChecks.Question(check with { Address = other }, server, new("m") { Mark = 7 }));
        // Into a tunnel as clients' packets are.
        Assert.Equal(new(server.Address, new(TunnelHeader.IpIp)), Way(new()));
        Assert.Equal(new(server.Address, new(TunnelHeader.Gue, 6080)), Way(new() { Type = Encapsulation.Gue, Port = 6080, Checksum = EncapsulationChecksum.Full }));
        Assert.Equal(new(server.Address, new(TunnelHeader.Gre)), Way(new() { Type = Encapsulation.Gre }));
        Assert.Equal(new(server.Address, new(TunnelHeader.Gre, HasChecksum: true)), Way(new() { Type = Encapsulation.Gre, Checksum = EncapsulationChecksum.Full }));
        ServicePath? Way(TunnelConfiguration tunnel) =>
            ConfiguredChecks.Question(check, server with { Forwarding = PacketForwarding.Tunnel, Tunnel = tunnel }, s_service).Target.Through;
        // One that ipvsadm added by NAT is asked itself.
        Assert.Equal(new ConnectCheck(new(server.Address, 80)), ConfiguredChecks.Question(check, server with { Forwarding = PacketForwarding.Nat }, s_service));
    }

    [Fact]
    public void Without_an_interval_of_its_own_a_retry_has_the_checks()
    {
        var check = new CheckConfiguration("connect") { Interval = TimeSpan.FromSeconds(5), Timeout = TimeSpan.FromSeconds(1), Rise = 3, Fall = 4 };
        Assert.Equal(
            new ProbeTiming { Interval = check.Interval, RetryInterval = check.Interval, Timeout = check.Timeout, Rise = 3, Fall = 4 }, ConfiguredChecks.Timing(check));
        Assert.Equal(TimeSpan.FromMilliseconds(200), ConfiguredChecks.Timing(check with { RetryInterval = TimeSpan.FromMilliseconds(200) }).RetryInterval);
        Assert.Equal(new ProbeTiming(), ConfiguredChecks.Timing(new("connect")));
    }

    [Theory]
    [InlineData("http", HttpWay.Plain, 80)]
    [InlineData("https", HttpWay.Tls, 443)]
    [InlineData("http_proxy", HttpWay.Proxy, 3128)]
    public void Web_servers_are_asked_for_what_the_file_says(string type, HttpWay way, int port)
    {
        var check = new CheckConfiguration(type)
        {
            Request = "/r", Method = "HEAD", VirtualHost = "www.example.org:81", HttpVersion = "1.0", Status = "401", Receive = "a", ReceiveNot = "b", Digest = "d", Login = "u", Password = new("p"),
            Verify = true, Authority = "/ca",
        };
        var question = new HttpCheck(new(s_server.Address, (ushort)port))
        {
            Way = way, Request = "/r", Method = "HEAD", VirtualHost = "www.example.org:81", Version = "1.0", Status = "401", Receive = "a", ReceiveNot = "b", Digest = "d", Login = "u", Password = new("p"),
            Tls = new() { ServerName = "www.example.org", Verify = true, Authority = "/ca" },
        };
        Assert.Equal(question, ConfiguredChecks.Question(check, s_server with { Port = 0 }, s_service));
        Assert.Equal(question with { Tls = question.Tls with { ServerName = "n" } }, ConfiguredChecks.Question(check with { ServerName = "n" }, s_server with { Port = 0 }, s_service));
        Assert.Equal("", ((HttpCheck)ConfiguredChecks.Question(check with { VirtualHost = "[2001:db8::1]:81" }, s_server, s_service)).Tls.ServerName);
    }

    [Fact]
    public void Mail_news_and_file_servers_take_their_logins()
    {
        var target = new CheckTarget(s_server.Address, 8080);
        var tls = new TlsTrust { ServerName = "n", Verify = true, Authority = "/ca" };
        CheckConfiguration Check(string type) => new(type)
        {
            Login = "u", Password = new("p"), Request = "r", Receive = "a", ReceiveNot = "b", Helo = "h", ServerName = "n", Verify = true, Authority = "/ca",
        };
        HealthCheck Question(string type) => ConfiguredChecks.Question(Check(type), s_server, s_service);

        Assert.Equal(new SmtpCheck(target) { Helo = "h", Login = "u", Password = new("p"), Tls = tls }, Question("smtp"));
        Assert.Equal(new SmtpCheck(target) { IsSubmission = true, Helo = "h", Login = "u", Password = new("p"), Tls = tls }, Question("submission"));
        Assert.Equal(new ImapCheck(target) { Login = "u", Password = new("p"), Tls = tls }, Question("imap"));
        Assert.Equal(new ImapCheck(target) { IsTls = true, Login = "u", Password = new("p"), Tls = tls }, Question("imaps"));
        Assert.Equal(new PopCheck(target) { Login = "u", Password = new("p"), Tls = tls }, Question("pop"));
        Assert.Equal(new PopCheck(target) { IsTls = true, Login = "u", Password = new("p"), Tls = tls }, Question("pops"));
        Assert.Equal(new NntpCheck(target) { Login = "u", Password = new("p"), Request = "r", Receive = "a", ReceiveNot = "b" }, Question("nntp"));
        Assert.Equal(new FtpCheck(target) { Login = "u", Password = new("p"), Request = "r", Receive = "a", ReceiveNot = "b" }, Question("ftp"));
        Assert.Equal(new PingCheck(target with { Port = 0 }), Question("ping"));
    }

    /// <summary>Also that a probe of one type is never taken for one of another.</summary>
    [Theory]
    [InlineData("connect http https ftp imap imaps pop pops smtp submission ldap ldaps nntp dns radius sip mysql pgsql http_proxy simpletcp udp ping external file")]
    public void Every_type_makes_a_check_of_its_name(string types)
    {
        var questions = types.Split(' ').Select(type => ConfiguredChecks.Question(new(type) { Request = "http://a/" }, s_server, s_service)).ToList();
        Assert.Equal(types, string.Join(' ', questions.Select(question => question.Type)));
        Assert.Equal(questions.Count, questions.Distinct().Count());
    }

    [Fact]
    public void Directories_databases_and_radius_take_their_logins()
    {
        var target = new CheckTarget(s_server.Address, 8080);
        CheckConfiguration Check(string type) => new(type) { Login = "u", Password = new("p"), Request = "r", Receive = "a", ReceiveNot = "b" };

        Assert.Equal(
            new LdapCheck(target) { Login = "u", Password = new("p"), Request = "r", Receive = "a", ReceiveNot = "b" }, ConfiguredChecks.Question(Check("ldap"), s_server, s_service));
        Assert.Equal(
            new LdapCheck(target) { Tls = true, Trust = new() { ServerName = "n", Verify = true, Authority = "/ca" }, Login = "u", Password = new("p"), Request = "r", Receive = "a", ReceiveNot = "b" },
            ConfiguredChecks.Question(Check("ldaps") with { ServerName = "n", Verify = true, Authority = "/ca" }, s_server, s_service));
        Assert.Equal(
            new MySqlCheck(target) { Login = "u", Password = new("p"), Database = "d", Request = "r", Receive = "a", ReceiveNot = "b" },
            ConfiguredChecks.Question(Check("mysql") with { Database = "d" }, s_server, s_service));
        Assert.Equal(
            new PgSqlCheck(target) { Login = "u", Password = new("p"), Database = "d", Request = "r", Receive = "a", ReceiveNot = "b" },
            ConfiguredChecks.Question(Check("pgsql") with { Database = "d" }, s_server, s_service));
        Assert.Equal(new RadiusCheck(target, "u", new("p"), new("s")), ConfiguredChecks.Question(Check("radius") with { Secret = new("s") }, s_server, s_service));
    }

    [Theory]
    [InlineData(CheckTransport.Service, ServiceProtocol.Tcp, true, true)]
    [InlineData(CheckTransport.Service, ServiceProtocol.Udp, true, false)]
    [InlineData(CheckTransport.Service, ServiceProtocol.Tcp, false, false)]
    [InlineData(CheckTransport.Udp, ServiceProtocol.Tcp, true, false)]
    [InlineData(CheckTransport.Tcp, ServiceProtocol.Udp, true, true)]
    public void What_goes_by_TCP_or_UDP_goes_by_the_service_s(CheckTransport transport, ServiceProtocol protocol, bool hasAddress, bool isByTcp)
    {
        var service = s_service with { Protocol = protocol, Address = hasAddress ? s_service.Address : null, Mark = hasAddress ? 0 : 1u };
        var target = new CheckTarget(s_server.Address, 8080);
        Assert.Equal(new SipCheck(target) { Login = "u", OverTcp = isByTcp }, ConfiguredChecks.Question(new("sip") { Login = "u", Transport = transport }, s_server, service));
        Assert.Equal(new DnsCheck(target) { OverTcp = isByTcp }, ConfiguredChecks.Question(new("dns") { Transport = transport }, s_server, service));
    }

    [Fact]
    public void Name_servers_are_asked_for_an_address_or_for_the_root()
    {
        DnsCheck Question(CheckConfiguration check) => (DnsCheck)ConfiguredChecks.Question(check with { Transport = CheckTransport.Udp }, s_server, s_service);
        var target = new CheckTarget(s_server.Address, 8080);
        Assert.Equal(new DnsCheck(target) { Name = "", Record = "SOA" }, Question(new("dns")));
        Assert.Equal(new DnsCheck(target) { Name = "x", Record = "A", Receive = "1", ReceiveNot = "2" }, Question(new("dns") { Request = "x", Receive = "1", ReceiveNot = "2" }));
        Assert.Equal(new DnsCheck(target) { Name = "x", Record = "MX" }, Question(new("dns") { Request = "x", Record = "MX" }));
    }

    [Fact]
    public void What_is_sent_is_text_or_bytes()
    {
        var target = new CheckTarget(s_server.Address, 8080);
        Assert.Equal(
            new SimpleTcpCheck(target) { RequestHex = "61c3a4", Receive = "a", ReceiveNot = "b" },
            ConfiguredChecks.Question(new("simpletcp") { Request = "a\u00e4", Receive = "a", ReceiveNot = "b" }, s_server, s_service));
        Assert.Equal(
            new UdpCheck(target) { RequestHex = "00ff", RequireReply = true, MinReply = 1, MaxReply = 9, Receive = "a", ReceiveNot = "b", Silence = TimeSpan.FromSeconds(8) },
            ConfiguredChecks.Question(
                new("udp") { RequestHex = "00ff", RequireReply = true, MinReply = 1, MaxReply = 9, Receive = "a", ReceiveNot = "b", Timeout = TimeSpan.FromSeconds(10) }, s_server, s_service));
    }

    [Fact]
    public void Commands_and_files_are_told_of_the_service()
    {
        var target = new CheckTarget(s_server.Address, 8080);
        Assert.Equal(
            new ExternalCheck(target, "c") { Vip = "10.0.0.1", VirtualPort = 80, Dynamic = true },
            ConfiguredChecks.Question(new("external") { Command = "c", Dynamic = true }, s_server, s_service));
        Assert.Equal(
            new ExternalCheck(target, "c") { Vip = "fwmark", VirtualPort = 7 },
            ConfiguredChecks.Question(new("external") { Command = "c" }, s_server, new("m") { Mark = 7 }));
        Assert.Equal(new FileCheck(target with { Port = 0 }, "/f") { Dynamic = true }, ConfiguredChecks.Question(new("file") { Path = "/f", Dynamic = true }, s_server with { Port = 0 }, s_service));
    }
}
