using System.Net;
using System.Net.Sockets;
using System.Text;
using Director.Decapsulate;
using Director.Forwarding.Tests;
using Director.Forwarding.Tests.Kernel;
using Xunit;
using static Director.Forwarding.Tests.NetworkNamespace;

namespace Director.Tests.Decapsulate;

/// <summary>The test plays the director: it sends encapsulated packets from 10.1.0.1 (2001:db8:1::1) to the real server 10.1.0.2 (2001:db8:1::2).</summary>
public sealed class DecapsulatorTests : IDisposable
{
    private const string Vip4 = "10.0.0.100", Vip6 = "2001:db8::100";

    private readonly NetworkNamespace _director = new();
    private readonly NetworkNamespace _server = new();
    private readonly CancellationTokenSource _end = new();
    private readonly StringWriter _output = new();
    private Task<int>? _running;

    public DecapsulatorTests()
    {
        Join(_director, _server, "eth0");
        _director.Run("ip addr add 10.1.0.1/24 dev eth0; ip -6 addr add 2001:db8:1::1/64 dev eth0 nodad; ip -6 addr add 2001:db8:9::1/128 dev eth0 nodad");
        _server.Run("ip addr add 10.1.0.2/24 dev eth0; ip -6 addr add 2001:db8:1::2/64 dev eth0 nodad; ip route add default via 10.1.0.1; ip -6 route add default via 2001:db8:1::1");
        // The strictest host: what comes out of the device must still get in.
        _server.Run("sysctl -qw net.ipv4.conf.all.rp_filter=1 net.ipv4.conf.default.rp_filter=1 net.ipv4.conf.eth0.rp_filter=1");
    }

    public void Dispose()
    {
        _end.Cancel();
        _running?.ContinueWith(_ => { }, TaskScheduler.Default).GetAwaiter().GetResult();
        _end.Dispose();
        _server.Dispose();
        _director.Dispose();
    }

    [SkippableTheory]
    [InlineData("10.1.0.2", 4, "", Vip4)]
    [InlineData("10.1.0.2", 41, "", Vip6)]
    [InlineData("2001:db8:1::2", 4, "", Vip4)]
    [InlineData("2001:db8:1::2", 41, "", Vip6)]
    [InlineData("10.1.0.2", 47, "00000800", Vip4)]
    [InlineData("2001:db8:1::2", 47, "000086DD", Vip6)]
    [InlineData("10.1.0.2", 17, "00040000", Vip4)]
    [InlineData("2001:db8:1::2", 17, "00290000", Vip6)]
    public void A_service_on_the_vip_gets_what_was_in_the_tunnel(string server, byte protocol, string header, string vip)
    {
        Start(new([IPAddress.Parse(Vip4), IPAddress.Parse(Vip6)]) { Gre = true, GuePort = 6080 });
        using var service = _server.Inside(() => Bound(vip, 7));
        Send(server, protocol, [.. Convert.FromHexString(header), .. UdpPackets.Build(vip == Vip4 ? "10.9.0.1" : "2001:db8:9::1", 9000, vip, 7, "question")]);
        Eventually(() => service.Available > 0, "the question");
        var from = (EndPoint)new IPEndPoint(vip == Vip4 ? IPAddress.Any : IPAddress.IPv6Any, 0);
        var buffer = new byte[100];
        Assert.Equal("question", Encoding.ASCII.GetString(buffer, 0, service.ReceiveFrom(buffer, ref from)));
        Assert.Equal(new IPEndPoint(IPAddress.Parse(vip == Vip4 ? "10.9.0.1" : "2001:db8:9::1"), 9000), from);
    }

    [SkippableFact]
    public void A_packet_longer_than_the_mtu_gets_through()
    {
        Start(new([IPAddress.Parse(Vip4)]));
        using var service = _server.Inside(() => Bound(Vip4, 7));
        Send("10.1.0.2", 4, UdpPackets.Build("10.9.0.1", 9000, Vip4, 7, new string('x', 8000)));
        Eventually(() => service.Available > 0, "the datagram");
        Assert.Equal(8000, service.Receive(new byte[9000]));
    }

    [SkippableFact]
    public async Task What_is_refused_is_counted_and_the_device_is_gone_at_the_end()
    {
        Start(new([IPAddress.Parse(Vip4)]) { Directors = [IPAddress.Parse("10.1.0.1")] });
        using var service = _server.Inside(() => Bound(Vip4, 7));
        Send("10.1.0.2", 4, UdpPackets.Build("10.9.0.1", 9000, "10.0.0.101", 7, "not for a VIP"));
        Send("10.1.0.2", 4, [0x45, 0, 0, 1]);
        _director.Run("ip addr add 10.1.0.3/24 dev eth0");
        Send("10.1.0.2", 4, UdpPackets.Build("10.9.0.1", 9000, Vip4, 7, "from elsewhere"), from: "10.1.0.3");
        Send("10.1.0.2", 4, UdpPackets.Build("10.9.0.1", 9000, Vip4, 7, "good"));
        Eventually(() => service.Available > 0, "the good one");
        Assert.Equal(4, service.Receive(new byte[100]));
        Assert.Contains("decapsulate0", _server.Run("ip link"), StringComparison.Ordinal);
        await _end.CancelAsync();
        Assert.Equal(0, await _running!);
        Assert.DoesNotContain("decapsulate0", _server.Run("ip link"), StringComparison.Ordinal);
        Assert.EndsWith("delivered 1, malformed 1, unsupported 0, encapsulated twice 0, not for a VIP 1, not from a director 1, refused by the device 0\n", _output.ToString(), StringComparison.Ordinal);
    }

    [SkippableFact]
    public void A_device_name_that_is_taken_is_an_error_in_one_line()
    {
        _server.Run("ip link add decapsulate0 type veth peer name other0");
        var error = Assert.Throws<OperatorException>(() => _server.Inside(() => Decapsulator.RunAsync(new([IPAddress.Parse(Vip4)]), _output, default).GetAwaiter().GetResult()));
        Assert.StartsWith("The device decapsulate0 cannot be made:", error.Message, StringComparison.Ordinal);
    }

    private void Start(DecapsulateOptions options)
    {
        _running = _server.Inside(() => Decapsulator.RunAsync(options, TextWriter.Synchronized(_output), _end.Token));
        Eventually(() => _running.IsFaulted || _output.ToString().Contains("Taking packets", StringComparison.Ordinal), "the start");
        Assert.False(_running.IsFaulted, _running.Exception?.ToString());
    }

    private void Send(string server, byte protocol, byte[] payload, string? from = null) => _director.Inside(() =>
    {
        var destination = new IPEndPoint(IPAddress.Parse(server), protocol == 17 ? 6080 : 0);
        using var socket = protocol == 17 ? new Socket(destination.AddressFamily, SocketType.Dgram, ProtocolType.Udp) : RawSocket.Open(destination.AddressFamily, protocol);
        if (from is not null)
            socket.Bind(new IPEndPoint(IPAddress.Parse(from), 0));
        socket.SendTo(payload, destination);
    });

    private static Socket Bound(string address, int port)
    {
        var local = new IPEndPoint(IPAddress.Parse(address), port);
        var socket = new Socket(local.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(local);
        return socket;
    }
}
