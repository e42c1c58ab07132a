using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;

namespace Director.Health.Paths;

/// <summary>What makes the kernel send packets with a real server's mark to that real server, whatever their destination, as input of <c>ip -batch -</c>. Each real server has a routing table of its own.</summary>
internal static partial class RoutingCommands
{
    /// <summary>Most real servers that are asked so.</summary>
    public const int Most = 0xFFFE;

    // No one else's: what is in these tables is ours, and of a director before us that was killed.
    private const uint FirstTable = 0xD1EC_0000;

    // After the rules for the host's own addresses and for services on this host, before everybody's.
    private const int Priority = 3;

    /// <summary>A real server's mark, which is its table's number, too.</summary>
    /// <param name="number">Which real server it is, 1 to <see cref="Most"/>.</param>
    public static uint Mark(int number) => FirstTable + (uint)number;

    /// <summary>Lines for a real server. Without a route of its own an address is unreachable by this mark: never is another asked in its place.</summary>
    public static string SetUp(int number) => $"""
        route replace unreachable default metric 4278198272 table {Mark(number)}
        rule add priority {Priority} fwmark {Mark(number)} lookup {Mark(number)}

        """;

    /// <summary>A line that leads a VIP to a real server.</summary>
    public static string Lead(int number, IPAddress vip, IPAddress server) => $"route replace {vip} via {server} table {Mark(number)}\n";

    /// <summary>Lines for the device of tunnels.</summary>
    public static string SetUpDevice => $"""
        link set {TunnelDevice.Name} addrgenmode none
        link set {TunnelDevice.Name} mtu {TunnelDevice.Mtu} up

        """;

    /// <summary>Lines that lead a VIP into a real server's tunnel.</summary>
    /// <param name="number">The real server's number, from 1.</param>
    /// <param name="vip">The VIP.</param>
    /// <param name="own">The packets' source; null is the kernel's choice.</param>
    public static string LeadByTunnel(int number, IPAddress vip, IPAddress? own)
    {
        // Nobody has the address: it stands for the real server on a device of ours that nobody else uses.
        var neighbour = vip.AddressFamily == AddressFamily.InterNetworkV6 ? $"fe80::{number:x}" : $"169.254.{number >> 8}.{number & 255}";
        return $"""
            neighbour replace {neighbour} lladdr {TunnelDevice.Mac(number)} dev {TunnelDevice.Name} nud permanent
            route replace {vip} via {neighbour} dev {TunnelDevice.Name} onlink{(own is null ? "" : $" src {own}")} table {Mark(number)}

            """;
    }

    /// <summary>Our tables in what <c>ip rule show</c> prints.</summary>
    public static IReadOnlySet<uint> Tables(string listed) => Lookups().Matches(listed)
        .Select(match => uint.TryParse(match.Groups[1].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out var table) ? table : 0)
        .Where(table => table is >= FirstTable and <= FirstTable + 0xFFFF).ToHashSet();

    /// <summary>The option of <c>ip</c> for an address family.</summary>
    public static string Option(AddressFamily family) => family == AddressFamily.InterNetworkV6 ? "-6" : "-4";

    [GeneratedRegex(@"\blookup (\d+)")]
    private static partial Regex Lookups();
}
