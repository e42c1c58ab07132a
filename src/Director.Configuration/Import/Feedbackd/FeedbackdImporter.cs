using System.Net;
using Director.Configuration.Documents;
using Director.Configuration.Import.Writing;
using Director.Configuration.Reading;

namespace Director.Configuration.Import.Feedbackd;

/// <summary>
/// <c>feedbackd-agent.conf</c>, of a real server: its load, and the services that it joins. The result is an agent's file. feedbackd trusted whoever came; since joining needs a secret here,
/// that part is written as comments, and what needs none works at once: directors that ask.
/// </summary>
internal sealed class FeedbackdImporter(ImportContext context)
{
    private const int AskedPort = 9999;
    private const int FeedbackPort = 2553;
    private static readonly string[] s_keys = ["director", "service", "protocol", "port", "module", "forwarding"];
    private readonly Dictionary<string, (string Value, Location At)> _current = new(StringComparer.Ordinal);
    private readonly List<string> _directors = [];
    private readonly List<WrittenSection> _services = [];
    private readonly HashSet<string> _measures = [];
    private WrittenSection? _joined;

    private ImportFindings Findings => context.Findings;

    public void Import(IReadOnlyList<ImportedFile> files)
    {
        if (files.Count == 0)
        {
            return;
        }

        var agent = context.Director;
        var whole = new Location(files[0].Name, 0);
        _joined = new WrittenSection(whole) { IsCommentedOut = true };
        foreach (var file in files)
        {
            var lines = file.Text.Split('\n');
            for (var i = 0; i < lines.Length; i++)
            {
                Take(lines[i].Split('#')[0].Trim(), new(file.Name, i + 1));
            }
        }

        Service();
        agent.Text("listen", $"0.0.0.0:{AskedPort}", whole, $"answers directors that ask: agent-check {{ port = {AskedPort} }} of the service");
        agent.Section("load", whole).Bares("measure", _measures.Count == 0 ? ["cpu"] : _measures, whole);
        if (_services.Count > 0)
        {
            agent.Comment("To join and leave by itself, as with feedbackd, it needs a secret that the directors have too: feedback { listen = \"0.0.0.0:2553\", key-file = PATH }.", whole);
            agent.Comment($"directors = [{string.Join(", ", _directors.Select(d => Shown.Quoted($"{d}:{FeedbackPort}")))}]", whole);
            agent.Comment("key-file = /etc/director/agent.key", whole);
            agent.Sections("services", "services", [_joined]);
            Findings.NoCounterpart(
                _services[0].At, "service", "joining a service needs a secret, which feedbackd had none of, and this host's address: both are left to write, in the lines that are comments");
        }
    }

    private void Take(string line, Location at)
    {
        if (line.Length == 0)
        {
            return;
        }

        var parts = line.Split('=', 2, StringSplitOptions.TrimEntries);
        if (parts.Length != 2 || parts[1].Length == 0 || !s_keys.Contains(parts[0]))
        {
            Findings.Error(at, line, parts.Length == 2 && !s_keys.Contains(parts[0])
                ? $"is nothing that feedbackd-agent.conf has; the nearest is {Spelling.Nearest(parts[0], s_keys)}" : "is no line of feedbackd-agent.conf; KEY = VALUE is right");
            return;
        }

        // A service goes to the next 'service' or to the end.
        if (parts[0] == "service")
        {
            Service();
        }

        if (parts[0] == "director")
        {
            if (context.Address(parts[1], false, at, out _) is { } director)
            {
                _directors.Add(Addresses.IsIPv6(director) ? $"[{director}]" : director.ToString());
            }
        }
        else if (parts[0] == "module")
        {
            Module(parts[1], at);
        }
        else
        {
            _current[parts[0]] = (parts[1], at);
        }
    }

    private void Module(string module, Location at)
    {
        if (Path.GetFileNameWithoutExtension(module) is "cpuload")
        {
            _measures.Add("cpu");
        }
        else
        {
            Findings.NoCounterpart(at, module, "modules are not loaded; see measure = [cpu, load-average, memory, script]");
        }
    }

    private void Service()
    {
        if (!_current.TryGetValue("service", out var service))
        {
            return;
        }

        var protocol = _current.GetValueOrDefault("protocol", ("TCP", service.At));
        if (protocol.Item1.ToUpperInvariant() is not ("TCP" or "UDP"))
        {
            Findings.Error(protocol.Item2, protocol.Item1, "is no protocol; TCP or UDP is right");
        }

        var port = _current.TryGetValue("port", out var given) ? context.Port(given.Value, protocol.Item1.Equals("UDP", StringComparison.OrdinalIgnoreCase), given.At)
            : context.Port(service.Value, false, service.At);
        var forwarding = _current.GetValueOrDefault("forwarding", ("service", service.At));
        var word = forwarding.Item1.ToUpperInvariant() switch
        {
            "NAT" or "MASQ" => "nat",
            "DR" or "ROUTE" or "DIRECT" => "direct",
            "TUN" or "TUNNEL" or "IPIP" => "tunnel",
            _ => "service",
        };
        if (word == "service" && forwarding.Item1 != "service")
        {
            Findings.Error(forwarding.Item2, forwarding.Item1, "is no way to forward; NAT, DR or TUN is right");
        }

        var to = _joined!.Section(service.Value, service.At);
        to.Text("address", $"ADDRESS OF THIS HOST:{port}", service.At);
        to.Bare("forwarding", word, forwarding.Item2);
        _services.Add(to);
        _current.Clear();
    }
}
