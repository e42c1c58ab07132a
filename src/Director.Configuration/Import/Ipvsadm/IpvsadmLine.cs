using Director.Configuration.Documents;
using Director.Configuration.Reading;

namespace Director.Configuration.Import.Ipvsadm;

/// <summary>A command of ipvsadm: its options by their long names, and the words that belong to none. It reads options as popt does: joined letters, <c>-w5</c>, <c>-w=5</c>, <c>--weight=5</c>.</summary>
internal sealed class IpvsadmLine
{
    private enum Value
    {
        None, Needed, Possible,
    }

    private static readonly (string Name, char Letter, Value Value)[] s_options =
    [
        ("add-service", 'A', Value.None), ("edit-service", 'E', Value.None), ("delete-service", 'D', Value.None), ("clear", 'C', Value.None), ("restore", 'R', Value.None),
        ("save", 'S', Value.None), ("add-server", 'a', Value.None), ("edit-server", 'e', Value.None), ("delete-server", 'd', Value.None), ("list", 'L', Value.None),
        ("list", 'l', Value.None), ("zero", 'Z', Value.None), ("set", '\0', Value.None), ("help", 'h', Value.None), ("version", 'v', Value.None), ("start-daemon", '\0', Value.Needed),
        ("stop-daemon", '\0', Value.Needed), ("tcp-service", 't', Value.Needed), ("udp-service", 'u', Value.Needed), ("sctp-service", '\0', Value.Needed),
        ("fwmark-service", 'f', Value.Needed), ("ipv6", '6', Value.None), ("scheduler", 's', Value.Needed), ("sched-flags", 'b', Value.Needed), ("persistent", 'p', Value.Possible),
        ("netmask", 'M', Value.Needed), ("pe", '\0', Value.Needed), ("ops", 'o', Value.None), ("real-server", 'r', Value.Needed), ("masquerading", 'm', Value.None),
        ("ipip", 'i', Value.None), ("gatewaying", 'g', Value.None), ("weight", 'w', Value.Needed), ("u-threshold", 'x', Value.Needed), ("l-threshold", 'y', Value.Needed),
        ("tun-type", '\0', Value.Needed), ("tun-port", '\0', Value.Needed), ("tun-nocsum", '\0', Value.None), ("tun-csum", '\0', Value.None), ("tun-remcsum", '\0', Value.None),
        ("mcast-interface", '\0', Value.Needed), ("mcast-group", '\0', Value.Needed), ("mcast-port", '\0', Value.Needed), ("mcast-ttl", '\0', Value.Needed),
        ("sync-maxlen", '\0', Value.Needed), ("syncid", '\0', Value.Needed), ("numeric", 'n', Value.None), ("connection", 'c', Value.None), ("timeout", '\0', Value.None),
        ("daemon", '\0', Value.None), ("stats", '\0', Value.None), ("rate", '\0', Value.None), ("thresholds", '\0', Value.None), ("persistent-conn", '\0', Value.None),
        ("tun-info", '\0', Value.None), ("nosort", '\0', Value.None), ("sort", '\0', Value.None), ("exact", 'X', Value.None),
    ];

    private static readonly HashSet<string> s_commands =
    [
        "add-service", "edit-service", "delete-service", "clear", "restore", "save", "add-server", "edit-server", "delete-server", "list", "zero", "set", "help", "version",
        "start-daemon", "stop-daemon",
    ];

    private readonly Dictionary<string, string> _options = new(StringComparer.Ordinal);
    private readonly List<string> _rest = [];

    private IpvsadmLine(Location at) => At = at;

    public Location At { get; }

    /// <summary>The long name of the command.</summary>
    public string Command { get; private set; } = "";

    /// <summary>Words that belong to no option.</summary>
    public IReadOnlyList<string> Rest => _rest;

    public bool Has(string option) => _options.ContainsKey(option);

    /// <summary>An option's value; null if it is not there, empty if it has none.</summary>
    public string? Option(string name) => _options.GetValueOrDefault(name);

    /// <summary>Reads the words behind <c>ipvsadm</c>; null after a mistake.</summary>
    public static IpvsadmLine? Read(IReadOnlyList<string> words, Location at, ImportFindings findings)
    {
        var line = new IpvsadmLine(at);
        for (var i = 0; i < words.Count; i++)
        {
            var word = words[i];
            if (word.Length < 2 || word[0] != '-')
            {
                // As ipvsadm before 1.28 saved them.
                if (word is "ops" or "pe")
                {
                    line._options[word] = word == "pe" && i + 1 < words.Count ? words[++i] : "";
                }
                else
                {
                    line._rest.Add(word);
                }
            }
            else if (!line.ReadOption(words, ref i, findings))
            {
                return null;
            }
        }

        if (line.Command.Length > 0)
        {
            return line;
        }

        findings.Error(at, string.Join(' ', words), "is no rule; a rule begins with -A or -a");
        return null;
    }

    private bool ReadOption(IReadOnlyList<string> words, ref int i, ImportFindings findings)
    {
        var word = words[i];
        if (word.StartsWith("--", StringComparison.Ordinal))
        {
            var equals = word.IndexOf('=', StringComparison.Ordinal);
            var name = equals < 0 ? word[2..] : word[2..equals];
            var known = Array.Find(s_options, o => o.Name == name);
            if (known.Name is not null)
            {
                return Take(known, equals < 0 ? null : word[(equals + 1)..], words, ref i, findings);
            }

            findings.Error(At, word, $"is no option of ipvsadm; the nearest is --{Spelling.Nearest(name, s_options.Select(o => o.Name))}");
            return false;
        }

        for (var j = 1; j < word.Length; j++)
        {
            var letter = word[j];
            var known = Array.Find(s_options, o => o.Letter == letter);
            if (known.Name is null)
            {
                findings.Error(At, word, $"is no option of ipvsadm{(word.Length > 2 ? $": there is no -{letter}" : "")}; 'ipvsadm --help' lists them");
                return false;
            }

            if (known.Value != Value.None)
            {
                return Take(known, j + 1 == word.Length ? null : word[(j + 1)..].TrimStart('='), words, ref i, findings);
            }

            if (!Take(known, null, words, ref i, findings))
            {
                return false;
            }
        }

        return true;
    }

    private bool Take((string Name, char Letter, Value Value) option, string? attached, IReadOnlyList<string> words, ref int i, ImportFindings findings)
    {
        var shown = words[i];
        var value = attached;
        if (value is null && option.Value != Value.None && i + 1 < words.Count && (option.Value == Value.Needed || !words[i + 1].StartsWith('-')))
        {
            value = words[++i];
        }

        if (option.Value == Value.Needed && string.IsNullOrEmpty(value))
        {
            findings.Error(At, shown, "needs a value");
            return false;
        }

        if (s_commands.Contains(option.Name))
        {
            if (Command.Length > 0)
            {
                findings.Error(At, shown, $"is the second command beside --{Command}; a line has one");
                return false;
            }

            Command = option.Name;
        }

        if (!_options.TryAdd(option.Name, value ?? ""))
        {
            findings.Error(At, shown, "is there twice; give it once");
            return false;
        }

        return true;
    }
}
