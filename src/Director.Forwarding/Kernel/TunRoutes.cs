using System.Collections.Immutable;
using System.Net.Sockets;
using Director.Forwarding.Routing;

namespace Director.Forwarding.Kernel;

/// <summary>
/// What makes the kernel take packets from the TUN device and give back the answers of services on this host, as input of <c>ip -batch -</c>.
/// </summary>
internal static class TunRoutes
{
    /// <summary>Before all rules but the one for the host's own addresses.</summary>
    private const int Priority = 2;

    /// <summary>Lines that set up the device for one family.</summary>
    /// <param name="device">Its name.</param>
    /// <param name="isIPv6">The family.</param>
    /// <remarks>
    /// The kernel drops IPv4 packets from a device without an address as soon as anything filters by reverse path. 192.0.0.8, the IPv4 dummy address (RFC 7600), means nothing anywhere, so it is in
    /// nobody's way; its scope keeps the kernel from sending from it on other interfaces.
    /// </remarks>
    public static string SetUp(string device, bool isIPv6) => isIPv6
        ? $"""
            link set dev {device} up
            route replace default dev {device} table {OwnRoutingTable.Number}

            """
        : $"""
            address replace 192.0.0.8/32 dev {device} scope link
            link set dev {device} up
            route replace default dev {device} table {OwnRoutingTable.Number}
            rule add priority {Priority} from 127.0.0.1 lookup {OwnRoutingTable.Number}

            """;

    /// <summary>Sysctls of the device.</summary>
    public static ImmutableArray<(string Name, string Value)> Settings(string device) =>
    [
        // Loose: what comes from it has sources everywhere.
        ($"net/ipv4/conf/{device}/rp_filter", "2"),
        // Delivery to 127.0.0.1.
        ($"net/ipv4/conf/{device}/route_localnet", "1"),
        ($"net/ipv4/conf/{device}/send_redirects", "0"),
        // It has no neighbours and hears no router.
        ($"net/ipv6/conf/{device}/disable_ipv6", "0"),
        ($"net/ipv6/conf/{device}/accept_ra", "0"),
        ($"net/ipv6/conf/{device}/accept_dad", "0"),
        ($"net/ipv6/conf/{device}/addr_gen_mode", "1"),
    ];

    /// <summary>Arguments of <c>ip</c> that make it forget our rules and routes of a family.</summary>
    public static ImmutableArray<ImmutableArray<string>> Removal(bool isIPv6) =>
        [.. new[] { "rule", "route" }.Select(kind => ImmutableArray.Create(Family(isIPv6), kind, "flush", "table", $"{OwnRoutingTable.Number}"))];

    /// <summary>What leads from the rules for some local services to those for others, in one family. Without them an answer from an address other than 127.0.0.1 would leave by a NIC, unrewritten.</summary>
    public static string Change(ImmutableHashSet<ServerPort> from, ImmutableHashSet<ServerPort> to, bool isIPv6) =>
        string.Concat(from.Except(to).Select(port => (Verb: "delete", Port: port)).Concat(to.Except(from).Select(port => (Verb: "add", Port: port)))
            .Where(change => change.Port.Address.AddressFamily == AddressFamily.InterNetworkV6 == isIPv6)
            .Select(change => Rule(change.Verb, change.Port))
            .Order(StringComparer.Ordinal));

    /// <summary>The option of <c>ip</c> for a family.</summary>
    public static string Family(bool isIPv6) => isIPv6 ? "-6" : "-4";

    private static string Rule(string verb, ServerPort port) =>
        $"rule {verb} priority {Priority} from {port.Address} ipproto {(int)port.Protocol} sport {port.Port} lookup {OwnRoutingTable.Number}\n";
}
