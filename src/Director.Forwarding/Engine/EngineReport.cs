using System.Collections.Immutable;
using System.Net;

namespace Director.Forwarding;

/// <summary>Totals since the start or the last zeroing (<c>ipvsadm --stats</c>).</summary>
/// <param name="Connections">Connections scheduled.</param>
/// <param name="InPackets">Packets from clients.</param>
/// <param name="OutPackets">Packets to clients (NAT and local only).</param>
/// <param name="InBytes">IP bytes from clients, headers included.</param>
/// <param name="OutBytes">IP bytes to clients, headers included.</param>
public readonly record struct TrafficTotals(ulong Connections, ulong InPackets, ulong OutPackets, ulong InBytes, ulong OutBytes);

/// <summary>Rates a second, smoothed as <c>ip_vs_est.c</c> does (<c>ipvsadm --rate</c>).</summary>
/// <param name="Connections">New connections a second.</param>
/// <param name="InPackets">Packets from clients a second.</param>
/// <param name="OutPackets">Packets to clients a second.</param>
/// <param name="InBytes">Bytes from clients a second.</param>
/// <param name="OutBytes">Bytes to clients a second.</param>
public readonly record struct TrafficRates(ulong Connections, ulong InPackets, ulong OutPackets, ulong InBytes, ulong OutBytes);

/// <summary>A real server of a virtual service, as it is.</summary>
/// <param name="Spec">As it should be; <see cref="RealServerSpec.Method"/> is what is done, <see cref="ForwardingMethod.Local"/> for an address of this host.</param>
/// <param name="ActiveConnections">Established TCP connections.</param>
/// <param name="InactiveConnections">All other connections.</param>
/// <param name="PersistentConnections">Persistence templates.</param>
/// <param name="IsOverloaded">Whether its upper threshold was reached and the lower one not yet left.</param>
/// <param name="Totals">Traffic totals.</param>
/// <param name="Rates">Traffic rates.</param>
public sealed record RealServerReport(
    RealServerSpec Spec, int ActiveConnections, int InactiveConnections, int PersistentConnections, bool IsOverloaded, TrafficTotals Totals, TrafficRates Rates);

/// <summary>A virtual service, as it is.</summary>
/// <param name="Spec">As it should be.</param>
/// <param name="RealServers">In the scheduler's order: the last one added first.</param>
/// <param name="Totals">Traffic totals, also of real servers since removed.</param>
/// <param name="Rates">Traffic rates.</param>
public sealed record VirtualServiceReport(VirtualServiceSpec Spec, ImmutableArray<RealServerReport> RealServers, TrafficTotals Totals, TrafficRates Rates);

/// <summary>A connection or a persistence template.</summary>
/// <param name="Protocol">IP protocol number; 0 for a template of a mark service.</param>
/// <param name="State">Name as in <c>/proc/net/ip_vs_conn</c>: ESTABLISHED, SYN_RECV, UDP, NONE, ASSURED, ...</param>
/// <param name="RemainingMilliseconds">Until it expires.</param>
/// <param name="Client">Client; port 0 for a template.</param>
/// <param name="Virtual">Virtual address and port.</param>
/// <param name="RealServer">Real server.</param>
/// <param name="Method">How packets reach the real server.</param>
/// <param name="IsTemplate">Whether it is a persistence template.</param>
/// <param name="Mark">Mark of the service, or 0.</param>
public sealed record ConnectionReport(
    byte Protocol, string State, long RemainingMilliseconds, IPEndPoint Client, IPEndPoint Virtual, IPEndPoint RealServer, ForwardingMethod Method, bool IsTemplate, uint Mark);

/// <summary>What the engine has done and holds.</summary>
/// <param name="Services">In no particular order.</param>
/// <param name="ConnectionCount">Connections held, without templates.</param>
/// <param name="ConnectionCapacity">Connections that there is room for.</param>
/// <param name="Counters">Packet counters by name: <c>received</c>, <c>sent</c>, <c>drop-...</c> for each reason to drop, and so on. Every reason is present, also at 0.</param>
/// <param name="Workers">Number of workers.</param>
/// <param name="Links">Names of the interfaces that packets are taken from.</param>
public sealed record EngineReport(
    ImmutableArray<VirtualServiceReport> Services, long ConnectionCount, long ConnectionCapacity, ImmutableSortedDictionary<string, ulong> Counters, int Workers, ImmutableArray<string> Links);
