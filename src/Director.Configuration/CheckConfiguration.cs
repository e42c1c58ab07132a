using System.Net;

namespace Director.Configuration;

/// <summary>Who checks.</summary>
public enum CheckFrom
{
    /// <summary>The service's owner, for all directors.</summary>
    Owner,

    /// <summary>Every director for itself, by its own view.</summary>
    All,
}

/// <summary>What carries a question that can go by either.</summary>
public enum CheckTransport
{
    /// <summary>What the service has; UDP behind a mark.</summary>
    Service,

    /// <summary>TCP.</summary>
    Tcp,

    /// <summary>UDP.</summary>
    Udp,
}

/// <summary>How the health of a real server is checked. Which keys a type uses is in <c>Reading/CheckKeys</c>; the others have their defaults.</summary>
/// <param name="Type">The protocol that the check speaks.</param>
public sealed record CheckConfiguration(string Type)
{
    /// <summary>Port that is asked; 0 is the real server's own, or else the protocol's.</summary>
    public ushort Port { get; init; }

    /// <summary>Address that is asked; null is the real server's own.</summary>
    public IPAddress? Address { get; init; }

    /// <summary>What is asked for; empty is the protocol's own question.</summary>
    public string Request { get; init; } = "";

    /// <summary>What is sent, as hexadecimal digits, in place of <see cref="Request"/>.</summary>
    public string RequestHex { get; init; } = "";

    /// <summary>Regular expression that the answer has to match; empty matches all.</summary>
    public string Receive { get; init; } = "";

    /// <summary>Regular expression that the answer must not match; empty is none.</summary>
    public string ReceiveNot { get; init; } = "";

    /// <summary>Method of HTTP.</summary>
    public string Method { get; init; } = "GET";

    /// <summary>Host that is asked for; empty is the address and port that are asked.</summary>
    public string VirtualHost { get; init; } = "";

    /// <summary>Version of HTTP: 1.0 or 1.1.</summary>
    public string HttpVersion { get; init; } = "1.1";

    /// <summary>Status codes of HTTP that pass: numbers and ranges, separated by commas.</summary>
    public string Status { get; init; } = "200-299";

    /// <summary>MD5 (32 digits) or SHA-256 (64 digits) of the body, hexadecimal in lower case; empty is any body.</summary>
    public string Digest { get; init; } = "";

    /// <summary>Name that TLS asks for (SNI) and that the certificate is verified for; empty is <see cref="VirtualHost"/>, or else none.</summary>
    public string ServerName { get; init; } = "";

    /// <summary>Whether a certificate that is not trusted, has expired or is for another name fails the check.</summary>
    public bool Verify { get; init; }

    /// <summary>PEM file of the authorities that are trusted; empty: those of the host.</summary>
    public string Authority { get; init; } = "";

    /// <summary>Name that this director introduces itself by to a mail server; empty is the host's name.</summary>
    public string Helo { get; init; } = "";

    /// <summary>Name to log in by; empty is not.</summary>
    public string Login { get; init; } = "";

    /// <summary>Password of <see cref="Login"/>.</summary>
    public Secret Password { get; init; }

    /// <summary>Database that is used.</summary>
    public string Database { get; init; } = "";

    /// <summary>Secret shared with a RADIUS server.</summary>
    public Secret Secret { get; init; }

    /// <summary>Type of the record that is asked of a name server; empty is A, and SOA where there is no <see cref="Request"/>.</summary>
    public string Record { get; init; } = "";

    /// <summary>What carries the question.</summary>
    public CheckTransport Transport { get; init; }

    /// <summary>Whether silence after a UDP datagram fails the check; otherwise only an ICMP error does.</summary>
    public bool RequireReply { get; init; }

    /// <summary>Fewest bytes of a UDP reply, 0 to 65535.</summary>
    public int MinReply { get; init; }

    /// <summary>Most bytes of a UDP reply, 0 to 65535.</summary>
    public int MaxReply { get; init; } = 65535;

    /// <summary>Command, run by sh -c.</summary>
    public string Command { get; init; } = "";

    /// <summary>File whose first line is a number.</summary>
    public string Path { get; init; } = "";

    /// <summary>Whether the command's status or the file's number sets the weight too.</summary>
    public bool Dynamic { get; init; }

    /// <summary>Between two checks: 100 ms to 1 day.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How long an answer may take: 100 ms to 1 day.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>Between two checks after one that failed: 100 ms to 1 day; zero is <see cref="Interval"/>.</summary>
    public TimeSpan RetryInterval { get; init; }

    /// <summary>Checks in a row that must pass before a real server that failed is healthy, 1 to 1000.</summary>
    public int Rise { get; init; } = 2;

    /// <summary>Checks in a row that must fail before a healthy real server has failed, 1 to 1000.</summary>
    public int Fall { get; init; } = 2;

    /// <summary>Whether a real server counts as healthy while nothing is known of it: before the first verdict, and when the check itself breaks.</summary>
    public bool UnknownIsUp { get; init; } = true;

    /// <summary>Who checks.</summary>
    public CheckFrom From { get; init; }

    /// <summary>Own address that the check comes from; null: as routing says.</summary>
    public IPAddress? Source { get; init; }

    /// <summary>NIC that the check leaves by; empty: as routing says.</summary>
    public string Interface { get; init; } = "";

    /// <summary>Whether the VIP is asked, by the real server's MAC (direct routing).</summary>
    public bool ThroughService { get; init; }

    /// <summary>Port to ask at a real server: the check's, the real server's, the protocol's; 0 where the type has none.</summary>
    /// <param name="realServerPort">The real server's; 0 is every.</param>
    public ushort PortAt(ushort realServerPort) => (Port, realServerPort) switch
    {
        ( > 0, _) => Port,
        (_, > 0) => realServerPort,
        _ => Type switch
        {
            "http" => 80,
            "https" => 443,
            "http_proxy" => 3128,
            "ftp" => 21,
            "imap" => 143,
            "imaps" => 993,
            "pop" => 110,
            "pops" => 995,
            "smtp" => 25,
            "submission" => 587,
            "ldap" => 389,
            "ldaps" => 636,
            "nntp" => 119,
            "dns" => 53,
            "radius" => 1812,
            "sip" => 5060,
            "mysql" => 3306,
            "pgsql" => 5432,
            _ => 0,
        },
    };
}
