using System.Text;
using Director.Configuration;
using Director.Health;
using Director.Health.Checks;
using Director.Health.Paths;
using Director.Health.Probing;

namespace Director.Cluster.Health;

/// <summary>What the file says of a check as a question to one real server.</summary>
internal static class ConfiguredChecks
{
    // Of a timeout, what silence has to last where it is no failure: an ICMP error comes soon or not at all.
    private const double SilentPart = 0.8;

    private static Tunnel? TunnelTo(RealServerConfiguration server) => server is not { Forwarding: PacketForwarding.Tunnel, Tunnel: var tunnel } ? null : tunnel?.Type switch
    {
        Encapsulation.Gue => new(TunnelHeader.Gue, tunnel.Port),
        Encapsulation.Gre => new(TunnelHeader.Gre, HasChecksum: tunnel.Checksum != EncapsulationChecksum.None),
        _ => new(TunnelHeader.IpIp),
    };

    /// <summary>The question.</summary>
    /// <param name="check">What the file says.</param>
    /// <param name="server">Whom it is about.</param>
    /// <param name="service">Whose real server that is.</param>
    /// <exception cref="NotSupportedException">The type is not built yet.</exception>
    public static HealthCheck Question(CheckConfiguration check, RealServerConfiguration server, VirtualServiceConfiguration service)
    {
        // A real server that ipvsadm added may be reached otherwise than the file's, and is asked itself.
        var vip = check.ThroughService && server.Forwarding is PacketForwarding.Direct or PacketForwarding.Tunnel ? check.Address ?? service.Address : null;
        var target = new CheckTarget(vip ?? check.Address ?? server.Address, check.PortAt(server.Port))
        {
            Source = check.Source,
            Interface = check.Interface,
            Through = vip is null ? null : new(server.Address, TunnelTo(server)),
        };
        var password = new Director.Health.Secret(check.Password.Reveal());
        return check.Type switch
        {
            "connect" => new ConnectCheck(target),
            "ping" => new PingCheck(target with { Port = 0 }),
            "http" or "https" or "http_proxy" => new HttpCheck(target)
            {
                Way = check.Type switch { "https" => HttpWay.Tls, "http_proxy" => HttpWay.Proxy, _ => HttpWay.Plain },
                Request = check.Request,
                Method = check.Method,
                VirtualHost = check.VirtualHost,
                Version = check.HttpVersion,
                Status = check.Status,
                Receive = check.Receive,
                ReceiveNot = check.ReceiveNot,
                Digest = check.Digest,
                Login = check.Login,
                Password = password,
                Tls = Trust(check),
            },
            "smtp" or "submission" => new SmtpCheck(target) { IsSubmission = check.Type == "submission", Helo = check.Helo, Login = check.Login, Password = password, Tls = Trust(check) },
            "ftp" => new FtpCheck(target) { Login = check.Login, Password = password, Request = check.Request, Receive = check.Receive, ReceiveNot = check.ReceiveNot },
            "imap" or "imaps" => new ImapCheck(target) { IsTls = check.Type == "imaps", Login = check.Login, Password = password, Tls = Trust(check) },
            "pop" or "pops" => new PopCheck(target) { IsTls = check.Type == "pops", Login = check.Login, Password = password, Tls = Trust(check) },
            "nntp" => new NntpCheck(target) { Login = check.Login, Password = password, Request = check.Request, Receive = check.Receive, ReceiveNot = check.ReceiveNot },
            "ldap" or "ldaps" => new LdapCheck(target)
            {
                Tls = check.Type == "ldaps",
                Trust = Trust(check),
                Login = check.Login,
                Password = password,
                Request = check.Request,
                Receive = check.Receive,
                ReceiveNot = check.ReceiveNot,
            },
            "dns" => new DnsCheck(target)
            {
                Name = check.Request,
                Record = check.Record.Length > 0 ? check.Record : check.Request.Length > 0 ? "A" : "SOA",
                Receive = check.Receive,
                ReceiveNot = check.ReceiveNot,
                OverTcp = IsByTcp(check, service),
            },
            "radius" => new RadiusCheck(target, check.Login, password, new(check.Secret.Reveal())),
            "sip" => new SipCheck(target) { Login = check.Login, OverTcp = IsByTcp(check, service) },
            "mysql" => new MySqlCheck(target)
            {
                Login = check.Login,
                Password = password,
                Database = check.Database,
                Request = check.Request,
                Receive = check.Receive,
                ReceiveNot = check.ReceiveNot,
            },
            "pgsql" => new PgSqlCheck(target)
            {
                Login = check.Login,
                Password = password,
                Database = check.Database,
                Request = check.Request,
                Receive = check.Receive,
                ReceiveNot = check.ReceiveNot,
            },
            "simpletcp" => new SimpleTcpCheck(target) { RequestHex = Bytes(check), Receive = check.Receive, ReceiveNot = check.ReceiveNot },
            "udp" => new UdpCheck(target)
            {
                RequestHex = Bytes(check),
                RequireReply = check.RequireReply,
                Silence = check.Timeout * SilentPart,
                MinReply = check.MinReply,
                MaxReply = check.MaxReply,
                Receive = check.Receive,
                ReceiveNot = check.ReceiveNot,
            },
            "external" => new ExternalCheck(target, check.Command)
            {
                Vip = service.Address?.ToString() ?? "fwmark",
                VirtualPort = service.Address is null ? service.Mark : service.Port,
                Dynamic = check.Dynamic,
            },
            "file" => new FileCheck(target, check.Path) { Dynamic = check.Dynamic },
            _ => throw new NotSupportedException($"{service.Name}: a check of type {check.Type} is not built yet"),
        };
    }

    /// <summary>When it is asked, and what is made of the answers.</summary>
    public static ProbeTiming Timing(CheckConfiguration check) => new()
    {
        Interval = check.Interval,
        RetryInterval = check.RetryInterval > TimeSpan.Zero ? check.RetryInterval : check.Interval,
        Timeout = check.Timeout,
        Rise = check.Rise,
        Fall = check.Fall,
    };

    private static bool IsByTcp(CheckConfiguration check, VirtualServiceConfiguration service) =>
        check.Transport == CheckTransport.Tcp || (check.Transport == CheckTransport.Service && service is { Address: not null, Protocol: ServiceProtocol.Tcp });

    private static string Bytes(CheckConfiguration check) =>
        check.RequestHex.Length > 0 ? check.RequestHex : Convert.ToHexStringLower(Encoding.UTF8.GetBytes(check.Request));

    /// <summary>What a check that speaks TLS asks for and believes.</summary>
    private static TlsTrust Trust(CheckConfiguration check) => new()
    {
        ServerName = check.ServerName.Length > 0 || check.VirtualHost.StartsWith('[') ? check.ServerName : check.VirtualHost.Split(':')[0],
        Verify = check.Verify,
        Authority = check.Authority,
    };
}
