using System.Collections.Immutable;
using System.Net;

namespace Director.Forwarding;

/// <summary>Another director that takes our connections and tells us its own.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Boot">What tells its starts apart: another number is another start.</param>
/// <param name="EndPoint">Where it takes datagrams (UDP) and gives snapshots (TCP).</param>
public sealed record SynchronisationPeer(string Name, ulong Boot, IPEndPoint EndPoint);

/// <summary>How far this director is with another one's connections.</summary>
public enum SynchronisationStage
{
    /// <summary>It has to ask for a snapshot, again if need be: at first, or because it missed what can no longer be repaired.</summary>
    Behind,

    /// <summary>A snapshot is coming in.</summary>
    Snapshot,

    /// <summary>It has all that the other director has told.</summary>
    CaughtUp,
}

/// <summary>Synchronisation with another director.</summary>
/// <param name="Peer">The other director.</param>
/// <param name="Stage">How far this director is with the other one's connections.</param>
/// <param name="IsSynchronised">Whether the other one says that it has caught up with all.</param>
/// <param name="Records">Records received by datagram.</param>
/// <param name="Datagrams">Datagrams received.</param>
/// <param name="Repaired">Datagrams that came only after later ones, most of them because they were asked for.</param>
/// <param name="Lost">Datagrams given up, after each of which a snapshot is asked for.</param>
/// <param name="Behind">Datagrams that the other one has sent and that are not here yet.</param>
/// <param name="Unconfirmed">Datagrams that this director has sent and that the other one has not confirmed yet.</param>
/// <param name="SnapshotRecords">Records received of the snapshot in progress or of the last one.</param>
/// <param name="SnapshotSize">Records that it has, by the sender's estimate at its start.</param>
/// <param name="Snapshots">Snapshots received to their end.</param>
public sealed record SynchronisationPeerReport(
    SynchronisationPeer Peer,
    SynchronisationStage Stage,
    bool IsSynchronised,
    long Records,
    long Datagrams,
    long Repaired,
    long Lost,
    long Behind,
    long Unconfirmed,
    long SnapshotRecords,
    long SnapshotSize,
    long Snapshots);

/// <summary>What synchronisation has done; at most a tenth of a second old.</summary>
/// <param name="EndPoint">Where this director takes datagrams and gives snapshots.</param>
/// <param name="IsSynchronised">Whether it has caught up with every peer.</param>
/// <param name="Peers">The peers.</param>
/// <param name="Counters">By name: what was sent, and every reason not to take a datagram or a snapshot's reader.</param>
public sealed record SynchronisationReport(
    IPEndPoint EndPoint, bool IsSynchronised, ImmutableArray<SynchronisationPeerReport> Peers, ImmutableSortedDictionary<string, ulong> Counters);

/// <summary>Copying of connections to other directors, as its owner sees it. Members may be called from any thread; none blocks.</summary>
public interface ISynchronisation
{
    /// <summary>Where this director takes datagrams (UDP) and gives snapshots (TCP); the port is a real one where any was asked for.</summary>
    IPEndPoint EndPoint { get; }

    /// <summary>
    /// Whether this director has the connections of every peer. Not before the first <see cref="SetPeers"/>; a director without peers is. One that has been up for half a minute stays so for a second
    /// when a peer appears or something is lost: as long as it usually takes to catch up.
    /// </summary>
    bool IsSynchronised { get; }

    /// <summary>Raised when <see cref="IsSynchronised"/> has changed, with what it is now, from a thread that must not be kept.</summary>
    event Action<bool>? SynchronisedChanged;

    /// <summary>Says who the other living directors are. A peer that is new, or has another boot, gives a snapshot first.</summary>
    void SetPeers(ImmutableArray<SynchronisationPeer> peers);

    /// <summary>What it has done.</summary>
    SynchronisationReport Report();
}
