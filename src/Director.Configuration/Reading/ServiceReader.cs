using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using Director.Configuration.Documents;

namespace Director.Configuration.Reading;

/// <summary>One service with where it stands.</summary>
internal sealed record ReadService(VirtualServiceConfiguration Service, ConfigNode Node);

/// <summary>The virtual services; what is legal together follows ipvsadm 1.31.</summary>
internal sealed class ServiceReader
{
    private static readonly string[] s_schedulers = ["rr", "wrr", "lc", "wlc", "lblc", "lblcr", "dh", "sh", "sed", "nq", "fo", "ovf", "mh", "twos"];

    private static readonly (string Name, SchedulerFlag Flag)[] s_flags =
    [
        ("flag-1", SchedulerFlag.First), ("flag-2", SchedulerFlag.Second), ("flag-3", SchedulerFlag.Third),
        ("sh-fallback", SchedulerFlag.First), ("sh-port", SchedulerFlag.Second), ("mh-fallback", SchedulerFlag.First), ("mh-port", SchedulerFlag.Second),
    ];

    private readonly SectionReader _section;
    private readonly Findings _findings;
    private readonly string _name;

    // Null where the file does not say or says it wrongly; what depends on it is then not judged.
    private bool? _isIPv6;
    private bool _persistenceIsWrong;

    private ServiceReader(SectionReader section, Findings findings, string name)
    {
        _section = section;
        _findings = findings;
        _name = name;
    }

    public static List<ReadService> ReadAll(SectionReader director, Findings findings)
    {
        var result = new List<ReadService>();
        if (director.Child("virtual-services") is not { } all)
        {
            return result;
        }

        foreach (var (name, node) in all.Section.Fields)
        {
            if (node.Kind != NodeKind.Section)
            {
                findings.Error(node, "is not a virtual service; write NAME { address = \"VIP:PORT\", ... }");
                continue;
            }

            if (name.Length > 64 || name.Any(char.IsControl))
            {
                findings.Error(node, "is no name of a service; up to 64 printable characters are right");
            }

            foreach (var file in node.Blocks.GroupBy(b => b.File))
            {
                foreach (var again in file.Skip(1))
                {
                    findings.Error(again, node,
                        $"is the second service of that name, the first is in line {file.First().Line}; rename one or put them together");
                }
            }

            result.Add(new(new ServiceReader(director.Named(node, "virtual-services"), findings, name).Read(), node));
        }

        RefuseDuplicates(result, findings);
        return result;
    }

    private static void RefuseDuplicates(List<ReadService> services, Findings findings)
    {
        var seen = new Dictionary<(ServiceProtocol?, IPAddress?, ushort, uint, bool), string>();
        foreach (var (service, node) in services)
        {
            if ((service.Address is null && service.Mark == 0)
                || seen.TryAdd((service.Protocol, service.Address, service.Port, service.Mark, service.IsIPv6), service.Name))
            {
                continue;
            }

            var first = seen[(service.Protocol, service.Address, service.Port, service.Mark, service.IsIPv6)];
            findings.Error(node.Fields[service.Mark == 0 ? "address" : "mark"],
                $"is what {Shown.Key(first)} has too; a protocol, address and port, or a mark, is one service's");
        }
    }

    private VirtualServiceConfiguration Read()
    {
        var defaults = new VirtualServiceConfiguration(_name);
        var mark = (uint)_section.Number("mark", 0, 0, uint.MaxValue);
        var protocol = Protocol();
        var (address, port) = Address(mark);
        var isIPv6 = Family(mark, address);
        var service = defaults with
        {
            Protocol = mark == 0 ? protocol : null,
            Address = address,
            Port = port,
            Mark = mark,
            IsIPv6 = isIPv6,
            Scheduler = _section.Choice<string>("scheduler", defaults.Scheduler, [.. s_schedulers.Select(s => (s, s))]),
            OnePacket = _section.Flag("one-packet", defaults.OnePacket),
        };
        service = HealthReader.ReadFailure(_section, service, _findings);
        service = service with { SchedulerFlags = SchedulerFlags(service.Scheduler), Persistence = Persistence() };
        var access = _section.ChildOrEmpty("access");
        service = service with { Allow = access.Networks("allow", _isIPv6), Deny = access.Networks("deny", _isIPv6) };
        access.RefuseUnknown();

        if (service is { OnePacket: true, Protocol: ServiceProtocol.Tcp })
        {
            _findings.Error(_section.Section.Fields["one-packet"], "is for UDP and marks; set protocol = udp or one-packet = false");
        }

        if (mark == 0 && address is not null && port == 0 && service.Persistence is null && !_persistenceIsWrong)
        {
            _findings.Error(_section.Section.Fields["address"],
                "has port 0, which is every port, and no persistence; name a port or set persistence { timeout = 300s }");
        }

        service = service with { Checks = CheckReader.ReadAll(_section, _findings) ?? [] };
        var realServers = new RealServerReader(_section, _findings, service, address is null && mark == 0 ? null : _isIPv6);
        var (fallback, isPage) = realServers.ReadFallback();
        service = service with { RealServers = realServers.ReadAll(), Fallback = fallback, FallbackIsPage = isPage };
        realServers.RefuseUnusedTunnel();
        _section.RefuseUnknown();
        return service;
    }

    private ServiceProtocol Protocol()
    {
        if (_section.Find("protocol") is not { Text: "sctp" } sctp)
        {
            return _section.Choice("protocol", ServiceProtocol.Tcp, ("tcp", ServiceProtocol.Tcp), ("udp", ServiceProtocol.Udp));
        }

        _findings.Error(sctp, "is not built yet; one of tcp, udp is right");
        return ServiceProtocol.Tcp;
    }

    private (IPAddress? Address, ushort Port) Address(uint mark)
    {
        var node = _section.FindText("address", Addresses.RightEndpoint);
        if (mark != 0)
        {
            foreach (var key in new[] { "address", "protocol" })
            {
                if (_section.Section.Fields.TryGetValue(key, out var beside))
                {
                    _findings.Error(beside, $"stands beside mark = {mark}, and marks say what belongs to the service; remove one of them");
                }
            }

            return (null, 0);
        }

        if (node is null)
        {
            if (!_section.Section.Fields.ContainsKey("address") && !_section.Section.Fields.ContainsKey("mark"))
            {
                _findings.Missing(_section.Section, "address", "write address = \"VIP:PORT\" or mark = N");
            }
            else if (!_section.Section.Fields.ContainsKey("address") && _section.Section.Fields["mark"].Text == "0")
            {
                _findings.Error(_section.Section.Fields["mark"], "is no mark, and there is no address; write mark = 1 or higher, or address = \"VIP:PORT\"");
            }

            return (null, 0);
        }

        var wrong = Addresses.Endpoint(node.Text, out var address, out var port)
            ?? (port is null ? "has no port" : Addresses.IsUnicast(address!) ? null : "is no address of a host");
        if (wrong is null)
        {
            return (address, port!.Value);
        }

        _findings.Error(node, $"{wrong}; {Addresses.RightEndpoint}");
        return (null, 0);
    }

    private bool Family(uint mark, IPAddress? address)
    {
        var isIPv6 = _section.Choice("family", address is not null && Addresses.IsIPv6(address), ("ipv4", false), ("ipv6", true));
        if (address is not null && isIPv6 != Addresses.IsIPv6(address))
        {
            _findings.Error(_section.Section.Fields["family"], $"is not the family of the address; it is for marks: remove it");
            isIPv6 = !isIPv6;
        }

        _isIPv6 = address is null && mark == 0 ? null : isIPv6;
        return isIPv6;
    }

    private SchedulerFlag SchedulerFlags(string scheduler)
    {
        var result = SchedulerFlag.None;
        foreach (var node in _section.List("scheduler-flags", NodeKind.Text, $"any of {string.Join(", ", s_flags.Select(f => f.Name))} in [ ] is right"))
        {
            var found = Array.Find(s_flags, f => f.Name == node.Text);
            if (found.Name is null)
            {
                var names = s_flags.Select(f => f.Name);
                _findings.Error(node, $"is unknown; one of {string.Join(", ", names)} is right, the nearest is {Spelling.Nearest(node.Text, names)}");
            }
            else if (found.Name[..2] is "sh" or "mh" && found.Name[..2] != scheduler)
            {
                _findings.Error(node, $"is a flag of {found.Name[..2]} and the scheduler is {scheduler}; remove it or set scheduler = {found.Name[..2]}");
            }
            else
            {
                result |= found.Flag;
            }
        }

        return result;
    }

    private PersistenceConfiguration? Persistence()
    {
        var section = _section.ChildOrEmpty("persistence");
        var timeout = section.Duration("timeout", TimeSpan.Zero, TimeSpan.Zero, TimeSpan.FromDays(31), TimeSpan.FromSeconds(1));
        _persistenceIsWrong = timeout == TimeSpan.Zero && section.Section.Fields.TryGetValue("timeout", out var written) && written.Text is not ("0" or "0s");
        var full = _isIPv6 == true ? 128 : 32;
        var length = full;
        var right = _isIPv6 == true ? "1 to 128 is right" : "1 to 32 or a mask such as 255.255.255.0 is right";
        if (section.FindText("netmask", right) is { } node)
        {
            var found = int.TryParse(node.Text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number
                : _isIPv6 == true ? null : Addresses.MaskLength(node.Text);
            if (found is null || found < 1 || found > (_isIPv6 is null ? 128 : full))
            {
                _findings.Error(node, $"{(found is null ? "is no netmask" : "is out of range")}; {right}");
            }
            else
            {
                length = found.Value;
            }
        }

        section.RefuseUnknown();
        return timeout == TimeSpan.Zero ? null : new(timeout, length);
    }
}
