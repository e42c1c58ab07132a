using System.Collections.Immutable;
using System.Globalization;
using Director.Configuration.Documents;

namespace Director.Configuration.Reading;

/// <summary>The rules that put marks on packets, and that each mark has its service and each mark service its rule.</summary>
internal static class MarkReader
{
    public static ImmutableArray<MarkConfiguration> ReadAll(SectionReader director, Findings findings, List<ReadService> services)
    {
        var result = ImmutableArray.CreateBuilder<MarkConfiguration>();
        var wasAllRead = true;
        foreach (var node in director.List("marks", NodeKind.Section, "write [ { mark = 1, destination = NETWORK, ports = [80, 443] } ]"))
        {
            var rule = Read(director.Named(node, "marks"), findings);
            if (rule is null)
            {
                wasAllRead = false;
                continue;
            }

            result.Add(rule);
            var isIPv6 = Addresses.IsIPv6(rule.Destination.BaseAddress);
            if (!services.Exists(s => s.Service.Mark == rule.Mark && s.Service.IsIPv6 == isIPv6))
            {
                var service = $"mark = {rule.Mark}{(isIPv6 ? ", family = ipv6" : "")}";
                findings.Note(
                    node.Fields["mark"], $"belongs to no virtual service for {SectionReader.Family(isIPv6)}; add one with {service} or remove the rule");
            }
        }

        foreach (var (service, node) in services.Where(s => wasAllRead && s.Service.Mark != 0))
        {
            if (!result.Any(r => r.Mark == service.Mark && Addresses.IsIPv6(r.Destination.BaseAddress) == service.IsIPv6))
            {
                findings.Error(
                    node.Fields["mark"],
                    $"is put on no {SectionReader.Family(service.IsIPv6)} packet; add director.marks = [ {{ mark = {service.Mark}, destination = NETWORK }} ]");
            }
        }

        return result.ToImmutable();
    }

    private static MarkConfiguration? Read(SectionReader section, Findings findings)
    {
        var mark = (uint)section.Number("mark", 0, 1, uint.MaxValue);
        if (!section.Section.Fields.ContainsKey("mark"))
        {
            findings.Missing(section.Section, "mark", "a whole number from 1 is right");
        }

        var protocol = section.Choice<ServiceProtocol?>("protocol", null, ("tcp", ServiceProtocol.Tcp), ("udp", ServiceProtocol.Udp), ("any", null));
        var destinationNode = section.FindText("destination", Addresses.RightNetwork);
        if (!section.Section.Fields.ContainsKey("destination"))
        {
            findings.Missing(section.Section, "destination", Addresses.RightNetwork);
        }

        var destination = destinationNode is null ? null : section.Network(destinationNode, null);
        var sourceNode = section.FindText("source", Addresses.RightNetwork);
        var source = sourceNode is null || sourceNode.Text == "any" ? null
            : section.Network(sourceNode, destination is { } d ? Addresses.IsIPv6(d.BaseAddress) : null);
        var ports = ImmutableArray.CreateBuilder<ushort>();
        foreach (var node in section.List("ports", NodeKind.Text, "ports from 1 to 65535 in [ ] are right"))
        {
            if (Addresses.Port(node.Text) is not (> 0 and var port))
            {
                findings.Error(node, "is no port; 1 to 65535 is right, and [] is every port");
            }
            else if (ports.Contains(port))
            {
                findings.Error(node, "is here twice; name each port once");
            }
            else
            {
                ports.Add(port);
            }
        }

        section.RefuseUnknown();
        return mark == 0 || destination is not { } network ? null : new(mark, protocol, network, ports.ToImmutable(), source);
    }
}
