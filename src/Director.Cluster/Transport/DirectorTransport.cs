using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Akka.Actor;
using Akka.Configuration;
using Akka.Event;
using Akka.Remote.Transport;
using Google.Protobuf;

namespace Director.Cluster.Transport;

/// <summary>
/// Akka's remoting over TLS 1.3 with certificates demanded of both ends under the cluster's own authority, or in the clear where that is asked for.
/// Configured in <c>akka.remote.director</c>; <c>AkkaSettings</c> writes that section.
/// </summary>
internal sealed class DirectorTransport : Akka.Remote.Transport.Transport
{
    /// <summary>The protocol in an Akka address with TLS.</summary>
    public const string TlsScheme = "tls";

    /// <summary>The protocol in an Akka address without.</summary>
    public const string ClearScheme = "tcp";

    private const int MostPending = 64;
    private const int MostPendingOfOne = 16;

    private readonly TransportSettings _settings;
    private readonly Handshake _handshake;
    private readonly Complaints _complaints;
    private readonly PendingConnections _pending = new(MostPending, MostPendingOfOne);
    private readonly ConcurrentDictionary<DirectorConnection, bool> _connections = new();
    private readonly TaskCompletionSource<IAssociationEventListener> _listener = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _stop = new();
    private Socket? _socket;
    private Address _local;

    /// <summary>Called by Akka.</summary>
    public DirectorTransport(ActorSystem system, Config config)
    {
        System = system;
        Config = config;
        _settings = TransportSettings.From(config);
        SchemeIdentifier = _settings.Certificates is null ? ClearScheme : TlsScheme;
        MaximumPayloadBytes = _settings.MaximumFrame;
        _local = new(SchemeIdentifier, system.Name, _settings.Hostname, _settings.Port);
        var log = Akka.Event.Logging.GetLogger(system, "transport");
        _complaints = new(line => log.Warning("{0}", line), TimeProvider.System);
        var remoting = DirectorRemoting.Get(system);
        _handshake = new(_settings, _settings.Certificates is { } files ? new(files, _complaints) : null, () => Welcome(remoting));
        remoting.Handshake = _handshake;
        remoting.Complaints = _complaints;
    }

    /// <inheritdoc/>
    public override Task<(Address, TaskCompletionSource<IAssociationEventListener>)> Listen()
    {
        try
        {
            _socket = Bind(_settings.Hostname, _settings.Port);
        }
        catch (RemotingPortException refused)
        {
            // Thrown here it would end the actor of Akka that called, and the start of the actor system would wait for ever.
            return Task.FromException<(Address, TaskCompletionSource<IAssociationEventListener>)>(refused);
        }

        _local = _local.WithPort(((IPEndPoint)_socket.LocalEndPoint!).Port);
        _ = Task.Run(Accept);
        return Task.FromResult((_local, _listener));
    }

    /// <inheritdoc/>
    public override bool IsResponsibleFor(Address remote) => remote.Protocol.EndsWith(SchemeIdentifier, StringComparison.Ordinal);

    /// <inheritdoc/>
    public override async Task<AssociationHandle> Associate(Address remoteAddress)
    {
        var peer = $"{remoteAddress.Host}:{remoteAddress.Port}";
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        patience.CancelAfter(_settings.Patience);
        try
        {
            var (stream, _) = await _handshake.Call(remoteAddress.Host.Trim('[', ']'), remoteAddress.Port ?? 0, Purpose.Association, patience.Token).ConfigureAwait(false);
            _complaints.Forget(peer);
            return Open(stream, remoteAddress);
        }
        catch (PeerException refused)
        {
            _complaints.Say(peer, refused.Message);
            throw new InvalidAssociationException(refused.Message, refused);
        }
        catch (OperationCanceledException late)
        {
            var message = $"{peer} did not answer within {_settings.Patience.TotalSeconds} s: see that it runs and that no firewall is between";
            if (!_stop.IsCancellationRequested)
            {
                _complaints.Say(peer, message);
            }

            throw new InvalidAssociationException(message, late);
        }
    }

    /// <inheritdoc/>
    public override async Task<bool> Shutdown()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        _socket?.Dispose();
        foreach (var connection in _connections.Keys)
        {
            connection.Abort();
        }

        return true;
    }

    /// <summary>Listens at the address if the hostname is one, else at all.</summary>
    private static Socket Bind(string hostname, int port)
    {
        var address = IPAddress.TryParse(hostname.Trim('[', ']'), out var parsed) ? parsed
            : hostname == "localhost" ? IPAddress.Loopback
            : Socket.OSSupportsIPv6 ? IPAddress.IPv6Any
            : IPAddress.Any;
        Socket socket = new(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (address.Equals(IPAddress.IPv6Any))
            {
                socket.DualMode = true;
            }

            socket.Bind(new IPEndPoint(address, port));
            socket.Listen(MostPending);
            return socket;
        }
        catch (SocketException refused)
        {
            socket.Dispose();
            throw new RemotingPortException($"cluster: cannot listen on {hostname}:{port}: {refused.Message}; cluster.hostname is an address of this host and cluster.port is free", refused);
        }
    }

    private Welcome Welcome(DirectorRemoting remoting)
    {
        Welcome welcome = new() { Cluster = _settings.Cluster, Address = _local.WithProtocol($"akka.{SchemeIdentifier}").ToString() };
        if (remoting.Cluster is { } cluster)
        {
            welcome.Formation = ByteString.CopyFrom(cluster.Id.ToByteArray(bigEndian: true));
            welcome.Formed = cluster.Formed.ToUnixTimeMilliseconds();
        }

        return welcome;
    }

    private async Task Accept()
    {
        try
        {
            // Before Akka listens there is nobody to give a connection to.
            await _listener.Task.WaitAsync(_stop.Token).ConfigureAwait(false);
            while (true)
            {
                try
                {
                    var socket = await _socket!.AcceptAsync(_stop.Token).ConfigureAwait(false);
                    _ = Task.Run(() => Greet(socket));
                }
                catch (SocketException exhausted)
                {
                    // File descriptors ran out, or the like: it passes or it does not, but it must not spin.
                    _complaints.Say("", $"cannot take connections of other directors: {exhausted.Message}");
                    await Task.Delay(TimeSpan.FromMilliseconds(200), _stop.Token).ConfigureAwait(false);
                }
            }
        }
        catch (Exception stopped) when (stopped is OperationCanceledException or ObjectDisposedException)
        {
            // Shut down.
        }
    }

    private async Task Greet(Socket socket)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        patience.CancelAfter(_settings.Patience);
        var peer = "";
        var isOpen = false;
        try
        {
            SocketOptions.Set(socket);
            var remote = (IPEndPoint)socket.RemoteEndPoint!;
            peer = (remote.Address.IsIPv4MappedToIPv6 ? remote.Address.MapToIPv4() : remote.Address).ToString();
            if (_pending.Add(remote.Address, socket))
            {
                _complaints.Say(peer, $"{peer}: too many connections that do not say who they are; the oldest are cut off");
            }

            if (await _handshake.Answer(socket, patience.Token).ConfigureAwait(false) is { } stream)
            {
                isOpen = true;
                (await _listener.Task.ConfigureAwait(false)).Notify(new InboundAssociation(Open(stream, new(SchemeIdentifier, System.Name, peer, remote.Port))));
            }
        }
        catch (PeerException refused)
        {
            _complaints.Say(peer, refused.Message);
        }
        catch (OperationCanceledException) when (!_stop.IsCancellationRequested)
        {
            _complaints.Say(peer, $"{peer} connected and did not say who it is within {_settings.Patience.TotalSeconds} s");
        }
        catch (Exception gone) when (gone is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // It is gone, or this director stops.
        }
        finally
        {
            _pending.Remove(socket);
            if (!isOpen)
            {
                socket.Dispose();
            }
        }
    }

    private DirectorConnection Open(Stream stream, Address remote)
    {
        DirectorConnection connection = new(stream, _settings, _local, remote, line => _complaints.Say(remote.Host, line), ended => _connections.TryRemove(ended, out _));
        _connections[connection] = true;
        connection.Start();
        return connection;
    }
}
