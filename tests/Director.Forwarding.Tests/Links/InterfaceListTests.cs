using Director.Forwarding.Links;
using Xunit;
using static Director.Forwarding.Tests.Links.PrivateNetwork;

namespace Director.Forwarding.Tests.Links;

public sealed class InterfaceListTests
{
    private static readonly InterfaceInfo[] Host =
    [
        new("lo", 1, 0, 65536) { IsUp = true, IsLoopback = true },
        Nic("eth0", 2),
        Nic("eth1", 3) with { IsUp = false },
        Nic("port0", 4) with { IsEnslaved = true },
        Nic("br0", 5) with { DeviceKind = "bridge" },
        Nic("eth0.5", 6) with { DeviceKind = "vlan" },
        Nic("tap0", 7) with { DeviceKind = "tun" },
        new("director0", 8, 0, 1500) { IsUp = true, DeviceKind = "tun" },
        new("wg0", 9, 0, 1420) { IsUp = true, DeviceKind = "wireguard" },
    ];

    [Fact]
    public void By_default_it_is_every_NIC_that_is_up_and_stands_for_itself() =>
        Assert.Equal(["eth0", "br0", "eth0.5"], InterfaceList.Choose(Host, []).Select(chosen => chosen.Name));

    [Fact]
    public void Named_ones_are_taken_once_in_the_order_of_the_names() =>
        Assert.Equal(["br0", "eth0"], InterfaceList.Choose(Host, ["br0", "eth0", "br0"]).Select(chosen => chosen.Name));

    [Theory]
    [InlineData("eht0", "did you mean 'eth0'?")]
    [InlineData("br1", "did you mean 'br0'?")]
    [InlineData("enp3s0f1np1", "this host has lo, eth0, eth1 (down),")]
    [InlineData("eth1", "'eth1' is down: 'ip link set eth1 up'")]
    [InlineData("wg0", "'wg0' is not an Ethernet interface")]
    [InlineData("port0", "'port0' is a port of a bridge")]
    public void A_name_that_cannot_be_used_says_why(string name, string says) =>
        Assert.Contains(says, Assert.Throws<LinkException>(() => InterfaceList.Choose(Host, ["eth0", name])).Message);

    [Fact]
    public void A_host_without_a_NIC_is_said() =>
        Assert.Contains("this host has lo, eth1 (down)", Assert.Throws<LinkException>(() => InterfaceList.Choose([Host[0], Host[2]], [])).Message);

    [SkippableFact]
    public void The_kernels_interfaces_are_read_as_they_are() => Run(() =>
    {
        Shell("ip link add left address 02:11:22:33:44:55 mtu 1400 type veth peer name right; ip link add br0 type bridge; ip link set right master br0 up; ip link set br0 up");
        using var tun = new TunLink("dtun0");

        var found = InterfaceList.Read().ToDictionary(info => info.Name);

        Assert.Equal(new InterfaceInfo("left", found["left"].Index, 0x55_44_33_22_11_02, 1400) { IsEthernet = true, DeviceKind = "veth" }, found["left"]);
        Assert.Equal($"{found["left"].Index}", Shell("ip -o link show left | cut -d: -f1").Trim());
        Assert.True(found["right"] is { IsUp: true, IsEthernet: true, IsEnslaved: true });
        Assert.True(found["br0"] is { IsUp: true, IsEthernet: true, IsEnslaved: false, DeviceKind: "bridge" });
        Assert.True(found["lo"] is { IsUp: true, IsLoopback: true, IsEthernet: false, Mtu: 65536 });
        Assert.True(found["dtun0"] is { IsUp: false, IsEthernet: false, DeviceKind: "tun", Mac: 0 });
        Assert.Equal(["br0"], InterfaceList.Choose([.. found.Values], []).Select(info => info.Name));
        Assert.Null(InterfaceList.Find("nowhere0"));
    });

    private static InterfaceInfo Nic(string name, int index) => new(name, index, 0x02, 1500) { IsUp = true, IsEthernet = true };
}
