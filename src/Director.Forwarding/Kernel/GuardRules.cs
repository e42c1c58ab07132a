using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;

namespace Director.Forwarding.Kernel;

/// <summary>
/// Writes the nftables table that hides traffic from the kernel, as input of <c>nft -f -</c>, which puts a whole input in force at once or not at all. It drops before connection tracking and routing
/// (hook prerouting, priority raw): later, the kernel would already have sent ICMP redirects. Packet sockets see every frame before it.
/// </summary>
internal static partial class GuardRules
{
    /// <summary>The name of the table.</summary>
    public const string Table = "inet director";

    /// <summary>The table that lets the kernel have frames to a shared MAC. It is there only while this director is a gateway owner.</summary>
    public const string GatewayTable = "netdev director";

    /// <summary>The set that remembers where send_redirects was on, in the kernel itself: it outlives a killed director and not a reboot, and each network namespace has its own.</summary>
    public const string RedirectsSet = "redirects";

    // What is for this host itself, or for everyone on the link, is not forwarded.
    private const string Drop = "fib daddr type != { local, broadcast, multicast } drop";

    private static readonly ImmutableArray<(string Name, string Type)> Sets =
    [
        ("interfaces", "ifname"), (RedirectsSet, "ifname"),
        ("vips4", "ipv4_addr"), ("vips6", "ipv6_addr"),
        ("served4", "ipv4_addr"), ("served6", "ipv6_addr"), ("shared_macs", "ether_addr"),
        ("nat_ports4", "ipv4_addr . inet_proto . inet_service"), ("nat_ports6", "ipv6_addr . inet_proto . inet_service"),
        ("nat_hosts4", "ipv4_addr"), ("nat_hosts6", "ipv6_addr"),
        ("nat_servers4", "ipv4_addr"), ("nat_servers6", "ipv6_addr"),
    ];

    /// <summary>The whole table, in the place of any that is there.</summary>
    /// <param name="traffic">What to hide.</param>
    /// <param name="redirects">Content of <see cref="RedirectsSet"/>.</param>
    public static string Whole(HiddenTraffic traffic, IReadOnlyCollection<string> redirects)
    {
        var text = new StringBuilder();
        // Deleting needs it to be there.
        text.Append($"add table {Table}\ndelete table {Table}\ntable {Table} {{\n");
        foreach (var (name, type) in Sets)
            text.Append($"  set {name} {{ type {type}; }}\n");
        text.Append($$"""
              chain networks { }
              chain prerouting {
                type filter hook prerouting priority raw; policy accept;
                iifname != @interfaces accept
                ip daddr @vips4 drop
                ip6 daddr @vips6 drop
                ether daddr @shared_macs ip daddr @served4 drop
                ether daddr @shared_macs ip6 daddr @served6 drop
                ip saddr . meta l4proto . th sport @nat_ports4 {{Drop}}
                ip6 saddr . meta l4proto . th sport @nat_ports6 {{Drop}}
                ip saddr @nat_hosts4 {{Drop}}
                ip6 saddr @nat_hosts6 {{Drop}}
                ip saddr @nat_servers4 ip frag-off & 0x1fff != 0 {{Drop}}
                ip6 saddr @nat_servers6 frag frag-off != 0 {{Drop}}
                ip saddr @nat_servers4 icmp type { destination-unreachable, time-exceeded, parameter-problem } {{Drop}}
                ip6 saddr @nat_servers6 icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem } {{Drop}}
                jump networks
              }
            }

            """);
        AppendSets(text, [], Elements(traffic, redirects));
        AppendNetworks(text, traffic);
        AppendGateways(text, [], traffic.Gateways);
        return text.ToString();
    }

    /// <summary>What leads from one content to another; empty when nothing does.</summary>
    public static string Change(HiddenTraffic from, IReadOnlyCollection<string> redirectsFrom, HiddenTraffic to, IReadOnlyCollection<string> redirectsTo)
    {
        var text = new StringBuilder();
        AppendSets(text, Elements(from, redirectsFrom), Elements(to, redirectsTo));
        if (!from.Masqueraded.SequenceEqual(to.Masqueraded) || !from.Marked.Select(Line).SequenceEqual(to.Marked.Select(Line)))
        {
            text.Append($"flush chain {Table} networks\n");
            AppendNetworks(text, to);
        }
        AppendGateways(text, from.Gateways, to.Gateways);
        return text.ToString();
    }

    /// <summary>The content of <see cref="RedirectsSet"/> in what <c>nft list set</c> prints.</summary>
    public static ImmutableHashSet<string> ReadRedirects(string listed) => [.. Quoted().Matches(listed).Select(match => match.Groups[1].Value)];

    [GeneratedRegex("\"([^\"]+)\"")]
    private static partial Regex Quoted();

    private static Dictionary<string, HashSet<string>> Elements(HiddenTraffic traffic, IReadOnlyCollection<string> redirects)
    {
        var elements = Sets.ToDictionary(set => set.Name, _ => new HashSet<string>(StringComparer.Ordinal));
        elements["interfaces"].UnionWith(traffic.Interfaces.Select(name => $"\"{name}\""));
        elements[RedirectsSet].UnionWith(redirects.Select(name => $"\"{name}\""));
        foreach (var address in traffic.Vips)
            elements[$"vips{Family(address)}"].Add($"{address}");
        foreach (var address in traffic.Served)
            elements[$"served{Family(address)}"].Add($"{address}");
        elements["shared_macs"].UnionWith(traffic.SharedMacs.Select(Mac));
        foreach (var port in traffic.NatPorts)
            elements[$"nat_ports{Family(port.Address)}"].Add($"{port.Address} . {(int)port.Protocol} . {port.Port}");
        foreach (var address in traffic.NatHosts)
            elements[$"nat_hosts{Family(address)}"].Add($"{address}");
        foreach (var address in traffic.NatServers)
            elements[$"nat_servers{Family(address)}"].Add($"{address}");
        return elements;
    }

    private static void AppendSets(StringBuilder text, Dictionary<string, HashSet<string>> from, Dictionary<string, HashSet<string>> to)
    {
        foreach (var (name, _) in Sets)
        {
            var before = from.GetValueOrDefault(name) ?? [];
            Append("delete", before.Except(to[name]));
            Append("add", to[name].Except(before));

            void Append(string verb, IEnumerable<string> elements)
            {
                var listed = string.Join(", ", elements.Order(StringComparer.Ordinal));
                if (listed.Length > 0)
                    text.Append($"{verb} element {Table} {name} {{ {listed} }}\n");
            }
        }
    }

    // A frame to a shared MAC is another host's to the kernel (PACKET_OTHERHOST), until the gateway owner's says otherwise: at ingress, before the kernel looks.
    private static void AppendGateways(StringBuilder text, ImmutableHashSet<SharedGateway> from, ImmutableHashSet<SharedGateway> to)
    {
        if (from.SetEquals(to))
            return;
        text.Append($"add table {GatewayTable}\ndelete table {GatewayTable}\n");
        if (to.IsEmpty)
            return;
        text.Append($"table {GatewayTable} {{\n");
        foreach (var (number, (device, gateways)) in to.GroupBy(gateway => gateway.Interface, (device, gateways) => (device, gateways)).OrderBy(each => each.device, StringComparer.Ordinal).Index())
        {
            // Not every interface's name is a chain's.
            text.Append($"  chain interface{number} {{\n    type filter hook ingress device \"{device}\" priority -500;\n");
            foreach (var mac in gateways.Select(gateway => Mac(gateway.Mac)).Order(StringComparer.Ordinal))
                text.Append($"    ether daddr {mac} meta pkttype set host\n");
            text.Append("  }\n");
        }

        text.Append("}\n");
    }

    private static string Mac(PhysicalAddress address) => string.Join(':', address.GetAddressBytes().Select(part => part.ToString("x2", CultureInfo.InvariantCulture)));

    private static void AppendNetworks(StringBuilder text, HiddenTraffic traffic)
    {
        foreach (var network in traffic.Masqueraded)
            text.Append($"add rule {Table} networks {Keyword(network)} saddr {network} {Drop}\n");
        foreach (var rule in traffic.Marked)
            text.Append($"add rule {Table} networks {Line(rule)}\n");
    }

    private static string Line(MarkRule rule)
    {
        var family = Keyword(rule.Destination);
        var source = rule.Source is { } network ? $"{family} saddr {network} " : "";
        var protocols = rule.Protocol is { } protocol ? $"{(int)protocol}" : "{ 6, 17 }";
        var ports = rule.Ports.IsEmpty ? "" : $"th dport {{ {string.Join(", ", rule.Ports)} }} ";
        return $"{family} daddr {rule.Destination} {source}meta l4proto {protocols} {ports}drop";
    }

    private static string Keyword(IPNetwork network) => network.BaseAddress.AddressFamily == AddressFamily.InterNetwork ? "ip" : "ip6";

    private static int Family(IPAddress address) => address.AddressFamily == AddressFamily.InterNetwork ? 4 : 6;
}
