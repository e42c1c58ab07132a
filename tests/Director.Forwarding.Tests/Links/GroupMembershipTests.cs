using System.Globalization;
using Director.Forwarding.Links;
using Director.Forwarding.Packets;
using Xunit;
using static Director.Forwarding.Tests.Links.PrivateNetwork;

namespace Director.Forwarding.Tests.Links;

public sealed class GroupMembershipTests
{
    [Theory]
    [InlineData("2001:db8::1", "ff02::1:ff00:1")]
    [InlineData("2001:db8::aabb:ccdd", "ff02::1:ffbb:ccdd")]
    [InlineData("::", "ff02::1:ff00:0")]
    public void The_group_of_an_address_ends_in_its_last_24_bits(string address, string group) =>
        Assert.Equal(group, GroupMembership.SolicitedNodeGroup(SteeringTests.Address(address)).ToString());

    [SkippableFact]
    public void The_host_is_in_a_group_while_one_of_its_VIPs_is_held() => RunWithInterface(index =>
    {
        using var membership = new GroupMembership();
        var first = SteeringTests.Address("2001:db8::12:3456");
        var second = SteeringTests.Address("2001:db8:1::12:3456");
        Assert.False(IsMember("ff02::1:ff12:3456"));

        membership.Join(first, index);
        membership.Join(second, index);
        Assert.True(IsMember("ff02::1:ff12:3456"));
        // The NIC takes the frames of the group.
        Assert.Contains("33:33:ff:12:34:56", Shell("ip maddress show dev left"));

        membership.Leave(first, index);
        Assert.True(IsMember("ff02::1:ff12:3456"));
        membership.Leave(second, index);
        Assert.False(IsMember("ff02::1:ff12:3456"));
    });

    [SkippableFact]
    public void Thousand_groups_are_joined_and_left_together() => RunWithInterface(index =>
    {
        using (var membership = new GroupMembership())
        {
            for (var i = 0; i < 1000; i++)
            {
                membership.Join(SteeringTests.Address("2001:db8::7:" + i.ToString("x", CultureInfo.InvariantCulture)), index);
            }

            Assert.True(IsMember("ff02::1:ff07:0") && IsMember("ff02::1:ff07:3e7"));
        }

        Assert.False(IsMember("ff02::1:ff07:0") || IsMember("ff02::1:ff07:3e7"));
    });

    [SkippableFact]
    public void An_interface_that_cannot_do_IPv6_is_said() => RunWithInterface(index =>
    {
        Shell("ip link set left mtu 1000");
        using var membership = new GroupMembership();

        var error = Assert.Throws<LinkException>(() => membership.Join(SteeringTests.Address("2001:db8::1"), index));

        Assert.Contains("2001:db8::1", error.Message);
        Assert.Contains("MTU", error.Message);
    });

    [SkippableFact]
    public void Leaving_what_was_never_joined_does_nothing() => RunWithInterface(index =>
    {
        using var membership = new GroupMembership();
        membership.Leave(SteeringTests.Address("2001:db8::1"), index);
    });

    private static bool IsMember(string group) => Shell("ip -6 maddress show dev left").Split().Contains(group);

    private static void RunWithInterface(Action<int> test) => Run(() =>
    {
        Shell("sysctl -qw net.ipv6.conf.default.disable_ipv6=0 net.ipv6.conf.all.disable_ipv6=0; ip link add left type veth peer name right; ip link set left up; ip link set right up");
        test(InterfaceList.Find("left")!.Index);
    });
}
