using System.Collections.Immutable;
using System.Net;
using System.Text;
using Director.Configuration.Documents;

namespace Director.Configuration.Reading;

/// <summary>The <c>vrrp { }</c> section of a group.</summary>
internal static class VrrpReader
{
    private const int MostWeight = 253;

    // An advertisement has to fit a frame of 1500 bytes (RFC 5798 counts addresses in one byte).
    private const int MostIPv4Addresses = 255, MostIPv6Addresses = 90;
    private static readonly TimeSpan s_centisecond = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan s_second = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_mostDelay = TimeSpan.FromSeconds(255);
    private static readonly TimeSpan s_tenth = TimeSpan.FromMilliseconds(100);

    public static VrrpConfiguration Read(SectionReader section, Findings findings)
    {
        var defaults = new VrrpConfiguration();
        var version = (int)section.Number("version", defaults.Version, 2, 3);
        var result = new VrrpConfiguration
        {
            Version = version,
            Interval = version == 2
                ? section.Duration("interval", defaults.Interval, s_second, TimeSpan.FromSeconds(255), s_second)
                : section.Duration("interval", defaults.Interval, s_centisecond, TimeSpan.FromMilliseconds(40_950), s_centisecond),
            Priority = (int)section.Number("priority", defaults.Priority, 1, 255),
            Preempt = section.Flag("preempt", defaults.Preempt),
            PreemptDelay = section.Duration("preempt-delay", defaults.PreemptDelay, TimeSpan.Zero, TimeSpan.FromSeconds(1000), TimeSpan.FromMilliseconds(1)),
            VirtualMac = section.Flag("virtual-mac", defaults.VirtualMac),
            Password = section.Text("password", defaults.Password, "up to 8 bytes, with version = 2, are right", password => WrongPassword(password, version)),
            Accept = section.Flag("accept", defaults.Accept),
            Checksum = section.Choice("checksum", defaults.Checksum, ("pseudo-header", VrrpChecksum.PseudoHeader), ("plain", VrrpChecksum.Plain)),
            CheckAddresses = section.Flag("check-addresses", defaults.CheckAddresses),
            AnnounceDelay = section.Duration("announce-delay", defaults.AnnounceDelay, TimeSpan.Zero, s_mostDelay, s_centisecond),
            RefreshAnnouncements = (int)section.Number("refresh-announcements", defaults.RefreshAnnouncements, 1, 60),
            LowerPriorityDelay = section.Duration("lower-priority-delay", defaults.LowerPriorityDelay, TimeSpan.Zero, s_mostDelay, s_centisecond),
            LowerPriorityAnnouncements = (int)section.Number("lower-priority-announcements", defaults.LowerPriorityAnnouncements, 0, 60),
            Instances = Instances(section, findings),
            Track = Track(section.ChildOrEmpty("track"), findings),
        };
        section.RefuseUnknown();
        return result;
    }

    /// <summary>Looks whether the instances of a group go with its addresses, and with those of the groups before it.</summary>
    /// <param name="group">The group.</param>
    /// <param name="node">Its section.</param>
    /// <param name="taken">The virtual routers of the groups before it, with their groups.</param>
    /// <param name="findings">Where mistakes go.</param>
    public static void Check(GroupConfiguration group, ConfigNode node, Dictionary<(string Interface, bool IsIPv6, int RouterId), string> taken, Findings findings)
    {
        var vrrp = group.Vrrp!;
        if (group.Preferred.Length > 0)
        {
            findings.Error(node.Fields["preferred"], "is for groups held by heartbeats; with protocol = vrrp give that director the highest vrrp.priority");
        }

        if (!node.Fields.TryGetValue("vrrp", out var section))
        {
            findings.Missing(node, "vrrp", "vrrp { instances = [ { interface = NIC, router-id = 51 } ] } is right with protocol = vrrp");
            return;
        }

        if (vrrp.Instances.IsEmpty)
        {
            // What is wrong in an instance is said already.
            if (!section.Fields.ContainsKey("instances"))
            {
                findings.Missing(section, "instances", "{ interface = NIC, router-id = 51 } in [ ] is right");
            }

            return;
        }

        var instances = section.Fields["instances"];
        var owners = new HashSet<IPAddress>();
        foreach (var address in vrrp.Instances.SelectMany(instance => instance.Addresses))
        {
            if (!group.Addresses.Contains(address))
            {
                findings.Error(instances, $"{address} is none of the group's addresses; add it to addresses");
            }
            else if (!owners.Add(address))
            {
                findings.Error(instances, $"{address} is in two of them; an address is advertised by one instance");
            }
        }

        var routers = vrrp.Routers(group.Addresses).ToList();
        foreach (var instance in vrrp.Instances.Where(instance => !routers.Any(router => router.Interface == instance.Interface && router.RouterId == instance.RouterId)))
        {
            findings.Error(instances, $"router-id {instance.RouterId} on {instance.Interface} has no address to advertise; add one to the group's addresses, of the family of its peers and source");
        }

        foreach (var router in routers)
        {
            var most = router.IsIPv6 ? MostIPv6Addresses : MostIPv4Addresses;
            if (router.IsIPv6 && vrrp.Version == 2)
            {
                findings.Error(instances, $"{router.Addresses[0]} is IPv6, which version 2 does not have; write version = 3");
            }
            else if (router.Addresses.Length > most)
            {
                findings.Error(instances, $"router-id {router.RouterId} on {router.Interface} has {router.Addresses.Length} addresses, and {most} fit an advertisement; name fewer in its addresses");
            }

            if (!taken.TryAdd((router.Interface, router.IsIPv6, router.RouterId), group.Name))
            {
                findings.Error(
                    instances, $"router-id {router.RouterId} is on {router.Interface} already, for {SectionReader.Family(router.IsIPv6)} in the group {Shown.Key(taken[(router.Interface, router.IsIPv6, router.RouterId)])}; choose another");
            }
        }
    }

    /// <summary>Looks whether the services that groups track are there.</summary>
    public static void CheckServices(ConfigNode director, DirectorConfiguration configuration, Findings findings)
    {
        foreach (var group in configuration.Availability.Groups)
        {
            foreach (var service in group.Vrrp?.Track.Services ?? [])
            {
                if (service.Name.Length > 0 && !configuration.VirtualServices.Any(known => known.Name == service.Name))
                {
                    var node = director.Fields["availability"].Fields["groups"].Fields[group.Name].Fields["vrrp"].Fields["track"].Fields["services"];
                    findings.Error(node, $"{Shown.Key(service.Name)} is no service of virtual-services; write the name of one");
                }
            }
        }
    }

    private static string? WrongPassword(string password, int version) =>
        Encoding.UTF8.GetByteCount(password) > 8 ? "is too long"
        : password.Length > 0 && version != 2 ? "is for version 2 only"
        : null;

    private static ImmutableArray<VrrpInstanceConfiguration> Instances(SectionReader vrrp, Findings findings)
    {
        var result = ImmutableArray.CreateBuilder<VrrpInstanceConfiguration>();
        foreach (var node in vrrp.List("instances", NodeKind.Section, "{ interface = NIC, router-id = 51 } in [ ] is right"))
        {
            var section = vrrp.Named(node, "instances");
            var instance = new VrrpInstanceConfiguration
            {
                Interface = Interface(section, findings),
                RouterId = (int)section.Number("router-id", 0, 1, 255),
                Addresses = AvailabilityReader.Hosts(section, "addresses", findings),
                Peers = AvailabilityReader.Hosts(section, "peers", findings),
                Source = Source(section, findings),
            };
            section.RefuseUnknown();
            if (!node.Fields.ContainsKey("router-id"))
            {
                findings.Missing(node, "router-id", "a whole number from 1 to 255 is right");
            }

            if (instance.Peers.Concat(instance.Source is { } source ? [source] : []).Concat(instance.Addresses).DistinctBy(address => address.AddressFamily).Count() > 1
                && (!instance.Peers.IsEmpty || instance.Source is not null))
            {
                findings.Error(node, "has addresses, peers and source of two families; write an instance of each");
            }
            else if (instance.Interface.Length > 0 && instance.RouterId > 0)
            {
                result.Add(instance);
            }
        }

        return result.ToImmutable();
    }

    private static string Interface(SectionReader section, Findings findings)
    {
        if (!section.Section.Fields.ContainsKey("interface"))
        {
            findings.Missing(section.Section, "interface", "the name of a NIC is right");
        }

        return section.Text("interface", "", DirectorReader.RightInterface, DirectorReader.WrongInterface);
    }

    private static IPAddress? Source(SectionReader instance, Findings findings)
    {
        if (instance.FindText("source", Addresses.Right) is not { Text.Length: > 0 } node)
        {
            return null;
        }

        if (Addresses.Address(node.Text) is { } address && Addresses.IsUnicast(address))
        {
            return address;
        }

        findings.Error(node, $"is no address of a host; {Addresses.Right}, \"\" is the NIC's own");
        return null;
    }

    private static VrrpTrackConfiguration Track(SectionReader section, Findings findings)
    {
        var interfaces = ImmutableArray.CreateBuilder<VrrpTrackedInterface>();
        foreach (var item in Items("interfaces", "{ interface = NIC, weight = 0 } in [ ] is right"))
        {
            interfaces.Add(new(Interface(item, findings), Weight(item)));
            item.RefuseUnknown();
        }

        var nodes = ImmutableArray.CreateBuilder<VrrpTrackedNode>();
        foreach (var item in Items("ping-nodes", "{ address = \"192.0.2.1\", weight = 0 } in [ ] is right"))
        {
            var weight = Weight(item);
            if (Needed(item, "address", Addresses.Right) is { } node)
            {
                if (Addresses.Address(node.Text) is { } address && Addresses.IsUnicast(address))
                {
                    nodes.Add(new(address, weight));
                }
                else
                {
                    findings.Error(node, $"is no address of a host; {Addresses.Right}");
                }
            }

            item.RefuseUnknown();
        }

        var scripts = ImmutableArray.CreateBuilder<VrrpTrackedScript>();
        foreach (var item in Items("scripts", "{ command = \"...\" } in [ ] is right"))
        {
            var defaults = new VrrpTrackedScript { Command = "" };
            var script = new VrrpTrackedScript
            {
                Command = Needed(item, "command", "a command is right")?.Text ?? "",
                Interval = item.Duration("interval", defaults.Interval, s_tenth, TimeSpan.FromDays(1), s_tenth),
                Timeout = item.Duration("timeout", defaults.Timeout, s_tenth, TimeSpan.FromHours(1), s_tenth),
                Rise = (int)item.Number("rise", defaults.Rise, 1, 1000),
                Fall = (int)item.Number("fall", defaults.Fall, 1, 1000),
                Weight = Weight(item),
            };
            item.RefuseUnknown();
            scripts.Add(script);
        }

        var services = ImmutableArray.CreateBuilder<VrrpTrackedService>();
        foreach (var item in Items("services", "{ name = SERVICE, weight = 0 } in [ ] is right"))
        {
            services.Add(new(Needed(item, "name", "the name of a virtual service is right")?.Text ?? "", Weight(item)));
            item.RefuseUnknown();
        }

        section.RefuseUnknown();
        return new() { Interfaces = interfaces.ToImmutable(), PingNodes = nodes.ToImmutable(), Scripts = scripts.ToImmutable(), Services = services.ToImmutable() };

        IEnumerable<SectionReader> Items(string key, string right) => section.List(key, NodeKind.Section, right).Select(node => section.Named(node, key));

        ConfigNode? Needed(SectionReader item, string key, string right)
        {
            if (!item.Section.Fields.ContainsKey(key))
            {
                findings.Missing(item.Section, key, right);
            }

            return item.FindText(key, right);
        }

        static int Weight(SectionReader item) => (int)item.Number("weight", 0, -MostWeight, MostWeight);
    }
}
