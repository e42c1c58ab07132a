using System.Globalization;
using System.Net;
using Director.Configuration.Import.Writing;
using Director.Configuration.Reading;

namespace Director.Configuration.Import.Ldirectord;

/// <summary><c>ldirectord.cf</c>: virtual services, how their real servers are checked, and where connections go when all have failed.</summary>
internal sealed class LdirectordImporter(ImportContext context)
{
    private readonly LdirectordGlobals _globals = new();
    private readonly List<LdirectordVirtual> _services = [];

    private ImportFindings Findings => context.Findings;

    public void Import(IReadOnlyList<ImportedFile> files)
    {
        foreach (var line in files.SelectMany(f => LdirectordLine.Read(f, Findings)))
        {
            Take(line);
        }

        _globals.Judge(Findings);
        foreach (var service in _services)
        {
            Write(service);
        }

        if (_globals.Find("maintenancedir") is { } maintenance)
        {
            context.Director.Section("health", maintenance.At).Text("maintenance-directory", maintenance.Value, maintenance.At);
        }

        Alerts();
    }

    private void Take(LdirectordLine line)
    {
        // A line that only a service can have belongs to the one above, also where its blanks got lost.
        var isGlobal = !line.IsIndented && LdirectordGlobals.Keys.Contains(line.Key);
        if (!line.IsIndented && line.Key is "virtual" or "virtual6")
        {
            _services.Add(new(line));
        }
        else if (isGlobal)
        {
            TakeGlobal(line);
        }
        else if (!LdirectordVirtual.Keys.Contains(line.Key))
        {
            string[] known = line.IsIndented ? LdirectordVirtual.Keys : [.. LdirectordGlobals.Keys, "virtual", "virtual6"];
            Findings.Error(line.At, line.Shown, line.Key is "connecttimeout" or "timeout" ? "is written checktimeout and negotiatetimeout now"
                : $"is no line that ldirectord knows here; the nearest is {Spelling.Nearest(line.Key, known)}");
        }
        else if (_services.Count == 0)
        {
            Findings.Error(line.At, line.Shown, "belongs to a virtual service, and there is none above; begin one with virtual = ADDRESS:PORT");
        }
        else if (IsRight(line))
        {
            _services[^1].Take(line);
        }
    }

    private void TakeGlobal(LdirectordLine line)
    {
        if (IsRight(line))
        {
            _globals.Take(line);
        }
    }

    private bool IsRight(LdirectordLine line)
    {
        var right = line.Key switch
        {
            "autoreload" or "supervised" or "fork" or "quiescent" or "readdquiescent" or "cleanstop" or "ops" when line.Value is not ("yes" or "no") => "yes or no is right",
            "httpmethod" when line.Value.ToUpperInvariant() is not ("GET" or "HEAD") => "GET or HEAD is right",
            _ => null,
        };
        if (right is not null)
        {
            Findings.Error(line.At, line.Shown, right);
        }

        return right is null;
    }

    private void Write(LdirectordVirtual service)
    {
        if (Begin(service) is not { } to)
        {
            return;
        }

        var scheduler = service.Find("scheduler");
        to.Bare("scheduler", scheduler?.Value ?? "wrr", scheduler?.At ?? service.At);
        if (service.Find("persistent") is { } persistent)
        {
            var persistence = to.Section("persistence", persistent.At);
            persistence.Seconds("timeout", persistent.Value, persistent.At);
            if (service.Find("netmask") is { } netmask)
            {
                persistence.Bare("netmask", netmask.Value, netmask.At);
            }
        }

        if (service.Find("ops") is { Value: "yes" } ops)
        {
            if (service.IsUdp)
            {
                to.Flag("one-packet", true, ops.At);
            }
            else
            {
                Findings.NoCounterpart(ops.At, ops.Shown, "ldirectord does so with UDP only");
            }
        }

        var fallback = Fallback(service, to);
        var checks = new LdirectordChecks(service, _globals, Findings);
        foreach (var server in service.Servers.SelectMany(l => Servers(l, service)))
        {
            WriteServer(to, service, server, checks);
        }

        if (fallback is { } last)
        {
            to.Text("fallback", last.Text, last.Line.At);
        }

        if (to.Items("real-servers").Any(i => i.Has("check")) || service.Find("quiescent") is not null)
        {
            Quiescent(service, to);
        }

        ImportContext.Finish(to);
        foreach (var (key, why) in new[]
        {
            ("fallbackcommand", "see fallback, which needs no command"), ("monitorfile", "the log says what a check found"), ("load", "nothing like it is asked"),
            ("emailalertstatus", "mail is sent at every change"), ("emailalertfreq", "mail is sent once for a change"), ("checkcount", "see fall of a check"),
        })
        {
            if ((service.Find(key) ?? _globals.Find(key)) is { } line)
            {
                Findings.NoCounterpart(line.At, line.Shown, why);
            }
        }
    }

    private WrittenSection? Begin(LdirectordVirtual service)
    {
        var line = service.Line;
        var remark = $"{line.At}: {line.Shown}{(service.Find("comment") is { } comment ? $": {comment.Value}" : "")}";
        if (uint.TryParse(line.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var mark) && mark > 0)
        {
            service.Mark = mark;
            return context.Service(mark, service.IsIPv6, line.At, remark);
        }

        var protocol = service.Find("protocol");
        if (protocol is not null && protocol.Value is not ("tcp" or "udp"))
        {
            Findings.Error(protocol.At, protocol.Shown, "is no protocol of a service with an address; tcp or udp is right");
            return null;
        }

        var isUdp = protocol?.Value == "udp" || (protocol is null && (line.Value.EndsWith(":53", StringComparison.Ordinal) || line.Value.EndsWith(":domain", StringComparison.Ordinal)));
        service.IsUdp = isUdp;
        if (context.Endpoint(line.Value, isUdp, service.IsIPv6, line.At, out var name) is not var (address, port))
        {
            return null;
        }

        if (port is null || Addresses.IsIPv6(address) != service.IsIPv6)
        {
            Findings.Error(
                line.At, line.Shown, port is null ? "has no port; ADDRESS:PORT or a mark is right" : $"is of the other family; write virtual{(service.IsIPv6 ? "" : "6")}");
            return null;
        }

        (service.Address, service.Port) = (address, port.Value);
        return context.Service(isUdp, address, port.Value, line.At, name.Length > 0 ? $"{remark}: {name}" : remark);
    }

    private IEnumerable<LdirectordServer> Servers(LdirectordLine line, LdirectordVirtual service)
    {
        if (line.Key == "real6" == service.IsIPv6)
        {
            return LdirectordServerReader.Read(line, service.IsUdp, context);
        }

        Findings.Error(line.At, line.Shown, $"stands under {service.Line.Key}; write real{(service.IsIPv6 ? "6" : "")}");
        return [];
    }

    private static void WriteServer(WrittenSection to, LdirectordVirtual service, LdirectordServer server, LdirectordChecks checks)
    {
        var at = server.Line.At;

        // Only masquerading changes ports, and a mark's real servers need none.
        var keepsPort = service.Mark is null && server.Forwarding != "nat";
        var isForced = keepsPort && server.Port != 0 && server.Port != service.Port;
        var port = server.Port == 0 || (service.Mark is not null && server.Forwarding != "nat") ? 0 : isForced ? service.Port : server.Port;
        var item = to.Item("real-servers", at, isForced ? $"port {server.Port} was never used: only masq changes ports" : server.Remark);
        item.Text("address", port == 0 ? server.Address.ToString() : new IPEndPoint(server.Address, port).ToString(), at);
        if (checks.IsOff)
        {
            item.Bare("weight", 0, at, "checktype = off: gets no connections");
        }
        else if (server.Weight.Length > 0)
        {
            item.Bare("weight", server.Weight, at);
        }

        item.Bare("forwarding", server.Forwarding, at);
        item.Sections("check", "checks", checks.Of(server) is { } check ? [check] : []);
    }

    private (LdirectordLine Line, string Text)? Fallback(LdirectordVirtual service, WrittenSection to)
    {
        var key = service.IsIPv6 ? "fallback6" : "fallback";
        if ((service.Find(key) ?? _globals.Find(key)) is not { } line || LdirectordServerReader.ReadFallback(line, service.IsUdp, context) is not var (address, port, forwarding))
        {
            return null;
        }

        // The fallback is reached as the service says; real servers that differ say so themselves.
        if (!IPAddress.IsLoopback(address))
        {
            to.Bare("forwarding", forwarding, line.At);
        }

        var used = forwarding == "nat" || IPAddress.IsLoopback(address) ? port ?? service.Port : service.Port;
        return (line, used == 0 ? address.ToString() : new IPEndPoint(address, used).ToString());
    }

    private void Quiescent(LdirectordVirtual service, WrittenSection to)
    {
        if ((service.Find("quiescent") ?? _globals.Find("quiescent")) is { } quiescent)
        {
            to.Flag("quiescent", quiescent.Value == "yes", quiescent.At);
        }
        else
        {
            to.Flag("quiescent", true, service.At, "not in the file; ldirectord's manual says yes, its code no");
        }
    }

    // ldirectord mails by service; alerts here are for all of them.
    private void Alerts()
    {
        var all = _services.Select(s => s.Find("emailalert")).Prepend(_globals.Find("emailalert")).OfType<LdirectordLine>().ToList();
        var named = all.SelectMany(l => l.Value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(a => (Address: Bare(a), l.At))).ToList();
        foreach (var (address, line) in named.Where(n => !n.Address.Contains('@', StringComparison.Ordinal)))
        {
            Findings.NoCounterpart(line, address, "mail goes to NAME@DOMAIN");
        }

        var receivers = named.Select(n => n.Address).Where(a => a.Contains('@', StringComparison.Ordinal)).Distinct().ToList();
        if (receivers.Count == 0)
        {
            return;
        }

        var at = all[0].At;
        var server = Of("smtp");
        var from = Of("emailalertfrom");
        var mail = context.Director.Section("alerts", at).Section("mail", at);
        mail.Text("server", server?.Value ?? "127.0.0.1", server?.At ?? at);
        mail.Text("from", from is null ? receivers[0] : Bare(from.Value), from?.At ?? at);
        mail.Texts("to", receivers, at);
        foreach (var other in all.Skip(1))
        {
            Findings.NoCounterpart(other.At, other.Shown, "alerts of all services go to the same receivers");
        }

        // "The director" <name@domain>
        static string Bare(string address) => address.IndexOf('<', StringComparison.Ordinal) is >= 0 and var open && address.EndsWith('>') ? address[(open + 1)..^1] : address.Trim('"');

        LdirectordLine? Of(string key) => _globals.Find(key) ?? _services.Select(s => s.Find(key)).FirstOrDefault(l => l is not null);
    }
}
