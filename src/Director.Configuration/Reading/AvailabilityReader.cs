using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Director.Configuration.Documents;

namespace Director.Configuration.Reading;

/// <summary>The <c>availability { }</c> section.</summary>
internal static class AvailabilityReader
{
    private const string AddressList = "addresses in [ ] are right";
    private static readonly TimeSpan s_millisecond = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan s_second = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_minute = TimeSpan.FromMinutes(1);

    public static AvailabilityConfiguration Read(SectionReader section, Findings findings)
    {
        var defaults = new AvailabilityConfiguration();
        var result = new AvailabilityConfiguration
        {
            Mode = section.Choice(
                "mode", AvailabilityMode.ActiveStandby, ("active-standby", AvailabilityMode.ActiveStandby), ("active-active", AvailabilityMode.ActiveActive)),
            Groups = Groups(section, findings),
            Heartbeat = Heartbeat(section.ChildOrEmpty("heartbeat"), findings),
            PingNodes = Hosts(section, "ping-nodes", findings),
            PingInterval = section.Duration("ping-interval", defaults.PingInterval, TimeSpan.FromMilliseconds(100), s_minute, s_millisecond),
            PingTimeout = section.Duration("ping-timeout", defaults.PingTimeout, TimeSpan.FromMilliseconds(200), TimeSpan.FromMinutes(10), s_millisecond),
            Mail = Mail(section.Child("mail"), findings),
        };
        section.RefuseUnknown();
        if (result.Mode == AvailabilityMode.ActiveActive && result.Groups.FirstOrDefault(group => group.Vrrp is not null) is { } vrrp)
        {
            findings.Error(section.Section.Fields["groups"].Fields[vrrp.Name], "has protocol = vrrp, which gives it one holder, and mode = active-active; write mode = active-standby or protocol = heartbeat");
        }

        return result;
    }

    internal static ImmutableArray<IPAddress> Hosts(SectionReader section, string key, Findings findings)
    {
        var result = ImmutableArray.CreateBuilder<IPAddress>();
        foreach (var node in section.List(key, NodeKind.Text, AddressList))
        {
            if (Addresses.Address(node.Text) is not { } address || !Addresses.IsUnicast(address))
            {
                findings.Error(node, $"is no address of a host; {Addresses.Right}");
            }
            else if (result.Contains(address))
            {
                findings.Error(node, "is here twice; name each address once");
            }
            else
            {
                result.Add(address);
            }
        }

        return result.ToImmutable();
    }

    private static ImmutableArray<GroupConfiguration> Groups(SectionReader availability, Findings findings)
    {
        var result = ImmutableArray.CreateBuilder<GroupConfiguration>();
        if (availability.Child("groups") is not { } all)
        {
            return [];
        }

        var owners = new Dictionary<IPAddress, string>();
        var routers = new Dictionary<(string Interface, bool IsIPv6, int RouterId), string>();
        foreach (var (name, node) in all.Section.Fields)
        {
            if (node.Kind != NodeKind.Section)
            {
                findings.Error(node, "is not a group; write NAME { addresses = [ ... ] }");
                continue;
            }

            if (name.Length > 64 || name.Any(char.IsControl))
            {
                findings.Error(node, "is no name of a group; up to 64 printable characters are right");
            }

            var group = Group(name, availability.Named(node, "groups"), findings);
            foreach (var address in group.Addresses.Where(address => !owners.TryAdd(address, name)))
            {
                findings.Error(node.Fields["addresses"], $"{address} is also in the group {Shown.Key(owners[address])}; an address moves with one group");
            }

            if (group.Vrrp is not null)
            {
                VrrpReader.Check(group, node, routers, findings);
            }

            result.Add(group);
        }

        return result.ToImmutable();
    }

    private static GroupConfiguration Group(string name, SectionReader section, Findings findings)
    {
        var defaults = new GroupConfiguration { Name = name };
        var result = defaults with
        {
            Addresses = Hosts(section, "addresses", findings),
            Interfaces = DirectorReader.Interfaces(section, findings),
            Preferred = section.Text("preferred", defaults.Preferred, "the name of a director is right", DirectorReader.WrongName),
            Announcements = (int)section.Number("announcements", defaults.Announcements, 1, 60),
            Refresh = section.Duration("refresh", defaults.Refresh, TimeSpan.Zero, TimeSpan.FromDays(1), s_second),
            OnTake = section.Text("on-take", defaults.OnTake, "a command is right"),
            OnRelease = section.Text("on-release", defaults.OnRelease, "a command is right"),
            Partition = section.Child("partition") is { } partition ? PartitionReader.Read(partition, findings) : null,
            Vrrp = Vrrp(section, findings),
        };
        if (!section.Section.Fields.ContainsKey("addresses"))
        {
            findings.Missing(section.Section, "addresses", AddressList);
        }

        section.RefuseUnknown();
        return result;
    }

    private static VrrpConfiguration? Vrrp(SectionReader group, Findings findings)
    {
        var isVrrp = group.Choice("protocol", false, ("heartbeat", false), ("vrrp", true));
        var section = group.Child("vrrp");
        if (section is null || isVrrp)
        {
            return section is null ? isVrrp ? new() : null : VrrpReader.Read(section, findings);
        }

        // What is wrong in it is said all the same.
        VrrpReader.Read(section, findings);
        findings.Error(section.Section, "stands without protocol = vrrp; write that too, or take it out");
        return null;
    }

    private static HeartbeatConfiguration Heartbeat(SectionReader section, Findings findings)
    {
        var defaults = new HeartbeatConfiguration();
        var result = new HeartbeatConfiguration
        {
            Port = (int)section.Number("port", defaults.Port, 1, 65535),
            Links = Links(section, findings),
            Ethernet = section.Flag("ethernet", defaults.Ethernet),
            Keepalive = section.Duration("keepalive", defaults.Keepalive, TimeSpan.FromMilliseconds(10), s_minute, s_millisecond),
            Warntime = section.Duration("warntime", defaults.Warntime, TimeSpan.FromMilliseconds(10), s_minute, s_millisecond),
            Deadtime = section.Duration("deadtime", defaults.Deadtime, TimeSpan.FromMilliseconds(20), TimeSpan.FromMinutes(10), s_millisecond),
            Initdead = section.Duration("initdead", defaults.Initdead, TimeSpan.Zero, TimeSpan.FromMinutes(10), s_millisecond),
            NiceFailback = section.Flag("nice-failback", defaults.NiceFailback),
            Priority = (int)section.Number("priority", defaults.Priority, 0, 255),
        };
        section.RefuseUnknown();
        if (result.Deadtime < 2 * result.Keepalive)
        {
            Wrong("deadtime", "keepalive", $"at least twice keepalive ({Units.Write(result.Keepalive)})");
        }
        else if (result.Warntime >= result.Deadtime)
        {
            Wrong("warntime", "deadtime", $"less than deadtime ({Units.Write(result.Deadtime)})");
        }
        else if (result.Initdead < result.Deadtime)
        {
            Wrong("initdead", "deadtime", $"at least deadtime ({Units.Write(result.Deadtime)})");
        }

        return result;

        // The one that the file gives is shown; the other may be a default.
        void Wrong(string key, string other, string right)
        {
            var node = section.Section.Fields.GetValueOrDefault(key) ?? section.Section.Fields[other];
            findings.Error(node, $"does not go with the others: {key} has to be {right}");
        }
    }

    private static ImmutableArray<HeartbeatLinkConfiguration> Links(SectionReader heartbeat, Findings findings)
    {
        const string Right = "write { interface = NIC, multicast = 239.255.0.1 } or { peers = [ADDRESS] }";
        var result = ImmutableArray.CreateBuilder<HeartbeatLinkConfiguration>();
        foreach (var node in heartbeat.List("links", NodeKind.Section, Right))
        {
            var section = heartbeat.Named(node, "links");
            var link = new HeartbeatLinkConfiguration
            {
                Interface = section.Text("interface", "", DirectorReader.RightInterface, name => name.Length == 0 ? null : DirectorReader.WrongInterface(name)),
                Multicast = Multicast(section, findings),
                Peers = Hosts(section, "peers", findings),
            };
            section.RefuseUnknown();
            if (link.Multicast is null == link.Peers.IsEmpty)
            {
                findings.Error(node, $"has {(link.Multicast is null ? "neither multicast nor peers" : "multicast and peers")}; {Right}");
            }
            else if (link is { Multicast: not null, Interface: "" })
            {
                findings.Error(node, "has multicast and no interface; name the NIC too");
            }
            else
            {
                result.Add(link);
            }
        }

        return result.ToImmutable();
    }

    private static IPAddress? Multicast(SectionReader link, Findings findings)
    {
        const string Right = "a multicast address such as 239.255.0.1 or ff02::6c62 is right, \"\" is none";
        if (link.FindText("multicast", Right) is not { Text.Length: > 0 } node)
        {
            return null;
        }

        if (Addresses.Address(node.Text) is { } address && IsMulticast(address))
        {
            return address;
        }

        findings.Error(node, $"is no multicast address; {Right}");
        return null;
    }

    internal static bool IsMulticast(IPAddress address) =>
        address.AddressFamily == AddressFamily.InterNetworkV6 ? address.IsIPv6Multicast : address.GetAddressBytes()[0] is >= 224 and < 240;

    internal static MailConfiguration? Mail(SectionReader? section, Findings findings)
    {
        if (section is null)
        {
            return null;
        }

        const string RightServer = "HOST or HOST:PORT is right";
        const string RightMail = "NAME@DOMAIN is right";
        var server = section.Text("server", "", RightServer, WrongServer);
        var from = section.Text("from", "", RightMail, WrongMail);
        var to = ImmutableArray.CreateBuilder<string>();
        foreach (var node in section.List("to", NodeKind.Text, "NAME@DOMAIN in [ ] is right"))
        {
            if (WrongMail(node.Text) is { } wrong)
            {
                findings.Error(node, $"{wrong}; {RightMail}");
            }
            else
            {
                to.Add(node.Text);
            }
        }

        foreach (var (key, right) in new[] { ("server", RightServer), ("from", RightMail), ("to", "NAME@DOMAIN in [ ] is right") })
        {
            if (!section.Section.Fields.ContainsKey(key))
            {
                findings.Missing(section.Section, key, right);
            }
        }

        section.RefuseUnknown();
        return new() { Server = server, From = from, To = to.ToImmutable() };
    }

    private static string? WrongServer(string server)
    {
        var colon = server.LastIndexOf(':');
        var isHost = Addresses.Address(server) is not null || (server.Length > 0 && DirectorReader.WrongName(server) is null);
        return isHost || (colon > 0 && DirectorReader.WrongName(server[..colon]) is null && Addresses.Port(server[(colon + 1)..]) is > 0)
            || (Addresses.Endpoint(server, out _, out var port) is null && port is > 0) ? null : "is no mail server";
    }

    private static string? WrongMail(string address)
    {
        var at = address.LastIndexOf('@');
        return at > 0 && at < address.Length - 1 && !address.Any(c => char.IsControl(c) || char.IsWhiteSpace(c) || c is '<' or '>' or ',') ? null : "is no mail address";
    }
}
