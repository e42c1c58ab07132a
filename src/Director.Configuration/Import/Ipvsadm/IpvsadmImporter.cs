using System.Globalization;
using System.Net;
using Director.Configuration.Documents;
using Director.Configuration.Reading;

namespace Director.Configuration.Import.Ipvsadm;

/// <summary>Rules as <c>ipvsadm-save</c> writes them, and the <c>ipvsadm</c> commands of a script, whose <c>MARK</c> rules count too.</summary>
internal sealed class IpvsadmImporter(ImportContext context, MarkRules marks)
{
    private const string DefaultPersistence = "300";
    private readonly List<Service> _services = [];

    private sealed record Service(IpvsadmLine Line, bool IsUdp, IPAddress? Address, ushort Port, uint Mark, bool IsIPv6)
    {
        public List<Server> Servers { get; } = [];

        public string Remark { get; init; } = "";

        public bool IsSame(Service other) => (IsUdp, Port, Mark, IsIPv6) == (other.IsUdp, other.Port, other.Mark, other.IsIPv6) && Equals(Address, other.Address);
    }

    private sealed record Server(IpvsadmLine Line, IPAddress Address, ushort Port, string Remark);

    public void Import(IReadOnlyList<ImportedFile> files)
    {
        foreach (var (words, at) in files.SelectMany(Commands))
        {
            if (IpvsadmLine.Read(words, at, context.Findings) is { } line)
            {
                Apply(line);
            }
        }

        foreach (var service in _services)
        {
            Write(service);
        }
    }

    private IEnumerable<(List<string> Words, Location At)> Commands(ImportedFile file)
    {
        var lines = file.Text.Split('\n');
        for (var i = 0; i < lines.Length; i++)
        {
            var at = new Location(file.Name, i + 1);
            var text = lines[i];
            while (text.EndsWith('\\') && i + 1 < lines.Length)
            {
                text = text[..^1] + lines[++i];
            }

            if (Words.Split(text) is not { } words)
            {
                context.Findings.Error(at, text.Trim(), "has a quote that is not closed; close it in the same line");
            }
            else if (words.Count > 0 && words[0].StartsWith('-'))
            {
                yield return (words, at);
            }
            else if (words.Count > 0 && Path.GetFileName(words[0]) == "ipvsadm")
            {
                yield return (words[1..], at);
            }
            else if (words.Count > 0 && !marks.Take(words, at))
            {
                context.Findings.NoCounterpart(at, text.Trim(), "is no ipvsadm command; only those are imported, and MARK rules of iptables");
            }
        }
    }

    private void Apply(IpvsadmLine line)
    {
        switch (line.Command)
        {
            case "clear":
                _services.Clear();
                break;
            case "set":
                Timeouts(line);
                break;
            case "start-daemon" or "stop-daemon":
                Daemon(line);
                break;
            case "list" or "save" or "restore" or "zero" or "help" or "version":
                break;
            default:
                if (ReadService(line) is { } service)
                {
                    Apply(line, service);
                }

                break;
        }
    }

    private void Apply(IpvsadmLine line, Service service)
    {
        var there = _services.FindIndex(s => s.IsSame(service));
        switch (line.Command)
        {
            case "add-service" when there >= 0:
                context.Findings.Error(line.At, Shown(line), $"is a service already, in {_services[there].Line.At}; use -E, or remove one of them");
                break;
            case "add-service":
                _services.Add(service);
                break;
            case var _ when there < 0:
                context.Findings.Error(line.At, Shown(line), "is no service yet; add it before with -A");
                break;
            case "edit-service":
                var changed = service with { };
                changed.Servers.AddRange(_services[there].Servers);
                _services[there] = changed;
                break;
            case "delete-service":
                _services.RemoveAt(there);
                break;
            default:
                ApplyServer(line, _services[there]);
                break;
        }
    }

    private void ApplyServer(IpvsadmLine line, Service service)
    {
        if (line.Option("real-server") is not { } text)
        {
            context.Findings.Error(line.At, Shown(line), "names no real server; write -r ADDRESS:PORT");
            return;
        }

        if (context.Endpoint(text, service.IsUdp, service.IsIPv6, line.At, out var remark) is not var (address, port))
        {
            return;
        }

        // ipvsadm does the same without a word: only NAT changes ports.
        var forced = service.Mark == 0 && !line.Has("masquerading") && port is not null && port != service.Port;
        var server = new Server(line, address, forced ? service.Port : port ?? service.Port, forced ? $"port {port} was never used: only masquerading (-m) changes ports" : remark);
        var there = service.Servers.FindIndex(s => s.Address.Equals(server.Address) && s.Port == server.Port);
        switch (line.Command)
        {
            case "add-server" when there >= 0:
                context.Findings.Error(line.At, text, $"is a real server of this service already, in {service.Servers[there].Line.At}; remove one of them");
                break;
            case "add-server":
                service.Servers.Add(server);
                break;
            case var _ when there < 0:
                context.Findings.Error(line.At, text, "is no real server of this service; add it before with -a");
                break;
            case "edit-server":
                service.Servers[there] = server;
                break;
            default:
                service.Servers.RemoveAt(there);
                break;
        }
    }

    private Service? ReadService(IpvsadmLine line)
    {
        if (line.Option("fwmark-service") is { } mark)
        {
            if (uint.TryParse(mark, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0)
            {
                return new(line, false, null, 0, number, line.Has("ipv6"));
            }

            context.Findings.Error(line.At, mark, "is no mark; 1 to 4294967295 is right");
            return null;
        }

        if (line.Option("sctp-service") is { } sctp)
        {
            context.Findings.NoCounterpart(line.At, $"--sctp-service {sctp}", "a director forwards TCP and UDP");
            return null;
        }

        var isUdp = line.Has("udp-service");
        if ((line.Option("tcp-service") ?? line.Option("udp-service")) is not { } text)
        {
            context.Findings.Error(line.At, Shown(line), "names no virtual service; write -t ADDRESS:PORT, -u ADDRESS:PORT or -f MARK");
            return null;
        }

        return context.Endpoint(text, isUdp, false, line.At, out var remark) is var (address, port)
            ? new(line, isUdp, address, port ?? 0, 0, Addresses.IsIPv6(address)) { Remark = remark } : null;
    }

    private void Daemon(IpvsadmLine line)
    {
        var role = line.Option(line.Command);
        var isStart = line.Command == "start-daemon";
        if (role is not ("master" or "backup"))
        {
            context.Findings.Error(line.At, $"--{line.Command} {role}", "master or backup is right");
            return;
        }

        // A daemon that is stopped and was never started is nothing.
        var synchronisation = context.Director.Find("synchronisation")?.Find("ipvs");
        if (!isStart)
        {
            synchronisation?.Flag(role, false, line.At);
            return;
        }

        synchronisation = context.KernelSynchronisation(line.At);
        synchronisation.Flag(role, true, line.At);
        synchronisation.Bare("interface", line.Option("mcast-interface") ?? "eth0", line.At);
        foreach (var (option, key) in new[] { ("syncid", "sync-id"), ("mcast-group", "group"), ("mcast-port", "port"), ("mcast-ttl", "ttl"), ("sync-maxlen", "max-length") })
        {
            if (line.Option(option) is { } value)
            {
                synchronisation.Bare(option == "syncid" && role == "backup" && synchronisation.Has("sync-id") ? "backup-sync-id" : key, value, line.At);
            }
        }
    }

    private void Timeouts(IpvsadmLine line)
    {
        if (line.Rest.Count != 3)
        {
            context.Findings.Error(line.At, $"--set {string.Join(' ', line.Rest)}".TrimEnd(), "takes three numbers of seconds: TCP, TCP after a FIN, UDP");
            return;
        }

        var timeouts = context.Director.Section("timeouts", line.At);
        foreach (var (key, seconds) in new[] { "tcp", "tcp-fin", "udp" }.Zip(line.Rest))
        {
            // 0 leaves it as it is.
            if (seconds != "0")
            {
                timeouts.Seconds(key, seconds, line.At);
            }
        }
    }

    private void Write(Service service)
    {
        var line = service.Line;
        var remark = $"{line.At}{(service.Remark.Length > 0 ? $": {service.Remark}" : "")}";
        var to = service.Address is { } address ? context.Service(service.IsUdp, address, service.Port, line.At, remark)
            : context.Service(service.Mark, service.IsIPv6, line.At, remark);
        if (to is null)
        {
            return;
        }

        to.Bare("scheduler", line.Option("scheduler") ?? "wlc", line.At);
        if (line.Option("sched-flags") is { } flags)
        {
            to.Bares("scheduler-flags", flags.Split(',', StringSplitOptions.RemoveEmptyEntries), line.At);
        }

        if (line.Option("persistent") is { } seconds)
        {
            var persistence = to.Section("persistence", line.At);
            persistence.Seconds("timeout", seconds.Length == 0 ? DefaultPersistence : seconds, line.At);
            if (line.Option("netmask") is { } netmask)
            {
                persistence.Bare("netmask", netmask, line.At);
            }
        }

        if (line.Has("ops"))
        {
            to.Flag("one-packet", true, line.At);
        }

        if (line.Option("pe") is { } engine)
        {
            context.Findings.NoCounterpart(line.At, $"--pe {engine}", "persistence is by the client's address");
        }

        foreach (var server in service.Servers)
        {
            Write(to.Item("real-servers", server.Line.At, server.Remark), service, server);
        }

        ImportContext.Finish(to);
    }

    private static void Write(Writing.WrittenSection to, Service service, Server server)
    {
        var line = server.Line;
        var forwarding = line.Has("masquerading") ? "nat" : line.Has("ipip") ? "tunnel" : "direct";

        // The port of a mark's real server is of no use but to NAT.
        var port = service.Mark != 0 && forwarding != "nat" ? 0 : server.Port;
        to.Text("address", port == 0 ? server.Address.ToString() : new IPEndPoint(server.Address, port).ToString(), line.At);
        if (line.Option("weight") is { } weight)
        {
            to.Bare("weight", weight, line.At);
        }

        foreach (var (option, key) in new[] { ("u-threshold", "upper-threshold"), ("l-threshold", "lower-threshold") })
        {
            if (line.Option(option) is { } threshold)
            {
                to.Bare(key, threshold, line.At);
            }
        }

        to.Bare("forwarding", forwarding, line.At);
        if (forwarding == "tunnel" && line.Option("tun-type") is { } type and not "ipip")
        {
            var tunnel = to.Section("tunnel", line.At);
            tunnel.Bare("type", type, line.At);
            if (line.Option("tun-port") is { } tunnelPort)
            {
                tunnel.Bare("port", tunnelPort, line.At);
            }

            if (line.Has("tun-csum") || line.Has("tun-remcsum"))
            {
                tunnel.Bare("checksum", line.Has("tun-csum") ? "full" : "remote", line.At);
            }
        }
    }

    private static string Shown(IpvsadmLine line) =>
        $"{line.Option("tcp-service") ?? line.Option("udp-service") ?? line.Option("fwmark-service") ?? $"--{line.Command}"}";
}
