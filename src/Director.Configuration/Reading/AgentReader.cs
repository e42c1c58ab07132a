using System.Collections.Immutable;
using System.Net;
using Director.Configuration.Documents;

namespace Director.Configuration.Reading;

/// <summary>The whole <c>agent { }</c> section.</summary>
internal static class AgentReader
{
    private const int MostServices = 32;
    private const string RightMeasures = "any of cpu, load-average, memory, script in [ ] is right";

    private static readonly TimeSpan s_millisecond = TimeSpan.FromMilliseconds(1);
    private static readonly (string Name, LoadMeasure Measure)[] s_measures =
        [("cpu", LoadMeasure.Cpu), ("load-average", LoadMeasure.LoadAverage), ("memory", LoadMeasure.Memory), ("script", LoadMeasure.Script)];

    public static AgentConfiguration Read(Document document, Findings findings)
    {
        var root = new SectionReader(document.Root, findings, "");
        var node = root.Find("agent");
        root.RefuseUnknown(document.Referenced.Contains);
        if (node is { Kind: not NodeKind.Section })
        {
            findings.Error(node, "is not a section; write agent { }");
            node = null;
        }

        var section = new SectionReader(node ?? ConfigNode.Empty(document.Root.Location), findings, "agent");
        var defaults = new AgentConfiguration();
        var result = new AgentConfiguration
        {
            Name = section.Text("name", defaults.Name, "up to 253 letters, digits, dots and hyphens are right", DirectorReader.WrongName),
            Directors = ClusterReader.Hosts(section, "directors", findings, "10.0.0.1:2553"),
            Key = ClusterReader.Key(section, findings),
            Listen = FeedbackReader.Listen(section, findings),
            Interval = section.Duration("interval", defaults.Interval, TimeSpan.FromMilliseconds(200), TimeSpan.FromMinutes(1), s_millisecond),
            Load = Load(section.ChildOrEmpty("load"), findings),
            Services = Services(section, findings),
        };
        FeedbackReader.NeedKey(section, findings, !result.Directors.IsEmpty, result.Key, "directors");
        if (!result.Directors.IsEmpty && result.Services.IsEmpty && !section.Section.Fields.ContainsKey("services"))
        {
            findings.Missing(section.Section, "services", "directors are told of services; write services { NAME { address = \"ADDRESS:PORT\" } }");
        }

        if (!findings.HasErrors && result is { Directors: [], Listen: null })
        {
            findings.Error(new DocumentException(section.Section.Location, "the agent has nothing to do; write agent { directors = [\"HOST:PORT\"], services { ... } } or listen = \"ADDRESS:PORT\""));
        }

        section.RefuseUnknown();
        return result;
    }

    private static ImmutableArray<AgentServiceConfiguration> Services(SectionReader agent, Findings findings)
    {
        if (agent.Child("services") is not { } all)
        {
            return [];
        }

        var result = ImmutableArray.CreateBuilder<AgentServiceConfiguration>();
        foreach (var (name, node) in all.Section.Fields)
        {
            if (node.Kind != NodeKind.Section)
            {
                findings.Error(node, "is not a service; write NAME { address = \"ADDRESS:PORT\" }");
                continue;
            }

            if (name.Length > 64 || name.Any(char.IsControl))
            {
                findings.Error(node, "is no name of a service; up to 64 printable characters are right");
            }

            if (Service(name, agent.Named(node, "services"), findings) is { } service)
            {
                result.Add(service);
            }
        }

        if (all.Section.Fields.Count > MostServices)
        {
            findings.Error(all.Section, $"has {all.Section.Fields.Count} services; an agent speaks for at most {MostServices}: run another one");
        }

        return result.ToImmutable();
    }

    private static AgentServiceConfiguration? Service(string name, SectionReader section, Findings findings)
    {
        var defaults = new AgentServiceConfiguration(name, IPAddress.Any, 1);
        var result = defaults with
        {
            Join = section.Flag("join", defaults.Join),
            Weight = (int)section.Number("weight", defaults.Weight, 1, 65535),
            Forwarding = section.Choice<PacketForwarding?>(
                "forwarding", null,
                ("service", null), ("nat", PacketForwarding.Nat), ("direct", PacketForwarding.Direct), ("tunnel", PacketForwarding.Tunnel)),
            Load = section.Child("load") is { } load ? Load(load, findings) : null,
        };
        var node = section.FindText("address", Addresses.RightEndpoint);
        section.RefuseUnknown();
        if (node is null)
        {
            if (!section.Section.Fields.ContainsKey("address"))
            {
                findings.Missing(section.Section, "address", Addresses.RightEndpoint);
            }

            return null;
        }

        var wrong = Addresses.Endpoint(node.Text, out var address, out var port)
            ?? (port is null or 0 ? "has no port" : !Addresses.IsUnicast(address!) || IPAddress.IsLoopback(address!) ? "is no address that directors reach" : null);
        if (wrong is null)
        {
            return result with { Address = address!, Port = port!.Value };
        }

        findings.Error(node, $"{wrong}; {Addresses.RightEndpoint}");
        return null;
    }

    private static LoadConfiguration Load(SectionReader section, Findings findings)
    {
        var defaults = new LoadConfiguration();
        var measure = Measures(section, findings);
        var result = new LoadConfiguration
        {
            Measure = measure.IsEmpty ? defaults.Measure : measure,
            Script = section.Text("script", defaults.Script, "a command is right"),
            ScriptTimeout = section.Duration("script-timeout", defaults.ScriptTimeout, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(1), s_millisecond),
        };
        if (measure.Contains(LoadMeasure.Script) != result.Script.Length > 0)
        {
            if (result.Script.Length > 0)
            {
                findings.Error(section.Section.Fields["script"], "is not among what is measured; write measure = [script], with others beside it or without");
            }
            else
            {
                findings.Missing(section.Section, "script", "measure names script; write script = COMMAND");
            }
        }

        section.RefuseUnknown();
        return result;
    }

    private static ImmutableArray<LoadMeasure> Measures(SectionReader section, Findings findings)
    {
        var result = ImmutableArray.CreateBuilder<LoadMeasure>();
        var nodes = section.List("measure", NodeKind.Text, RightMeasures);
        foreach (var node in nodes)
        {
            var found = Array.Find(s_measures, one => one.Name == node.Text);
            if (found.Name is null)
            {
                findings.Error(node, $"is unknown; {RightMeasures}");
            }
            else if (result.Contains(found.Measure))
            {
                findings.Error(node, "is here twice; name each measure once");
            }
            else
            {
                result.Add(found.Measure);
            }
        }

        if (nodes.Count == 0 && section.Section.Fields.GetValueOrDefault("measure") is { Kind: NodeKind.List } empty)
        {
            findings.Error(empty, $"is empty; {RightMeasures}");
        }

        return result.ToImmutable();
    }
}
