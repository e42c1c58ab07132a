using System.Net;
using Director.Forwarding.Connections;
using Director.Forwarding.Links;
using Director.Forwarding.Packets;
using Director.Forwarding.Synchronisation;
using Director.Forwarding.Synchronisation.Ipvs;
using Director.Forwarding.Tests.Engine;
using Director.Forwarding.Tests.Packets;

namespace Director.Forwarding.Tests.Synchronisation.Ipvs;

/// <summary>A director in the place of one of the two kernels of the captures (sync.txt): one TCP, one persistent TCP and one UDP service, two real servers, one client.</summary>
internal sealed class KernelsPair : IDisposable
{
    public const string Vip = "192.168.60.100";
    public const string Client = "192.168.60.2";

    private const ulong OutsideMac = 0x01_00_00_00_00_02;
    private const ulong InsideMac = 0x01_01_00_00_00_02;
    private const ulong OtherMac = 0x07_00_00_00_00_02;

    public KernelsPair(IpvsSendingOptions? sending = null, ForwardingTable? table = null)
    {
        MemoryLink[] links = [new("outside", 0, OutsideMac) { KeepsSent = false }, new("inside", 1, InsideMac) { KeepsSent = false }];
        var routes = new StaticRoutes();
        routes.Add("192.168.60.0/24", links[0], OtherMac, source: "192.168.60.1");
        routes.Add("2001:db8::/64", links[0], OtherMac, source: "2001:db8::1");
        routes.Add("10.1.0.0/24", links[1], OtherMac, source: "10.1.0.1");
        routes.Add("2001:db8:1::/64", links[1], OtherMac, source: "2001:db8:1::1");
        Path = new ForwarderOnMemory(routes, links);
        Path.Apply(table ?? new ForwardingTable { Services = [Service(Protocol.Tcp, 80), Service(Protocol.Tcp, 8080) with { Persistence = new Persistence(300, 32) }, Service(Protocol.Udp, 8080)] });
        if (sending is not null)
            Path.Ipvs.Rule = new IpvsRule(sending);
        Reception = ReceptionFor(0);
    }

    public ForwarderOnMemory Path { get; }

    public IpvsCounters Counters { get; } = new();

    /// <summary>Takes any synchronisation id.</summary>
    public IpvsReception Reception { get; }

    public static VirtualServiceSpec Service(Protocol protocol, int port, params RealServerSpec[] servers) => new(ServiceKey.ForAddress(protocol, IPAddress.Parse(Vip), (ushort)port))
    {
        Scheduler = "rr",
        RealServers = servers.Length > 0 ? [.. servers] : [Server("10.1.0.11"), Server("10.1.0.12")],
    };

    public static RealServerSpec Server(string address, int port = 8080, ForwardingMethod method = ForwardingMethod.Nat) => new(IPAddress.Parse(address), (ushort)port) { Method = method };

    public IpvsReception ReceptionFor(int syncId) => new(syncId, Path.Delivery, 3, Counters);

    /// <summary>Takes a datagram in, to the table.</summary>
    public void Take(ReadOnlySpan<byte> datagram)
    {
        Reception.Take(datagram);
        while (Path.Forwarder.HasReceived)
            Path.Forwarder.TakeReceived(Path.Now);
    }

    /// <summary>Takes entries in as one datagram of version 1.</summary>
    public void Take(params ReadOnlySpan<IpvsEntry> entries)
    {
        var batch = new IpvsBatch(1, 51, 1472);
        foreach (var entry in entries)
            batch.TryAdd(entry, default, 0);
        Take(batch.Finish());
    }

    /// <summary>An established connection of the client as a kernel tells of it.</summary>
    public static IpvsEntry Entry(int clientPort = 30000, string real = "10.1.0.11", TcpState state = TcpState.Established, IpvsFlags flags = 0) => new()
    {
        Protocol = Wire.Tcp,
        State = (ushort)state,
        Flags = flags | (state == TcpState.Established ? 0 : IpvsFlags.Inactive),
        ClientPort = (ushort)clientPort,
        VirtualPort = 80,
        RealPort = 8080,
        Timeout = 900,
        Client = InetAddress.From(IPAddress.Parse(Client)),
        Virtual = InetAddress.From(IPAddress.Parse(Vip)),
        Real = InetAddress.From(IPAddress.Parse(real)),
    };

    /// <summary>The connections as <c>ipvsadm -L -c -n</c> shows them, without the time left.</summary>
    public string[] Connections() =>
    [
        .. Path.ListConnections().Select(found => $"{(found.Protocol == Wire.Udp ? "UDP" : found.Protocol == Wire.Tcp ? "TCP" : "IP")} {found.State} {found.Client} {found.Virtual} {found.RealServer}").Order(),
    ];

    /// <summary>How long connections have, in seconds, by client's port.</summary>
    public Dictionary<int, long> SecondsLeft() => Path.ListConnections().ToDictionary(found => found.Client.Port, found => found.RemainingMilliseconds / 1000);

    public void FromClient(int port, int virtualPort, TcpFlags flags) => Path.Send(0, Outside().Tcp(port, virtualPort, flags).Build());

    public void FromClient(int port, int virtualPort, int datagrams)
    {
        for (var i = 0; i < datagrams; i++)
            Path.Send(0, Outside().Udp(port, virtualPort).Build());
    }

    public void FromReal(string real, int port, TcpFlags flags) => Path.Send(1, PacketBuilder.Ethernet(InsideMac, OtherMac).IP(real, Client).Tcp(8080, port, flags).Build());

    /// <summary>Opens a connection and has the client send that many packets in all.</summary>
    public void Open(int port, string real, int packets, int virtualPort = 80)
    {
        FromClient(port, virtualPort, TcpFlags.Syn);
        FromReal(real, port, TcpFlags.Syn | TcpFlags.Ack);
        More(port, packets - 1, virtualPort);
    }

    public void More(int port, int packets, int virtualPort = 80)
    {
        for (var i = 0; i < packets; i++)
            FromClient(port, virtualPort, TcpFlags.Ack);
    }

    /// <summary>The client closes first.</summary>
    public void Close(int port, string real, int virtualPort = 80)
    {
        FromClient(port, virtualPort, TcpFlags.Fin | TcpFlags.Ack);
        CloseReal(port, real, virtualPort);
    }

    /// <summary>The real server closes too, and the client confirms.</summary>
    public void CloseReal(int port, string real, int virtualPort = 80)
    {
        FromReal(real, port, TcpFlags.Fin | TcpFlags.Ack);
        FromClient(port, virtualPort, TcpFlags.Ack);
    }

    /// <summary>What was noted for a kernel since the last call.</summary>
    public List<IpvsEntry> TakeTold()
    {
        var told = new List<IpvsEntry>();
        while (Path.Ipvs.Ring.TryRead(out var entry))
            told.Add(entry);
        return told;
    }

    private static PacketBuilder Outside() => PacketBuilder.Ethernet(OutsideMac, OtherMac).IP(Client, Vip);

    public void Dispose() => Path.Dispose();
}
