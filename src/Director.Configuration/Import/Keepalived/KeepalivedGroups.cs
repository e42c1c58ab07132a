using System.Net;
using System.Text;
using Director.Configuration.Documents;
using Director.Configuration.Import.Writing;
using Director.Configuration.Reading;

namespace Director.Configuration.Import.Keepalived;

/// <summary><c>vrrp_instance</c> and <c>vrrp_sync_group</c>: groups of addresses held by VRRP.</summary>
internal sealed class KeepalivedGroups(ImportContext context, KeepalivedStatement root)
{
    private const int LongestPassword = 8;

    // keepalived's keyword, the one in global_defs that stands in for it, our key in vrrp { }.
    private static readonly (string Keyword, string? Global, string Key)[] s_times =
    [
        ("advert_int", null, "interval"), ("preempt_delay", null, "preempt-delay"), ("garp_master_delay", "vrrp_garp_master_delay", "announce-delay"),
        ("garp_lower_prio_delay", "vrrp_garp_lower_prio_delay", "lower-priority-delay"),
    ];

    private static readonly (string Keyword, string? Global, string Key)[] s_numbers =
    [
        ("priority", null, "priority"), ("garp_master_refresh_repeat", "vrrp_garp_master_refresh_repeat", "refresh-announcements"),
        ("garp_lower_prio_repeat", "vrrp_garp_lower_prio_repeat", "lower-priority-announcements"),
    ];

    private static readonly (string Keyword, string Key, bool Value)[] s_flags =
    [
        ("nopreempt", "preempt", false), ("preempt", "preempt", true), ("use_vmac", "virtual-mac", true), ("accept", "accept", true), ("no_accept", "accept", false),
        ("skip_check_adv_addr", "check-addresses", false),
    ];

    private static readonly Dictionary<string, string> s_noCounterpart = new(StringComparer.Ordinal)
    {
        ["virtual_routes"] = "a director sets no routes; a command of on-take can",
        ["virtual_rules"] = "a director sets no rules; a command of on-take can",
        ["lvs_sync_daemon_interface"] = "every director copies its connections to the others by itself; see synchronisation.ipvs for the kernel's way",
        ["track_process"] = "see track.scripts, with a command such as pgrep",
        ["track_file"] = "see track.scripts, with a command that reads it",
        ["track_bfd"] = "there is no BFD; see track.ping-nodes",
        ["smtp_alert"] = "mail is sent for all groups where availability.mail says to whom",
        ["dont_track_primary"] = "the NICs of the instances are always tracked",
        ["notify_fault"] = "on-release is run whenever the addresses are given up",
        ["notify_stop"] = "on-release is run whenever the addresses are given up",
        ["notify_master_rx_lower_pri"] = "there is no command for it; the log says it",
        ["strict_mode"] = "what the RFCs forbid is an error of the configuration",
        ["vmac_xmit_base"] = "virtual-mac changes the source of no other frame",
        ["garp_extra_if"] = "the addresses are announced on the NIC of their instance",
        ["promote_secondaries"] = "the addresses are on no NIC",
        ["native_ipv6"] = "is of no use since the addresses say their family",
        ["debug"] = "the log has what is to be known",
    };

    private ImportFindings Findings => context.Findings;

    public void Import()
    {
        var instances = root.TakeAll("vrrp_instance").ToList();
        foreach (var sync in root.TakeAll("vrrp_sync_group"))
        {
            var members = sync.TakeAll("group").SelectMany(g => g.TakeWords()).ToList();
            foreach (var (word, at) in members.Where(m => instances.All(i => i.Value != m.Word)))
            {
                Findings.Error(at, word, "is no vrrp_instance that is left for this group; name one of the file, and each in one group");
            }

            var own = instances.Where(i => members.Any(m => m.Word == i.Value)).ToList();
            if (own.Count > 0 || members.Count == 0)
            {
                Write(sync, own);
            }

            instances.RemoveAll(i => members.Any(m => m.Word == i.Value));
        }

        foreach (var instance in instances)
        {
            Write(instance, [instance]);
        }

        root.TakeAll("vrrp_script");
    }

    private void Write(KeepalivedStatement head, List<KeepalivedStatement> instances)
    {
        var name = head.Value ?? "vips";
        var groups = context.Director.Section("availability", head.At).Section("groups", head.At);
        if (instances.Count == 0 || groups.Has(name))
        {
            Findings.Error(head.At, head.Shown, instances.Count == 0 ? "has no vrrp_instance; name one in group { }" : "is a name that another has too; rename one");
            return;
        }

        var group = groups.Section(name, head.At, $"{head.At}: {head.Keyword} {name}");
        var routers = instances.Select(i => (Statement: i, Addresses: Addresses(i, "virtual_ipaddress").Distinct().ToList())).ToList();

        // What no instance names is answered and not advertised.
        var excluded = instances.SelectMany(i => Addresses(i, "virtual_ipaddress_excluded")).ToList();
        group.Texts("addresses", routers.SelectMany(r => r.Addresses).Concat(excluded).Distinct().Select(a => a.ToString()), head.At);
        foreach (var (keyword, global, key) in new[] { ("garp_master_repeat", "vrrp_garp_master_repeat", "announcements"), ("garp_master_refresh", "vrrp_garp_master_refresh", "refresh") })
        {
            if (Setting(instances, keyword, global) is { Value: { } value } statement)
            {
                if (key == "refresh")
                {
                    group.Seconds(key, value, statement.At);
                }
                else
                {
                    group.Bare(key, value, statement.At);
                }
            }
        }

        Notify(group, head, instances);
        group.Bare("protocol", "vrrp", head.At);
        var vrrp = group.Section("vrrp", head.At);
        Vrrp(vrrp, instances, routers.SelectMany(r => r.Addresses));
        foreach (var (instance, addresses) in routers)
        {
            Instance(vrrp, instance, instances.Count > 1 || excluded.Count > 0 ? addresses : []);
        }

        Track(vrrp, [.. instances, .. head == instances[0] ? [] : new[] { head }]);
        foreach (var block in instances.Append(head).Distinct())
        {
            Unread(block);
        }
    }

    private void Vrrp(WrittenSection vrrp, List<KeepalivedStatement> instances, IEnumerable<IPAddress> addresses)
    {
        var first = instances[0];
        var version = Setting(instances, "version", "vrrp_version");
        var needsThree = addresses.Any(Reading.Addresses.IsIPv6);
        vrrp.Bare(
            "version", version?.Value ?? (needsThree ? "3" : "2"), version?.At ?? first.At,
            version is not null ? "" : needsThree ? "not in the file; IPv6 needs it" : "not in the file; keepalived's default");
        foreach (var (keyword, global, key) in s_times)
        {
            if (Setting(instances, keyword, global) is { Value: { } value } statement)
            {
                vrrp.Seconds(key, value, statement.At);
            }
        }

        foreach (var (keyword, global, key) in s_numbers)
        {
            if (Setting(instances, keyword, global) is { Value: { } value } statement)
            {
                vrrp.Bare(key, value, statement.At);
            }
        }

        foreach (var (keyword, key, value) in s_flags)
        {
            if (Setting(instances, keyword, null) is { } statement)
            {
                vrrp.Flag(key, value, statement.At);
            }
        }

        if (Setting(instances, "v3_checksum_as_v2", null) is { } plain)
        {
            vrrp.Bare("checksum", "plain", plain.At);
        }

        Password(vrrp, instances);
        foreach (var state in instances.Select(i => i.Take("state")).OfType<KeepalivedStatement>())
        {
            if (state.Value?.ToUpperInvariant() is not ("MASTER" or "BACKUP" or "SLAVE"))
            {
                Findings.Error(state.At, state.Shown, "MASTER or BACKUP is right (SLAVE in old files)");
            }
            else if (state == first.Take("state"))
            {
                Findings.NoCounterpart(state.At, state.Shown, "the priority decides; give the director that is to have the addresses the highest");
            }
        }
    }

    private void Password(WrittenSection vrrp, List<KeepalivedStatement> instances)
    {
        if (Setting(instances, "authentication", null) is not { } authentication)
        {
            return;
        }

        var type = authentication.Take("auth_type");
        var password = authentication.Take("auth_pass");
        if (type?.Value is { } kind && kind.ToUpperInvariant() is "AH")
        {
            Findings.NoCounterpart(type.At, type.Shown, "IPsec AH went with RFC 3768; use PASS on all routers, or version 3");
        }
        else if (password?.Value is { } text)
        {
            // keepalived cuts it too.
            var isLong = Encoding.UTF8.GetByteCount(text) > LongestPassword && text.All(char.IsAscii);
            vrrp.Text("password", isLong ? text[..LongestPassword] : text, password.At, isLong ? $"the first {LongestPassword} bytes, which are all that is sent" : "");
        }
    }

    /// <summary>What an instance says, or else the global definitions; where instances of a group differ, the first one's.</summary>
    private KeepalivedStatement? Setting(List<KeepalivedStatement> instances, string keyword, string? global)
    {
        var all = instances.Select(i => i.Take(keyword)).ToList();
        foreach (var other in all.OfType<KeepalivedStatement>().Where(o => Whole(o) != (all[0] is { } one ? Whole(one) : null)))
        {
            Findings.NoCounterpart(other.At, other.HasBlock ? other.Keyword : other.Shown, $"all instances of a group have it alike; that of {instances[0].Value} is taken");
        }

        return all[0] ?? (global is null ? null : root.Children.Where(c => c.Keyword == "global_defs").Select(g => g.Take(global)).FirstOrDefault(s => s is not null));
    }

    private static string Whole(KeepalivedStatement statement) => $"{statement.Value} {string.Join(' ', statement.Children.Select(c => c.Shown))}";

    private void Instance(WrittenSection vrrp, KeepalivedStatement instance, List<IPAddress> addresses)
    {
        var to = vrrp.Item("instances", instance.At);
        foreach (var (keyword, key) in new[] { ("interface", "interface"), ("virtual_router_id", "router-id") })
        {
            if (instance.Take(keyword) is { Value: { } value } statement)
            {
                to.Bare(key, value, statement.At);
            }
            else
            {
                Findings.Error(instance.At, instance.Shown, $"has no {keyword}; write it");
            }
        }

        if (addresses.Count > 0)
        {
            to.Texts("addresses", addresses.Select(a => a.ToString()), instance.At);
        }

        // A peer may have options behind its address.
        var peers = instance.TakeAll("unicast_peer").SelectMany(p => p.Children).Select(p => context.Address(p.Keyword, false, p.At, out _)).OfType<IPAddress>().ToList();
        if (peers.Count > 0)
        {
            to.Texts("peers", peers.Select(p => p.ToString()), instance.At);
        }

        if (instance.Take("unicast_src_ip", "mcast_src_ip") is { Value: { } source } from)
        {
            to.Text("source", source, from.At);
        }
    }

    // 192.0.2.1/24 brd 192.0.2.255 dev eth0 scope global label eth0:1
    private IEnumerable<IPAddress> Addresses(KeepalivedStatement instance, string keyword)
    {
        var nic = instance.Children.FirstOrDefault(c => c.Keyword == "interface")?.Value;
        foreach (var line in instance.TakeAll(keyword).SelectMany(b => b.Children))
        {
            var words = line.Values.Prepend(line.Keyword).ToList();
            var device = words.IndexOf("dev") is >= 0 and var at && at + 1 < words.Count ? words[at + 1] : nic;
            if (device != nic)
            {
                Findings.NoCounterpart(line.At, line.Shown, $"an address is answered on the NIC of its instance, {nic}");
            }

            if (context.Address(words[0].Split('/')[0], false, line.At, out _) is { } address)
            {
                yield return address;
            }
        }
    }

    private static void Notify(WrittenSection group, KeepalivedStatement head, List<KeepalivedStatement> instances)
    {
        foreach (var block in instances.Append(head).Distinct())
        {
            var kind = block.Keyword == "vrrp_instance" ? "INSTANCE" : "GROUP";
            var all = block.Take("notify");
            foreach (var (keyword, key, state) in new[] { ("notify_master", "on-take", "MASTER"), ("notify_backup", "on-release", "BACKUP") })
            {
                var own = block.Take(keyword);
                var command = own?.Value ?? (all?.Value is { } every ? $"{every} {kind} {block.Value} {state}" : null);
                if (command is not null)
                {
                    group.Text(key, command, (own ?? all)!.At);
                }
            }
        }
    }

    private void Track(WrittenSection vrrp, IEnumerable<KeepalivedStatement> blocks)
    {
        foreach (var line in blocks.SelectMany(b => b.TakeAll("track_interface", "track_script").SelectMany(t => t.Children.Select(c => (Kind: t.Keyword, Line: c)))))
        {
            var values = line.Line.Values.ToList();
            var weight = values.IndexOf("weight") is >= 0 and var at && at + 1 < values.Count ? values[at + 1] : null;
            if (values.Contains("reverse"))
            {
                Findings.NoCounterpart(line.Line.At, line.Line.Shown, "what is tracked has to be well; reverse it in the command");
            }

            if (line.Kind == "track_interface")
            {
                var nic = vrrp.Section("track", line.Line.At).Item("interfaces", line.Line.At);
                nic.Bare("interface", line.Line.Keyword, line.Line.At);
                if (weight is not null)
                {
                    nic.Bare("weight", weight, line.Line.At);
                }
            }
            else
            {
                Script(vrrp, line.Line, weight);
            }
        }
    }

    private void Script(WrittenSection vrrp, KeepalivedStatement line, string? weight)
    {
        var script = root.Children.FirstOrDefault(c => c.Keyword == "vrrp_script" && c.Value == line.Keyword);
        if (script?.Take("script") is not { Value: { } command } statement)
        {
            Findings.Error(line.At, line.Shown, $"names a script that is not there; write vrrp_script {line.Keyword} {{ script \"...\" }}");
            return;
        }

        var to = vrrp.Section("track", line.At).Item("scripts", line.At);
        to.Text("command", command, statement.At);
        var interval = script.Take("interval");
        if (interval?.Value is { } seconds)
        {
            to.Seconds("interval", seconds, interval.At);
        }

        // Its timeout is its interval where the file does not say.
        if ((script.Take("timeout") ?? interval) is { Value: { } limit } timeout)
        {
            to.Seconds("timeout", limit, timeout.At);
        }

        foreach (var keyword in new[] { "rise", "fall" })
        {
            if (script.Take(keyword) is { Value: { } count } number)
            {
                to.Bare(keyword, count, number.At);
            }
        }

        if ((weight ?? script.Take("weight")?.Values.FirstOrDefault()) is { } change)
        {
            to.Bare("weight", change, line.At);
        }

        script.Take("weight");
        foreach (var unread in script.Unread)
        {
            Findings.NoCounterpart(unread.At, unread.Shown, unread.Keyword == "user" ? "commands run as the director does" : "is nothing that is known here (vrrp_script)");
        }
    }

    private void Unread(KeepalivedStatement block)
    {
        foreach (var unread in block.Unread)
        {
            Findings.NoCounterpart(unread.At, unread.Shown, s_noCounterpart.GetValueOrDefault(unread.Keyword) ?? $"is nothing that is known here ({block.Keyword})");
        }
    }
}
