using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Director.Configuration.Documents;

namespace Director.Configuration.Reading;

/// <summary>How real servers are checked: <c>check { }</c> for one check, <c>checks = [ { }, { } ]</c> for several.</summary>
internal sealed class CheckReader
{
    private const string Pattern = "director.virtual-services.*.check";

    private static readonly string[] s_records = ["A", "AAAA", "CNAME", "DNSKEY", "MX", "NS", "PTR", "RRSIG", "SOA", "SRV", "TXT"];

    private readonly SectionReader _section;
    private readonly Findings _findings;

    private CheckReader(ConfigNode node, Findings findings)
    {
        _section = new(node, findings, Pattern);
        _findings = findings;
    }

    /// <param name="owner">The service or the real server.</param>
    /// <param name="findings">Where mistakes go.</param>
    /// <returns>Its checks, empty where it says that there are none; null where it does not say.</returns>
    public static ImmutableArray<CheckConfiguration>? ReadAll(SectionReader owner, Findings findings)
    {
        var one = owner.Child("check");
        var several = owner.List("checks", NodeKind.Section, "write [ { type = http }, { type = connect } ]");
        if (one is not null && owner.Section.Fields.TryGetValue("checks", out var list))
        {
            findings.Error(list, "stands beside check; put all of them into checks");
        }

        if (one is not null)
        {
            return Read(one.Section, findings) is { } check ? [check] : [];
        }

        return owner.Section.Fields.ContainsKey("checks") ? [.. several.Select(node => Read(node, findings)).OfType<CheckConfiguration>()] : null;
    }

    private static CheckConfiguration? Read(ConfigNode node, Findings findings) => new CheckReader(node, findings).Read();

    private CheckConfiguration? Read()
    {
        var names = CheckKeys.Types.Append(CheckKeys.None);
        var type = _section.Choice<string?>("type", null, [.. names.Select(t => (t, (string?)t))]);
        if (type is null && !_section.Section.Fields.ContainsKey("type"))
        {
            _findings.Missing(_section.Section, "type", "write type = connect, http or another protocol");
        }

        var defaults = new CheckConfiguration(type ?? "connect");
        var check = Timing(Local(Login(Web(Question(defaults)))));
        _section.RefuseUnknown();
        if (type is null)
        {
            return check;
        }

        if (type == CheckKeys.None)
        {
            foreach (var (key, node) in _section.Section.Fields.Where(f => f.Key != "type"))
            {
                _findings.Error(node.Location, node, "stands beside type = none, which is no check; remove it");
            }

            return null;
        }

        RefuseUnused(check, defaults);
        foreach (var (key, _, isThere, right) in CheckKeys.Needed.Where(n => n.Type == type && !n.IsThere(check)))
        {
            if (!_section.Section.Fields.TryGetValue(key, out var node))
            {
                _findings.Missing(_section.Section, key, right);
            }
            else if (node.Text.Length == 0 || key == "request")
            {
                _findings.Error(node, $"is not enough; {right}");
            }
        }

        return check;
    }

    private CheckConfiguration Question(CheckConfiguration check)
    {
        var isLine = check.Type is not ("simpletcp" or "udp" or "mysql" or "pgsql");
        var isUrl = check.Type is "http" or "https" or "http_proxy";
        check = check with
        {
            Port = (ushort)_section.Number("port", check.Port, 0, 65535),
            Address = Address("address", "\"\" is the real server's own"),
            Request = _section.Text("request", check.Request, isUrl ? "a path such as /index.html is right, blanks in it written %20" : "one line is right", text => isUrl ? WrongUrl(text, check.Type) : isLine ? WrongLine(text) : null),
            RequestHex = _section.Text("request-hex", check.RequestHex, "pairs of hexadecimal digits are right", WrongHex).ToLowerInvariant(),
            Receive = Expression("receive", check.Receive),
            ReceiveNot = Expression("receive-not", check.ReceiveNot),
            Record = _section.Text("record", check.Record, $"one of {string.Join(", ", s_records)} is right", r => r.Length == 0 || s_records.Contains(r) ? null : "is unknown"),
            Transport = _section.Choice(
                "transport", check.Transport, ("service", CheckTransport.Service), ("tcp", CheckTransport.Tcp), ("udp", CheckTransport.Udp)),
            RequireReply = _section.Flag("require-reply", check.RequireReply),
            MinReply = (int)_section.Number("min-reply", check.MinReply, 0, 65535),
            MaxReply = (int)_section.Number("max-reply", check.MaxReply, 0, 65535),
        };
        if (check is { Request.Length: > 0, RequestHex.Length: > 0 })
        {
            _findings.Error(_section.Section.Fields["request-hex"], "stands beside request; keep one of them");
        }

        if (check.MinReply > check.MaxReply)
        {
            _findings.Error(_section.Section.Fields["min-reply"], $"is above max-reply = {check.MaxReply}; at most that is right");
        }

        return check;
    }

    private CheckConfiguration Web(CheckConfiguration check) => check with
    {
        Method = _section.Text("method", check.Method, "GET, HEAD or another in capitals is right", m => m.Length is > 0 and <= 20 && m.All(char.IsAsciiLetterUpper) ? null : "is no method of HTTP"),
        VirtualHost = _section.Text("virtual-host", check.VirtualHost, "a host's name, with a port if need be, is right", WrongHost),
        HttpVersion = _section.Choice("http-version", check.HttpVersion, ("1.0", "1.0"), ("1.1", "1.1")),
        Status = _section.Text("status", check.Status, "numbers and ranges from 100 to 599 are right, such as \"200-299, 401\"", WrongStatus),
        Digest = _section.Text("digest", check.Digest, "an MD5 of 32 or a SHA-256 of 64 hexadecimal digits is right", WrongDigest).ToLowerInvariant(),
        ServerName = _section.Text("server-name", check.ServerName, "a host's name is right", name => name.Contains(':', StringComparison.Ordinal) ? "is no name" : WrongHost(name)),
        Verify = _section.Flag("verify", check.Verify),
        Authority = _section.Text("authority", check.Authority, SecretReader.RightFile, SecretReader.WrongFile),
        Helo = _section.Text("helo", check.Helo, "a host's name is right", WrongHost),
    };

    private CheckConfiguration Login(CheckConfiguration check) => check with
    {
        Login = _section.Text("login", check.Login, "one line is right", WrongLine),
        Password = new(SecretReader.Read(_section, _findings, "password", "password-file", WrongSecret)),
        Database = _section.Text("database", check.Database, "one line is right", WrongLine),
        Secret = new(SecretReader.Read(_section, _findings, "secret", "secret-file", WrongSecret)),
    };

    private CheckConfiguration Local(CheckConfiguration check) => check with
    {
        Command = _section.Text("command", check.Command, "a command line of sh is right", c => c.Contains('\0', StringComparison.Ordinal) ? "holds a zero byte" : null),
        Path = _section.Text("path", check.Path, SecretReader.RightFile, SecretReader.WrongFile),
        Dynamic = _section.Flag("dynamic", check.Dynamic),
        Source = Address("source", "\"\" is as routing says"),
        Interface = _section.Text("interface", check.Interface, DirectorReader.RightInterface, name => name.Length == 0 ? null : DirectorReader.WrongInterface(name)),
        ThroughService = _section.Flag("through-service", check.ThroughService),
    };

    private CheckConfiguration Timing(CheckConfiguration check)
    {
        var least = TimeSpan.FromMilliseconds(100);
        check = check with
        {
            Interval = Duration("interval", check.Interval, least),
            Timeout = Duration("timeout", check.Timeout, least),
            RetryInterval = Duration("retry-interval", check.RetryInterval, TimeSpan.Zero),
            Rise = (int)_section.Number("rise", check.Rise, 1, 1000),
            Fall = (int)_section.Number("fall", check.Fall, 1, 1000),
            UnknownIsUp = _section.Choice("unknown", check.UnknownIsUp, ("up", true), ("down", false)),
            From = _section.Choice("from", check.From, ("owner", CheckFrom.Owner), ("all", CheckFrom.All)),
        };
        if (check.RetryInterval > TimeSpan.Zero && check.RetryInterval < least)
        {
            _findings.Error(_section.Section.Fields["retry-interval"], "is out of range; 0s or 100ms to 1d is right");
        }

        return check;

        TimeSpan Duration(string key, TimeSpan otherwise, TimeSpan from) =>
            _section.Duration(key, otherwise, from, TimeSpan.FromDays(1), TimeSpan.FromMilliseconds(1));
    }

    /// <summary>What is set and has no effect is not what was meant; a default that is written out is no mistake.</summary>
    private void RefuseUnused(CheckConfiguration check, CheckConfiguration defaults)
    {
        foreach (var (keys, types, value) in CheckKeys.Used)
        {
            if (types.Contains(check.Type) || Equals(value(check), value(defaults)))
            {
                continue;
            }

            foreach (var key in keys)
            {
                if (_section.Section.Fields.TryGetValue(key, out var node))
                {
                    _findings.Error(node.Location, node, $"is not used by {check.Type}; it is for {Listed(types)}");
                }
            }
        }
    }

    private static string Listed(string[] types)
    {
        var others = CheckKeys.Types.Except(types).ToList();
        return others.Count < 4 ? $"all but {string.Join(", ", others)}" : string.Join(", ", types);
    }

    private IPAddress? Address(string key, string otherwise)
    {
        var text = _section.Text(
            key, "", $"{Addresses.Right}, {otherwise}",
            a => a.Length == 0 || (Addresses.Address(a) is { } found && Addresses.IsUnicast(found)) ? null : "is no address of a host");
        return text.Length == 0 ? null : Addresses.Address(text);
    }

    private string Expression(string key, string otherwise) => _section.Text(key, otherwise, "a regular expression is right", WrongExpression);

    private static string? WrongExpression(string text)
    {
        try
        {
            _ = new Regex(text, RegexOptions.CultureInvariant);
            return null;
        }
        catch (ArgumentException)
        {
            return "is no regular expression";
        }
    }

    private static string? WrongLine(string text) => text.Any(char.IsControl) ? "holds a control character" : null;

    private static string? WrongUrl(string text, string type) =>
        text.Any(c => char.IsControl(c) || char.IsWhiteSpace(c)) ? "holds a blank or a control character"
        : type == "http_proxy" && Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" ? null
        : Uri.TryCreate($"http://a/{text.TrimStart('/')}", UriKind.Absolute, out _) ? null : "is no path";

    private static string? WrongHost(string text) =>
        text.Length <= 255 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or '_' or ':' or '[' or ']') ? null : "is no name of a host";

    private static string? WrongHex(string text) => text.Length % 2 == 0 && text.All(char.IsAsciiHexDigit) ? null : "is not hexadecimal";

    private static string? WrongDigest(string text) => text.Length is 0 or 32 or 64 && text.All(char.IsAsciiHexDigit) ? null : "is no digest";

    private static string? WrongSecret(string text) =>
        text.Length == 0 ? "is empty; write a secret into it" : text.Any(char.IsControl) ? "holds a control character; one line is right" : null;

    private static string? WrongStatus(string text)
    {
        foreach (var range in text.Split(','))
        {
            var ends = range.Split('-');
            var codes = ends.Select(e => int.TryParse(e.Trim(' '), NumberStyles.None, CultureInfo.InvariantCulture, out var code) && code is >= 100 and <= 599 ? code : 0).ToList();
            if (ends.Length > 2 || codes.Contains(0) || codes[0] > codes[^1])
            {
                return "is no list of status codes";
            }
        }

        return null;
    }
}
