using System.Collections.Immutable;
using System.Net;

namespace Director.Cluster.Availability;

/// <summary>What a director's availability does and has done.</summary>
/// <param name="Heard">Who is alive.</param>
/// <param name="Groups">The groups.</param>
/// <param name="Peers">The directors that were heard, dead ones among them.</param>
/// <param name="Links">The ways that heartbeats take.</param>
/// <param name="PingNodes">The ping nodes, and whether they answer.</param>
/// <param name="Refused">Datagrams at the heartbeat's port that were not taken, by why.</param>
/// <param name="RunsFirst">Whether heartbeats have the scheduler's first claim (SCHED_FIFO): without, full load on all cores may delay them.</param>
/// <param name="LongestPause">The longest time between two heartbeats that this director sent: near deadtime, a false takeover is near.</param>
public sealed record AvailabilityReport(
    HeardDirectors Heard, ImmutableArray<GroupReport> Groups, ImmutableArray<PeerReport> Peers, ImmutableArray<HeartbeatLinkReport> Links, ImmutableArray<PingNodeReport> PingNodes,
    ImmutableSortedDictionary<HeartbeatFault, long> Refused, bool RunsFirst, TimeSpan LongestPause);

/// <summary>A group.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Addresses">Its addresses.</param>
/// <param name="Role">What this director does for it.</param>
/// <param name="Holders">Who says that it holds it; in active-standby mode one, or none for a moment.</param>
/// <param name="Since">Since when this director's role is what it is.</param>
/// <param name="Reason">Why.</param>
/// <param name="Takes">How often this director has taken it.</param>
public sealed record GroupReport(string Name, ImmutableArray<IPAddress> Addresses, GroupRole Role, ImmutableArray<string> Holders, DateTimeOffset Since, string Reason, long Takes);

/// <summary>Another director.</summary>
/// <param name="Name">Its name.</param>
/// <param name="IsAlive">Whether it is heard.</param>
/// <param name="LastHeard">How long ago it was.</param>
/// <param name="Gone">Why it is not; null when it is.</param>
/// <param name="Links">How it is heard on each link that it was heard on.</param>
public sealed record PeerReport(string Name, bool IsAlive, TimeSpan LastHeard, string? Gone, ImmutableArray<PeerLinkReport> Links);

/// <summary>How another director is heard on a link.</summary>
/// <param name="Link">The link.</param>
/// <param name="LastHeard">How long ago.</param>
/// <param name="Received">Datagrams taken.</param>
/// <param name="Lost">Datagrams that were missing between two that came.</param>
public sealed record PeerLinkReport(string Link, TimeSpan LastHeard, long Received, long Lost);

/// <summary>A way that heartbeats take.</summary>
/// <param name="Name">What it is called.</param>
/// <param name="Problem">Why it does not work; null when it does.</param>
/// <param name="Sent">Datagrams sent since it was last opened.</param>
/// <param name="NotSent">Datagrams that the kernel did not take.</param>
public sealed record HeartbeatLinkReport(string Name, string? Problem, long Sent, long NotSent);

/// <summary>A ping node.</summary>
/// <param name="Address">Its address.</param>
/// <param name="IsReached">Whether it answers.</param>
public sealed record PingNodeReport(IPAddress Address, bool IsReached);
