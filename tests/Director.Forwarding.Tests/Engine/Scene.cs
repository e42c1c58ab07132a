using System.Net;
using Director.Forwarding.Engine;
using Director.Forwarding.Links;
using Director.Forwarding.Routing;
using Director.Forwarding.Scheduling;
using Director.Forwarding.Synchronisation;
using Director.Forwarding.Tests.Packets;
using Xunit;

namespace Director.Forwarding.Tests.Engine;

/// <summary>
/// A director between a client's network and real servers, in one family: the addresses that tests speak of, packets between them, and what has to come out. The link that a packet
/// belongs to follows from its MAC addresses.
/// </summary>
internal sealed class Scene : IDisposable
{
    public const ulong OutsideMac = 0x01_00_00_00_00_02;
    public const ulong InsideMac = 0x01_01_00_00_00_02;
    public const ulong ClientMac = 0x07_00_00_00_00_02;
    public const ulong RealMac = 0x11_01_00_00_00_02;
    public const int ClientPort = 40_000;
    public const int Outside = 0;
    public const int Inside = 1;
    public const int Tun = 2;

    public Scene(bool isIPv6 = false, int outsideMtu = 1500, int insideMtu = 1500, int connections = 4096, bool keepsSent = true, Func<DestinationRegistry, ConnectionSender>? sender = null, SynchronisationOptions? synchronisation = null)
    {
        IsIPv6 = isIPv6;
        MemoryLink[] links =
        [
            new("outside", Outside, OutsideMac, outsideMtu) { KeepsSent = keepsSent },
            new("inside", Inside, InsideMac, insideMtu) { KeepsSent = keepsSent },
            new("tun", Tun, 0, 65_535) { KeepsSent = keepsSent },
        ];
        var routes = new StaticRoutes();
        routes.Add("10.9.0.0/16", links[Outside], ClientMac, source: "10.9.0.1");
        routes.Add("2001:db8:9::/48", links[Outside], ClientMac, source: "2001:db8:9::1");
        RealNeighbour = routes.Add("192.168.1.0/24", links[Inside], RealMac, source: "192.168.1.1");
        routes.Add("2001:db8:1::/48", links[Inside], RealMac, source: "2001:db8:1::1");
        routes.AddLocal("192.168.1.1");
        routes.AddLocal("2001:db8:1::1");
        routes.AddLocal("127.0.0.1");
        routes.AddLocal("::1");
        Path = new ForwarderOnMemory(routes, links, connections, sender, synchronisation);
    }

    public bool IsIPv6 { get; }

    public ForwarderOnMemory Path { get; }

    /// <summary>The next hop to IPv4 real servers.</summary>
    public Neighbour RealNeighbour { get; }

    public string Client => IsIPv6 ? "2001:db8:9::7" : "10.9.0.7";

    public string Vip => IsIPv6 ? "2001:db8:9::100" : "10.9.0.100";

    public string Real => IsIPv6 ? "2001:db8:1::11" : "192.168.1.11";

    public string OtherReal => IsIPv6 ? "2001:db8:1::12" : "192.168.1.12";

    /// <summary>The director's own address among the real servers.</summary>
    public string InsideAddress => IsIPv6 ? "2001:db8:1::1" : "192.168.1.1";

    /// <summary>From the client to the VIP, as far as the IP header.</summary>
    public PacketBuilder FromClient(int hops = 64, int trafficClass = 0, int id = 0, bool df = false) =>
        PacketBuilder.Ethernet(OutsideMac, ClientMac).IP(Client, Vip, hops, trafficClass, id, df);

    /// <summary>What <see cref="FromClient"/> becomes on its way to a real server by NAT.</summary>
    public PacketBuilder ToReal(int hops = 63, int trafficClass = 0, int id = 0, bool df = false, string? real = null) =>
        PacketBuilder.Ethernet(RealMac, InsideMac).IP(Client, real ?? Real, hops, trafficClass, id, df);

    /// <summary>From a real server to the client.</summary>
    public PacketBuilder FromReal(int hops = 64, int trafficClass = 0, int id = 0, bool df = false, string? real = null) =>
        PacketBuilder.Ethernet(InsideMac, RealMac).IP(real ?? Real, Client, hops, trafficClass, id, df);

    /// <summary>What <see cref="FromReal"/> becomes on its way to the client.</summary>
    public PacketBuilder ToClient(int hops = 63, int trafficClass = 0, int id = 0, bool df = false) =>
        PacketBuilder.Ethernet(ClientMac, OutsideMac).IP(Vip, Client, hops, trafficClass, id, df);

    /// <summary>From the director itself to the client: errors and answers.</summary>
    public PacketBuilder Answer(int hops = 64, int trafficClass = 0) => ToClient(hops, trafficClass);

    public RealServerSpec Server(ForwardingMethod method = ForwardingMethod.Nat, int port = 8080, string? address = null, int weight = 1, TunnelOptions tunnel = default) =>
        new(IPAddress.Parse(address ?? Real), (ushort)port) { Method = method, Weight = weight, Tunnel = tunnel };

    public VirtualServiceSpec Service(Protocol protocol, params RealServerSpec[] servers) => Service(protocol, 80, servers);

    public VirtualServiceSpec Service(Protocol protocol, int port, params RealServerSpec[] servers) =>
        new(ServiceKey.ForAddress(protocol, IPAddress.Parse(Vip), (ushort)port)) { Scheduler = "rr", RealServers = [.. servers] };

    /// <summary>One TCP and one UDP service on port 80 with the same real servers.</summary>
    public Scene With(params RealServerSpec[] servers) => Apply(new ForwardingTable { Services = [Service(Protocol.Tcp, servers), Service(Protocol.Udp, servers)] });

    public Scene Apply(ForwardingTable table)
    {
        Path.Apply(table);
        return this;
    }

    /// <summary>Holds these groups and nothing else.</summary>
    public Scene Hold(params HeldGroup[] groups)
    {
        Path.Hold(new Holdings([.. groups]));
        return this;
    }

    public ulong Count(PacketCounter counter) => Path.Counters[counter];

    /// <summary>Puts a packet in at the link that its MAC address names; without one, at the TUN device.</summary>
    public List<(int Link, SentFrame Frame)> Send(PacketBuilder packet) => Path.Send(LinkOf(packet.ToMac), packet.Build());

    /// <summary>Puts a packet in; exactly these must come out, byte for byte.</summary>
    public void Expect(PacketBuilder packet, params PacketBuilder[] expected) => AssertSent(expected, Send(packet));

    /// <summary>Puts a packet in; nothing must come out, and that for this reason alone.</summary>
    public void ExpectDrop(PacketBuilder packet, PacketCounter reason)
    {
        var before = Count(reason);
        Expect(packet);
        Assert.Equal(before + 1, Count(reason));
    }

    /// <summary>Opens a TCP connection from the client; the handshake is complete afterwards.</summary>
    public void Open(int clientPort = ClientPort, int port = 80, int realPort = 8080, byte[]? clientOptions = null, byte[]? realOptions = null)
    {
        Send(FromClient().Tcp(clientPort, port, TcpFlags.Syn, options: clientOptions));
        Send(FromReal().Tcp(realPort, clientPort, TcpFlags.Syn | TcpFlags.Ack, options: realOptions));
        Send(FromClient().Tcp(clientPort, port, TcpFlags.Ack));
    }

    public static void AssertSent(PacketBuilder[] expected, List<(int Link, SentFrame Frame)> sent)
    {
        Assert.Equal(
            expected.Select(packet => $"{LinkOf(packet.FromMac)} {Convert.ToHexString(packet.Build())}"),
            sent.Select(each => $"{each.Link} {Convert.ToHexString(each.Frame.Bytes)}"));
        foreach (var (packet, frame) in expected.Zip(sent.Select(each => each.Frame)))
        {
            var flags = (packet.HasPartialChecksum ? FrameFlags.PartialChecksum : FrameFlags.None) | (packet.SegmentSize > 0 ? FrameFlags.Superframe : FrameFlags.None);
            Assert.Equal(flags, frame.Flags & ~FrameFlags.IPv6);
            Assert.Equal(packet.SegmentSize, frame.SegmentSize);
            if (packet.HasPartialChecksum)
                Assert.Equal(packet.TransportOffset, frame.TransportOffset);
        }
    }

    private static int LinkOf(ulong mac) => mac switch
    {
        OutsideMac => Outside,
        InsideMac => Inside,
        0 => Tun,
        _ => (mac & 1) != 0 ? Outside : throw new ArgumentException($"No link has the MAC address {mac:x12}.", nameof(mac)),
    };

    public void Dispose() => Path.Dispose();
}
