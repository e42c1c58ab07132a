using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using Director.Forwarding.Kernel;
using Xunit;
using static Director.Forwarding.Tests.NetworkNamespace;

namespace Director.Forwarding.Tests.Kernel;

/// <summary>
/// client 10.1.0.2 -- eth0 director eth1 -- server 10.2.0.2 (IPv6: 2001:db8:1::, 2001:db8:2::). The VIPs 10.1.0.100 and 2001:db8:1::100 are nobody's; the client has been told the director's
/// MAC for them. Counters on both ends see how the director's kernel reacts.
/// </summary>
public sealed partial class KernelGuardLiveTests : IDisposable
{
    private const string Tun = "director0";
    private const string Sentinel = "10.1.0.1";

    private readonly NetworkNamespace _client = new();
    private readonly NetworkNamespace _director = new();
    private readonly NetworkNamespace _server = new();
    private readonly TestTun _tun;
    private KernelGuard? _guard;

    public KernelGuardLiveTests()
    {
        Join(_client, _director, "eth0");
        Join(_server, _director, "eth1");
        _client.Run("ip addr add 10.1.0.2/24 dev eth0; ip -6 addr add 2001:db8:1::2/64 dev eth0 nodad; ip route add default via 10.1.0.1; ip -6 route add default via 2001:db8:1::1");
        _server.Run("ip addr add 10.2.0.2/24 dev eth1; ip -6 addr add 2001:db8:2::2/64 dev eth1 nodad; ip route add default via 10.2.0.1; ip -6 route add default via 2001:db8:2::1");
        _director.Run("ip addr add 10.1.0.1/24 dev eth0; ip -6 addr add 2001:db8:1::1/64 dev eth0 nodad; ip addr add 10.2.0.1/24 dev eth1; ip -6 addr add 2001:db8:2::1/64 dev eth1 nodad");
        var mac = _director.Run("cat /sys/class/net/eth0/address").Trim();
        _client.Run($"ip neigh add 10.1.0.100 lladdr {mac} dev eth0; ip -6 neigh add 2001:db8:1::100 lladdr {mac} dev eth0");
        foreach (var end in new[] { _client, _server })
        {
            end.Run($$"""
                nft -f - <<EOF
                table inet watch {
                  counter reactions { }
                  counter hidden { }
                  counter other { }
                  chain input {
                    type filter hook input priority -400;
                    icmp type { redirect, time-exceeded } counter name reactions
                    icmp type destination-unreachable icmp code != port-unreachable counter name reactions
                    icmpv6 type { nd-redirect, packet-too-big, time-exceeded } counter name reactions
                    icmpv6 type destination-unreachable icmpv6 code != port-unreachable counter name reactions
                    tcp flags rst counter name reactions
                    udp sport 53 counter name hidden
                    udp sport 54 counter name other
                  }
                }
                table arp watch {
                  counter reactions { }
                  chain input { type filter hook input priority 0; arp daddr ip 10.1.0.100 counter name reactions; }
                }
                EOF
                """);
        }
        _director.Run("""
            nft -f - <<EOF
            table inet watch {
              counter arrived { }
              counter seen { }
              chain ingress { type filter hook ingress device "eth0" priority 0; ip daddr 10.2.0.2 counter name seen; }
              chain prerouting { type filter hook prerouting priority -310; ip daddr 10.1.0.100 counter name arrived; ip6 daddr 2001:db8:1::100 counter name arrived; udp sport { 53, 54 } counter name arrived; }
            }
            EOF
            """);
        _tun = _director.Inside(() => new TestTun(Tun));
    }

    public void Dispose()
    {
        _director.Inside(() => _guard?.Stop());
        _tun?.Dispose();
        _server.Dispose();
        _director.Dispose();
        _client.Dispose();
    }

    [SkippableTheory]
    [InlineData("10.1.0.100", 0)]
    [InlineData("10.1.0.100", 1)]
    [InlineData("2001:db8:1::100", 0)]
    [InlineData("2001:db8:1::100", 1)]
    public void The_kernel_is_silent_about_a_vip(string vip, int forward)
    {
        Forward(forward);
        Start(Table(vip));
        Knock(vip);
        Assert.Equal(0, Count(_client, "inet", "reactions"));
        Assert.Equal(0, Count(_client, "arp", "reactions"));
    }

    [SkippableFact]
    public void Without_the_guard_the_kernel_is_not_silent()
    {
        Forward(1);
        Knock("10.1.0.100", isLast: false);
        Eventually(() => Count(_client, "inet", "reactions") > 0 && Count(_client, "arp", "reactions") > 0, "redirects and requests for the VIP's MAC");
    }

    [SkippableTheory]
    [InlineData("10.1.0.2", "10.1.0.100", "10.2.0.2")]
    [InlineData("2001:db8:1::2", "2001:db8:1::100", "2001:db8:2::2")]
    public void Answers_of_a_NAT_real_server_are_hidden_and_its_other_traffic_goes_through_the_kernel(string client, string vip, string server)
    {
        Forward(1);
        Start(Table(vip, new RealServerSpec(IPAddress.Parse(server), 0) { Method = ForwardingMethod.Nat }));
        SendFrom(_server, server, 53, client, 9000);
        SendFrom(_server, server, 54, client, 9000);
        Eventually(() => Count(_client, "inet", "other") == 1, "the other packet");
        Assert.Equal(0, Count(_client, "inet", "hidden"));
        Assert.Equal(0, Count(_server, "inet", "reactions"));

        // Answers to the director itself, of a health check for one, are its own.
        _director.Run("nft add rule inet watch prerouting udp sport 53 counter; nft 'add chain inet watch input { type filter hook input priority 0; }'; nft add counter inet watch own; nft add rule inet watch input udp sport 53 counter name own");
        SendFrom(_server, server, 53, client.Contains(':') ? "2001:db8:2::1" : "10.2.0.1", 9000);
        Eventually(() => Count(_director, "inet", "own") == 1, "the answer to the director");
    }

    [SkippableFact]
    public void Later_fragments_of_a_NAT_real_server_are_hidden_too()
    {
        Forward(1);
        Start(Table("10.1.0.100", new RealServerSpec(IPAddress.Parse("10.2.0.2"), 0) { Method = ForwardingMethod.Nat }));
        _client.Run("nft add counter inet watch everything; nft 'add chain inet watch early { type filter hook prerouting priority -450; }'; nft add rule inet watch early ip saddr 10.2.0.2 counter name everything");
        _director.Run("nft add counter inet watch fragments; nft add rule inet watch prerouting ip saddr 10.2.0.2 counter name fragments");
        SendFrom(_server, "10.2.0.2", 53, "10.1.0.2", 9000, new string('x', 4000));
        Eventually(() => Count(_director, "inet", "fragments") == 3, "three fragments");
        SendFrom(_server, "10.2.0.2", 54, "10.1.0.2", 9000);
        Eventually(() => Count(_client, "inet", "other") == 1, "the packet after them");
        Assert.Equal(1, Count(_client, "inet", "everything"));
    }

    [SkippableFact]
    public void One_armed_no_redirect_is_sent_to_the_real_server()
    {
        Forward(1);
        _director.Run("ip addr add 10.3.0.1/24 dev eth1; sysctl -qw net.ipv4.conf.eth1.send_redirects=1 net.ipv4.conf.all.send_redirects=1");
        Start(Table("10.1.0.100", new RealServerSpec(IPAddress.Parse("10.2.0.2"), 0) { Method = ForwardingMethod.Nat }));
        SendFrom(_server, "10.2.0.2", 53, "10.3.0.9", 9000);
        SendFrom(_server, "10.2.0.2", 55, "10.3.0.9", 9000);
        SendFrom(_server, "10.2.0.2", 54, "10.1.0.2", 9000);
        Eventually(() => Count(_client, "inet", "other") == 1, "the packet after them");
        Assert.Equal(0, Count(_server, "inet", "reactions"));
        Stop();
        SendFrom(_server, "10.2.0.2", 55, "10.3.0.9", 9000);
        Eventually(() => Count(_server, "inet", "reactions") > 0, "a redirect without the guard");
    }

    [SkippableFact]
    public void Changes_hide_and_show_without_touching_the_rest()
    {
        Forward(1);
        Start(Table("10.1.0.100"));
        var handle = _director.Run("nft -a list chain inet director prerouting");
        Apply(Table("10.9.9.9"));
        Assert.Equal(handle, _director.Run("nft -a list chain inet director prerouting"));
        Assert.Contains("elements = { 10.9.9.9 }", _director.Run("nft list set inet director vips4"), StringComparison.Ordinal);
        Knock("10.1.0.100", isLast: false);
        Eventually(() => Count(_client, "inet", "reactions") > 0, "the kernel has the old VIP again");
    }

    [SkippableFact]
    public void A_flushed_ruleset_is_written_again_by_the_next_change_and_by_Restore()
    {
        Start(Table("10.1.0.100"));
        _director.Run("nft flush ruleset");
        Apply(Table("10.1.0.101"));
        Assert.Contains("10.1.0.101", _director.Run("nft list set inet director vips4"), StringComparison.Ordinal);
        _director.Run("nft flush ruleset");
        Eventually(
            () =>
            {
                _director.Inside(() => _guard!.Restore());
                return _director.Run("nft list tables").Contains("director", StringComparison.Ordinal);
            },
            "the table again");
        Assert.Contains("10.1.0.101", _director.Run("nft list set inet director vips4"), StringComparison.Ordinal);
    }

    [SkippableFact]
    public void Masquerading_and_marks_hide_what_they_name()
    {
        Forward(1);
        Start(new ForwardingTable
        {
            Masquerade = [new MasqueradeRule(IPNetwork.Parse("10.2.0.0/24"), IPAddress.Parse("10.1.0.50"))],
            Marks = [new MarkRule(1, Protocol.Udp, IPNetwork.Parse("10.2.0.0/28"), [9001]), new MarkRule(2, null, IPNetwork.Parse("0.0.0.0/0"), [])],
            Services = [new VirtualServiceSpec(ServiceKey.ForMark(1))],
        });
        SendFrom(_server, "10.2.0.2", 53, "10.1.0.2", 9000);
        SendFrom(_client, "10.1.0.2", 53, "10.2.0.2", 9001);
        SendFrom(_client, "10.1.0.2", 54, "10.2.0.2", 9002);
        Eventually(() => Count(_server, "inet", "other") == 1, "the packet without a mark");
        Assert.Equal(0, Count(_server, "inet", "hidden"));
        Assert.Equal(0, Count(_client, "inet", "hidden"));
    }

    [SkippableFact]
    public void Nothing_is_left_after_Stop()
    {
        _director.Run("sysctl -qw net.ipv4.conf.eth0.send_redirects=1 net.ipv4.conf.eth1.send_redirects=0 net.ipv4.conf.all.send_redirects=1");
        var before = State();
        Start(Table("10.1.0.100", new RealServerSpec(IPAddress.Parse("10.1.0.1"), 80) { Method = ForwardingMethod.Local }));
        Assert.Equal("0 0 0", Redirects());
        Assert.Contains("from 10.1.0.1 ipproto udp sport 80 lookup 53740", _director.Run("ip rule"), StringComparison.Ordinal);
        Stop();
        Assert.Equal(before, State());
        Assert.Equal("1 0 1", Redirects());
    }

    [SkippableFact]
    public void A_killed_directors_traces_are_taken_over_and_removed_at_last()
    {
        _director.Run("sysctl -qw net.ipv4.conf.eth0.send_redirects=1 net.ipv4.conf.eth1.send_redirects=0 net.ipv4.conf.all.send_redirects=1");
        var before = State();
        Start(Table("10.1.0.100", new RealServerSpec(IPAddress.Parse("10.1.0.1"), 80) { Method = ForwardingMethod.Local }));
        _guard = null;
        Start(Table("10.1.0.101"));
        Assert.Contains("elements = { 10.1.0.101 }", _director.Run("nft list set inet director vips4"), StringComparison.Ordinal);
        Assert.DoesNotContain("sport 80", _director.Run("ip rule"), StringComparison.Ordinal);
        Stop();
        Assert.Equal(before, State());
        Assert.Equal("1 0 1", Redirects());
    }

    [SkippableTheory]
    [InlineData("10.2.0.2", "10.1.0.2", 0)]
    [InlineData("10.2.0.2", "10.1.0.2", 1)]
    [InlineData("10.2.0.2", "10.1.0.2", 2)]
    [InlineData("2001:db8:2::2", "2001:db8:1::2", 1)]
    public void What_is_handed_back_is_forwarded_under_every_reverse_path_filter(string server, string client, int filter)
    {
        Forward(1);
        _director.Run($"for i in all eth0 eth1 default; do sysctl -qw net.ipv4.conf.$i.rp_filter={filter}; done");
        Start(Table("10.1.0.100", new RealServerSpec(IPAddress.Parse("10.2.0.2"), 0) { Method = ForwardingMethod.Nat }));
        _tun.Write(UdpPackets.Build(server, 53, client, 9000, "handed back"));
        Eventually(() => Count(_client, "inet", "hidden") == 1, "the packet that was handed back");
    }

    [SkippableTheory]
    [InlineData("127.0.0.1", "10.1.0.2", 0)]
    [InlineData("127.0.0.1", "10.1.0.2", 1)]
    [InlineData("10.1.0.1", "10.1.0.2", 1)]
    [InlineData("10.1.0.1", "10.1.0.2", 2)]
    [InlineData("2001:db8:1::1", "2001:db8:1::2", 0)]
    public void A_service_on_this_host_is_reached_through_the_device_and_answers_through_it(string address, string client, int filter)
    {
        _director.Run($"for i in all eth0 eth1 default; do sysctl -qw net.ipv4.conf.$i.rp_filter={filter}; done");
        Start(Table(address.Contains(':') ? "2001:db8:1::100" : "10.1.0.100", new RealServerSpec(IPAddress.Parse(address), 7) { Method = ForwardingMethod.Local }));
        using var service = _director.Inside(() => Bound(address, 7));
        _tun.Write(UdpPackets.Build(client, 9000, address, 7, "question"));
        Eventually(() => service.Available > 0, "the question");
        var from = (EndPoint)new IPEndPoint(IPAddress.Parse(client), 0);
        service.ReceiveFrom(new byte[100], ref from);
        service.SendTo("answer"u8.ToArray(), from);
        (int, int, string)? answer = null;
        Eventually(() => (answer = Answer()) is not null, "the answer");
        Assert.Equal((7, 9000, "answer"), answer);

        (int, int, string)? Answer() => _tun.Read() is { } packet ? UdpPackets.Read(packet) : null;
    }

    [SkippableFact]
    public void A_vip_on_a_NIC_is_an_error_and_on_lo_it_is_not()
    {
        _director.Run("ip addr add 10.1.0.100/32 dev lo");
        Start(Table("10.1.0.100"));
        _director.Run("ip addr del 10.1.0.100/32 dev lo; ip addr add 10.1.0.101/24 dev eth0");
        var error = Assert.Throws<KernelGuardException>(() => Apply(Table("10.1.0.101")));
        Assert.Contains("ip address delete 10.1.0.101/24 dev eth0", error.Message, StringComparison.Ordinal);
        Assert.Contains("10.1.0.100", _director.Run("nft list set inet director vips4"), StringComparison.Ordinal);
    }

    /// <summary>Real servers and clients route through an address behind the shared MAC; one director's kernel forwards for them.</summary>
    [SkippableFact]
    public void The_kernel_forwards_what_comes_to_the_shared_MAC_at_the_gateway_owner_alone()
    {
        Forward(1);
        _client.Run($"ip neigh add 10.1.0.254 lladdr {SharedMac} dev eth0; ip route add 10.2.0.0/24 via 10.1.0.254; ip neigh replace 10.1.0.1 lladdr $(ip netns exec {_director.Name} cat /sys/class/net/eth0/address) dev eth0");
        Start(Table("10.1.0.100"));
        Hold(isGatewayOwner: false);
        SendFrom(_client, "10.1.0.2", 54, "10.2.0.2", 9000);
        Eventually(() => Count(_director, "inet", "seen") == 1, "the frame, as another host's");
        Hold(isGatewayOwner: true);
        SendFrom(_client, "10.1.0.2", 54, "10.2.0.2", 9000);
        Eventually(() => Count(_server, "inet", "other") == 1, "the packet that the gateway owner's kernel forwards");

        Stop();
        Assert.DoesNotContain("director", _director.Run("nft list tables | grep -v watch || true"), StringComparison.Ordinal);
        Assert.Equal(1, Count(_server, "inet", "other"));
    }

    /// <summary>Directors that are each other's real servers have the VIP on lo.</summary>
    [SkippableFact]
    public void A_VIP_on_lo_is_served_by_the_kernel_while_it_is_held_elsewhere_or_shared_but_never_through_the_shared_MAC()
    {
        _director.Run("ip addr add 10.1.0.100/32 dev lo");
        Start(Table("10.1.0.100"));
        using var service = _director.Inside(() => Bound("10.1.0.100", 53));
        Hold(isGatewayOwner: true);
        SendFrom(_client, "10.1.0.2", 9000, "10.1.0.100", 53, "own");
        Eventually(() => service.Available > 0, "what came to the own MAC");
        var buffer = new byte[16];
        Assert.Equal("own", Encoding.ASCII.GetString(buffer, 0, service.Receive(buffer)));

        _client.Run($"ip neigh replace 10.1.0.100 lladdr {SharedMac} dev eth0");
        SendFrom(_client, "10.1.0.2", 9000, "10.1.0.100", 53, "shared");
        _client.Run($"ip neigh replace 10.1.0.100 lladdr $(ip netns exec {_director.Name} cat /sys/class/net/eth0/address) dev eth0");
        SendFrom(_client, "10.1.0.2", 9000, "10.1.0.100", 53, "last");
        Eventually(() => service.Available > 0, "what came to the own MAC again");
        Assert.Equal("last", Encoding.ASCII.GetString(buffer, 0, service.Receive(buffer)));
    }

    private const string SharedMac = "02:00:5e:00:00:aa";

    private void Hold(bool isGatewayOwner) => _director.Inside(() =>
    {
        var share = new PartitionShare(BlockSense.Source, System.Net.NetworkInformation.PhysicalAddress.Parse(SharedMac), [.. new bool[512]]) { IsGatewayOwner = isGatewayOwner };
        HeldGroup group = new("www", [IPAddress.Parse("10.1.0.100"), IPAddress.Parse("10.1.0.254")]) { Answers = true, Forwards = true, Share = share };
        _guard!.Apply(HiddenTraffic.Of(Table("10.1.0.100"), ["eth0", "eth1"], _ => false).Under(new([group]), address => _director.Run("ip -4 addr show dev lo").Contains($"{address}/", StringComparison.Ordinal)));
    });

    private void Start(ForwardingTable table)
    {
        _director.Inside(() => _guard = KernelGuard.Start(new HostSystem(), Tun, watch: new RulesetWatch()));
        Apply(table);
    }

    private void Apply(ForwardingTable table) => _director.Inside(() => _guard!.Apply(HiddenTraffic.Of(table, ["eth0", "eth1"], _ => false)));

    private void Stop() => _director.Inside(() => _guard!.Stop());

    /// <summary>Sends UDP and TCP to an address and returns when the director's kernel has dealt with it, which a later packet shows.</summary>
    private void Knock(string address, bool isLast = true) => _client.Inside(() =>
    {
        var destination = new IPEndPoint(IPAddress.Parse(address), 80);
        using var tcp = new Socket(destination.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { Blocking = false };
        using var udp = new Socket(destination.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        for (var i = 0; i < 3; i++)
            udp.SendTo([1], destination);
        Assert.Throws<SocketException>(() => tcp.Connect(destination));
        Eventually(() => Count(_director, "inet", "arrived") >= 4, "the packets");
        if (!isLast)
            return;
        using var sentinel = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveTimeout = 5000 };
        sentinel.Connect(IPAddress.Parse(Sentinel), 1);
        sentinel.Send([1]);
        Assert.Equal(SocketError.ConnectionRefused, Assert.Throws<SocketException>(() => sentinel.Receive(new byte[1])).SocketErrorCode);
    });

    private static void SendFrom(NetworkNamespace host, string source, int sourcePort, string destination, int port, string payload = "x") => host.Inside(() =>
    {
        using var socket = Bound(source, sourcePort);
        socket.SendTo(Encoding.ASCII.GetBytes(payload), new IPEndPoint(IPAddress.Parse(destination), port));
    });

    private static Socket Bound(string address, int port)
    {
        var local = new IPEndPoint(IPAddress.Parse(address), port);
        var socket = new Socket(local.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(local);
        return socket;
    }

    private void Forward(int value) => _director.Run($"sysctl -qw net.ipv4.ip_forward={value} net.ipv6.conf.all.forwarding={value}");

    private string State() => _director.Run("nft list tables; ip rule; ip -6 rule; ip route show table all | grep -v fe80; ip -4 addr show dev director0 | grep inet || true");

    private string Redirects() => string.Join(' ', _director.Run("cd /proc/sys/net/ipv4/conf; cat eth0/send_redirects eth1/send_redirects all/send_redirects").Split('\n', StringSplitOptions.RemoveEmptyEntries));

    private static int Count(NetworkNamespace host, string family, string counter) =>
        int.Parse(Packets().Match(host.Run($"nft list counter {family} watch {counter}")).Groups[1].Value, CultureInfo.InvariantCulture);

    private static ForwardingTable Table(string vip, params RealServerSpec[] servers)
    {
        var port = servers.Length > 0 && servers[0].Port != 0 ? servers[0].Port : (ushort)53;
        return new() { Services = [new VirtualServiceSpec(ServiceKey.ForAddress(Protocol.Udp, IPAddress.Parse(vip), port)) { RealServers = [.. servers] }] };
    }

    [GeneratedRegex(@"packets (\d+)")]
    private static partial Regex Packets();
}
