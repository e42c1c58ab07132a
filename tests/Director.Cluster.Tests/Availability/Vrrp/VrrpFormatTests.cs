using System.Net;
using Director.Cluster.Availability.Vrrp;
using Director.Configuration;
using FsCheck.Xunit;
using Xunit;

namespace Director.Cluster.Tests.Availability.Vrrp;

/// <summary>Advertisements, byte for byte as keepalived 2.2.7 sends them, and what is no good advertisement, by why.</summary>
public sealed class VrrpFormatTests
{
    private const string IPv4Header = "01005e000012 020000000001 0800 45c0002c00010000ff70d0840a090001e0000012";
    private static readonly VrrpConfiguration s_second = new() { Version = 2 };
    private static readonly VrrpConfiguration s_third = new();

    /// <summary>Bytes on the wire, version, password, priority, addresses.</summary>
    public static TheoryData<string, int, string, int, string> Captured() => new()
    {
        { IPv4Header + "21336402000165ee 0a090064 0a090065 0000000000000000", 2, "", 100, "10.9.0.100 10.9.0.101" },
        { "01005e000012 020000000001 0800 45c0002800010000ff70d0880a090001e0000012 2133640101013343 0a090064 7333637265740000", 2, "s3cret", 100, "10.9.0.100" },
        { IPv4Header + "213300020001c9ee 0a090064 0a090065 0000000000000000", 2, "", 0, "10.9.0.100 10.9.0.101" },
        { "01005e000012 020000000001 0800 45c0002400010000ff70d08c0a090001e0000012 31336402 00646aee 0a090064 0a090065", 3, "", 100, "10.9.0.100 10.9.0.101" },
    };

    [Theory]
    [MemberData(nameof(Captured))]
    public void What_is_sent_is_what_keepalived_sends(string wire, int version, string password, int priority, string addresses)
    {
        var settings = new VrrpConfiguration { Version = version, Password = password };
        var router = Routers.IPv4(addresses.Split(' '));

        Assert.Equal(Hex(wire), Convert.ToHexString(Routers.Frame(settings, router, priority)));
    }

    [Theory]
    [MemberData(nameof(Captured))]
    public void What_keepalived_sends_is_taken(string wire, int version, string password, int priority, string addresses)
    {
        var packet = Convert.FromHexString(Hex(wire))[VrrpFrame.EthernetBytes..];

        var fault = Routers.Take(packet, new() { Version = version, Password = password }, Routers.IPv4(addresses.Split(' ')), out var advertisement);

        Assert.Equal(VrrpFault.None, fault);
        Assert.Equal(new VrrpAdvertisement(version, 51, priority, 1_000_000, Routers.Sender, VrrpAddress.IPv4Group), advertisement);
    }

    [Fact]
    public void The_virtual_MAC_is_the_source_and_the_message_keepalived_s()
    {
        var frame = Convert.ToHexString(Routers.Frame(s_third, Routers.IPv4("10.9.0.100"), mac: VrrpFrame.VirtualMac(false, 51)));

        Assert.StartsWith(Hex("01005e000012 00005e000133 0800"), frame, StringComparison.Ordinal);
        Assert.EndsWith(Hex("3133640100647561 0a090064"), frame, StringComparison.Ordinal);
        Assert.Equal(new byte[] { 0, 0, 0x5E, 0, 2, 51 }, VrrpFrame.VirtualMac(true, 51));
    }

    [Fact]
    public void IPv6_is_what_keepalived_sends_but_for_the_flow_label()
    {
        var frame = Convert.ToHexString(Routers.Frame(s_third, Routers.IPv6("fe80::100", "2001:db8::100")));

        Assert.Equal(
            Hex("333300000012 020000000001 86dd 6c000000 0028 70 ff fe80000000000000000000fffe000001")
            + Hex("ff020000000000000000000000000012 31336402 00643efd fe800000000000000000000000000100 20010db8000000000000000000000100"),
            frame);
        Assert.Equal(VrrpFault.None, Routers.Take(Convert.FromHexString(frame)[14..], s_third, Routers.IPv6("fe80::100", "2001:db8::100"), out _));
    }

    [Fact]
    public void Both_ways_to_make_the_IPv4_checksum_of_version_3_are_taken_and_either_is_sent()
    {
        var router = Routers.IPv4("10.9.0.100", "10.9.0.101");
        var plain = Routers.Frame(new() { Checksum = VrrpChecksum.Plain }, router);

        Assert.EndsWith(Hex("31336402 0064558b 0a090064 0a090065"), Convert.ToHexString(plain), StringComparison.Ordinal);
        Assert.Equal(VrrpFault.None, Routers.Take(plain[14..], s_third, router, out _));
        Assert.Equal(VrrpFault.None, Routers.Take(Routers.Frame(s_third, router)[14..], new() { Checksum = VrrpChecksum.Plain }, router, out _));
    }

    [Fact]
    public void Each_fault_has_its_name()
    {
        var router = Routers.IPv4("10.9.0.100");
        Assert.Equal(VrrpFault.TimeToLive, Take(packet => packet[8] = 254));
        Assert.Equal(VrrpFault.Version, Take(packet => packet[20] = 0x41));
        Assert.Equal(VrrpFault.Type, Take(packet => packet[20] = 0x32));
        Assert.Equal(VrrpFault.Checksum, Take(packet => packet[22] ^= 1));
        Assert.Equal(VrrpFault.Checksum, Take(packet => packet[30] ^= 1));
        Assert.Equal(VrrpFault.Truncated, Take(packet => packet[6] = 0x20));
        Assert.Equal(VrrpFault.Truncated, Take(packet => packet[0] = 0x44));
        Assert.Equal(VrrpFault.Truncated, Take(packet => packet[9] = 17));
        Assert.Equal(VrrpFault.Truncated, Take(packet => packet[23] = 200));
        Assert.Equal(VrrpFault.Truncated, Take(packet => packet[3]++));
        Assert.Equal(VrrpFault.Version, Other(new() { Version = 2 }, router));
        Assert.Equal(VrrpFault.RouterId, Other(s_third, router with { RouterId = 52 }));
        Assert.Equal(VrrpFault.Addresses, Other(s_third, Routers.IPv4("10.9.0.101")));
        Assert.Equal(VrrpFault.Addresses, Other(s_third, Routers.IPv4("10.9.0.100", "10.9.0.101")));
        Assert.Equal(VrrpFault.None, Other(new() { CheckAddresses = false }, Routers.IPv4("10.9.0.101")));
        Assert.Equal(VrrpFault.None, Routers.Take(Routers.Frame(s_third, router, 255)[14..], s_third, Routers.IPv4("10.9.0.101"), out _));
        Assert.Equal(VrrpFault.Sender, Other(s_third, router with { Peers = [IPAddress.Parse("10.9.0.1")] }));
        Assert.Equal(VrrpFault.Interval, Routers.Take(Routers.Frame(s_third with { Interval = TimeSpan.Zero }, router)[14..], s_third, router, out _));

        VrrpFault Take(Action<byte[]> spoil)
        {
            var packet = Routers.Frame(s_third, router)[14..];
            spoil(packet);
            return Routers.Take(packet, s_third, router, out _);
        }

        VrrpFault Other(VrrpConfiguration settings, VrrpRouter expected) => Routers.Take(Routers.Frame(s_third, router)[14..], settings, expected, out _);
    }

    [Fact]
    public void Version_2_asks_for_its_password_and_its_interval()
    {
        var router = Routers.IPv4("10.9.0.100");
        var open = Routers.Frame(s_second, router)[14..];
        var closed = Routers.Frame(s_second with { Password = "s3cret" }, router)[14..];

        Assert.Equal(VrrpFault.None, Routers.Take(closed, s_second with { Password = "s3cret" }, router, out _));
        Assert.Equal(VrrpFault.Password, Routers.Take(closed, s_second, router, out _));
        Assert.Equal(VrrpFault.Password, Routers.Take(closed, s_second with { Password = "s3cre" }, router, out _));
        Assert.Equal(VrrpFault.Password, Routers.Take(open, s_second with { Password = "s3cret" }, router, out _));
        Assert.Equal(VrrpFault.Interval, Routers.Take(open, s_second with { Interval = TimeSpan.FromSeconds(2) }, router, out _));
        Assert.Equal(VrrpFault.Version, Routers.Take(open, s_third, router, out _));
    }

    [Fact]
    public void Peers_are_heard_by_unicast_and_nobody_else_is()
    {
        var router = Routers.IPv4("10.9.0.100") with { Peers = [IPAddress.Parse("10.9.0.1")] };
        var packet = Routers.Frame(s_third with { Checksum = VrrpChecksum.Plain }, router)[14..];
        IPAddress.Parse("10.9.0.2").GetAddressBytes().CopyTo(packet, 16);

        Assert.Equal(VrrpFault.None, Routers.Take(packet, s_third, router, out _));
        packet[15] = 9;
        Assert.Equal(VrrpFault.Sender, Routers.Take(packet, s_third, router, out _));
    }

    [Property(MaxTest = 2000)]
    public void No_bytes_are_too_wrong_to_be_judged(byte[] bytes, bool isIPv6, int at, byte value)
    {
        var router = isIPv6 ? Routers.IPv6("fe80::100") : Routers.IPv4("10.9.0.100");
        var packet = Routers.Frame(s_third, router)[14..];
        packet[(at & int.MaxValue) % packet.Length] = value;

        var settings = isIPv6 ? s_third : s_second with { Password = "x" };
        Assert.True(Enum.IsDefined(Routers.Take(packet, settings, router, out _)));
        Assert.True(Enum.IsDefined(Routers.Take(packet[..((at & int.MaxValue) % packet.Length)], settings, router, out _)));
        Assert.NotEqual(VrrpFault.None, Routers.Take(bytes, settings, router, out _));
        Assert.NotEqual(VrrpFault.None, Routers.Take([.. packet[..(isIPv6 ? 40 : 20)], .. bytes.Take(7)], settings, router, out _));
    }

    private static string Hex(string text) => text.Replace(" ", "", StringComparison.Ordinal).ToUpperInvariant();
}
