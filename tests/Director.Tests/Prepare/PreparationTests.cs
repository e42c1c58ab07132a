using System.Net;
using Director.Forwarding.Kernel;
using Director.Forwarding.Tests;
using Director.Forwarding.Tests.Kernel;
using Director.Prepare;
using Xunit;

namespace Director.Tests.Prepare;

public class PreparationTests
{
    private static readonly IPAddress Vip = IPAddress.Parse("10.0.0.100"), Vip6 = IPAddress.Parse("2001:db8::100");

    [Fact]
    public void Direct_routing_silences_ARP_before_the_vip_comes_to_lo() => Assert.Equal(
        [
            "sysctl -w net.ipv4.conf.all.arp_ignore=1",
            "sysctl -w net.ipv4.conf.all.arp_announce=2",
            "ip address replace 10.0.0.100/32 dev lo",
            "ip address replace 2001:db8::100/128 dev lo nodad preferred_lft 0",
        ],
        Steps(new(false, [Vip, Vip6])));

    [Fact]
    public void A_vip_of_IPv6_alone_needs_no_ARP_setting() =>
        Assert.Equal(["ip address replace 2001:db8::100/128 dev lo nodad preferred_lft 0"], Steps(new(false, [Vip6])));

    [Theory]
    [InlineData("10.0.0.100", false, "tunl0", "ipip", 32)]
    [InlineData("2001:db8::100", false, "sit0", "sit", 128)]
    [InlineData("10.0.0.100", true, "ip6tnl0", "ip6_tunnel", 32)]
    [InlineData("2001:db8::100", true, "ip6tnl0", "ip6_tunnel", 128)]
    public void Tunnelling_needs_the_device_of_both_families(string vip, bool isOverIPv6, string device, string module, int length)
    {
        var steps = Steps(new(true, [IPAddress.Parse(vip)]) { IsOverIPv6 = isOverIPv6 });
        Assert.Equal([$"modprobe {module}", $"ip link set {device} up", $"sysctl -w net.ipv4.conf.{device}.rp_filter=2"], steps.Where(step => !step.Contains("arp", StringComparison.Ordinal)).Take(3));
        Assert.StartsWith($"ip address replace {vip}/{length} dev {device}", steps[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void Undoing_keeps_what_another_vip_still_needs()
    {
        HostAddress other = new("lo", true, IPAddress.Parse("10.0.0.101"), 32);
        Assert.Equal(["ip address delete 10.0.0.100/32 dev lo"], Steps(new(false, [Vip]) { Undo = true }, other, new("lo", true, Vip, 32)));
        Assert.Equal(
            ["ip address delete 10.0.0.100/32 dev lo", "sysctl -w net.ipv4.conf.all.arp_ignore=0", "sysctl -w net.ipv4.conf.all.arp_announce=0"],
            Steps(new(false, [Vip]) { Undo = true }, new("lo", true, Vip, 32), new("lo", true, IPAddress.Loopback, 8)));
    }

    [Fact]
    public async Task Printing_changes_nothing()
    {
        var (host, output) = (new FakeHost(), new StringWriter());
        Assert.Equal(0, await RealServerPreparer.RunAsync(new(false, [Vip]), output, default, host, []));
        Assert.Empty(host.Commands);
        Assert.Empty(host.Settings);
        Assert.Contains("ip address replace 10.0.0.100/32 dev lo", output.ToString(), StringComparison.Ordinal);
        Assert.EndsWith("# Nothing was changed. --apply does it.\n", output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_kernel_without_the_tunnel_is_told_of_decapsulate()
    {
        var host = new FakeHost { Answer = line => line.StartsWith("modprobe", StringComparison.Ordinal) ? new(1, "", "modprobe: FATAL: Module ipip not found") : default };
        var error = await Assert.ThrowsAsync<OperatorException>(() => RealServerPreparer.RunAsync(new(true, [Vip]) { Apply = true }, TextWriter.Null, default, host, []));
        Assert.Equal("This kernel has no ipip tunnel. Let the director's own program take the packets out: director decapsulate --vip 10.0.0.100", error.Message);
    }

    [Fact]
    public async Task A_built_in_tunnel_needs_no_module()
    {
        var host = new FakeHost { Settings = { ["net/ipv4/conf/tunl0/rp_filter"] = "1" } };
        await RealServerPreparer.RunAsync(new(true, [Vip]) { Apply = true }, TextWriter.Null, default, host, []);
        Assert.Equal(["ip link set tunl0 up", "ip address replace 10.0.0.100/32 dev tunl0"], host.Commands);
        Assert.Equal("2", host.Settings["net/ipv4/conf/tunl0/rp_filter"]);
    }

    [Fact]
    public async Task A_vip_on_a_NIC_is_refused()
    {
        var error = await Assert.ThrowsAsync<OperatorException>(
            () => RealServerPreparer.RunAsync(new(false, [Vip]), TextWriter.Null, default, new FakeHost(), [new("eth0", false, Vip, 24)]));
        Assert.Contains("ip address delete 10.0.0.100/24 dev eth0", error.Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public void Applied_twice_and_undone_twice_a_host_is_as_it_was()
    {
        using var server = new NetworkNamespace();
        var before = server.Run("ip address; sysctl net.ipv4.conf.all.arp_ignore net.ipv4.conf.all.arp_announce");
        Apply(undo: false);
        Apply(undo: false);
        Assert.Contains("inet 10.0.0.100/32 scope global lo", server.Run("ip address show dev lo"), StringComparison.Ordinal);
        Assert.Contains("inet6 2001:db8::100/128 scope global nodad deprecated", server.Run("ip address show dev lo"), StringComparison.Ordinal);
        Assert.Equal("1\n2\n", server.Run("sysctl -n net.ipv4.conf.all.arp_ignore net.ipv4.conf.all.arp_announce"));
        Apply(undo: true);
        Apply(undo: true);
        Assert.Equal(before, server.Run("ip address; sysctl net.ipv4.conf.all.arp_ignore net.ipv4.conf.all.arp_announce"));

        void Apply(bool undo) => server.Inside(
            () => RealServerPreparer.RunAsync(new(false, [Vip, Vip6]) { Apply = true, Undo = undo }, TextWriter.Null, default).GetAwaiter().GetResult());
    }

    private static List<string> Steps(PrepareOptions options, params HostAddress[] addresses) => [.. Preparation.Steps(options, addresses).Select(step => step.ToString())];
}
