using System.Collections.Immutable;
using System.Net;

namespace Director.Forwarding;

/// <summary>Layer-4 protocols that virtual services can have; values are IP protocol numbers.</summary>
public enum Protocol : byte
{
    /// <summary>TCP (RFC 9293).</summary>
    Tcp = 6,

    /// <summary>UDP (RFC 768).</summary>
    Udp = 17,
}

/// <summary>How a packet reaches its real server; values as in <c>ip_vs.h</c> (<c>IP_VS_CONN_F_*</c>).</summary>
public enum ForwardingMethod : byte
{
    /// <summary>Network address translation: address and port are rewritten both ways.</summary>
    Nat = 0,

    /// <summary>The real server is this host.</summary>
    Local = 1,

    /// <summary>Encapsulated towards the real server, see <see cref="TunnelOptions"/>.</summary>
    Tunnel = 2,

    /// <summary>Direct routing: only the Ethernet destination changes.</summary>
    Direct = 3,
}

/// <summary>Encapsulations of <see cref="ForwardingMethod.Tunnel"/>; values as in <c>ip_vs.h</c>.</summary>
public enum TunnelType : byte
{
    /// <summary>IP in IP (RFC 2003, RFC 2473).</summary>
    IpIp = 0,

    /// <summary>Generic UDP encapsulation as IPVS sends it.</summary>
    Gue = 1,

    /// <summary>Generic routing encapsulation (RFC 2784).</summary>
    Gre = 2,
}

/// <summary>Checksum of the encapsulation (<c>ipvsadm --tun-nocsum, --tun-csum, --tun-remcsum</c>).</summary>
public enum TunnelChecksum : byte
{
    /// <summary>No checksum.</summary>
    None = 0,

    /// <summary>The outer checksum is computed.</summary>
    Full = 1,

    /// <summary>Remote checksum offload (GUE only).</summary>
    Remote = 2,
}

/// <summary>Encapsulation towards a real server.</summary>
/// <param name="Type">The encapsulation.</param>
/// <param name="Port">UDP destination port, 1 to 65535 for <see cref="TunnelType.Gue"/>, otherwise 0.</param>
/// <param name="Checksum">Whether the encapsulation carries a checksum.</param>
public readonly record struct TunnelOptions(TunnelType Type, ushort Port = 0, TunnelChecksum Checksum = TunnelChecksum.None);

/// <summary>Flags of a scheduler; values as in <c>ip_vs.h</c> (<c>IP_VS_SVC_F_SCHED1..3</c> moved to bit 0).</summary>
[Flags]
public enum SchedulerFlags : byte
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary><c>flag-1</c>; for sh and mh: fall back to another real server when the hashed one is unavailable.</summary>
    Fallback = 1,

    /// <summary><c>flag-2</c>; for sh and mh: the source port is hashed too.</summary>
    Port = 2,

    /// <summary><c>flag-3</c>; no scheduler gives it a meaning.</summary>
    Third = 4,
}

/// <summary>What identifies a virtual service: protocol, address and port, or a mark and a family.</summary>
public readonly record struct ServiceKey
{
    private ServiceKey(Protocol protocol, IPAddress? address, ushort port, uint mark, bool isIPv6)
    {
        Protocol = protocol;
        Address = address;
        Port = port;
        Mark = mark;
        IsIPv6 = isIPv6;
    }

    /// <summary>TCP or UDP; meaningless for a mark service.</summary>
    public Protocol Protocol { get; }

    /// <summary>The VIP; null for a mark service.</summary>
    public IPAddress? Address { get; }

    /// <summary>The port; 0 is every port (persistent services only).</summary>
    public ushort Port { get; }

    /// <summary>The mark, from 1; 0 for a service that has an address.</summary>
    public uint Mark { get; }

    /// <summary>Whether clients come by IPv6.</summary>
    public bool IsIPv6 { get; }

    /// <summary>A service found by protocol, address and port.</summary>
    public static ServiceKey ForAddress(Protocol protocol, IPAddress address, ushort port)
    {
        ArgumentNullException.ThrowIfNull(address);
        return new(protocol, address, port, 0, address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6);
    }

    /// <summary>A service found by the mark that <see cref="MarkRule"/>s put on packets.</summary>
    public static ServiceKey ForMark(uint mark, bool isIPv6 = false) => new(0, null, 0, mark, isIPv6);

    /// <inheritdoc/>
    public override string ToString() => Address is null
        ? $"FWM {Mark}{(IsIPv6 ? " IPv6" : "")}"
        : $"{Protocol.ToString().ToUpperInvariant()} {new IPEndPoint(Address, Port)}";
}

/// <summary>Keeps a client on one real server.</summary>
/// <param name="TimeoutSeconds">How long a template lives after its last connection, 1 to 2,678,400 (31 days).</param>
/// <param name="PrefixLength">Clients with the same leading bits share a template: 1 to 32 (IPv4) or 1 to 128 (IPv6).</param>
public readonly record struct Persistence(int TimeoutSeconds, int PrefixLength);

/// <summary>Who may open connections to a virtual service: a denied network is refused; with allowed networks, all others are refused.</summary>
/// <param name="Allow">Networks that are let in; empty lets all in that are not denied.</param>
/// <param name="Deny">Networks that are refused, also where <paramref name="Allow"/> has them.</param>
public sealed record AccessList(ImmutableArray<IPNetwork> Allow, ImmutableArray<IPNetwork> Deny)
{
    /// <summary>Lets everybody in.</summary>
    public static AccessList Open { get; } = new([], []);
}

/// <summary>What becomes of the connections that a real server has.</summary>
public enum ConnectionFate : byte
{
    /// <summary>They go on.</summary>
    Kept = 0,

    /// <summary>The real server has failed: UDP flows are scheduled anew with their next packet, and so are TCP connections with a client's SYN. What is established goes on, should it come back.</summary>
    Moved = 1,

    /// <summary>Their time is over: they are forgotten, and a client's next packet is answered by a reset, or scheduled anew where it may open a connection.</summary>
    Ended = 2,
}

/// <summary>A real server of a virtual service, as it should be.</summary>
/// <param name="Address">Its address; IPv4 or IPv6 (a family other than the service's is for tunnels only).</param>
/// <param name="Port">Its port; 0 keeps the port that the client asked for.</param>
public sealed record RealServerSpec(IPAddress Address, ushort Port)
{
    /// <summary>How packets reach it.</summary>
    public ForwardingMethod Method { get; init; } = ForwardingMethod.Direct;

    /// <summary>Encapsulation; used when <see cref="Method"/> is <see cref="ForwardingMethod.Tunnel"/>.</summary>
    public TunnelOptions Tunnel { get; init; }

    /// <summary>Capacity relative to the others, 0 to 65535; 0 takes no new connection and keeps those it has.</summary>
    public int Weight { get; init; } = 1;

    /// <summary>Connections (active and inactive) from which it is overloaded; 0 is no limit.</summary>
    public int UpperThreshold { get; init; }

    /// <summary>Connections below which it is no longer overloaded; 0 means three quarters of <see cref="UpperThreshold"/>.</summary>
    public int LowerThreshold { get; init; }

    /// <summary>What becomes of its connections. Decided by health, so it is not part of what directors tell each other.</summary>
    public ConnectionFate Fate { get; init; }
}

/// <summary>A virtual service, as it should be.</summary>
/// <param name="Key">What identifies it.</param>
public sealed record VirtualServiceSpec(ServiceKey Key)
{
    /// <summary>Its name in the configuration; empty for one that <c>ipvsadm</c> made.</summary>
    public string Name { get; init; } = "";

    /// <summary>One of <see cref="SchedulerNames.All"/>.</summary>
    public string Scheduler { get; init; } = "wlc";

    /// <summary>Flags of the scheduler.</summary>
    public SchedulerFlags SchedulerFlags { get; init; }

    /// <summary>Null: connections of one client are scheduled one by one.</summary>
    public Persistence? Persistence { get; init; }

    /// <summary>Every packet is scheduled anew and no connection is kept (UDP and marks only).</summary>
    public bool OnePacket { get; init; }

    /// <summary>Who may open connections.</summary>
    public AccessList Access { get; init; } = AccessList.Open;

    /// <summary>In the order in which they were added. A new one goes to the head of the scheduler's list, as in IPVS.</summary>
    public ImmutableArray<RealServerSpec> RealServers { get; init; } = [];
}

/// <summary>Puts a mark on packets for a <see cref="ServiceKey.ForMark"/> service; the first rule that matches decides.</summary>
/// <param name="Mark">The mark, from 1.</param>
/// <param name="Protocol">Null matches TCP and UDP.</param>
/// <param name="Destination">Destination addresses.</param>
/// <param name="Ports">Destination ports; empty matches all.</param>
/// <param name="Source">Source addresses; null matches all.</param>
public sealed record MarkRule(uint Mark, Protocol? Protocol, IPNetwork Destination, ImmutableArray<ushort> Ports, IPNetwork? Source = null);

/// <summary>Source NAT for connections that real servers open themselves.</summary>
/// <param name="Source">The real servers' network.</param>
/// <param name="Address">The address that the rest of the world sees; held like a VIP.</param>
public sealed record MasqueradeRule(IPNetwork Source, IPAddress Address);

/// <summary>Idle timeouts in seconds that <c>ipvsadm --set</c> changes; each 1 to 2,678,400.</summary>
/// <param name="Tcp">TCP, established.</param>
/// <param name="TcpFin">TCP after a FIN.</param>
/// <param name="Udp">UDP.</param>
public readonly record struct Timeouts(int Tcp, int TcpFin, int Udp)
{
    /// <summary>900, 120, 300 (<c>ip_vs_proto_tcp.c</c>, <c>ip_vs_proto_udp.c</c>).</summary>
    public static Timeouts Default { get; } = new(900, 120, 300);
}

/// <summary>When a defence against floods acts (ipvs-sysctl.rst: drop_entry, secure_tcp).</summary>
public enum DefenceMode : byte
{
    /// <summary>Never.</summary>
    Off = 0,

    /// <summary>While the connection table is short of room.</summary>
    Auto = 1,

    /// <summary>Always.</summary>
    Always = 3,
}

/// <summary>How packets and connections are treated beyond the services; names and defaults follow ipvs-sysctl.rst.</summary>
public sealed record ForwardingOptions
{
    /// <summary>Drops half-open and old idle entries.</summary>
    public DefenceMode DropEntry { get; init; } = DefenceMode.Auto;

    /// <summary>Uses the state table in which a connection is established only by the client's third packet.</summary>
    public DefenceMode SecureTcp { get; init; } = DefenceMode.Auto;

    /// <summary>A connection whose real server was removed is forgotten at its next packet, so that its client can open a new one.</summary>
    public bool ExpireNoDestination { get; init; }

    /// <summary>A persistent client leaves a real server of weight 0. IPVS defaults to false and keeps it there.</summary>
    public bool ExpireQuiescentTemplate { get; init; } = true;

    /// <summary>A TCP packet other than a SYN may create a connection.</summary>
    public bool SloppyTcp { get; init; }

    /// <summary>The outer header of a tunnel copies the inner DF, and too long packets are answered by fragmentation-needed.</summary>
    public bool PathMtuDiscovery { get; init; } = true;
}

/// <summary>All that the engine forwards by, as it should be: an immutable snapshot.</summary>
public sealed record ForwardingTable
{
    /// <summary>Nothing is forwarded.</summary>
    public static ForwardingTable Empty { get; } = new();

    /// <summary>The virtual services; keys are unique.</summary>
    public ImmutableArray<VirtualServiceSpec> Services { get; init; } = [];

    /// <summary>Classification for mark services, first match first.</summary>
    public ImmutableArray<MarkRule> Marks { get; init; } = [];

    /// <summary>Source NAT, first match first.</summary>
    public ImmutableArray<MasqueradeRule> Masquerade { get; init; } = [];

    /// <summary>Idle timeouts.</summary>
    public Timeouts Timeouts { get; init; } = Timeouts.Default;

    /// <summary>The rest.</summary>
    public ForwardingOptions Options { get; init; } = new();
}

/// <summary>Names of the schedulers as <c>ipvsadm -s</c> takes them.</summary>
public static class SchedulerNames
{
    /// <summary>All fourteen.</summary>
    public static ImmutableArray<string> All { get; } = ["rr", "wrr", "lc", "wlc", "lblc", "lblcr", "dh", "sh", "sed", "nq", "fo", "ovf", "mh", "twos"];
}
