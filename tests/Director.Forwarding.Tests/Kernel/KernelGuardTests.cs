using System.Net;
using Director.Forwarding.Kernel;
using Xunit;

namespace Director.Forwarding.Tests.Kernel;

public class KernelGuardTests
{
    private const string All = "net/ipv4/conf/all/send_redirects", Eth0 = "net/ipv4/conf/eth0/send_redirects";
    private static readonly HiddenTraffic Traffic = new() { Interfaces = ["eth0", "eth1"], Vips = [IPAddress.Parse("10.0.0.100")] };

    private readonly FakeHost _host = new()
    {
        Settings = { [All] = "1", [Eth0] = "1", ["net/ipv4/conf/eth1/send_redirects"] = "0", ["net/ipv4/conf/director0/rp_filter"] = "1", ["net/ipv4/conf/director0/route_localnet"] = "0" },
    };

    [Fact]
    public void Redirects_are_remembered_in_the_table_before_they_are_switched_off_and_only_those_are_restored()
    {
        var guard = Start();
        guard.Apply(Traffic);
        Assert.Contains("add element inet director redirects { \"all\", \"eth0\" }", _host.Commands[^1], StringComparison.Ordinal);
        Assert.Equal(("0", "0"), (_host.Settings[All], _host.Settings[Eth0]));
        guard.Stop();
        Assert.Equal(("1", "1", "0"), (_host.Settings[All], _host.Settings[Eth0], _host.Settings["net/ipv4/conf/eth1/send_redirects"]));
        Assert.Equal("nft delete table inet director", _host.Commands[^1]);
    }

    [Fact]
    public void What_a_killed_director_switched_off_is_restored_by_the_next()
    {
        (_host.Settings[All], _host.Settings[Eth0]) = ("0", "0");
        _host.Answer = line => line == "nft list set inet director redirects" ? new(0, "elements = { \"eth0\" }", "") : default;
        var guard = Start();
        Assert.Contains(_host.Commands, line => line.StartsWith("nft -f -: ", StringComparison.Ordinal) && line.Contains("redirects { \"eth0\" }", StringComparison.Ordinal));
        guard.Stop();
        Assert.Equal(("0", "1"), (_host.Settings[All], _host.Settings[Eth0]));
    }

    [Fact]
    public void An_equal_table_costs_no_command()
    {
        var guard = Start();
        guard.Apply(Traffic);
        var commands = _host.Commands.Count;
        guard.Apply(Traffic with { });
        Assert.Equal(commands, _host.Commands.Count);
    }

    [Fact]
    public void A_table_that_nft_refuses_changes_nothing_and_the_next_one_starts_from_what_is_in_force()
    {
        var guard = Start();
        _host.Answer = line => line.StartsWith("nft -f", StringComparison.Ordinal) ? new(1, "", "/dev/stdin:1: Error: no\nmore") : default;
        var error = Assert.Throws<KernelGuardException>(() => guard.Apply(Traffic));
        Assert.EndsWith("/dev/stdin:1: Error: no", error.Message, StringComparison.Ordinal);
        Assert.Equal("1", _host.Settings[All]);
        _host.Answer = _ => default;
        guard.Apply(Traffic);
        Assert.Contains("add element inet director vips4 { 10.0.0.100 }", _host.Commands[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void A_start_that_fails_half_way_leaves_nothing()
    {
        _host.Answer = line => line.StartsWith("ip -4 -batch", StringComparison.Ordinal) ? new(1, "", "RTNETLINK answers: Operation not permitted") : default;
        var error = Assert.Throws<KernelGuardException>(() => Start());
        Assert.Equal("The routes through director0 cannot be set: RTNETLINK answers: Operation not permitted", error.Message);
        Assert.Equal("nft delete table inet director", _host.Commands[^1]);
    }

    [Fact]
    public void A_sysctl_that_cannot_be_set_is_named()
    {
        _host.ReadOnly.Add("net/ipv4/conf/director0/route_localnet");
        Assert.StartsWith("The sysctl net.ipv4.conf.director0.route_localnet cannot be set to 1:", Assert.Throws<KernelGuardException>(() => Start()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_IPv6_in_the_kernel_no_command_is_for_IPv6()
    {
        Start().Stop();
        Assert.DoesNotContain(_host.Commands, line => line.StartsWith("ip -6", StringComparison.Ordinal));
        _host.Settings["net/ipv6/conf/all/forwarding"] = "0";
        Start();
        Assert.Contains(_host.Commands, line => line.StartsWith("ip -6 -batch", StringComparison.Ordinal));
    }

    [Fact]
    public void Local_services_get_and_lose_their_rules()
    {
        var guard = Start();
        guard.Apply(Traffic with { LocalPorts = [new(IPAddress.Parse("10.0.0.1"), Protocol.Tcp, 80)] });
        Assert.Equal("ip -4 -batch -: rule add priority 2 from 10.0.0.1 ipproto 6 sport 80 lookup 53740\n", _host.Commands[^1]);
        guard.Apply(Traffic);
        Assert.Equal("ip -4 -batch -: rule delete priority 2 from 10.0.0.1 ipproto 6 sport 80 lookup 53740\n", _host.Commands[^1]);
    }

    [Fact]
    public void Flushed_rules_are_all_written_anew_by_the_next_change()
    {
        var guard = Start();
        guard.Apply(Traffic with { LocalPorts = [new(IPAddress.Parse("10.0.0.1"), Protocol.Tcp, 80)] });
        _host.Answer = line => line.Contains("rule delete", StringComparison.Ordinal) ? new(2, "", "RTNETLINK answers: No such file or directory") : default;
        guard.Apply(Traffic with { LocalPorts = [new(IPAddress.Parse("10.0.0.1"), Protocol.Tcp, 81)] });
        Assert.Contains("rule add priority 2 from 127.0.0.1", _host.Commands[^1], StringComparison.Ordinal);
        Assert.EndsWith("rule add priority 2 from 10.0.0.1 ipproto 6 sport 81 lookup 53740\n", _host.Commands[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void When_the_rules_are_refused_what_was_hidden_is_hidden_again()
    {
        var guard = Start();
        guard.Apply(Traffic);
        _host.Answer = line => line.Contains("sport", StringComparison.Ordinal) ? new(2, "", "Error: argument \"sport\" is wrong") : default;
        Assert.Throws<KernelGuardException>(() => guard.Apply(new() { Interfaces = Traffic.Interfaces, LocalPorts = [new(IPAddress.Parse("10.0.0.1"), Protocol.Tcp, 81)] }));
        Assert.Equal("nft -f -: add element inet director vips4 { 10.0.0.100 }\n", _host.Commands[^1]);
        var commands = _host.Commands.Count;
        guard.Apply(Traffic);
        Assert.Equal(commands, _host.Commands.Count);
    }

    private KernelGuard Start() => KernelGuard.Start(_host, "director0", () => []);
}
