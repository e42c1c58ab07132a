using System.Collections.Immutable;
using System.Net;
using Director.Configuration.Documents;

namespace Director.Configuration.Reading;

/// <summary>The real servers of one service and its fallback.</summary>
internal sealed class RealServerReader
{
    private readonly SectionReader _service;
    private readonly Findings _findings;
    private readonly VirtualServiceConfiguration _read;
    private readonly bool? _isIPv6;
    private readonly PacketForwarding _forwarding;
    private readonly TunnelConfiguration _tunnel;
    private readonly AgentCheckConfiguration? _agentCheck;
    private bool _usesTunnel;

    /// <param name="service">The service's section.</param>
    /// <param name="findings">Where mistakes go.</param>
    /// <param name="read">What is known of the service.</param>
    /// <param name="isIPv6">The clients' family; null if the file says it wrongly.</param>
    public RealServerReader(SectionReader service, Findings findings, VirtualServiceConfiguration read, bool? isIPv6)
    {
        _service = service;
        _findings = findings;
        _read = read;
        _isIPv6 = isIPv6;
        _forwarding = Forwarding(service, PacketForwarding.Nat);
        _tunnel = Tunnel(service.ChildOrEmpty("tunnel"));
        _agentCheck = FeedbackReader.Check(service, findings);
    }

    public ImmutableArray<RealServerConfiguration> ReadAll()
    {
        var result = ImmutableArray.CreateBuilder<RealServerConfiguration>();
        var seen = new HashSet<(IPAddress, ushort)>();
        foreach (var node in _service.List("real-servers", NodeKind.Section, "write [ { address = \"ADDRESS:PORT\" } ]"))
        {
            var section = _service.Named(node, "real-servers");
            var server = Read(section);
            section.RefuseUnknown();
            if (server is null)
            {
                continue;
            }

            if (!seen.Add((server.Address, server.Port)))
            {
                _findings.Error(node.Fields["address"], "is here twice; give a real server once, and its share by weight");
            }

            result.Add(server);
        }

        return result.ToImmutable();
    }

    /// <summary>The fallback: a real server, or the built-in page.</summary>
    public (RealServerConfiguration? Server, bool IsPage) ReadFallback()
    {
        if (_service.Find("fallback") is { Kind: NodeKind.Text, Text: "local" } page)
        {
            if (_read.Protocol == ServiceProtocol.Udp)
            {
                _findings.Error(page, "is a page and the service's protocol is udp; write an address and port");
            }

            return (null, true);
        }

        return (ReadFallbackServer(), false);
    }

    private RealServerConfiguration? ReadFallbackServer()
    {
        if (_service.FindText("fallback", Addresses.RightEndpoint) is not { } node || Endpoint(node, _forwarding) is not var (address, port, forwarding))
        {
            return null;
        }

        _usesTunnel |= forwarding == PacketForwarding.Tunnel;
        return new(address, port) { Forwarding = forwarding, Tunnel = forwarding == PacketForwarding.Tunnel ? _tunnel : null };
    }

    /// <summary>A service's tunnel options that no real server takes are a forgotten <c>forwarding = tunnel</c>.</summary>
    public void RefuseUnusedTunnel()
    {
        if (!_usesTunnel && _tunnel != new TunnelConfiguration())
        {
            ConflictingTunnel(_service);
        }
    }

    private RealServerConfiguration? Read(SectionReader section)
    {
        var forwarding = Forwarding(section, _forwarding);
        var tunnel = section.Child("tunnel") is { } own ? Tunnel(own) : null;
        var weight = (int)section.Number("weight", 1, 0, 65535);
        var upper = (int)section.Number("upper-threshold", 0, 0, int.MaxValue);
        var lower = (int)section.Number("lower-threshold", 0, 0, int.MaxValue);
        var checks = CheckReader.ReadAll(section, _findings) ?? _read.Checks;
        var agentCheck = FeedbackReader.Check(section, _findings) ?? _agentCheck;
        if (lower > upper)
        {
            _findings.Error(section.Section.Fields["lower-threshold"], $"is above upper-threshold = {upper}; at most that is right");
        }

        if (tunnel is not null && tunnel != new TunnelConfiguration() && forwarding != PacketForwarding.Tunnel)
        {
            ConflictingTunnel(section);
        }

        var node = section.FindText("address", Addresses.RightEndpoint);
        if (node is null)
        {
            if (!section.Section.Fields.ContainsKey("address"))
            {
                _findings.Missing(section.Section, "address", Addresses.RightEndpoint);
            }

            return null;
        }

        if (Endpoint(node, forwarding) is not var (address, port, used))
        {
            return null;
        }

        _usesTunnel |= used == PacketForwarding.Tunnel && tunnel is null;
        foreach (var check in checks)
        {
            if (WrongCheck(check, port, used) is { } wrong)
            {
                _findings.Error(node, wrong);
            }
        }

        return new(address, port)
        {
            Forwarding = used,
            Tunnel = used == PacketForwarding.Tunnel ? tunnel ?? _tunnel : null,
            Weight = weight,
            UpperThreshold = upper,
            LowerThreshold = lower,
            Checks = checks,
            AgentCheck = agentCheck,
            Maintenance = section.Flag("maintenance", false),
        };
    }

    private string? WrongCheck(CheckConfiguration check, ushort port, PacketForwarding forwarding) =>
        check.Type is not ("ping" or "file" or "external") && check.PortAt(port) == 0 ? $"has no port, and {check.Type} asks one; write port into its check"
        : !check.ThroughService ? null
        : forwarding is not (PacketForwarding.Direct or PacketForwarding.Tunnel)
            ? $"is reached by {forwarding.ToString().ToLowerInvariant()}, and a check through-service is for direct and tunnel; remove through-service"
        : _read.Address is null && check.Address is null ? "is behind a mark, and a check through-service asks the VIP; write address = VIP into its check"
        : null;

    private (IPAddress Address, ushort Port, PacketForwarding Forwarding)? Endpoint(ConfigNode node, PacketForwarding forwarding)
    {
        var wrong = Addresses.Endpoint(node.Text, out var address, out var port) ?? (Addresses.IsUnicast(address!) ? null : "is no address of a host");
        if (wrong is not null)
        {
            _findings.Error(node, $"{wrong}; {Addresses.RightEndpoint}, without a port it is the service's");
            return null;
        }

        var used = IPAddress.IsLoopback(address!) ? PacketForwarding.Local : forwarding;
        if (_isIPv6 is { } isIPv6 && isIPv6 != Addresses.IsIPv6(address!) && used != PacketForwarding.Tunnel)
        {
            _findings.Error(
                node, $"is {SectionReader.Family(!isIPv6)} behind a service of {SectionReader.Family(isIPv6)}; only forwarding = tunnel crosses families");
        }

        // Packets reach the real server as the client sent them, so another port would never be answered. ipvsadm sets the service's port silently.
        if (_read is { Mark: 0, Address: not null } && used is PacketForwarding.Direct or PacketForwarding.Tunnel && port is not (null or 0)
            && port != _read.Port)
        {
            _findings.Error(
                node,
                $"has another port than the service's {_read.Port}, and {used.ToString().ToLowerInvariant()} does not change ports; "
                + "leave the port out or use forwarding = nat");
        }

        return (address!, port is null or 0 ? _read.Port : port.Value, used);
    }

    private static PacketForwarding Forwarding(SectionReader section, PacketForwarding otherwise) => section.Choice(
        "forwarding", otherwise,
        ("nat", PacketForwarding.Nat), ("direct", PacketForwarding.Direct), ("tunnel", PacketForwarding.Tunnel), ("local", PacketForwarding.Local));

    private TunnelConfiguration Tunnel(SectionReader section)
    {
        var defaults = new TunnelConfiguration();
        var result = new TunnelConfiguration
        {
            Type = section.Choice("type", defaults.Type, ("ipip", Encapsulation.IpIp), ("gue", Encapsulation.Gue), ("gre", Encapsulation.Gre)),
            Port = (ushort)section.Number("port", defaults.Port, 0, 65535),
            Checksum = section.Choice(
                "checksum", defaults.Checksum, ("none", EncapsulationChecksum.None), ("full", EncapsulationChecksum.Full),
                ("remote", EncapsulationChecksum.Remote)),
        };
        section.RefuseUnknown();
        var name = result.Type.ToString().ToLowerInvariant();
        if (result is { Type: Encapsulation.Gue, Port: 0 })
        {
            _findings.Error(section.Section.Fields["type"], "needs a port; set port = 6080 or another that the real servers decapsulate");
        }

        if (result.Type != Encapsulation.Gue && result.Port != 0)
        {
            _findings.Error(section.Section.Fields["port"], $"is a UDP port and {name} has none; remove it or set type = gue");
        }

        if (result.Checksum == EncapsulationChecksum.Remote && result.Type != Encapsulation.Gue)
        {
            _findings.Error(section.Section.Fields["checksum"],
                $"is for gue and the type is {name}; use {(result.Type == Encapsulation.Gre ? "none or full" : "none")}");
        }

        if (result is { Checksum: EncapsulationChecksum.Full, Type: Encapsulation.IpIp })
        {
            _findings.Error(section.Section.Fields["checksum"], "is for gue and gre and the type is ipip; use none");
        }

        return result;
    }

    private void ConflictingTunnel(SectionReader section) =>
        _findings.Error(section.Section.Fields["tunnel"], "is for forwarding = tunnel; set that or remove the section");
}
