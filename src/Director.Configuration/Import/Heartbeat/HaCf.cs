using System.Globalization;
using System.Net;
using Director.Configuration.Documents;
using Director.Configuration.Import.Writing;
using Director.Configuration.Reading;

namespace Director.Configuration.Import.Heartbeat;

/// <summary><c>ha.cf</c>: who the hosts are and how they hear each other.</summary>
internal sealed class HaCf(ImportContext context)
{
    /// <summary>The port that directors speak to each other on; heartbeat has no such thing.</summary>
    private const int ClusterPort = 2551;

    // heartbeat's ipaddr broadcast has no counterpart; this group is the one of the reference file.
    private const string Multicast = "239.255.6.94";

    private const string Logs = "a director logs to its console, a line an event; the service manager keeps it";

    private static readonly Dictionary<string, string> s_noCounterpart = new(StringComparer.Ordinal)
    {
        ["logfacility"] = Logs,
        ["logfile"] = Logs,
        ["debugfile"] = Logs,
        ["debug"] = Logs,
        ["use_logd"] = Logs,
        ["conn_logd_time"] = Logs,
        ["syslogmsgfmt"] = Logs,
        ["serial"] = "a director has no serial line; heartbeats go by layer-2 multicast too, which needs no IP address",
        ["baud"] = "a director has no serial line",
        ["stonith"] = "a director fences nobody: one that was stopped or frozen touches no packet before it has heard the others",
        ["stonith_host"] = "a director fences nobody: one that was stopped or frozen touches no packet before it has heard the others",
        ["watchdog"] = "a director that was frozen gives up what it holds by itself",
        ["hopfudge"] = "there are no rings",
        ["hbaping"] = "ping nodes are asked over IP",
        ["crm"] = "resources of a resource manager are not in haresources",
        ["pacemaker"] = "resources of a resource manager are not in haresources",
        ["autojoin"] = "who has the key and a certificate joins: see cluster.seeds",
        ["compression"] = "heartbeats fit into a datagram",
        ["compression_threshold"] = "heartbeats fit into a datagram",
        ["traditional_compression"] = "heartbeats fit into a datagram",
        ["msgfmt"] = "heartbeats have one format",
        ["apiauth"] = "nothing connects to a director's heartbeat",
        ["realtime"] = "heartbeats have a thread of their own, SCHED_FIFO where that is allowed",
        ["rtprio"] = "heartbeats have a thread of their own, SCHED_FIFO where that is allowed",
        ["memreserve"] = "memory is taken at the start",
        ["coredumps"] = "is the service manager's",
        ["uuidfrom"] = "each start of a director has a number of its own",
        ["hbgenmethod"] = "each start of a director has a number of its own",
        ["cluster"] = "see cluster.name, the same on every director",
    };

    private static readonly string[] s_directives =
    [
        "node", "keepalive", "deadtime", "warntime", "initdead", "nice_failback", "auto_failback", "udpport", "mcast", "bcast", "ucast", "ping", "ping_group", "deadping", "respawn",
    ];

    private readonly Dictionary<string, (string Value, Location At)> _times = new(StringComparer.Ordinal);
    private readonly List<string> _nodes = [];
    private readonly List<string> _pingNodes = [];
    private readonly List<(string Interface, string? Multicast, string? Peer, Location At)> _links = [];
    private Location? _firstNode;
    private Location? _firstPing;
    private bool _saysFailback;

    public static bool IsDirective(string word) => s_directives.Contains(word) || s_noCounterpart.ContainsKey(word);

    private ImportFindings Findings => context.Findings;

    public void Import(ImportedFile file)
    {
        var whole = new Location(file.Name, 0);
        var heartbeat = context.Director.Section("availability", whole).Section("heartbeat", whole);
        var lines = file.Text.Split('\n');
        for (var i = 0; i < lines.Length; i++)
        {
            var words = lines[i].Split('#')[0].Split((char[])[' ', '\t', '\r', '='], StringSplitOptions.RemoveEmptyEntries);
            if (words.Length > 0)
            {
                Take(words[0], words[1..], heartbeat, new(file.Name, i + 1));
            }
        }

        Write(heartbeat, whole);
    }

    private void Take(string directive, string[] values, WrittenSection heartbeat, Location at)
    {
        var shown = string.Join(' ', [directive, .. values]);
        if (s_noCounterpart.TryGetValue(directive, out var why))
        {
            Findings.NoCounterpart(at, shown, why);
        }
        else if (!s_directives.Contains(directive))
        {
            Findings.Error(at, directive, $"is nothing that ha.cf has; the nearest is {Spelling.Nearest(directive, s_directives.Concat(s_noCounterpart.Keys))}");
        }
        else if (values.Length == 0)
        {
            Findings.Error(at, directive, directive == "node" ? "names no host; write its name, as uname -n has it, in the same line" : "has no value; write it in the same line");
        }
        else
        {
            TakeValue(directive, values, heartbeat, at, shown);
        }
    }

    private void TakeValue(string directive, string[] values, WrittenSection heartbeat, Location at, string shown)
    {
        switch (directive)
        {
            case "node":
                _firstNode ??= at;
                _nodes.AddRange(values.Where(n => !_nodes.Contains(n)));
                break;
            case "keepalive" or "deadtime" or "warntime" or "initdead" or "deadping":
                _times[directive] = (values[0], at);
                break;
            case "nice_failback" or "auto_failback":
                _saysFailback = true;
                if (values[0] is not ("on" or "off" or "yes" or "no" or "true" or "false" or "y" or "n" or "1" or "0" or "legacy"))
                {
                    Findings.Error(at, shown, "on or off is right");
                }
                else
                {
                    var isOn = values[0] is "on" or "yes" or "true" or "y" or "1" or "legacy";
                    heartbeat.Flag("nice-failback", directive == "nice_failback" ? isOn : !isOn, at);
                }

                break;
            case "udpport":
                heartbeat.Bare("port", values[0], at);
                break;
            case "mcast" when values.Length >= 2:
                _links.Add((values[0], values[1], null, at));
                if (values.Length > 2 && values[2] != "694")
                {
                    heartbeat.Bare("port", values[2], at);
                }

                break;
            case "ucast" when values.Length == 2:
                if (context.Address(values[1], false, at, out _) is { } peer)
                {
                    _links.Add((values[0], null, peer.ToString(), at));
                }

                break;
            case "mcast" or "ucast":
                Findings.Error(at, shown, directive == "mcast" ? "mcast NIC GROUP PORT TTL LOOP is right" : "ucast NIC ADDRESS is right");
                break;
            case "bcast":
                _links.AddRange(values.TakeWhile(v => v != "Linux").Select(nic => (nic, (string?)Multicast, (string?)null, at)));
                Findings.NoCounterpart(at, shown, $"heartbeats are not broadcast; they go to the multicast group {Multicast} on the same NIC");
                break;
            case "ping":
                PingNodes(values, at);
                break;
            case "ping_group":
                PingNodes(values[1..], at);
                Findings.NoCounterpart(at, shown, "there are no groups of ping nodes: each counts for itself");
                break;
            default:
                if (!values.Any(v => v.EndsWith("ipfail", StringComparison.Ordinal)))
                {
                    Findings.NoCounterpart(at, shown, "a director starts no other program; the service manager does");
                }

                break;
        }
    }

    private void PingNodes(string[] names, Location at)
    {
        _firstPing ??= at;
        _pingNodes.AddRange(names.Select(n => context.Address(n, false, at, out _)).OfType<IPAddress>().Select(a => a.ToString()).Where(a => !_pingNodes.Contains(a)));
    }

    private void Write(WrittenSection heartbeat, Location whole)
    {
        if (_firstNode is { } first)
        {
            var cluster = context.Director.Section("cluster", first);
            cluster.Remark = "directors need certificates too: 'director certificate' makes them";
            cluster.Texts("seeds", _nodes.Select(n => $"{n}:{ClusterPort}"), first, "names must be known on every director, in /etc/hosts for example");
        }

        foreach (var links in _links.GroupBy(l => (l.Interface, l.Multicast)))
        {
            var at = links.First().At;
            var link = heartbeat.Item("links", at);
            link.Text("interface", links.Key.Interface, at);
            if (links.Key.Multicast is { } group)
            {
                link.Text("multicast", group, at);
            }
            else
            {
                link.Texts("peers", links.Select(l => l.Peer!).Distinct(), at);
            }
        }

        Times(heartbeat, whole);
        if (!_saysFailback)
        {
            heartbeat.Flag("nice-failback", false, whole, "not in the file, and heartbeat fails back by itself");
        }

        var availability = context.Director.Section("availability", whole);
        if (_firstPing is { } ping)
        {
            availability.Texts("ping-nodes", _pingNodes, ping, "a director that reaches fewer of them gives up its addresses, as ipfail has it");
        }

        if (_times.TryGetValue("deadping", out var deadping))
        {
            Write(availability, "ping-timeout", deadping.Value, deadping.At);
        }
    }

    // heartbeat(8): warntime is half of deadtime, initdead at least deadtime, deadtime 30 seconds where the file says nothing.
    private void Times(WrittenSection heartbeat, Location whole)
    {
        if (_times.Count == 0)
        {
            return;
        }

        if (_times.TryGetValue("keepalive", out var keepalive))
        {
            Write(heartbeat, "keepalive", keepalive.Value, keepalive.At);
        }

        var deadtime = _times.TryGetValue("deadtime", out var written) ? written : (Value: "30", At: whole);
        Write(heartbeat, "deadtime", deadtime.Value, deadtime.At);
        if (Time(deadtime.Value) is not { } dead)
        {
            return;
        }

        var half = new TimeSpan(dead.Ticks / 2 / TimeSpan.TicksPerMillisecond * TimeSpan.TicksPerMillisecond);
        if (_times.TryGetValue("warntime", out var warntime) && (Time(warntime.Value) is not { } warn || warn < dead))
        {
            Write(heartbeat, "warntime", warntime.Value, warntime.At);
        }
        else
        {
            heartbeat.Duration("warntime", half, warntime.Value is null ? whole : warntime.At,
                warntime.Value is null ? "half of deadtime, as heartbeat has it" : $"half of deadtime: {warntime.Value} is not less than that");
        }

        if (_times.TryGetValue("initdead", out var initdead) && (Time(initdead.Value) is not { } first || first >= dead))
        {
            Write(heartbeat, "initdead", initdead.Value, initdead.At);
        }
        else
        {
            heartbeat.Duration("initdead", dead, initdead.Value is null ? whole : initdead.At, "as deadtime, which is the least");
        }
    }

    private static void Write(WrittenSection to, string key, string value, Location at)
    {
        if (Time(value) is { } time)
        {
            to.Duration(key, time, at);
        }
        else
        {
            to.Text(key, value, at);
        }
    }

    /// <summary>Seconds, or with the unit ms or us.</summary>
    private static TimeSpan? Time(string text) =>
        Units.TryDuration(text.Length > 0 && char.IsAsciiDigit(text[^1]) ? text + "s" : text, out var time) && time >= TimeSpan.Zero ? time : null;
}
