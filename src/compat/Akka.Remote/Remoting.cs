using System.Collections.Concurrent;
using System.Reflection;
using Akka.Actor;
using Akka.Configuration;
using Akka.Event;
using Akka.Remote.Transport;

namespace Akka.Remote;

/// <summary>
/// The transports of a system and its connections with others. For each other system there is an <see cref="Association"/>, whose connection carries what this one sends, and at most one <see cref="InboundConnection"/> in use,
/// which the other made for what it sends. So nobody needs to agree on a connection, and each direction is in order.
/// </summary>
internal sealed class Remoting
{
    private static readonly SchemeAugmenter Scheme = new("akka");

    private readonly ConcurrentDictionary<Address, IActorRef> _associations = new();
    private readonly ConcurrentDictionary<Address, InboundOrder> _inboundOrders = new();
    private readonly ConcurrentDictionary<InboundConnection, bool> _inbound = new();
    private readonly ConcurrentDictionary<(Address Address, int Uid), bool> _quarantined = new();
    private readonly ConcurrentDictionary<(Address Address, int Uid), bool> _quarantinedBy = new();
    private readonly Cancelable _inboundCheck;

    /// <summary>Set once, when all of them listen.</summary>
    private volatile (Transport.Transport Transport, Address Local)[] _transports = [];

    private volatile bool _stopping;

    public Remoting(ActorSystemImpl system)
    {
        System = system;
        Settings = new RemoteSettings(system.Settings.Config);
        Log = Logging.GetLogger(system, "remoting");
        _inboundCheck = new Cancelable(system.Scheduler);
    }

    public ActorSystemImpl System { get; }

    public RemoteSettings Settings { get; }

    public ILoggingAdapter Log { get; }

    /// <summary>The first of the addresses by which others reach this system.</summary>
    public Address DefaultAddress => _transports is [var first, ..] ? first.Local : null;

    public int Uid => AddressUidExtension.Uid(System);

    public bool IsOwn(Address address) => Array.Exists(_transports, one => one.Local == address);

    /// <summary>Listens on all transports. Throws when one cannot.</summary>
    public void Start()
    {
        var paths = System.Settings.Config.GetStringList("akka.remote.enabled-transports");
        if (paths.Count == 0)
        {
            throw new ConfigurationException("akka.remote.enabled-transports is empty: name the section of a transport in it");
        }

        var transports = new List<(Transport.Transport, Address)>();
        var listening = new List<TaskCompletionSource<IAssociationEventListener>>();
        foreach (var path in paths)
        {
            var transport = Make(path);
            try
            {
                var (address, listener) = transport.Listen().WaitAsync(Settings.StartupTimeout).GetAwaiter().GetResult();
                transports.Add((transport, Scheme.AugmentScheme(address)));
                listening.Add(listener);
            }
            catch (TimeoutException cause)
            {
                throw new RemoteTransportException($"transport {path} did not listen within {Settings.StartupTimeout}", cause);
            }
        }

        _transports = [.. transports];
        var listenerToAll = new Listener(this);
        listening.ForEach(listener => listener.TrySetResult(listenerToAll));
        var every = Settings.TransportHeartbeatInterval;
        System.Scheduler.Advanced.ScheduleRepeatedly(every, every, CheckInbound, _inboundCheck);
        Publish(new RemotingListenEvent([.. _transports.Select(one => one.Local)]));
    }

    /// <summary>Lets go of what is under way, says farewell and closes the transports.</summary>
    public async Task Stop()
    {
        if (_stopping)
        {
            return;
        }

        _stopping = true;
        try
        {
            await Task.WhenAll(_associations.Values.Select(association => association.Ask<Done>(Association.Flush.Instance, Settings.FlushWait))).ConfigureAwait(false);
        }
        catch (AskTimeoutException)
        {
            Log.Warning("Shutdown of remoting: not all messages were sent within {0}", Settings.FlushWait);
        }

        _inboundCheck.Cancel();
        try
        {
            await Task.WhenAll(_associations.Values.Select(association => association.GracefulStop(Settings.ShutdownTimeout))).ConfigureAwait(false);
        }
        catch (TaskCanceledException)
        {
            Log.Warning("Shutdown of remoting: an association did not end within {0}", Settings.ShutdownTimeout);
        }

        foreach (var connection in _inbound.Keys)
        {
            connection.Close(DisassociateInfo.Shutdown, "this system shuts down");
        }

        try
        {
            await Task.WhenAll(_transports.Select(one => one.Transport.Shutdown())).WaitAsync(Settings.ShutdownTimeout).ConfigureAwait(false);
        }
        catch (Exception cause)
        {
            Log.Warning(cause, "Shutdown of remoting: a transport did not close");
        }

        Publish(new RemotingShutdownEvent());
    }

    /// <summary>The own address on the transport that reaches <paramref name="remote"/>; null when none does.</summary>
    public Address AddressFor(Address remote) => TransportFor(remote).Local;

    public long MaximumPayloadBytes(Address remote) => TransportFor(remote).Transport.MaximumPayloadBytes;

    public Task<AssociationHandle> Associate(Address remote) => TransportFor(remote).Transport.Associate(Scheme.RemoveScheme(remote));

    public void Send(object message, IActorRef sender, RemoteActorRef recipient) =>
        AssociationWith(recipient.Path.Address).Tell(new Association.Outgoing(message, sender, recipient), ActorRefs.NoSender);

    public void Quarantine(Address address, int? uid)
    {
        if (uid is { } known)
        {
            _quarantined[(address, known)] = true;
            if (_inboundOrders.TryGetValue(address, out var order) && order.Current is { } connection && connection.PeerUid == known)
            {
                connection.Close(DisassociateInfo.Quarantined, "its system is quarantined");
            }
        }

        AssociationWith(address).Tell(new Association.QuarantineUid(uid), ActorRefs.NoSender);
    }

    public bool IsQuarantined(Address address, int uid) => _quarantined.ContainsKey((address, uid));

    /// <summary>Takes note that another system wants no more of this one.</summary>
    public void QuarantinedBy(Address address, int uid)
    {
        if (_quarantinedBy.TryAdd((address, uid), true))
        {
            Publish(new ThisActorSystemQuarantinedEvent(AddressFor(address), address));
        }
    }

    /// <summary>What has arrived from an address.</summary>
    public InboundOrder OrderOf(Address address) => _inboundOrders.GetOrAdd(address, _ => new InboundOrder());

    /// <summary>Lets the association, if there is one, know which incarnation is there now.</summary>
    public void PeerHeard(Address address, int uid)
    {
        if (_associations.TryGetValue(address, out var association))
        {
            association.Tell(new Association.PeerHeard(uid), ActorRefs.NoSender);
        }
    }

    public void Forget(InboundConnection connection) => _inbound.TryRemove(connection, out _);

    public void Publish(RemotingLifecycleEvent what)
    {
        System.EventStream.Publish(what);
        if (Settings.LogLifecycleEvents)
        {
            // An address that does not answer is everyday life, and said once each time.
            Log.Log(what.LogLevel() == LogLevel.ErrorLevel ? LogLevel.WarningLevel : what.LogLevel(), what.ToString());
        }
    }

    public FailureDetector NewTransportFailureDetector() =>
        FailureDetectorLoader.Load(Settings.TransportFailureDetector.GetString("implementation-class"), Settings.TransportFailureDetector, System);

    private IActorRef AssociationWith(Address address)
    {
        if (_associations.TryGetValue(address, out var association))
        {
            return association;
        }

        lock (_associations)
        {
            if (_stopping)
            {
                return System.DeadLetters;
            }

            return _associations.GetOrAdd(address, _ => System.SystemActorOf(Props.Create(() => new Association(this, address))));
        }
    }

    private (Transport.Transport Transport, Address Local) TransportFor(Address remote)
    {
        var raw = Scheme.RemoveScheme(remote);
        return remote.HasGlobalScope ? Array.Find(_transports, one => one.Local.Protocol == remote.Protocol && one.Transport.IsResponsibleFor(raw)) : default;
    }

    private Transport.Transport Make(string path)
    {
        var config = System.Settings.Config.GetConfig(path);
        var name = config.GetString("transport-class") ?? throw new ConfigurationException($"{path}.transport-class is missing");
        var type = Type.GetType(name, throwOnError: false);
        if (type is null || !typeof(Transport.Transport).IsAssignableFrom(type))
        {
            throw new ConfigurationException($"{path}.transport-class is '{name}': the name of a class that derives from {typeof(Transport.Transport)} is expected");
        }

        try
        {
            return (Transport.Transport)Activator.CreateInstance(type, System, config);
        }
        catch (TargetInvocationException cause) when (cause.InnerException is not null)
        {
            throw new ConfigurationException($"{path}: {cause.InnerException.Message}", cause.InnerException);
        }
    }

    private void CheckInbound()
    {
        foreach (var connection in _inbound.Keys)
        {
            connection.Check();
        }
    }

    private sealed class Listener(Remoting remoting) : IAssociationEventListener
    {
        public void Notify(IAssociationEvent ev)
        {
            if (ev is not InboundAssociation inbound)
            {
                return;
            }

            var connection = new InboundConnection(remoting, inbound.Association);
            if (remoting._stopping)
            {
                connection.Close(DisassociateInfo.Shutdown, "this system shuts down");
                return;
            }

            remoting._inbound[connection] = true;
            inbound.Association.ReadHandlerSource.TrySetResult(connection);
        }
    }
}

internal sealed class RemoteSettings(Config config)
{
    public TimeSpan StartupTimeout { get; } = config.GetTimeSpan("akka.remote.startup-timeout");

    public TimeSpan ShutdownTimeout { get; } = config.GetTimeSpan("akka.remote.shutdown-timeout");

    public TimeSpan FlushWait { get; } = config.GetTimeSpan("akka.remote.flush-wait-on-shutdown");

    public TimeSpan HandshakeTimeout { get; } = config.GetTimeSpan("akka.remote.handshake-timeout");

    public TimeSpan RetryGateClosedFor { get; } = config.GetTimeSpan("akka.remote.retry-gate-closed-for");

    public TimeSpan BackoffInterval { get; } = config.GetTimeSpan("akka.remote.backoff-interval");

    public int SystemMessageBufferSize { get; } = config.GetInt("akka.remote.system-message-buffer-size");

    public TimeSpan ResendInterval { get; } = config.GetTimeSpan("akka.remote.resend-interval");

    public TimeSpan SystemMessageDeliveryTimeout { get; } = config.GetTimeSpan("akka.remote.initial-system-message-delivery-timeout");

    public bool LogLifecycleEvents { get; } = config.GetBoolean("akka.remote.log-remote-lifecycle-events");

    public Config TransportFailureDetector { get; } = config.GetConfig("akka.remote.transport-failure-detector");

    public TimeSpan TransportHeartbeatInterval { get; } = config.GetTimeSpan("akka.remote.transport-failure-detector.heartbeat-interval");
}
