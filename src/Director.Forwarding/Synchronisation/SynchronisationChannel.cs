using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace Director.Forwarding.Synchronisation;

/// <summary>
/// The thread that takes the other directors' datagrams, brings them back into order, asks for what is missing, sends again what others miss, and begins snapshots. Peers are its own; others speak to
/// it through a queue and read its reports.
/// </summary>
internal sealed class SynchronisationChannel : IDisposable
{
    private const int TickMilliseconds = 5;
    private const int DatagramsAtOnce = 256;
    private const int MostResent = 256;
    private const int MostStreams = 64;
    private const long ReportEvery = 100;
    private const long PositionsAfterChange = 20;
    private const long PositionsAtLeast = 200;
    private const long RetryAfter = 250;
    private const long SnapshotEvery = 1000;

    // What usually suffices to catch up, once this director has been there for a while.
    private const long Grace = 1000;
    private const long GraceFrom = 30_000;

    private readonly SynchronisationOptions _options;
    private readonly SynchronisationKeys _keys;
    private readonly UInt128 _boot;
    private readonly RecordStream[] _streams;
    private readonly RecordDelivery _delivery;
    private readonly SynchronisationCounters _counters;
    private readonly Action<string> _log;
    private readonly Socket _socket;
    private readonly AesGcm _control;
    private readonly Thread _thread;
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly ConcurrentQueue<Action> _commands = new();
    private readonly Dictionary<string, Peer> _peers = [];
    private readonly Dictionary<UInt128, Peer> _byBoot = [];
    private readonly List<SnapshotReader> _readers = [];
    private readonly byte[] _datagram = new byte[Datagram.MaximumLength + 1];
    private readonly byte[] _payload = new byte[Datagram.MaximumPayload];
    private readonly byte[] _message = new byte[Datagram.MaximumLength];
    private readonly (ulong First, ushort Count)[] _ranges = new (ulong, ushort)[ControlMessage.MostRanges];
    private readonly ulong[] _positions;
    private readonly ulong[] _theirs = new ulong[MostStreams];
    private readonly ulong[] _ours = new ulong[MostStreams];
    private ulong _controlSequence;
    private long _positionsSentAt;
    private long _positionsChangedAt;
    private long _reportedAt;
    private long _tickedAt;
    private bool _isReportOld;
    private bool _hasPeers;
    private volatile bool _isStopping;
    private volatile bool _isSynchronised;
    private volatile bool _wasSynchronised;
    private volatile IReadOnlyList<SynchronisationPeerReport> _report = [];

    /// <param name="options">How it is set up.</param>
    /// <param name="keys">The cluster's keys.</param>
    /// <param name="boot">The random number of this start.</param>
    /// <param name="streams">The workers' streams.</param>
    /// <param name="delivery">Takes records.</param>
    /// <param name="counters">Counts.</param>
    /// <param name="log">Takes a line for the operator.</param>
    public SynchronisationChannel(
        SynchronisationOptions options, SynchronisationKeys keys, UInt128 boot, RecordStream[] streams, RecordDelivery delivery, SynchronisationCounters counters, Action<string> log)
    {
        _options = options;
        _keys = keys;
        _boot = boot;
        _streams = streams;
        _delivery = delivery;
        _counters = counters;
        _log = log;
        _positions = new ulong[streams.Length];
        _control = keys.ForDatagrams(boot);
        _socket = new Socket(options.EndPoint.AddressFamily, SocketType.Dgram, ProtocolType.Udp) { Blocking = false };
        _socket.Bind(options.EndPoint);
        ReceiveBuffer.Enlarge(_socket);
        _thread = new Thread(Run) { Name = "synchronisation", IsBackground = true };
    }

    /// <summary>Where datagrams are taken.</summary>
    public IPEndPoint EndPoint => (IPEndPoint)_socket.LocalEndPoint!;

    /// <summary>As <see cref="ISynchronisation.IsSynchronised"/>.</summary>
    public bool IsSynchronised => _isSynchronised;

    /// <summary>Whether it was so at any time.</summary>
    public bool WasSynchronised => _wasSynchronised;

    /// <summary>As <see cref="ISynchronisation.SynchronisedChanged"/>.</summary>
    public event Action<bool>? SynchronisedChanged;

    /// <summary>The peers, at most a tenth of a second ago.</summary>
    public IReadOnlyList<SynchronisationPeerReport> Peers => _report;

    /// <summary>Begins.</summary>
    public void Start() => _thread.Start();

    /// <summary>Says who the peers are.</summary>
    public void SetPeers(ImmutableArray<SynchronisationPeer> peers) => _commands.Enqueue(() => Follow(peers));

    /// <summary>A reader of a snapshot has proved to be this start of a peer.</summary>
    public void Learn(string name, UInt128 boot) => _commands.Enqueue(() =>
    {
        if (_peers.TryGetValue(name, out var peer))
            Learn(peer, boot);
    });

    /// <summary>Asks every peer for its connections again: there is a place now for some that had none.</summary>
    public void AskAgain() => _commands.Enqueue(() =>
    {
        foreach (var peer in _peers.Values)
            peer.FallBehind(_clock.ElapsedMilliseconds);
    });

    private void Run()
    {
        while (!_isStopping)
        {
            try
            {
                Step();
            }
            catch (Exception error)
            {
                // Whatever it runs into, the director goes on forwarding.
                _log($"synchronisation: {error.Message}");
                Thread.Sleep(TickMilliseconds);
            }
        }
    }

    private void Step()
    {
        if (_socket.Poll(TickMilliseconds * 1000, SelectMode.SelectRead))
            TakeDatagrams();
        while (_commands.TryDequeue(out var command))
            command();
        var now = _clock.ElapsedMilliseconds;
        if (now - _tickedAt < TickMilliseconds)
            return;
        _tickedAt = now;
        Tick(now);
    }

    private void TakeDatagrams()
    {
        for (var taken = 0; taken < DatagramsAtOnce; taken++)
        {
            var length = _socket.Receive(_datagram, SocketFlags.None, out var error);

            // Others are what the kernel tells of datagrams of ours that nobody took.
            if (error is SocketError.WouldBlock or SocketError.TimedOut)
                return;
            if (error == SocketError.Success)
                Take(_datagram.AsSpan(0, length), _clock.ElapsedMilliseconds);
        }
    }

    private void Take(ReadOnlySpan<byte> datagram, long now)
    {
        var fault = Datagram.ReadHeader(datagram, _keys.Identity, out var header);
        if (fault != DatagramFault.None)
        {
            Count(fault);
            return;
        }

        if (!_byBoot.TryGetValue(header.Boot, out var peer))
        {
            _counters.UnknownSender++;
            return;
        }

        if (!Datagram.TryOpen(datagram, _payload, peer.Key!, out var length))
        {
            _counters.Forged++;
            return;
        }

        if (header.Stream == Datagram.ControlStream)
            TakeControl(peer, header.Sequence, _payload.AsSpan(0, length), now);
        else
            TakeRecords(peer, header, _payload.AsSpan(0, length), now);
    }

    private void Count(DatagramFault fault)
    {
        switch (fault)
        {
            case DatagramFault.Truncated:
                _counters.Truncated++;
                break;
            case DatagramFault.Foreign:
                _counters.Foreign++;
                break;
            case DatagramFault.OtherVersion:
                _counters.OtherVersion++;
                break;
            default:
                _counters.OtherKey++;
                break;
        }
    }

    private void TakeRecords(Peer peer, in DatagramHeader header, ReadOnlySpan<byte> records, long now)
    {
        if (header.Stream >= peer.Streams.Length)
        {
            _counters.TooEarly++;
            return;
        }

        var stream = peer.Streams[header.Stream];
        switch (stream.Accept(header.Sequence, records, now))
        {
            case Reception.Next:
                Deliver(peer, records);
                TakeWaiting(peer, stream, now);
                break;
            case Reception.Early:
                Ask(peer, header.Stream, now);
                break;
            case Reception.Old:
                _counters.Replayed++;
                break;
        }
    }

    private void TakeWaiting(Peer peer, ReceivedStream stream, long now)
    {
        while (stream.TryTake(now, out var records))
            Deliver(peer, records);
    }

    private void Deliver(Peer peer, ReadOnlySpan<byte> records)
    {
        peer.Datagrams++;
        peer.Records += _delivery.Deliver(records, null, out var isWhole);
        if (!isWhole)
            _counters.Malformed++;
    }

    private void TakeControl(Peer peer, ulong sequence, ReadOnlySpan<byte> message, long now)
    {
        if (sequence <= peer.ControlSequence)
        {
            _counters.Replayed++;
            return;
        }

        peer.ControlSequence = sequence;
        if (ControlMessage.Receiver(message) != _boot)
            return;
        switch (message[0])
        {
            case ControlMessage.Positions when ControlMessage.TryReadPositions(message, out var isSynchronised, _theirs, out var theirs, _ours, out var ours):
                peer.IsSynchronised = isSynchronised;
                peer.Confirmed = peer.Confirmed.Length == ours ? peer.Confirmed : new ulong[ours];
                _ours.AsSpan(0, ours).CopyTo(peer.Confirmed);
                for (var i = 0; i < Math.Min(theirs, peer.Streams.Length); i++)
                    peer.Streams[i].Hear(_theirs[i], now);
                break;
            case ControlMessage.Ask when ControlMessage.TryReadAsk(message, out var stream, _ranges, out var ranges) && stream < _streams.Length:
                SendAgain(peer, _streams[stream].History, _ranges.AsSpan(0, ranges));
                break;
            default:
                _counters.Malformed++;
                break;
        }
    }

    private void SendAgain(Peer peer, SentHistory history, ReadOnlySpan<(ulong First, ushort Count)> ranges)
    {
        var left = MostResent;
        foreach (var (first, count) in ranges)
        {
            for (var i = 0; i < count; i++)
            {
                if (left-- == 0)
                    return;
                var length = history.Read(first + (ulong)i, _message);
                if (length == 0)
                {
                    _counters.NoLongerKept++;
                    continue;
                }

                _counters.Resent++;
                SendTo(peer, _message.AsSpan(0, length));
            }
        }
    }

    private void Ask(Peer peer, byte stream, long now)
    {
        var ranges = peer.Streams[stream].Ask(now, _ranges);
        if (ranges > 0)
            SendControl(peer, ControlMessage.WriteAsk(_message.AsSpan(Datagram.HeaderLength), peer.Boot, stream, _ranges.AsSpan(0, ranges)));
    }

    private void SendControl(Peer peer, int length)
    {
        var header = new DatagramHeader(_boot, Datagram.ControlStream, ++_controlSequence);
        SendTo(peer, _message.AsSpan(0, Datagram.Seal(_message, length, header, _keys.Identity, _control)));
    }

    private void SendTo(Peer peer, ReadOnlySpan<byte> datagram)
    {
        try
        {
            _socket.SendTo(datagram, SocketFlags.None, peer.Address);
        }
        catch (SocketException)
        {
            // Not taken: lost, like what the network loses.
        }
    }

    private void Tick(long now)
    {
        foreach (var peer in _peers.Values)
        {
            for (var i = 0; i < peer.Streams.Length; i++)
            {
                var stream = peer.Streams[i];
                if (!stream.HasGap)
                    continue;
                Ask(peer, (byte)i, now);
                if (stream.GiveUp(now))
                {
                    peer.FallBehind(now);
                    TakeWaiting(peer, stream, now);
                }
            }

            if (peer.Stage == SynchronisationStage.Behind && !peer.IsReading && now >= peer.NextAttempt)
                ReadSnapshot(peer, now);
        }

        SendPositions(now);
        if (_isReportOld || now - _reportedAt >= ReportEvery)
            WriteReport(now);
        Judge(now);
    }

    private void WriteReport(long now)
    {
        _isReportOld = false;
        _reportedAt = now;
        _report = [.. _peers.Values.Select(peer => peer.Report(_positions)).OrderBy(report => report.Peer.Name, StringComparer.Ordinal)];
    }

    private void SendPositions(long now)
    {
        for (var i = 0; i < _streams.Length; i++)
        {
            var position = _streams[i].Position;
            if (position == _positions[i])
                continue;
            _positions[i] = position;
            _positionsChangedAt = now;
        }

        var isNews = _positionsChangedAt >= _positionsSentAt && now - _positionsSentAt >= PositionsAfterChange;
        if (!isNews && now - _positionsSentAt < PositionsAtLeast)
            return;
        _positionsSentAt = now;
        foreach (var peer in _peers.Values)
        {
            if (peer.Key is null)
                continue;
            for (var i = 0; i < peer.Streams.Length; i++)
                _theirs[i] = peer.Streams[i].Next - 1;
            SendControl(peer, ControlMessage.WritePositions(_message.AsSpan(Datagram.HeaderLength), peer.Boot, _isSynchronised, _positions, _theirs.AsSpan(0, peer.Streams.Length)));
        }
    }

    private void ReadSnapshot(Peer peer, long now)
    {
        var request = new SnapshotRequest(_boot, peer.HasSnapshot, _options.Name);
        var reader = new SnapshotReader(
            peer.Description,
            _keys,
            request,
            _delivery,
            start => Do(() => Begin(peer, start)),
            problem => _commands.Enqueue(() => Finish(peer, problem)));
        _readers.RemoveAll(ended => !ended.IsAlive);
        _readers.Add(reader);
        peer.Read(reader, now + SnapshotEvery);
        reader.Start();
    }

    /// <summary>Has the channel's thread do something, and waits: a snapshot's records must not overtake the news that it begins.</summary>
    private void Do(Action action)
    {
        // Not disposed: the channel's thread may still set it when nobody waits any more.
        var done = new ManualResetEventSlim();
        _commands.Enqueue(() =>
        {
            action();
            done.Set();
        });
        while (!done.Wait(100))
        {
            if (_isStopping)
                throw new SnapshotException("this director is stopping");
        }
    }

    private void Begin(Peer peer, SnapshotStart start)
    {
        if (!IsCurrent(peer))
            return;
        var now = _clock.ElapsedMilliseconds;
        if (start.Positions.Length > MostStreams)
            return;
        Learn(peer, start.Boot);
        peer.Begin(start, now);
        foreach (var stream in peer.Streams)
            TakeWaiting(peer, stream, now);
    }

    private void Learn(Peer peer, UInt128 boot)
    {
        if (peer.Boot == boot)
            return;
        _byBoot.Remove(peer.Boot);
        peer.Learn(boot, _keys, _clock.ElapsedMilliseconds);
        _byBoot[boot] = peer;
    }

    private void Finish(Peer peer, string? problem)
    {
        if (!IsCurrent(peer))
            return;
        var reader = peer.Reader!;
        _isReportOld = true;
        peer.Finish(problem is null);
        if (problem is null)
        {
            _log($"synchronisation: has the connections of {peer.Description.Name} ({reader.Records} in its snapshot)");
            return;
        }

        peer.NextAttempt = _clock.ElapsedMilliseconds + RetryAfter;
        if (problem == peer.Problem)
            return;
        peer.Problem = problem;
        _log($"synchronisation: no snapshot of {peer.Description.Name} at {peer.Description.EndPoint}, tried again until there is one: {problem}");
    }

    private bool IsCurrent(Peer peer) => _peers.TryGetValue(peer.Description.Name, out var current) && ReferenceEquals(current, peer);

    private void Follow(ImmutableArray<SynchronisationPeer> peers)
    {
        _hasPeers = true;
        var now = _clock.ElapsedMilliseconds;
        foreach (var peer in _peers.Values.Where(peer => !peers.Contains(peer.Description)).ToArray())
            Part(peer, now);
        foreach (var added in peers.Where(peer => !_peers.ContainsKey(peer.Name)))
            _peers[added.Name] = new Peer(added, now);
        _isReportOld = true;
        Tick(now);
    }

    /// <summary>Nothing more will come of it: what waits for something before it is taken as it is.</summary>
    private void Part(Peer peer, long now)
    {
        _peers.Remove(peer.Description.Name);
        _byBoot.Remove(peer.Boot);
        foreach (var stream in peer.Streams)
        {
            while (stream.HasGap)
            {
                stream.SkipGap(now);
                TakeWaiting(peer, stream, now);
            }
        }

        peer.Dispose();
    }

    private void Judge(long now)
    {
        var isSynchronised = _hasPeers && _peers.Values.All(peer =>
            peer.Stage == SynchronisationStage.CaughtUp || (_isSynchronised && now >= GraceFrom && now - peer.BehindSince < Grace));
        if (isSynchronised == _isSynchronised)
            return;
        _isSynchronised = isSynchronised;
        _wasSynchronised |= isSynchronised;
        _positionsSentAt = 0;
        _log(isSynchronised ? "synchronisation: this director has the connections of all others" : "synchronisation: this director does not have the connections of all others");
        SynchronisedChanged?.Invoke(isSynchronised);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _isStopping = true;
        if (_thread.ThreadState != System.Threading.ThreadState.Unstarted)
            _thread.Join();
        foreach (var peer in _peers.Values)
            peer.Dispose();
        foreach (var reader in _readers)
            reader.Join();
        _socket.Dispose();
        _control.Dispose();
    }
}
