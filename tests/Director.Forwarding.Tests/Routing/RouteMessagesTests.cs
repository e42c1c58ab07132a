using System.Net;
using System.Runtime.InteropServices;
using Director.Forwarding.Packets;
using Director.Forwarding.Routing;
using Xunit;

namespace Director.Forwarding.Tests.Routing;

/// <summary>
/// <c>rtnetlink.hex</c> holds what Linux 6.18 lists, a message a line, in a namespace with lo, v1 (2) and v0 (3), after <c>ip route add 10.2.0.0/16 via 10.1.0.254 metric 7 mtu 1300 src 10.1.0.1</c>
/// and others.
/// </summary>
public class RouteMessagesTests
{
    private static readonly byte[][] Messages = ReadMessages();

    [Fact]
    public void Links_are_read()
    {
        Assert.Equal(
            [new LinkEvent(1, "lo", true, false, 65536), new LinkEvent(2, "v1", true, true, 1400), new LinkEvent(3, "v0", true, true, 1500)],
            Read(RouteMessages.NewLink, m => RouteMessages.ReadLink(m)));
    }

    [Fact]
    public void Addresses_are_read_with_our_end_of_a_point_to_point_link()
    {
        var addresses = Read(RouteMessages.NewAddress, m => RouteMessages.ReadAddress(m));
        Assert.Contains(new AddressEvent(3, Parse("10.1.0.1"), 24, 0, true), addresses);
        Assert.Contains(new AddressEvent(2, Parse("10.9.9.1"), 32, 0, true), addresses);
        Assert.Contains(new AddressEvent(3, Parse("2001:db8::1"), 64, 0, true), addresses);
        // Duplicate address detection is still going on.
        Assert.Contains(addresses, address => address is { Interface: 2, Scope: 253, IsUsable: false });
    }

    [Theory]
    [InlineData("10.2.0.0", 16, "Unicast metric 7 mtu 1300 from 10.1.0.1: 3 via 10.1.0.254 x1")]
    [InlineData("10.3.0.0", 16, "Unicast metric 0 mtu 0 from : 3 via 10.1.0.2 x1, 3 via 10.1.0.3 x3")]
    [InlineData("10.4.0.0", 16, "Unicast metric 0 mtu 0 from : 3 via fe80::99 x1")]
    [InlineData("10.5.0.0", 16, "Blackhole metric 0 mtu 0 from : ")]
    [InlineData("10.6.0.0", 16, "Throw metric 0 mtu 0 from : ")]
    [InlineData("10.1.0.0", 24, "Unicast metric 0 mtu 0 from 10.1.0.1: 3 via  x1")]
    [InlineData("10.1.0.1", 32, "Local metric 0 mtu 0 from 10.1.0.1: ")]
    [InlineData("2001:db8:2::", 48, "Unicast metric 1024 mtu 0 from : 3 via 2001:db8::2 x1")]
    [InlineData("2001:db8:3::", 48, "Unicast metric 1024 mtu 0 from : 3 via 2001:db8::2 x2, 3 via 2001:db8::3 x1")]
    public void Routes_are_read(string prefix, int length, string expected)
    {
        var route = Assert.Single(Read(RouteMessages.NewRoute, m => RouteMessages.ReadRoute(m)), r => r.Prefix == Parse(prefix) && r.PrefixLength == length).Entry;
        var hops = string.Join(", ", route.Hops.Select(hop => $"{hop.Interface} via {hop.Gateway} x{hop.Weight}"));
        Assert.Equal(expected, $"{route.Type} metric {route.Metric} mtu {route.Mtu} from {route.PreferredSource}: {hops}");
    }

    [Fact]
    public void Tables_beyond_255_are_read_and_routes_for_a_type_of_service_are_not()
    {
        var routes = Read(RouteMessages.NewRoute, m => RouteMessages.ReadRoute(m));
        Assert.Equal(1000u, Assert.Single(routes, route => route.Prefix == Parse("10.8.0.0")).Table);
        Assert.DoesNotContain(routes, route => route.Prefix == Parse("10.7.0.0"));
    }

    [Fact]
    public void Rules_with_selectors_or_suppression_are_not_plain() => Assert.Equal(
        [(0u, 255u, true), (100, 53740, false), (200, 1000, true), (300, 254, false), (400, 1000, false), (32766, 254, true), (32767, 253, true)],
        Read(RouteMessages.NewRule, m => RouteMessages.ReadRule(m)).Where(rule => !rule.IsIPv6).Select(rule => (rule.Priority, rule.Table, rule.IsPlain)));

    [Fact]
    public void Neighbours_are_read_with_their_mac_first_byte_lowest()
    {
        var neighbours = Read(RouteMessages.NewNeighbour, m => RouteMessages.ReadNeighbour(m) is { } n ? (object)n : null).Cast<NeighbourEvent>().ToList();
        Assert.Contains(new NeighbourEvent(3, Parse("10.1.0.2"), 0xEEDDCCBBAA02, NeighbourStates.Permanent), neighbours);
        Assert.Contains(new NeighbourEvent(3, Parse("2001:db8::2"), 0xFFDDCCBBAA02, NeighbourStates.Stale), neighbours);
    }

    [Fact]
    public void A_request_to_use_a_neighbour_is_laid_out_as_the_kernel_reads_it()
    {
        Span<byte> request = stackalloc byte[64];
        var length = RouteMessages.WriteUse(request, 3, Parse("10.1.0.2"), 9);
        Assert.Equal("24000000" + "1C00" + "0104" + "09000000" + "00000000" + "02000000" + "03000000" + "0000" + "01" + "00" + "08000100" + "0A010002", Convert.ToHexString(request[..length]));
    }

    [Fact]
    public void Hostile_lengths_and_mutations_neither_throw_nor_read_past_the_end()
    {
        var random = new Random(20);
        for (var round = 0; round < 20_000; round++)
        {
            var bytes = Messages[random.Next(Messages.Length)].ToArray();
            for (var i = random.Next(4); i >= 0; i--)
            {
                var at = random.Next(Math.Min(bytes.Length - 1, 80));
                if (random.Next(2) == 0)
                    MemoryMarshal.Write(bytes.AsSpan(at), (ushort)random.Next(random.Next(2) == 0 ? 8 : 65536));
                else
                    bytes[at] = (byte)random.Next(256);
            }
            ReadOnlySpan<byte> rest = bytes.AsSpan(0, random.Next(bytes.Length + 1));
            while (NetlinkMessage.TryTake(ref rest, out var message))
            {
                RouteMessages.ReadLink(message.Payload);
                RouteMessages.ReadAddress(message.Payload);
                RouteMessages.ReadRule(message.Payload);
                RouteMessages.ReadNeighbour(message.Payload);
                if (RouteMessages.ReadRoute(message.Payload) is not { } route)
                    continue;
                Assert.InRange(route.PrefixLength, 0, route.Prefix.BitLength());
                Assert.True(route.Entry.Type != RouteType.Unicast || route.Entry.Hops.Length > 0);
            }
        }
    }

    [Fact]
    public void Structures_are_laid_out_as_the_kernels()
    {
        Assert.Equal(12, Marshal.SizeOf<NetlinkSocket.Address>());
        Assert.Equal(4, (int)Marshal.OffsetOf<NetlinkSocket.Address>(nameof(NetlinkSocket.Address.Port)));
        Assert.Equal(8, (int)Marshal.OffsetOf<NetlinkSocket.Address>(nameof(NetlinkSocket.Address.Groups)));
        Assert.Equal(8, Marshal.SizeOf<NetlinkSocket.Polled>());
        Assert.Equal(6, (int)Marshal.OffsetOf<NetlinkSocket.Polled>(nameof(NetlinkSocket.Polled.Returned)));
    }

    private static List<T> Read<T>(ushort type, Func<byte[], T?> read)
        where T : class
    {
        List<T> all = [];
        foreach (var bytes in Messages)
        {
            ReadOnlySpan<byte> rest = bytes;
            while (NetlinkMessage.TryTake(ref rest, out var message))
            {
                if (message.Type == type && read(message.Payload.ToArray()) is { } value)
                    all.Add(value);
            }
        }
        return all;
    }

    private static byte[][] ReadMessages()
    {
        using var reader = new StreamReader(typeof(RouteMessagesTests).Assembly.GetManifestResourceStream("rtnetlink.hex")!);
        return [.. reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(Convert.FromHexString)];
    }

    private static InetAddress Parse(string address) => InetAddress.From(IPAddress.Parse(address));
}
