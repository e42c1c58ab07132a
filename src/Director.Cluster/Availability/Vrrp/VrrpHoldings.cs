using System.Collections.Immutable;
using System.Net.NetworkInformation;
using Director.Configuration;
using Director.Forwarding;

namespace Director.Cluster.Availability.Vrrp;

/// <summary>What a VRRP group does at a moment, for who tells the engine.</summary>
/// <param name="Name">The group.</param>
/// <param name="Routers">Its virtual routers.</param>
/// <param name="Answers">This director is master.</param>
/// <param name="Forwards">It is, or was a moment ago.</param>
/// <param name="AnnouncementRound">As <see cref="HeldGroup.AnnouncementRound"/>.</param>
/// <param name="AnnouncementTimes">Announcements of this round.</param>
internal sealed record VrrpView(string Name, ImmutableArray<VrrpRouter> Routers, bool Answers, bool Forwards, int AnnouncementRound, int AnnouncementTimes);

/// <summary>A VRRP group as the engine holds it.</summary>
internal static class VrrpHoldings
{
    private static readonly TimeSpan s_apart = TimeSpan.FromMilliseconds(20);

    /// <summary>The parts of a group: each virtual router's addresses are answered where that is and with its MAC address, and those of no router as the group says.</summary>
    /// <param name="group">The group, with its addresses under the table in force.</param>
    /// <param name="view">What it does; null: nothing yet.</param>
    public static IEnumerable<HeldGroup> Of(GroupConfiguration group, VrrpView? view)
    {
        var vrrp = group.Vrrp!;
        var others = group.Addresses;
        foreach (var router in view?.Routers ?? [])
        {
            others = others.RemoveRange(router.Addresses);
            var mac = vrrp.VirtualMac ? new PhysicalAddress(VrrpFrame.VirtualMac(router.IsIPv6, router.RouterId)) : null;
            yield return Part($"{group.Name} {router.RouterId} on {router.Interface}, {(router.IsIPv6 ? "IPv6" : "IPv4")}", router.Addresses) with
            {
                Interfaces = group.Interfaces.IsEmpty ? [router.Interface] : group.Interfaces,
                VirtualMac = mac,
            };
        }

        if (!others.IsEmpty)
            yield return Part(group.Name, others) with { Interfaces = group.Interfaces };

        HeldGroup Part(string name, ImmutableArray<System.Net.IPAddress> addresses) => new(name, addresses)
        {
            Answers = view?.Answers == true,
            Forwards = view?.Forwards == true,
            AnswersEcho = vrrp.Accept,
            Announcements = view?.AnnouncementTimes ?? group.Announcements,
            AnnouncementInterval = s_apart,
            AnnouncementRound = view?.AnnouncementRound ?? 0,
        };
    }
}
