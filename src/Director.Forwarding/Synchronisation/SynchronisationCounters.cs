using System.Collections.Immutable;

namespace Director.Forwarding.Synchronisation;

/// <summary>What happened to datagrams and to readers of snapshots. Datagrams are counted by the channel's thread alone, readers by several.</summary>
internal sealed class SynchronisationCounters
{
    /// <summary>Datagrams shorter than their headers or longer than any.</summary>
    public long Truncated;

    /// <summary>Datagrams that do not begin as ours do.</summary>
    public long Foreign;

    /// <summary>Datagrams of another version of the format.</summary>
    public long OtherVersion;

    /// <summary>Datagrams under another cluster's name or secret.</summary>
    public long OtherKey;

    /// <summary>Datagrams of a start of a director that is no peer's present one.</summary>
    public long UnknownSender;

    /// <summary>Datagrams of a peer of which no snapshot has begun yet; they are asked for later.</summary>
    public long TooEarly;

    /// <summary>Datagrams that name a peer and were not sealed by it.</summary>
    public long Forged;

    /// <summary>Datagrams that had come before: replayed, repeated by the network, or repaired twice.</summary>
    public long Replayed;

    /// <summary>Genuine datagrams with content that this version does not understand.</summary>
    public long Malformed;

    /// <summary>Datagrams sent again because a peer asked.</summary>
    public long Resent;

    /// <summary>Datagrams that a peer asked for and that are no longer kept.</summary>
    public long NoLongerKept;

    /// <summary>Snapshots given to their end.</summary>
    public long SnapshotsGiven;

    /// <summary>Readers that did not know the cluster's secret, or said what nobody says.</summary>
    public long ReadersRefused;

    /// <summary>Readers that are no peers, at least not yet.</summary>
    public long ReadersNotPeers;

    /// <summary>Readers whose connection broke, or that stopped reading.</summary>
    public long ReadersBroken;

    /// <summary>All, by the names that reports show.</summary>
    public ImmutableSortedDictionary<string, ulong> ByName() => new KeyValuePair<string, long>[]
    {
        new("drop-truncated", Truncated),
        new("drop-foreign", Foreign),
        new("drop-other-version", OtherVersion),
        new("drop-other-key", OtherKey),
        new("drop-unknown-sender", UnknownSender),
        new("drop-too-early", TooEarly),
        new("drop-forged", Forged),
        new("drop-replayed", Replayed),
        new("drop-malformed", Malformed),
        new("resent-datagrams", Resent),
        new("no-longer-kept", NoLongerKept),
        new("snapshots-given", Volatile.Read(ref SnapshotsGiven)),
        new("readers-refused", Volatile.Read(ref ReadersRefused)),
        new("readers-not-peers", Volatile.Read(ref ReadersNotPeers)),
        new("readers-broken", Volatile.Read(ref ReadersBroken)),
    }.ToImmutableSortedDictionary(pair => pair.Key, pair => (ulong)pair.Value);
}
