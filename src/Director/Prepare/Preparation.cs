using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Director.Forwarding.Kernel;

namespace Director.Prepare;

/// <summary>Decides what a real server needs for direct routing or tunnelling. Pure.</summary>
internal static class Preparation
{
    private const string ArpIgnore = "net/ipv4/conf/all/arp_ignore", ArpAnnounce = "net/ipv4/conf/all/arp_announce";

    /// <summary>What has to be done, in order: the host must not answer ARP for a VIP for even a moment.</summary>
    /// <param name="options">What for.</param>
    /// <param name="addresses">The host's addresses.</param>
    public static ImmutableArray<PreparationStep> Steps(PrepareOptions options, IReadOnlyCollection<HostAddress> addresses) =>
        options.Undo ? [.. UndoSteps(options, addresses)] : [.. SetUpSteps(options)];

    private static IEnumerable<PreparationStep> SetUpSteps(PrepareOptions options)
    {
        if (options.Vips.Any(IsIPv4))
        {
            yield return PreparationStep.Set(ArpIgnore, "1", "answer ARP only for addresses of the interface that is asked: not for a VIP on lo or on a tunnel");
            yield return PreparationStep.Set(ArpAnnounce, "2", "never ask by ARP in a VIP's name");
        }
        foreach (var (device, module) in Devices(options))
        {
            yield return PreparationStep.Run($"modprobe {module}", $"the kernel's tunnel for packets from the director, {device}");
            yield return PreparationStep.Run($"ip link set {device} up", "take packets out of the tunnel");
            // Effective is the larger of this and all's: 2 is loose whatever all says.
            yield return PreparationStep.Set($"net/ipv4/conf/{device}/rp_filter", "2", "clients are not behind the tunnel, though their packets come out of it");
        }
        foreach (var vip in options.Vips.Distinct())
        {
            yield return IsIPv4(vip)
                // A tunnel without an address of its own lets nothing through its reverse path filter.
                ? PreparationStep.Run($"ip address replace {vip}/32 dev {Device(options, vip)}", "packets to the VIP are for this host")
                : PreparationStep.Run($"ip address replace {vip}/128 dev {Device(options, vip)} nodad preferred_lft 0", "packets to the VIP are for this host, which does not ask whether others have it nor sends from it by itself");
        }
    }

    private static IEnumerable<PreparationStep> UndoSteps(PrepareOptions options, IReadOnlyCollection<HostAddress> addresses)
    {
        foreach (var vip in options.Vips.Distinct().Where(vip => addresses.Any(own => own.Address.Equals(vip) && own.Interface == Device(options, vip))))
            yield return PreparationStep.Run($"ip address delete {vip}/{(IsIPv4(vip) ? 32 : 128)} dev {Device(options, vip)}", "the VIP is no longer this host's");

        var left = addresses.Where(own => IsVipPlace(own) && !options.Vips.Contains(own.Address)).ToList();
        foreach (var (device, _) in Devices(options).Where(tunnel => left.All(own => own.Interface != tunnel.Device)))
            yield return PreparationStep.Run($"ip link set {device} down", "no VIP is left on it", harmless: "Cannot find device");
        // Another VIP still needs them.
        if (options.Vips.Any(IsIPv4) && !left.Any(own => IsIPv4(own.Address)))
        {
            yield return PreparationStep.Set(ArpIgnore, "0", "the kernel's default");
            yield return PreparationStep.Set(ArpAnnounce, "0", "the kernel's default");
        }
    }

    private static bool IsVipPlace(HostAddress own) =>
        (own.IsLoopback || own.Interface is "tunl0" or "sit0" or "ip6tnl0") && !IPAddress.IsLoopback(own.Address) && !own.Address.IsIPv6LinkLocal;

    private static string Device(PrepareOptions options, IPAddress vip) => options.IsTunnel ? Tunnel(options, vip).Device : "lo";

    private static IEnumerable<(string Device, string Module)> Devices(PrepareOptions options) =>
        options.IsTunnel ? options.Vips.Select(vip => Tunnel(options, vip)).Distinct() : [];

    // Each takes what is for this host from any sender.
    private static (string Device, string Module) Tunnel(PrepareOptions options, IPAddress vip) =>
        options.IsOverIPv6 ? ("ip6tnl0", "ip6_tunnel") : IsIPv4(vip) ? ("tunl0", "ipip") : ("sit0", "sit");

    private static bool IsIPv4(IPAddress address) => address.AddressFamily == AddressFamily.InterNetwork;
}
