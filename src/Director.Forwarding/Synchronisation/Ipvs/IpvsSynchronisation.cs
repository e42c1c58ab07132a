using System.ComponentModel;
using System.Net.Sockets;
using Director.Forwarding.Connections;
using Director.Forwarding.Links;
using Director.Forwarding.Scheduling;

namespace Director.Forwarding.Synchronisation.Ipvs;

/// <summary>The daemons of the kernel's synchronisation, and what workers note for the master. An interface that is not there, or is another one under the same name, is waited for.</summary>
internal sealed class IpvsSynchronisation : IIpvsSynchronisation, IDisposable
{
    // ipvsadm's words (libipvs), and the C library's where it has none.
    private const string RunsAlready = "Daemon has already run";
    private const string DoesNotRun = "No daemon is running";
    private const string NoInterface = "No such device";

    private const int AddressNotAvailable = 99;

    private readonly Lock _lock = new();
    private readonly RecordDelivery _delivery;
    private readonly IpvsCounters _counters = new();
    private readonly Func<IReadOnlyList<InterfaceInfo>> _interfaces;
    private readonly Action<string> _log;
    private readonly Dictionary<IpvsRole, Daemon> _daemons = [];
    private IpvsSendingOptions _sending = new();
    private bool _isStopped;
    private volatile bool _hasRun;

    /// <param name="workers">Number of workers.</param>
    /// <param name="destinations">The real servers by number.</param>
    /// <param name="templates">The persistence templates.</param>
    /// <param name="delivery">The way to templates and workers.</param>
    /// <param name="interfaces">The host's interfaces.</param>
    /// <param name="log">Takes a line for the operator.</param>
    public IpvsSynchronisation(
        int workers, DestinationRegistry destinations, PersistenceTemplates templates, RecordDelivery delivery, Func<IReadOnlyList<InterfaceInfo>> interfaces, Action<string> log)
    {
        _delivery = delivery;
        _interfaces = interfaces;
        _log = log;
        Senders = [.. Enumerable.Range(0, workers).Select(_ => new IpvsSender(destinations, templates))];
    }

    /// <summary>What each worker notes by.</summary>
    public IReadOnlyList<IpvsSender> Senders { get; }

    /// <summary>What was sent and taken, and every reason not to take something, by name. None before the first daemon has run.</summary>
    public IEnumerable<KeyValuePair<string, ulong>> Counters => _hasRun ? _counters.ByName(Senders) : [];

    /// <inheritdoc/>
    public IReadOnlyList<IpvsDaemonOptions> Daemons
    {
        get
        {
            lock (_lock)
                return [.. _daemons.Values.Select(daemon => daemon.Shown).OrderBy(daemon => daemon.Role)];
        }
    }

    /// <inheritdoc/>
    public void Start(IpvsDaemonOptions daemon)
    {
        ArgumentNullException.ThrowIfNull(daemon);
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isStopped, this);
            if (_daemons.ContainsKey(daemon.Role))
                throw new EngineException(RunsAlready);
            var starting = new Daemon(daemon);
            if (TryOpen(starting) is { } problem)
                throw new EngineException(problem);
            _daemons[daemon.Role] = starting;
        }
    }

    /// <inheritdoc/>
    public void Stop(IpvsRole role)
    {
        lock (_lock)
        {
            if (!_daemons.Remove(role, out var daemon))
                throw new EngineException(DoesNotRun);
            Close(daemon);
            _log($"synchronisation.ipvs: the {NameOf(role)} daemon has ended");
        }
    }

    /// <inheritdoc/>
    public void Change(IpvsOptions from, IpvsOptions to)
    {
        ArgumentNullException.ThrowIfNull(from);
        ArgumentNullException.ThrowIfNull(to);
        lock (_lock)
        {
            if (_isStopped)
                return;
            var isSending = from.Sending != to.Sending;
            _sending = to.Sending;
            Change(IpvsRole.Master, from.Master, to.Master, isSending);
            Change(IpvsRole.Backup, from.Backup, to.Backup, isSending);
        }
    }

    private void Change(IpvsRole role, IpvsDaemonOptions? from, IpvsDaemonOptions? to, bool isSending)
    {
        if (from == to)
        {
            if (isSending && _daemons.TryGetValue(role, out var same) && same.IsOpen)
            {
                Close(same);
                Open(same);
            }

            return;
        }

        if (_daemons.Remove(role, out var before))
            Close(before);
        if (to is null)
        {
            if (before is not null)
                _log($"synchronisation.ipvs: the {NameOf(role)} daemon has ended");
            return;
        }

        var daemon = new Daemon(to);
        _daemons[role] = daemon;
        Open(daemon);
    }

    /// <summary>Looks after daemons whose interface is not there, or has become another; called every two seconds.</summary>
    public void Look()
    {
        lock (_lock)
        {
            if (_daemons.Count == 0)
                return;
            IReadOnlyList<InterfaceInfo> interfaces;
            try
            {
                interfaces = _interfaces();
            }
            catch (LinkException)
            {
                // The kernel did not answer: the next look comes.
                return;
            }

            foreach (var daemon in _daemons.Values)
            {
                var index = interfaces.FirstOrDefault(info => info.Name == daemon.Options.Interface)?.Index ?? 0;
                if (daemon.IsOpen && index == daemon.Index)
                    continue;
                Close(daemon);
                Open(daemon);
            }
        }
    }

    private void Open(Daemon daemon)
    {
        var problem = TryOpen(daemon);
        if (problem is not null && problem != daemon.Problem)
            _log($"error: synchronisation.ipvs: the {NameOf(daemon.Options.Role)} daemon cannot use interface {daemon.Options.Interface}, tried again until it can: {problem}");
        daemon.Problem = problem;
    }

    private string? TryOpen(Daemon daemon)
    {
        var options = daemon.Options;
        try
        {
            if (_interfaces().FirstOrDefault(info => info.Name == options.Interface) is not { } nic)
                return NoInterface;
            daemon.Shown = options with { MaximumLength = IpvsSocket.MaximumLength(options, nic.Mtu) };
            var socket = IpvsSocket.Open(options, nic.Index);
            daemon.Index = nic.Index;
            _hasRun = true;
            daemon.Running = options.Role == IpvsRole.Master ? StartMaster(daemon.Shown, socket) : new IpvsBackup(new IpvsReception(options.SyncId, _delivery, _sending.Threshold, _counters), socket, _log);
        }
        catch (LinkException error)
        {
            return error.Message;
        }
        catch (SocketException error)
        {
            return error.SocketErrorCode == SocketError.AddressNotAvailable ? new Win32Exception(AddressNotAvailable).Message : error.Message;
        }

        _log($"synchronisation.ipvs: the {NameOf(options.Role)} daemon runs on {options.Interface}, group {options.Group}, port {options.Port}, sync-id {options.SyncId}");
        return null;
    }

    private IpvsMaster StartMaster(IpvsDaemonOptions options, Socket socket)
    {
        var master = new IpvsMaster([.. Senders.Select(sender => sender.Ring)], new IpvsBatch(_sending.Version, (byte)options.SyncId, options.MaximumLength), socket, _counters, _log);
        var rule = new IpvsRule(_sending);
        foreach (var sender in Senders)
            sender.Rule = rule;
        return master;
    }

    private void Close(Daemon daemon)
    {
        if (daemon.Options.Role == IpvsRole.Master)
        {
            foreach (var sender in Senders)
                sender.Rule = null;
        }

        daemon.Running?.Dispose();
        daemon.Running = null;
    }

    private static string NameOf(IpvsRole role) => role == IpvsRole.Master ? "master" : "backup";

    /// <summary>Ends the daemons; nobody waits for workers any more.</summary>
    public void Stop()
    {
        lock (_lock)
        {
            _isStopped = true;
            foreach (var daemon in _daemons.Values)
                Close(daemon);
            _daemons.Clear();
        }
    }

    /// <summary>Frees what workers used; they have stopped.</summary>
    public void Dispose()
    {
        Stop();
        foreach (var sender in Senders)
            sender.Dispose();
    }

    private sealed class Daemon(IpvsDaemonOptions options)
    {
        public IpvsDaemonOptions Options { get; } = options;

        public IpvsDaemonOptions Shown { get; set; } = options with { MaximumLength = IpvsSocket.MaximumLength(options, 0) };

        public IDisposable? Running { get; set; }

        public bool IsOpen => Running is not null;

        public int Index { get; set; }

        public string? Problem { get; set; }
    }
}
