namespace Director.Configuration.Reading;

/// <summary>Which key of a check is for which types. A key that is not here is for all.</summary>
internal static class CheckKeys
{
    /// <summary>Turns a service's checks off for one real server.</summary>
    public const string None = "none";

    public static readonly string[] Types =
    [
        "connect", "http", "https", "ftp", "imap", "imaps", "pop", "pops", "smtp", "submission", "ldap", "ldaps", "nntp", "dns", "radius", "sip", "mysql",
        "pgsql", "http_proxy", "simpletcp", "udp", "ping", "external", "file",
    ];

    private const string UrlOfProxy = "write the URL that the proxy is asked for, such as http://www.example.org/, or its host as virtual-host";

    private static readonly string[] s_http = ["http", "https", "http_proxy"];
    private static readonly string[] s_mail = ["smtp", "submission"];
    private static readonly string[] s_tls = ["https", "imap", "imaps", "pop", "pops", "ldaps", .. s_mail];
    private static readonly string[] s_databases = ["mysql", "pgsql"];
    private static readonly string[] s_expecting = [.. s_http, "ftp", "nntp", "ldap", "ldaps", "dns", .. s_databases, "simpletcp", "udp"];
    private static readonly string[] s_passwords =
        [.. s_http, "ftp", "imap", "imaps", "pop", "pops", .. s_mail, "ldap", "ldaps", "nntp", "radius", .. s_databases];
    private static readonly string[] s_local = ["external", "file"];
    private static readonly string[] s_network = [.. Types.Except(s_local)];

    /// <summary>Keys with the types that use them, and what they set.</summary>
    public static readonly (string[] Keys, string[] Types, Func<CheckConfiguration, object?> Value)[] Used =
    [
        (["port"], [.. Types.Except(["ping", "file"])], c => c.Port),
        (["address"], [.. Types.Except(["file"])], c => c.Address),
        (["request"], s_expecting, c => c.Request),
        (["request-hex"], ["simpletcp", "udp"], c => c.RequestHex),
        (["receive"], s_expecting, c => c.Receive),
        (["receive-not"], s_expecting, c => c.ReceiveNot),
        (["method"], s_http, c => c.Method),
        (["virtual-host"], s_http, c => c.VirtualHost),
        (["http-version"], s_http, c => c.HttpVersion),
        (["status"], s_http, c => c.Status),
        (["digest"], s_http, c => c.Digest),
        (["server-name"], s_tls, c => c.ServerName),
        (["verify"], [.. s_tls, "http_proxy"], c => c.Verify),
        (["authority"], [.. s_tls, "http_proxy"], c => c.Authority),
        (["helo"], s_mail, c => c.Helo),
        (["login"], [.. s_passwords, "sip"], c => c.Login),
        (["password", "password-file"], s_passwords, c => c.Password),
        (["database"], s_databases, c => c.Database),
        (["secret", "secret-file"], ["radius"], c => c.Secret),
        (["record"], ["dns"], c => c.Record),
        (["transport"], ["dns", "sip"], c => c.Transport),
        (["require-reply"], ["udp"], c => c.RequireReply),
        (["min-reply"], ["udp"], c => c.MinReply),
        (["max-reply"], ["udp"], c => c.MaxReply),
        (["command"], ["external"], c => c.Command),
        (["path"], ["file"], c => c.Path),
        (["dynamic"], s_local, c => c.Dynamic),
        (["source"], s_network, c => c.Source),
        (["interface"], s_network, c => c.Interface),
        (["through-service"], s_network, c => c.ThroughService),
    ];

    /// <summary>Keys that a type cannot do without, with what to write.</summary>
    public static readonly (string Key, string Type, Func<CheckConfiguration, bool> IsThere, string Right)[] Needed =
    [
        ("command", "external", c => c.Command.Length > 0, "write command = \"/path/to/command\""),
        ("request", "http_proxy", c => c.Request.StartsWith("http", StringComparison.Ordinal) || c.VirtualHost.Length > 0, UrlOfProxy),
        ("path", "file", c => c.Path.Length > 0, "write path = \"/path/to/file\""),
        ("login", "radius", c => c.Login.Length > 0, "write the name of a user"),
        ("secret", "radius", c => !c.Secret.IsEmpty, "write the secret that the RADIUS server shares with this director, or secret-file = PATH"),
    ];
}
