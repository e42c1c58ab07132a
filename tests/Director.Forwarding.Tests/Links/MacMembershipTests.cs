using Director.Forwarding.Links;
using Xunit;
using static Director.Forwarding.Tests.Links.PrivateNetwork;

namespace Director.Forwarding.Tests.Links;

public sealed class MacMembershipTests
{
    private const ulong Unicast = 0xAA00_005E_0002, Multicast = 0xAA00_005E_0003;

    [SkippableTheory]
    [InlineData(Unicast, "02:00:5e:00:00:aa", "bridge fdb show dev left")]
    [InlineData(Multicast, "03:00:5e:00:00:aa", "ip maddress show dev left")]
    public void A_NIC_takes_frames_to_the_shared_MAC_while_it_is_wanted(ulong mac, string text, string list) => Run(() =>
    {
        var index = Left();
        using (var membership = new MacMembership())
        {
            membership.Set(new HashSet<(ulong, int)> { (mac, index) });
            membership.Set(new HashSet<(ulong, int)> { (mac, index) });
            Assert.Contains(text, Shell(list), StringComparison.Ordinal);
            membership.Set(new HashSet<(ulong, int)>());
            Assert.DoesNotContain(text, Shell(list), StringComparison.Ordinal);
            membership.Set(new HashSet<(ulong, int)> { (mac, index) });
        }

        Assert.DoesNotContain(text, Shell(list), StringComparison.Ordinal);
    });

    [SkippableFact]
    public void An_interface_that_is_not_there_is_said_and_the_others_are_served() => Run(() =>
    {
        var index = Left();
        using var membership = new MacMembership();
        var error = Assert.Throws<LinkException>(() => membership.Set(new HashSet<(ulong, int)> { (Unicast, 4711), (Unicast, index) }));
        Assert.StartsWith("interface 4711 does not take frames to the shared MAC:", error.Message, StringComparison.Ordinal);
        Assert.Contains("02:00:5e:00:00:aa", Shell("bridge fdb show dev left"), StringComparison.Ordinal);
    });

    private static int Left()
    {
        Shell("ip link add left type veth peer name right; ip link set left up; ip link set right up");
        return InterfaceList.Find("left")!.Index;
    }
}
