using System.Net;
using Director.Forwarding.Kernel;
using Xunit;

namespace Director.Forwarding.Tests.Kernel;

public class HostProbeTests
{
    private readonly Dictionary<string, string> _settings = new(StringComparer.Ordinal)
    {
        ["net/ipv4/ip_forward"] = "1", ["net/ipv6/conf/all/forwarding"] = "1", ["net/ipv4/conf/all/rp_filter"] = "0", ["net/ipv4/conf/eth0/rp_filter"] = "0", ["net/ipv4/conf/all/arp_ignore"] = "1",
    };

    private readonly HostFacts _good;

    public HostProbeTests() => _good = new()
    {
        Capabilities = ulong.MaxValue,
        HasLibpcap = true,
        HasNft = true,
        HasIp = true,
        HasTun = true,
        Addresses = [new("eth0", false, IPAddress.Parse("10.0.0.1"), 24), new("lo", true, IPAddress.Loopback, 8)],
        Interfaces = ["eth0"],
        Setting = name => _settings.GetValueOrDefault(name),
    };

    [Fact]
    public void A_host_that_has_everything_hears_nothing() =>
        Assert.Empty(HostProbe.Judge(_good, Table(new RealServerSpec(IPAddress.Parse("10.0.0.9"), 80) { Method = ForwardingMethod.Nat }), workers: 4));

    [Fact]
    public void Everything_that_is_missing_is_named_at_once()
    {
        var findings = HostProbe.Judge(_good with { Capabilities = 1 << 12, HasLibpcap = false, HasNft = false, HasIp = false, HasTun = false }, ForwardingTable.Empty, 1);
        Assert.All(findings, finding => Assert.True(finding.IsError));
        Assert.Equal(5, findings.Length);
        Assert.Contains(findings, finding => finding.Message.Contains("lacks CAP_NET_RAW:", StringComparison.Ordinal));
        foreach (var package in new[] { "libpcap0.8", "nftables", "iproute2", "/dev/net/tun" })
            Assert.Single(findings, finding => finding.Message.Contains(package, StringComparison.Ordinal));
    }

    [Fact]
    public void Refused_rules_count_only_with_the_privilege_to_write_them()
    {
        var refused = _good with { RulesProblem = "Could not process rule" };
        Assert.EndsWith(": Could not process rule", Assert.Single(HostProbe.Judge(refused, ForwardingTable.Empty, 1)).Message, StringComparison.Ordinal);
        Assert.DoesNotContain("rule", Assert.Single(HostProbe.Judge(refused with { Capabilities = 0 }, ForwardingTable.Empty, 1)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Several_workers_need_CAP_BPF_or_CAP_SYS_ADMIN_and_on_old_kernels_locked_memory()
    {
        var plain = _good with { Capabilities = (1UL << 12) | (1UL << 13) };
        Assert.False(Assert.Single(HostProbe.Judge(plain, ForwardingTable.Empty, 2)).IsError);
        Assert.Empty(HostProbe.Judge(plain, ForwardingTable.Empty, 1));
        Assert.Empty(HostProbe.Judge(plain with { Capabilities = plain.Capabilities | (1UL << 21) }, ForwardingTable.Empty, 2));
        Assert.Empty(HostProbe.Judge(_good with { LockableBytes = 65536 }, ForwardingTable.Empty, 2));
        Assert.Contains("65536", Assert.Single(HostProbe.Judge(_good with { LockableBytes = 65536, Kernel = new(5, 10) }, ForwardingTable.Empty, 2)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ForwardingMethod.Direct, "1", "0", true)]
    [InlineData(ForwardingMethod.Tunnel, "0", "1", true)]
    [InlineData(ForwardingMethod.Direct, "1", "2", false)]
    [InlineData(ForwardingMethod.Direct, "0", "0", false)]
    [InlineData(ForwardingMethod.Nat, "1", "1", false)]
    public void A_strict_reverse_path_filter_breaks_direct_routing_and_tunnelling_through_a_gateway(ForwardingMethod method, string all, string eth0, bool warns)
    {
        (_settings["net/ipv4/conf/all/rp_filter"], _settings["net/ipv4/conf/eth0/rp_filter"]) = (all, eth0);
        var table = Table(new RealServerSpec(IPAddress.Parse("10.0.0.9"), 80) { Method = method });
        Assert.Equal(warns, HostProbe.Judge(_good, table, 1).Any(finding => finding.Message.Contains("net.ipv4.conf.eth0.rp_filter to 2", StringComparison.Ordinal)));
        _settings["net/ipv4/ip_forward"] = "0";
        Assert.DoesNotContain(HostProbe.Judge(_good, table, 1), finding => finding.Message.Contains("rp_filter", StringComparison.Ordinal));
    }

    [Fact]
    public void Without_forwarding_NAT_real_servers_are_cut_off_from_the_rest_of_the_world()
    {
        _settings["net/ipv4/ip_forward"] = "0";
        Assert.Contains("net.ipv4.ip_forward is 0", Assert.Single(HostProbe.Judge(_good, Table(new RealServerSpec(IPAddress.Parse("10.0.0.9"), 80) { Method = ForwardingMethod.Nat }), 1)).Message, StringComparison.Ordinal);
        Assert.Empty(HostProbe.Judge(_good, Table(new RealServerSpec(IPAddress.Parse("10.0.0.9"), 80)), 1));
    }

    [Fact]
    public void A_vip_on_a_NIC_is_an_error_and_on_lo_only_a_matter_of_ARP()
    {
        var onNic = _good with { Addresses = [new("eth0", false, IPAddress.Parse("10.0.0.100"), 24)] };
        Assert.True(Assert.Single(HostProbe.Judge(onNic, Table(), 1)).IsError);
        var onLo = _good with { Addresses = [new("lo", true, IPAddress.Parse("10.0.0.100"), 32)] };
        Assert.Empty(HostProbe.Judge(onLo, Table(), 1));
        _settings["net/ipv4/conf/all/arp_ignore"] = "0";
        Assert.False(Assert.Single(HostProbe.Judge(onLo, Table(), 1)).IsError);
    }

    [Fact]
    public void Local_real_servers_that_cannot_be_reached_are_errors()
    {
        Assert.Contains("::1", Assert.Single(HostProbe.Judge(_good, Table(new RealServerSpec(IPAddress.IPv6Loopback, 80)), 1)).Message, StringComparison.Ordinal);
        var anyPort = new ForwardingTable { Services = [new VirtualServiceSpec(ServiceKey.ForMark(1)) { RealServers = [new(IPAddress.Parse("10.0.0.1"), 0), new(IPAddress.Loopback, 0)] }] };
        Assert.Contains("10.0.0.1 of FWM 1 is this host", Assert.Single(HostProbe.Judge(_good, anyPort, 1)).Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public void This_host_has_what_the_other_live_tests_need()
    {
        using var host = new NetworkNamespace();
        host.Run("ip link add eth0 type veth peer name eth1; ip link set eth0 up; ip link set eth1 up");
        Assert.DoesNotContain(host.Inside(() => HostProbe.Examine(ForwardingTable.Empty, new EngineOptions())), finding => finding.IsError);
        Assert.DoesNotContain("director", host.Run("nft list tables"), StringComparison.Ordinal);
    }

    private static ForwardingTable Table(params RealServerSpec[] servers) =>
        new() { Services = [new VirtualServiceSpec(ServiceKey.ForAddress(Protocol.Tcp, IPAddress.Parse("10.0.0.100"), 80)) { RealServers = [.. servers] }] };
}
