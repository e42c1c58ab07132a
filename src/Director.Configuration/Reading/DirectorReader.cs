using System.Collections.Immutable;
using System.Net;
using System.Text;
using Director.Configuration.Documents;

namespace Director.Configuration.Reading;

/// <summary>The whole <c>director { }</c> section.</summary>
internal static class DirectorReader
{
    private static readonly TimeSpan s_second = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_month = TimeSpan.FromDays(31);

    public static DirectorConfiguration Read(Document document, Findings findings)
    {
        var root = new SectionReader(document.Root, findings, "");
        root.Find("akka");
        var director = root.Find("director") switch
        {
            null => ConfigNode.Empty(document.Root.Location),
            { Kind: NodeKind.Section } section => section,
            var other => NoSection(other),
        };
        if (document.Root.Fields.GetValueOrDefault("akka") is { Kind: not NodeKind.Section } akka)
        {
            findings.Error(akka, "is not a section; write akka { }");
        }

        // What a substitution names is a variable of the file's author.
        root.RefuseUnknown(document.Referenced.Contains);
        return Read(new SectionReader(director, findings, "director"), findings);

        ConfigNode NoSection(ConfigNode node)
        {
            findings.Error(node, "is not a section; write director { }");
            return ConfigNode.Empty(node.Location);
        }
    }

    private static DirectorConfiguration Read(SectionReader director, Findings findings)
    {
        var defaults = new DirectorConfiguration();
        var services = ServiceReader.ReadAll(director, findings);
        var result = new DirectorConfiguration
        {
            Name = director.Text("name", defaults.Name, "up to 253 letters, digits, dots and hyphens are right", WrongName),
            Interfaces = Interfaces(director, findings),
            Socket = director.Text("socket", defaults.Socket, "an absolute path of at most 107 bytes is right", WrongSocket),
            Http = Http(director, findings, defaults.Http),
            Engine = Engine(director.ChildOrEmpty("engine")),
            Timeouts = Timeouts(director.ChildOrEmpty("timeouts")),
            Defence = Defence(director.ChildOrEmpty("defence")),
            ExpireNoDestination = director.Flag("expire-nodest-conn", defaults.ExpireNoDestination),
            ExpireQuiescentTemplate = director.Flag("expire-quiescent-template", defaults.ExpireQuiescentTemplate),
            SloppyTcp = director.Flag("sloppy-tcp", defaults.SloppyTcp),
            PathMtuDiscovery = director.Flag("pmtu-discovery", defaults.PathMtuDiscovery),
            VirtualServices = [.. services.Select(s => s.Service)],
            Marks = MarkReader.ReadAll(director, findings, services),
            Masquerade = Masquerade(director, findings),
            Health = HealthReader.Read(director.ChildOrEmpty("health")),
            Alerts = HealthReader.ReadAlerts(director.ChildOrEmpty("alerts"), findings),
            Cluster = ClusterReader.Read(director.ChildOrEmpty("cluster"), findings),
            Availability = AvailabilityReader.Read(director.ChildOrEmpty("availability"), findings),
            Synchronisation = SynchronisationReader.Read(director.ChildOrEmpty("synchronisation"), findings),
            Partition = PartitionReader.Read(director.ChildOrEmpty("partition"), findings),
            Feedback = FeedbackReader.Read(director.ChildOrEmpty("feedback"), findings),
        };
        NoteClusterWithoutTrust(director, result, findings);
        NoteUnknownServices(director, result, findings);
        VrrpReader.CheckServices(director.Section, result, findings);
        director.RefuseUnknown();
        return result;
    }

    private static void NoteClusterWithoutTrust(SectionReader director, DirectorConfiguration result, Findings findings)
    {
        if (!director.Section.Fields.TryGetValue("cluster", out var cluster) || result.Cluster.Seeds.IsEmpty)
        {
            return;
        }

        if (result.Cluster.Key.IsEmpty)
        {
            findings.Note(cluster, "has seeds and no key: this director hears no other and holds every VIP itself; write key-file = PATH, the same on every director");
        }

        if (result.Cluster is { Certificate: "", Insecure: false })
        {
            findings.Note(cluster, "has seeds and no certificate: this director joins others on loopback only; make one with 'director certificate', or set insecure = true");
        }
    }

    private static void NoteUnknownServices(SectionReader director, DirectorConfiguration result, Findings findings)
    {
        foreach (var name in result.Feedback.Services.Where(name => !result.VirtualServices.Any(service => service.Name == name)))
        {
            findings.Note(director.Section.Fields["feedback"].Fields["services"].Items.First(node => node.Text == name), "is no virtual service of this file");
        }
    }

    internal const string RightInterface = "1 to 15 bytes without blanks, / and : are right";

    internal static string? WrongInterface(string name) =>
        name is "." or ".." || Encoding.UTF8.GetByteCount(name) is < 1 or > 15 || name.Any(c => char.IsControl(c) || char.IsWhiteSpace(c) || c is '/' or ':')
            ? "is no name of a NIC" : null;

    internal static string? WrongName(string name) =>
        name.Length <= 253 && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_') ? null : "is no name of a host";

    private static string? WrongSocket(string path) =>
        path.StartsWith('/') && !path.Contains('\0', StringComparison.Ordinal) && Encoding.UTF8.GetByteCount(path) <= 107 ? null : "is no path of a socket";

    internal static ImmutableArray<string> Interfaces(SectionReader director, Findings findings)
    {
        var result = ImmutableArray.CreateBuilder<string>();
        foreach (var node in director.List("interfaces", NodeKind.Text, "names of NICs in [ ] are right"))
        {
            var name = node.Text;
            if (WrongInterface(name) is { } wrong)
            {
                findings.Error(node, $"{wrong}; {RightInterface}");
            }
            else if (result.Contains(name))
            {
                findings.Error(node, "is here twice; name each NIC once");
            }
            else
            {
                result.Add(name);
            }
        }

        return result.ToImmutable();
    }

    private static IPEndPoint? Http(SectionReader director, Findings findings, IPEndPoint? otherwise)
    {
        const string Right = $"{Addresses.RightEndpoint}, \"\" is off";
        if (director.FindText("http", Right) is not { } node)
        {
            return otherwise;
        }

        if (node.Text.Length == 0)
        {
            return null;
        }

        var wrong = Addresses.Endpoint(node.Text, out var address, out var port) ?? (port is null or 0 ? "has no port from 1 to 65535" : null);
        if (wrong is null)
        {
            return new IPEndPoint(address!, port!.Value);
        }

        findings.Error(node, $"{wrong}; {Right}");
        return otherwise;
    }

    private static EngineConfiguration Engine(SectionReader section)
    {
        var defaults = new EngineConfiguration();
        var workers = (int)section.Number("workers", defaults.Workers, 0, 64);
        var result = new EngineConfiguration
        {
            Link = section.Choice("link", defaults.Link, ("pcap", "pcap")),
            Workers = workers,
            Connections = (int)section.Number("connections", defaults.Connections, 1024, 16_777_216L * (workers == 0 ? 64 : workers)),
            Immediate = section.Flag("immediate", defaults.Immediate),
            BufferBytes = section.Bytes("buffer", defaults.BufferBytes, 1 << 20, 1 << 30),
            QueueingDisciplineBypass = section.Flag("queueing-discipline-bypass", defaults.QueueingDisciplineBypass),
            Spin = section.Duration("spin", defaults.Spin, TimeSpan.Zero, s_second, TimeSpan.FromMicroseconds(1)),
        };
        section.RefuseUnknown();
        return result;
    }

    private static TimeoutsConfiguration Timeouts(SectionReader section)
    {
        var defaults = new TimeoutsConfiguration();
        var result = new TimeoutsConfiguration
        {
            Tcp = section.Duration("tcp", defaults.Tcp, s_second, s_month, s_second),
            TcpFin = section.Duration("tcp-fin", defaults.TcpFin, s_second, s_month, s_second),
            Udp = section.Duration("udp", defaults.Udp, s_second, s_month, s_second),
        };
        section.RefuseUnknown();
        return result;
    }

    private static DefenceConfiguration Defence(SectionReader section)
    {
        var defaults = new DefenceConfiguration();
        var result = new DefenceConfiguration
        {
            DropEntry = Choice("drop-entry", defaults.DropEntry),
            SecureTcp = Choice("secure-tcp", defaults.SecureTcp),
        };
        section.RefuseUnknown();
        return result;

        DefenceChoice Choice(string key, DefenceChoice otherwise) =>
            section.Choice(key, otherwise, ("auto", DefenceChoice.Auto), ("off", DefenceChoice.Off), ("always", DefenceChoice.Always));
    }

    private static ImmutableArray<MasqueradeConfiguration> Masquerade(SectionReader director, Findings findings)
    {
        var result = ImmutableArray.CreateBuilder<MasqueradeConfiguration>();
        foreach (var node in director.List("masquerade", NodeKind.Section, "write [ { source = NETWORK, address = ADDRESS } ]"))
        {
            var rule = director.Named(node, "masquerade");
            var source = rule.FindText("source", Addresses.RightNetwork) is { } sourceNode ? rule.Network(sourceNode, null)
                : Missing("source", Addresses.RightNetwork);
            var addressNode = rule.FindText("address", Addresses.Right);
            if (addressNode is null)
            {
                Missing("address", Addresses.Right);
            }
            else if (Addresses.Address(addressNode.Text) is not { } address || !Addresses.IsUnicast(address))
            {
                findings.Error(addressNode, $"is no address of a host; {Addresses.Right}");
            }
            else if (source is { } network)
            {
                if (Addresses.IsIPv6(network.BaseAddress) == Addresses.IsIPv6(address))
                {
                    result.Add(new(network, address));
                }
                else
                {
                    var isIPv6 = Addresses.IsIPv6(address);
                    findings.Error(addressNode, $"is {SectionReader.Family(isIPv6)} for a source of {SectionReader.Family(!isIPv6)}; use one family");
                }
            }

            rule.RefuseUnknown();

            IPNetwork? Missing(string key, string right)
            {
                if (!node.Fields.ContainsKey(key))
                {
                    findings.Missing(node, key, right);
                }

                return null;
            }
        }

        return result.ToImmutable();
    }
}
