using System.Net;
using System.Security.Cryptography;

namespace Director.Forwarding.Synchronisation;

/// <summary>What the channel knows of another director. Its thread alone touches it.</summary>
internal sealed class Peer : IDisposable
{
    /// <param name="description">Who it is.</param>
    /// <param name="now">Milliseconds since any fixed point.</param>
    public Peer(SynchronisationPeer description, long now)
    {
        Description = description;
        Address = description.EndPoint.Serialize();
        BehindSince = now;
        NextAttempt = now;
    }

    /// <summary>Who it is.</summary>
    public SynchronisationPeer Description { get; }

    /// <summary>Where it takes datagrams.</summary>
    public SocketAddress Address { get; }

    /// <summary>The random number of its start; 0 while it is not known.</summary>
    public UInt128 Boot { get; private set; }

    /// <summary>What its datagrams are opened with; null while its boot is not known.</summary>
    public AesGcm? Key { get; private set; }

    /// <summary>Its streams; empty until a snapshot has begun.</summary>
    public ReceivedStream[] Streams { get; private set; } = [];

    /// <summary>The highest number of its control messages.</summary>
    public ulong ControlSequence { get; set; }

    /// <summary>How far it has our streams.</summary>
    public ulong[] Confirmed { get; set; } = [];

    /// <summary>Whether it says that it has caught up with all.</summary>
    public bool IsSynchronised { get; set; }

    /// <summary>How far we are with it.</summary>
    public SynchronisationStage Stage { get; private set; }

    /// <summary>Since when we are not caught up with it.</summary>
    public long BehindSince { get; private set; }

    /// <summary>When a snapshot may be asked for.</summary>
    public long NextAttempt { get; set; }

    /// <summary>The reading in progress, or the last.</summary>
    public SnapshotReader? Reader { get; private set; }

    /// <summary>Whether a reading is in progress.</summary>
    public bool IsReading { get; private set; }

    /// <summary>Records in the snapshot, by its sender's estimate.</summary>
    public long SnapshotSize { get; private set; }

    /// <summary>Snapshots received to their end.</summary>
    public long Snapshots { get; private set; }

    /// <summary>Records received by datagram.</summary>
    public long Records { get; set; }

    /// <summary>Datagrams received.</summary>
    public long Datagrams { get; set; }

    /// <summary>What went wrong with the last attempt, so that it is said once.</summary>
    public string? Problem { get; set; }

    /// <summary>Whether a snapshot was received since the boot that it has now: later ones need its own connections only.</summary>
    public bool HasSnapshot { get; private set; }

    /// <summary>It has this boot, as it has proved on a fresh connection.</summary>
    public void Learn(UInt128 boot, SynchronisationKeys keys, long now)
    {
        if (boot == Boot)
            return;
        Boot = boot;
        Key?.Dispose();
        Key = keys.ForDatagrams(boot);
        Streams = [];
        Confirmed = [];
        ControlSequence = 0;
        HasSnapshot = false;
        FallBehind(now);
    }

    /// <summary>A reading is in progress.</summary>
    public void Read(SnapshotReader reader, long nextAttempt)
    {
        Reader = reader;
        IsReading = true;
        SnapshotSize = 0;
        NextAttempt = nextAttempt;
        Stage = SynchronisationStage.Snapshot;
    }

    /// <summary>The snapshot begins: it has all that streams told of before.</summary>
    public void Begin(SnapshotStart start, long now)
    {
        SnapshotSize = start.Size;
        Stage = SynchronisationStage.Snapshot;
        if (Streams.Length == 0)
            Streams = [.. start.Positions.Select(position => new ReceivedStream(position + 1))];
        for (var i = 0; i < Math.Min(Streams.Length, start.Positions.Length); i++)
            Streams[i].Skip(start.Positions[i] + 1, now);
    }

    /// <summary>The reading has ended.</summary>
    /// <param name="isWhole">Whether by the snapshot's end.</param>
    public void Finish(bool isWhole)
    {
        IsReading = false;
        if (!isWhole)
        {
            Stage = SynchronisationStage.Behind;
            return;
        }

        Snapshots++;
        HasSnapshot = true;
        Problem = null;
        if (Stage == SynchronisationStage.Snapshot)
            Stage = SynchronisationStage.CaughtUp;
    }

    /// <summary>Something is lost: another snapshot is needed.</summary>
    public void FallBehind(long now)
    {
        if (Stage == SynchronisationStage.CaughtUp)
            BehindSince = now;
        Stage = SynchronisationStage.Behind;
    }

    /// <summary>As it stands.</summary>
    /// <param name="sent">The last number of each of our streams.</param>
    public SynchronisationPeerReport Report(ReadOnlySpan<ulong> sent)
    {
        var unconfirmed = 0L;
        for (var i = 0; i < Math.Min(sent.Length, Confirmed.Length); i++)
            unconfirmed += (long)(sent[i] - Math.Min(Confirmed[i], sent[i]));
        return new(
            Description,
            Stage,
            IsSynchronised,
            Records,
            Datagrams,
            Streams.Sum(stream => (long)stream.Repaired),
            Streams.Sum(stream => (long)stream.Lost),
            Streams.Sum(stream => (long)(stream.Known + 1 - stream.Next)),
            unconfirmed,
            Reader?.Records ?? 0,
            SnapshotSize,
            Snapshots);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Reader?.Dispose();
        Key?.Dispose();
    }
}
