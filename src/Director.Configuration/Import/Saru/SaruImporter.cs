using Director.Configuration.Documents;
using Director.Configuration.Reading;

namespace Director.Configuration.Import.Saru;

/// <summary>
/// <c>saru.conf</c>: all directors hold the VIPs and share the clients. What Saru shares them by stands in the firewall's rules and in how the NICs are set up: of a script beside the file
/// the <c>iptables -m saru</c> rules and the shared MAC count too.
/// </summary>
internal sealed class SaruImporter(ImportContext context)
{
    private static readonly string[] s_logging = ["debug", "quiet", "log_facility"];
    private readonly List<string> _addresses = [];
    private (string Sense, Location At)? _sense;
    private (string Source, Location At)? _masqueraded;
    private Location? _firstAddress;

    private ImportFindings Findings => context.Findings;

    public void Import(IReadOnlyList<ImportedFile> files)
    {
        if (files.Count == 0)
        {
            return;
        }

        var whole = new Location(files[0].Name, 0);
        context.Director.Section("availability", whole).Bare("mode", "active-active", whole);
        foreach (var file in files)
        {
            var lines = file.Text.Split('\n');
            for (var i = 0; i < lines.Length; i++)
            {
                Take(lines[i], new(file.Name, i + 1));
            }
        }

        if (_firstAddress is { } first)
        {
            context.Director.Section("availability", whole).Section("groups", first).Section("vips", first).Texts("addresses", _addresses, first);
        }
        else
        {
            Findings.NoCounterpart(whole, "", "the VIPs are not in this file; those of virtual-services are a group by themselves");
        }

        var partition = context.Director.Section("partition", whole);
        partition.Bare("sense", _sense?.Sense ?? "source-port", _sense?.At ?? whole, _sense is null ? "Saru's own; 'source' divides more evenly" : "");
        if (_masqueraded is var (source, at) && _addresses.Count > 0)
        {
            var rule = context.Director.Item("masquerade", at);
            rule.Text("source", source, at);
            rule.Text("address", _addresses[0], at);
        }
    }

    private void Take(string line, Location at)
    {
        if (Words.Split(line) is not { } words)
        {
            Findings.Error(at, line.Trim(), "has a quote that is not closed; close it in the same line");
        }
        else if (words.Count > 0)
        {
            switch (Path.GetFileName(words[0]))
            {
                case "iptables" or "ip6tables":
                    Rule(words, at);
                    break;
                case "ip" or "ifconfig" or "route":
                    Nic(words, at);
                    break;
                default:
                    Option(words, at);
                    break;
            }
        }
    }

    private void Option(List<string> words, Location at)
    {
        // KEY VALUE, KEY = VALUE or --KEY VALUE; blanks are hyphens or underscores.
        var parts = words.SelectMany(w => w.Split('=', 2)).Where(w => w.Length > 0).ToList();
        var key = parts.Count == 0 ? "" : parts[0].TrimStart('-').Replace('-', '_').ToLowerInvariant();
        var value = parts.Count > 1 ? parts[1] : null;
        var shown = string.Join(' ', words);
        if (s_logging.Contains(key))
        {
            Findings.NoCounterpart(at, shown, "a director logs to its console, a line an event; the service manager keeps it");
        }
        else if ((key.Contains("wait", StringComparison.Ordinal) || key.Contains("delay", StringComparison.Ordinal)) && value is not null)
        {
            context.Director.Section("partition", at).Seconds("join-wait", value, at);
        }
        else if (key.Contains("weight", StringComparison.Ordinal) && value is not null)
        {
            context.Director.Section("partition", at).Bare("weight", value, at);
        }
        else
        {
            Findings.NoCounterpart(at, shown, "is nothing that is known here");
        }
    }

    private void Rule(List<string> words, Location at)
    {
        var isSaru = words.Contains("saru");
        if (isSaru && ValueOf(words, "-s", "--source") is { } source && words.Contains("MASQUERADE"))
        {
            _masqueraded ??= (source, at);
        }
        else if (isSaru && ValueOf(words, "-d", "--destination") is { } destination && words.Contains("ACCEPT"))
        {
            Accepted(words, destination, at);
        }
        else if (isSaru || !words.Any(w => w is "ACCEPT" or "DROP" or "-F"))
        {
            Findings.NoCounterpart(at, string.Join(' ', words), "a director needs no rules of the firewall: it filters by itself");
        }
    }

    private void Accepted(List<string> words, string destination, Location at)
    {
        if (Addresses.Address(destination.Split('/')[0]) is not { } address)
        {
            Findings.Error(at, destination, $"is no address; {Addresses.Right}");
            return;
        }

        _firstAddress ??= at;
        if (!_addresses.Contains(address.ToString()))
        {
            _addresses.Add(address.ToString());
        }

        // Echo requests go by the source's address in a director anyway.
        if (ValueOf(words, "-p", "--protocol") is not ("tcp" or "udp"))
        {
            return;
        }

        var sense = ValueOf(words, "--sense", "--sense") ?? "src-port";
        if (sense is "src-port" or "src-addr")
        {
            _sense ??= (sense == "src-port" ? "source-port" : "source-address", at);
        }
        else
        {
            Findings.NoCounterpart(at, $"--sense {sense}", "clients are shared by their own address or port: see partition.sense");
        }
    }

    private void Nic(List<string> words, Location at)
    {
        if (ValueOf(words, "address", "hw") is { } mac && words.Any(w => w is "link" or "hw"))
        {
            var text = mac == "ether" ? ValueOf(words, "ether", "ether") ?? "" : mac;

            // 2: locally administered, 1: multicast.
            if (text.Length == 17 && System.Net.NetworkInformation.PhysicalAddress.TryParse(text.ToUpperInvariant().Replace(':', '-'), out var parsed)
                && (parsed.GetAddressBytes()[0] & 3) != 0)
            {
                context.Director.Section("partition", at).Text("shared-mac", text, at);
            }
            else
            {
                Findings.NoCounterpart(at, string.Join(' ', words), "the NICs keep their own MAC; the shared one has to be locally administered (02:...) and is made from the cluster's name");
            }
        }
        else if (!words.Contains("up") && !words.Contains("down"))
        {
            Findings.NoCounterpart(at, string.Join(' ', words), "addresses and routes of the host are the host's own; a VIP is on no NIC");
        }
    }

    private static string? ValueOf(List<string> words, string option, string other) =>
        words.FindIndex(w => w == option || w == other) is >= 0 and var at && at + 1 < words.Count ? words[at + 1] : null;
}
