using System.Globalization;
using System.Net;
using Director.Configuration.Documents;
using Director.Configuration.Import.Writing;
using Director.Configuration.Reading;

namespace Director.Configuration.Import.Keepalived;

/// <summary><c>virtual_server</c>: a virtual service, or one for each member of a <c>virtual_server_group</c>.</summary>
internal sealed class KeepalivedServices(ImportContext context, KeepalivedStatement root)
{
    private const string DefaultPersistence = "360";
    private const int MostOfRange = 256;

    private static readonly Dictionary<string, string> s_noCounterpart = new(StringComparer.Ordinal)
    {
        ["nat_mask"] = "was of no use with Linux 2.4 already",
        ["ha_suspend"] = "checks go on where the VIP is not held, so that a director that takes it knows",
        ["quorum_up"] = "see alerts.command, which is run for every service",
        ["quorum_down"] = "see alerts.command, which is run for every service",
        ["notify_up"] = "see alerts.command, which is run for every real server",
        ["notify_down"] = "see alerts.command, which is run for every real server",
        ["smtp_alert"] = "mail is sent for all services where alerts.mail says to whom",
        ["omega"] = "a director that stops leaves real servers as they are",
        ["sorry_server_inhibit"] = "the fallback stays in the table at weight 0 where quiescent is true",
        ["service_type"] = "the check says what is asked",
        ["bind_if"] = "see interface of a check",
        ["snmp_name"] = "there is no SNMP; see /metrics",
    };

    private static readonly string[] s_flags = ["flag-1", "flag-2", "flag-3", "sh-fallback", "sh-port", "mh-fallback", "mh-port"];

    private ImportFindings Findings => context.Findings;

    private sealed record Member(IPAddress? Address, ushort Port, uint Mark, Location At);

    public void Import()
    {
        foreach (var service in root.TakeAll("virtual_server"))
        {
            foreach (var member in Members(service).ToList())
            {
                Write(service, member);
            }

            foreach (var server in service.TakeAll("real_server"))
            {
                Unread(server);
            }

            Unread(service);
        }
    }

    private IEnumerable<Member> Members(KeepalivedStatement service)
    {
        var values = service.Values.ToList();
        if (values is not ["group", var name])
        {
            return One(values, service);
        }

        if (root.TakeAll("virtual_server_group").FirstOrDefault(g => g.Value == name) is not { } group)
        {
            Findings.Error(service.At, service.Shown, $"names a group that is not there; write virtual_server_group {name} {{ ... }}");
            return [];
        }

        return group.Children.SelectMany(c => One([c.Keyword, .. c.Values], c));
    }

    private IEnumerable<Member> One(List<string> words, KeepalivedStatement at)
    {
        if (words is ["fwmark", var text])
        {
            if (uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var mark) && mark > 0)
            {
                return [new(null, 0, mark, at.At)];
            }

            Findings.Error(at.At, at.Shown, "has no mark; fwmark 1 to fwmark 4294967295 is right");
            return [];
        }

        if (words.Count is not (1 or 2))
        {
            Findings.Error(at.At, at.Shown, "is no virtual server; ADDRESS PORT, fwmark N or group NAME is right");
            return [];
        }

        ushort? port = words.Count == 1 ? 0 : context.Port(words[1], false, at.At);
        var dash = words[0].IndexOf('-', StringComparison.Ordinal);
        var first = context.Address(dash < 0 ? words[0] : words[0][..dash], false, at.At, out _);
        return first is null || port is null ? [] : dash < 0 ? [new(first, port.Value, 0, at.At)] : Range(first, words[0][(dash + 1)..], port.Value, at);
    }

    // 192.0.2.10-13: the last number, which is hexadecimal in IPv6.
    private IEnumerable<Member> Range(IPAddress first, string last, ushort port, KeepalivedStatement at)
    {
        var bytes = first.GetAddressBytes();
        var isIPv6 = bytes.Length > 4;
        var low = isIPv6 ? (bytes[^2] << 8) + bytes[^1] : bytes[^1];
        if (!int.TryParse(last, isIPv6 ? NumberStyles.AllowHexSpecifier : NumberStyles.None, CultureInfo.InvariantCulture, out var high) || high < low
            || high > (isIPv6 ? 0xffff : 0xff) || high - low >= MostOfRange)
        {
            Findings.Error(at.At, at.Shown, $"is no range of up to {MostOfRange} addresses; 192.0.2.10-13 is right");
            return [];
        }

        return Enumerable.Range(low, high - low + 1).Select(number =>
        {
            var address = first.GetAddressBytes();
            address[^1] = (byte)number;
            if (isIPv6)
            {
                address[^2] = (byte)(number >> 8);
            }

            return new Member(new IPAddress(address), port, 0, at.At);
        });
    }

    private void Write(KeepalivedStatement service, Member member)
    {
        var protocol = service.Take("protocol");
        if (protocol?.Value is { } name && name.ToUpperInvariant() is not ("TCP" or "UDP"))
        {
            Findings.NoCounterpart(protocol.At, protocol.Shown, "a director forwards TCP and UDP");
            return;
        }

        var isUdp = string.Equals(protocol?.Value, "UDP", StringComparison.OrdinalIgnoreCase);
        var isIPv6 = member.Address is { } address ? Addresses.IsIPv6(address) : service.Take("ip_family")?.Value == "inet6";
        service.Take("ip_family");
        var remark = $"{service.At}: {service.Shown.Replace(" { }", "", StringComparison.Ordinal)}";
        var to = member.Address is { } vip ? context.Service(isUdp, vip, member.Port, member.At, remark) : context.Service(member.Mark, isIPv6, member.At, remark);
        if (to is null)
        {
            return;
        }

        var scheduler = service.Take("lvs_sched", "lb_algo");
        to.Bare("scheduler", scheduler?.Value ?? "wlc", scheduler?.At ?? service.At);
        var flags = service.TakeAll(s_flags);
        if (flags.Count > 0)
        {
            to.Bares("scheduler-flags", flags.Select(f => f.Keyword), flags[0].At);
        }

        Persistence(to, service);
        if (service.Take("ops") is { } ops)
        {
            to.Flag("one-packet", true, ops.At);
        }

        var method = service.Take("lvs_method", "lb_kind");
        var fallback = Fallback(to, service, member, isUdp);
        foreach (var server in service.TakeAll("real_server"))
        {
            RealServer(to, service, server, member, method);
        }

        if (fallback is not null)
        {
            to.Text("fallback", fallback, service.Take("sorry_server")!.At);
        }

        Quiescent(to, service);
        Quorum(to, service);
        ImportContext.Finish(to);
    }

    private void Persistence(WrittenSection to, KeepalivedStatement service)
    {
        var granularity = service.Take("persistence_granularity");
        if (service.Take("persistence_timeout") is { } timeout)
        {
            var persistence = to.Section("persistence", timeout.At);
            persistence.Seconds("timeout", timeout.Value ?? DefaultPersistence, timeout.At);
            if (granularity?.Value is { } netmask)
            {
                persistence.Bare("netmask", netmask, granularity.At);
            }
        }

        if (service.Take("persistence_engine") is { } engine)
        {
            Findings.NoCounterpart(engine.At, engine.Shown, "persistence is by the client's address");
        }
    }

    private string? Fallback(WrittenSection to, KeepalivedStatement service, Member member, bool isUdp)
    {
        var method = service.Take("sorry_server_lvs_method");
        if (service.Take("sorry_server") is not { } sorry)
        {
            return null;
        }

        var values = sorry.Values.ToList();
        if (values.Count is not (1 or 2))
        {
            Findings.Error(sorry.At, sorry.Shown, "is no sorry server; ADDRESS PORT is right");
            return null;
        }

        ushort? port = values.Count == 1 ? member.Port : context.Port(values[1], isUdp, sorry.At);
        if (context.Address(values[0], false, sorry.At, out _) is not { } address || port is null)
        {
            return null;
        }

        if (!IPAddress.IsLoopback(address))
        {
            Forwarding(to, method ?? service.Take("lvs_method", "lb_kind"), sorry.At);
        }

        return port == 0 ? address.ToString() : new IPEndPoint(address, port.Value).ToString();
    }

    private void RealServer(WrittenSection to, KeepalivedStatement service, KeepalivedStatement server, Member member, KeepalivedStatement? method)
    {
        var values = server.Values.ToList();
        if (values.Count is not (1 or 2))
        {
            Findings.Error(server.At, server.Shown, "is no real server; ADDRESS PORT is right");
            return;
        }

        ushort? port = values.Count == 1 ? 0 : context.Port(values[1], false, server.At);
        if (context.Address(values[0], false, server.At, out var remark) is not { } address || port is null)
        {
            return;
        }

        var own = server.Take("lvs_method", "lb_kind") ?? method;
        var isNat = own?.Values.FirstOrDefault() is not { } kind || kind.ToUpperInvariant() == "NAT";
        var isForced = member.Mark == 0 && !isNat && port != 0 && port != member.Port;
        var used = member.Mark != 0 && !isNat ? (ushort)0 : isForced ? member.Port : port.Value;
        var item = to.Item("real-servers", server.At, isForced ? $"port {port} was never used: only NAT changes ports" : remark);
        item.Text("address", used == 0 ? address.ToString() : new IPEndPoint(address, used).ToString(), server.At);
        foreach (var (keyword, key) in new[] { ("weight", "weight"), ("uthreshold", "upper-threshold"), ("lthreshold", "lower-threshold") })
        {
            if (server.Take(keyword) is { Value: { } value } statement && !(key == "weight" && value == "1"))
            {
                item.Bare(key, value, statement.At);
            }
        }

        Forwarding(item, own, server.At);
        if (server.TakeAll("BFD_CHECK") is [var bfd, ..])
        {
            Findings.NoCounterpart(bfd.At, bfd.Shown, "there is no BFD; see check { type = ping, interval = 100ms }");
        }

        var checks = new KeepalivedCheck(Findings, root);
        item.Sections("check", "checks", [.. server.TakeAll(KeepalivedCheck.Checkers).SelectMany(c => checks.Of(c, server, service))]);
    }

    // NAT, DR, or TUN type gue port 6080 csum
    private void Forwarding(WrittenSection to, KeepalivedStatement? method, Location otherwise)
    {
        var at = method?.At ?? otherwise;
        var words = method?.Values.ToList() ?? [];
        var kind = words.Count == 0 ? "NAT" : words[0].ToUpperInvariant();
        if (kind is not ("NAT" or "DR" or "TUN"))
        {
            Findings.Error(at, method!.Shown, "is no way to forward; NAT, DR or TUN is right");
            return;
        }

        to.Bare("forwarding", kind switch { "DR" => "direct", "TUN" => "tunnel", _ => "nat" }, at);
        for (var i = 1; i < words.Count; i++)
        {
            var tunnel = to.Section("tunnel", at);
            switch (words[i])
            {
                case "type" or "port" when i + 1 < words.Count:
                    tunnel.Bare(words[i], words[++i], at);
                    break;
                case "csum" or "remcsum" or "nocsum":
                    tunnel.Bare("checksum", words[i] switch { "csum" => "full", "remcsum" => "remote", _ => "none" }, at);
                    break;
                default:
                    Findings.Error(at, words[i], "is nothing that TUN has; type ipip|gue|gre, port N, nocsum, csum, remcsum are right");
                    return;
            }
        }
    }

    private static void Quiescent(WrittenSection to, KeepalivedStatement service)
    {
        var inhibit = service.Take("inhibit_on_failure") ?? service.TakeAll("real_server").Select(s => s.Take("inhibit_on_failure")).FirstOrDefault(i => i is not null);
        if (inhibit is not null)
        {
            to.Flag("quiescent", true, inhibit.At);
        }
        else if (to.Items("real-servers").Any(i => i.Has("check") || i.Has("checks")))
        {
            to.Flag("quiescent", false, service.At, "keepalived takes out what has failed, and its connections end; true keeps them");
        }
    }

    private static void Quorum(WrittenSection to, KeepalivedStatement service)
    {
        var quorum = service.Take("quorum");
        if (quorum?.Value is { } sum)
        {
            to.Bare("quorum", sum, quorum.At);
        }

        if (service.Take("hysteresis") is not { Value: { } text } hysteresis)
        {
            return;
        }

        var most = int.TryParse(quorum?.Value ?? "1", NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0 ? number - 1 : int.MaxValue;
        var isCut = int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var wanted) && wanted > most;
        to.Bare("hysteresis", isCut ? most : text, hysteresis.At, isCut ? $"{wanted} in the file; keepalived takes less than the quorum too" : "");
    }

    private void Unread(KeepalivedStatement block)
    {
        foreach (var unread in block.Unread)
        {
            Findings.NoCounterpart(unread.At, unread.Shown, s_noCounterpart.GetValueOrDefault(unread.Keyword) ?? $"is nothing that is known here ({block.Keyword})");
        }
    }
}
