using System.Collections.Immutable;
using System.Net;
using Director.Cluster.Availability.Vrrp;
using Director.Configuration;

namespace Director.Cluster.Tests.Availability.Vrrp;

/// <summary>Virtual routers and packets as the captures of keepalived 2.2.7 have them: VRID 51, priority 100, 1 s, from 10.9.0.1.</summary>
internal static class Routers
{
    public static UInt128 Sender { get; } = Address("10.9.0.1");

    public static UInt128 IPv6Sender { get; } = Address("fe80::ff:fe00:1");

    public static VrrpRouter IPv4(params string[] addresses) => new("eth0", 51, false, [.. addresses.Select(IPAddress.Parse)], [], null);

    public static VrrpRouter IPv6(params string[] addresses) => new("eth0", 51, true, [.. addresses.Select(IPAddress.Parse)], [], null);

    public static UInt128 Address(string address) => VrrpAddress.Of(IPAddress.Parse(address));

    /// <summary>A frame as this code sends it.</summary>
    public static byte[] Frame(VrrpConfiguration settings, VrrpRouter router, int priority = 100, byte[]? mac = null, ushort identification = 1)
    {
        var format = new VrrpFormat(settings, router);
        var frame = new byte[VrrpFrame.MaxBytes];
        var header = VrrpFrame.HeaderBytes(router.IsIPv6);
        var source = router.IsIPv6 ? IPv6Sender : Sender;
        var length = header + format.Write(frame.AsSpan(header), priority, source, router.IsIPv6 ? VrrpAddress.IPv6Group : VrrpAddress.IPv4Group);
        VrrpFrame.WriteHeaders(frame.AsSpan(0, length), router.IsIPv6, mac ?? [2, 0, 0, 0, 0, 1], source, identification);
        return frame[..length];
    }

    /// <summary>What becomes of a packet, from its IP header on.</summary>
    public static VrrpFault Take(byte[] packet, VrrpConfiguration settings, VrrpRouter router, out VrrpAdvertisement advertisement)
    {
        var fault = VrrpFormat.Open(packet, router.IsIPv6, out advertisement, out var message);
        return fault != VrrpFault.None ? fault
            : advertisement.RouterId != router.RouterId ? VrrpFault.RouterId
            : new VrrpFormat(settings, router).Check(advertisement, message);
    }
}
