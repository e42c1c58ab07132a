using System.Net;
using System.Net.Sockets;

namespace Director.Forwarding.Kernel;

/// <summary>A VIP must not be on one of the host's NICs: it would be the kernel's, which answers for it, and sends from it. On the loopback interface it is harmless.</summary>
public static class VipPlacement
{
    /// <summary>A line for each VIP that is in the wrong place.</summary>
    /// <param name="vips">The VIPs.</param>
    /// <param name="addresses">Addresses of this host.</param>
    public static IEnumerable<string> Errors(IEnumerable<IPAddress> vips, IReadOnlyCollection<HostAddress> addresses) =>
        from vip in vips
        from own in addresses
        where !own.IsLoopback && own.Address.Equals(vip)
        orderby $"{vip}"
        select $"The VIP {vip} is an address of {own.Interface}, so this host's kernel would serve it. Remove it there: ip address delete {vip}/{own.PrefixLength} dev {own.Interface}"
            + $" (if the host itself needs it, put it on lo: ip address add {vip}/{(vip.AddressFamily == AddressFamily.InterNetwork ? 32 : 128)} dev lo).";
}
