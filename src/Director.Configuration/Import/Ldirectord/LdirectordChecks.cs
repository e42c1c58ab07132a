using Director.Configuration.Import.Writing;

namespace Director.Configuration.Import.Ldirectord;

/// <summary>How ldirectord checks the real servers of a virtual service, as a check of ours.</summary>
internal sealed class LdirectordChecks(LdirectordVirtual service, LdirectordGlobals globals, ImportFindings findings)
{
    private static readonly string[] s_services =
    [
        "dns", "ftp", "http", "https", "http_proxy", "imap", "imaps", "ldap", "ldaps", "mysql", "nntp", "none", "oracle", "pgsql", "pop", "pops", "radius", "simpletcp", "sip",
        "smtp", "submission",
    ];

    private static readonly string[] s_types = ["negotiate", "connect", "ping", "external", "external-perl", "on", "off"];
    private static readonly HashSet<string> s_expecting = ["http", "https", "http_proxy", "ftp", "nntp", "ldap", "ldaps", "dns", "mysql", "pgsql", "simpletcp"];
    private static readonly HashSet<string> s_http = ["http", "https", "http_proxy"];
    private static readonly HashSet<string> s_databases = ["mysql", "pgsql"];
    private static readonly HashSet<string> s_withPassword =
        ["http", "https", "http_proxy", "ftp", "imap", "imaps", "pop", "pops", "smtp", "submission", "ldap", "ldaps", "nntp", "radius", "mysql", "pgsql"];

    /// <summary>No real server gets connections, whatever its health.</summary>
    public bool IsOff => service.Find("checktype") is { Value: "off" };

    /// <summary>The check of a real server; null if it is not checked, or after a mistake.</summary>
    /// <param name="server">The real server, whose question may be its own.</param>
    public WrittenSection? Of(LdirectordServer server)
    {
        var given = service.Find("checktype");
        var kind = given?.Value ?? "negotiate";
        if (given is not null && kind.Length > 0 && kind.All(char.IsAsciiDigit))
        {
            findings.NoCounterpart(given.At, given.Shown, "every check asks the whole question");
            kind = "negotiate";
        }
        else if (!s_types.Contains(kind))
        {
            findings.Error(given!.At, given.Shown, $"is no type of check; one of {string.Join(", ", s_types)} or a number is right");
            return null;
        }

        if (Type(kind) is not { } type)
        {
            return null;
        }

        var check = new WrittenSection(server.Line.At);
        check.Bare("type", type, given?.At ?? service.At);
        if (service.Find("checkport") is { } port && type != "ping")
        {
            check.Bare("port", port.Value, port.At);
        }

        if (kind == "negotiate")
        {
            Question(check, type, server);
        }

        if (type == "external")
        {
            var command = service.Find("checkcommand");

            // VIP, its port, real server, its port: the same four words as ldirectord's.
            check.Text("command", $"{command?.Value ?? "/bin/true"} \"$@\"", command?.At ?? service.At);
        }

        Times(check, kind);
        return check;
    }

    private string? Type(string kind) => kind switch
    {
        "on" or "off" => null,
        "ping" => "ping",
        "connect" => service.IsUdp ? "ping" : "connect",
        "external" or "external-perl" => "external",
        _ => Negotiated(),
    };

    private string? Negotiated()
    {
        var given = service.Find("service");
        var name = given?.Value ?? (service.Mark is null ? OfPort(service.Port) : "none");
        if (!s_services.Contains(name))
        {
            findings.Error(given!.At, given.Shown, $"is no service that ldirectord checks; one of {string.Join(", ", s_services)} is right");
            return null;
        }

        if (name == "oracle")
        {
            findings.NoCounterpart(given?.At ?? service.At, given?.Shown ?? "port 1521", "Oracle is not asked; the check connects");
            return "connect";
        }

        return name == "none" ? null : name;
    }

    private void Question(WrittenSection check, string type, LdirectordServer server)
    {
        var request = server.Request ?? service.Find("request")?.Value;
        if (request is not null && s_expecting.Contains(type))
        {
            check.Text("request", Request(request, type), server.Request is null ? service.Find("request")!.At : server.Line.At);
        }

        var receive = server.Receive ?? service.Find("receive")?.Value;
        if (!string.IsNullOrEmpty(receive) && s_expecting.Contains(type) && !s_databases.Contains(type))
        {
            check.Text("receive", receive, server.Receive is null ? service.Find("receive")!.At : server.Line.At);
        }

        Copy(check, "httpmethod", "method", s_http.Contains(type), value => value.ToUpperInvariant());
        Copy(check, "virtualhost", "virtual-host", s_http.Contains(type));
        Copy(check, "login", "login", type == "sip" || s_withPassword.Contains(type));
        Copy(check, "passwd", "password", s_withPassword.Contains(type));
        Copy(check, "database", "database", s_databases.Contains(type));
        Copy(check, "secret", "secret", type == "radius");
    }

    private string Request(string request, string type)
    {
        if (type is "http" or "https")
        {
            if (Uri.TryCreate(request, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https")
            {
                var line = service.Find("request") ?? service.Line;
                findings.NoCounterpart(line.At, request, "the address in it is not used: a check asks the real server itself; see virtual-host and port of a check");
                return uri.PathAndQuery;
            }

            return request.StartsWith('/') ? request : $"/{request}";
        }

        return type == "simpletcp" ? request.Replace("\\n", "\n", StringComparison.Ordinal) : request;
    }

    private void Copy(WrittenSection check, string from, string to, bool isUsed, Func<string, string>? change = null)
    {
        if (isUsed && service.Find(from) is { Value.Length: > 0 } line)
        {
            check.Text(to, change is null ? line.Value : change(line.Value), line.At);
        }
    }

    private void Times(WrittenSection check, string kind)
    {
        // ldirectord.cf(5): each stands in for the other where only one is given.
        var (first, second, otherwise) = kind == "negotiate" ? ("negotiatetimeout", "checktimeout", "30") : ("checktimeout", "negotiatetimeout", "5");
        var timeout = service.Find(first) ?? service.Find(second) ?? globals.Find(first) ?? globals.Find(second);
        check.Seconds("timeout", timeout?.Value ?? otherwise, timeout?.At ?? service.At);
        var interval = service.Find("checkinterval") ?? globals.Find("checkinterval");
        check.Seconds("interval", interval?.Value ?? "10", interval?.At ?? service.At);
        var fall = service.Find("failurecount") ?? globals.Find("failurecount");
        check.Bare("rise", 1, service.At);
        check.Bare("fall", fall?.Value ?? "1", fall?.At ?? service.At);
    }

    private static string OfPort(ushort port) => port switch
    {
        21 => "ftp",
        25 => "smtp",
        53 => "dns",
        80 => "http",
        110 => "pop",
        119 => "nntp",
        143 => "imap",
        389 => "ldap",
        443 => "https",
        587 => "submission",
        636 => "ldaps",
        993 => "imaps",
        995 => "pops",
        1521 => "oracle",
        1812 => "radius",
        3128 => "http_proxy",
        3306 => "mysql",
        5060 => "sip",
        5432 => "pgsql",
        _ => "none",
    };
}
