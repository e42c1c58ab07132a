using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Director.Forwarding.Connections;
using Director.Forwarding.Scheduling;

namespace Director.Forwarding.Synchronisation;

/// <summary>Copying of connections to and from other directors, with all that belongs to it: what workers send by and receive from, the channel, the snapshots.</summary>
internal sealed class ConnectionSynchronisation : ISynchronisation, IDisposable
{
    private readonly SynchronisationOptions _options;
    private readonly SynchronisationKeys _keys;
    private readonly UInt128 _boot = BitConverter.ToUInt128(RandomNumberGenerator.GetBytes(16));
    private readonly PersistenceTemplates _templates;
    private readonly DestinationRegistry _destinations;
    private readonly SynchronisationCounters _counters = new();
    private readonly PeerPort[] _ports;
    private readonly RecordStream[] _streams;
    private readonly RecordDelivery _delivery;
    private readonly SynchronisationChannel _channel;
    private SnapshotServer? _snapshots;
    private long _unplaced;
    private bool _isStopped;
    private volatile IReadOnlyCollection<string> _names = [];

    /// <param name="options">How it is set up.</param>
    /// <param name="workers">Number of workers.</param>
    /// <param name="destinations">The real servers by number.</param>
    /// <param name="templates">The persistence templates.</param>
    /// <param name="delivery">The way to templates and workers.</param>
    /// <param name="log">Takes a line for the operator.</param>
    /// <exception cref="EngineException">The address cannot be used.</exception>
    public ConnectionSynchronisation(
        SynchronisationOptions options,
        int workers,
        DestinationRegistry destinations,
        PersistenceTemplates templates,
        RecordDelivery delivery,
        Action<string> log)
    {
        _options = options;
        _keys = new SynchronisationKeys(options.Key.AsSpan(), options.Cluster);
        _templates = templates;
        _destinations = destinations;
        _delivery = delivery;
        try
        {
            _ports = [.. Enumerable.Range(0, workers).Select(_ => new PeerPort(options.EndPoint.Address))];
            var history = Math.Max(options.BufferBytes / workers, 64 << 10);
            _streams = [.. _ports.Select((port, number) => new RecordStream((byte)number, _boot, _keys, port, history))];
            _channel = new SynchronisationChannel(options, _keys, _boot, _streams, _delivery, _counters, log);
        }
        catch (SocketException error)
        {
            throw Unusable(options.EndPoint, error);
        }

        EndPoint = _channel.EndPoint;
        Senders = [.. _streams.Select(stream => new ConnectionSender(options.Mode, stream, destinations))];
        _channel.SynchronisedChanged += isSynchronised => SynchronisedChanged?.Invoke(isSynchronised);
    }

    /// <summary>What each worker sends by.</summary>
    public IReadOnlyList<ConnectionSender> Senders { get; }

    /// <inheritdoc/>
    public IPEndPoint EndPoint { get; }

    /// <inheritdoc/>
    public bool IsSynchronised => _channel.IsSynchronised;

    /// <inheritdoc/>
    public event Action<bool>? SynchronisedChanged;

    /// <summary>Begins, once there are workers.</summary>
    /// <param name="connections">The workers' connections.</param>
    /// <exception cref="EngineException">The port for snapshots is in use.</exception>
    public void Start(IReadOnlyList<WorkerConnections> connections)
    {
        ConnectionTable[] tables =
        [
            _templates.Table(false), _templates.Table(true),
            .. _options.Mode == SynchronisedConnections.Templates ? [] : connections.SelectMany(worker => (ConnectionTable[])[worker.Table(false), worker.Table(true)]),
        ];
        try
        {
            _snapshots = new SnapshotServer(EndPoint, _keys, new SnapshotSource(tables, _destinations, () => _delivery.Now), Welcome, _counters);
        }
        catch (SocketException error)
        {
            throw Unusable(EndPoint, error);
        }

        _channel.Start();
    }

    private static EngineException Unusable(IPEndPoint endPoint, SocketException error) =>
        new($"synchronisation: cannot use {endPoint}: {error.Message}; see synchronisation.address and synchronisation.port");

    private SnapshotStart? Welcome(string name, UInt128 boot)
    {
        // Only to whom workers send already: what they do from now on reaches the reader.
        if (!_names.Contains(name))
            return null;
        _channel.Learn(name, boot);
        return new SnapshotStart(_boot, _channel.WasSynchronised, 0, [.. _streams.Select(stream => stream.Position)], _options.Name);
    }

    /// <inheritdoc/>
    public void SetPeers(ImmutableArray<SynchronisationPeer> peers)
    {
        peers = [.. peers.Where(peer => peer.Name != _options.Name && peer.EndPoint.AddressFamily == EndPoint.AddressFamily)];
        var addresses = new PeerAddresses([.. peers.Select(peer => peer.EndPoint)]);
        foreach (var port in _ports)
            port.Peers = addresses;
        _names = [.. peers.Select(peer => peer.Name)];
        _channel.SetPeers(peers);
    }

    /// <summary>Another table is in force: what had no place in the last one may have one now.</summary>
    /// <param name="unplaced">How many connections had no place so far.</param>
    public void TableApplied(long unplaced)
    {
        unplaced += _delivery.UnplacedTemplates;
        if (Interlocked.Exchange(ref _unplaced, unplaced) != unplaced)
            _channel.AskAgain();
    }

    /// <inheritdoc/>
    public SynchronisationReport Report() => new(
        EndPoint,
        IsSynchronised,
        [.. _channel.Peers],
        _counters.ByName()
            .Add("sent-records", (ulong)_streams.Sum(stream => stream.Records))
            .Add("sent-datagrams", (ulong)_streams.Sum(stream => (long)stream.Position))
            .Add("send-failed", (ulong)_ports.Sum(port => port.NotTaken))
            .Add("drop-unplaced-template", (ulong)_delivery.UnplacedTemplates));

    /// <summary>Stops sending and receiving; workers have stopped or no longer get what is received.</summary>
    public void Stop()
    {
        if (_isStopped)
            return;
        _isStopped = true;
        _delivery.Stop();
        _snapshots?.Dispose();
        _channel.Dispose();
    }

    /// <summary>Frees what workers used; they have stopped.</summary>
    public void Dispose()
    {
        Stop();
        foreach (var sender in Senders)
            sender.Dispose();
        foreach (var port in _ports)
            port.Dispose();
    }
}
