using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Akka.Actor;
using Akka.Configuration;
using Akka.Remote.Transport;
using Google.Protobuf;

namespace Compat.Tests.AkkaRemote;

/// <summary>A transport over TCP on loopback: length and bytes. A test can break its connections, refuse new ones, and let what arrives disappear.</summary>
public sealed class LoopbackTransport : Transport
{
    private static readonly ConcurrentDictionary<int, LoopbackTransport> s_byPort = new();

    private readonly TaskCompletionSource<IAssociationEventListener> _listener = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ConcurrentDictionary<Handle, bool> _handles = new();
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly int _port;
    private Address? _local;

    public LoopbackTransport(ActorSystem system, Config config)
    {
        System = system;
        Config = config;
        SchemeIdentifier = "loop";
        MaximumPayloadBytes = config.GetByteSize("maximum-frame-size", 128_000) ?? 128_000;
        _port = config.GetInt("port", 0);
    }

    /// <summary>Connections are neither made nor taken.</summary>
    public bool IsCut { get; set; }

    /// <summary>What arrives from now on is lost, and nobody notices.</summary>
    public bool IsDeaf { get; set; }

    /// <summary>Bytes of what arrives are changed at random, a few in each string.</summary>
    public Random? Garbles { get; set; }

    public int Connections => _handles.Count;

    public static LoopbackTransport Of(ActorSystem system) => s_byPort[((ExtendedActorSystem)system).Provider.DefaultAddress.Port!.Value];

    public void BreakConnections()
    {
        foreach (var handle in _handles.Keys)
        {
            handle.Break();
        }
    }

    /// <summary>Writes bytes on a new connection to a port, as a stranger would, and waits for its end.</summary>
    public static async Task Intrude(int port, byte[] bytes, TimeSpan patience)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, port);
        await client.GetStream().WriteAsync(bytes);
        using var timeout = new CancellationTokenSource(patience);
        try
        {
            while (await client.GetStream().ReadAsync(new byte[4096], timeout.Token) > 0)
            {
            }
        }
        catch (IOException)
        {
        }
    }

    public override async Task<(Address, TaskCompletionSource<IAssociationEventListener>)> Listen()
    {
        _socket.Bind(new IPEndPoint(IPAddress.Loopback, _port));
        _socket.Listen(64);
        var port = ((IPEndPoint)_socket.LocalEndPoint!).Port;
        _local = new Address(SchemeIdentifier, System.Name, "127.0.0.1", port);
        s_byPort[port] = this;
        _ = Accept();
        await Task.CompletedTask;
        return (_local, _listener);
    }

    public override bool IsResponsibleFor(Address remote) => true;

    public override async Task<AssociationHandle> Associate(Address remoteAddress)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            if (IsCut)
            {
                throw new SocketException((int)SocketError.NetworkUnreachable);
            }

            await socket.ConnectAsync(remoteAddress.Host, remoteAddress.Port!.Value);
        }
        catch (SocketException cause)
        {
            socket.Dispose();
            throw new InvalidAssociationException(cause.Message, cause);
        }

        return new Handle(this, socket, _local!, remoteAddress);
    }

    public override Task<bool> Shutdown()
    {
        _socket.Dispose();
        foreach (var handle in _handles.Keys)
        {
            handle.End();
        }

        return Task.FromResult(true);
    }

    private async Task Accept()
    {
        var listener = await _listener.Task;
        while (true)
        {
            Socket socket;
            try
            {
                socket = await _socket.AcceptAsync();
            }
            catch (Exception cause) when (cause is SocketException or ObjectDisposedException)
            {
                return;
            }

            if (IsCut)
            {
                socket.Dispose();
                continue;
            }

            var remote = (IPEndPoint)socket.RemoteEndPoint!;
            socket.NoDelay = true;
            listener.Notify(new InboundAssociation(new Handle(this, socket, _local!, new Address(SchemeIdentifier, System.Name, remote.Address.ToString(), remote.Port))));
        }
    }

    private sealed class Handle : AssociationHandle
    {
        private readonly LoopbackTransport _transport;
        private readonly Socket _socket;
        private readonly NetworkStream _stream;
        private readonly Channel<ByteString> _outgoing = Channel.CreateBounded<ByteString>(256);

        public Handle(LoopbackTransport transport, Socket socket, Address local, Address remote)
            : base(local, remote)
        {
            _transport = transport;
            _socket = socket;
            _stream = new NetworkStream(socket, ownsSocket: true);
            transport._handles[this] = true;
            _ = Send();
            _ = Receive();
        }

        public override bool Write(ByteString payload) => payload.Length <= _transport.MaximumPayloadBytes && _outgoing.Writer.TryWrite(payload);

        [Obsolete("As its base.")]
        public override void Disassociate() => End();

        /// <summary>Ends when what was written has gone out.</summary>
        public void End() => _outgoing.Writer.TryComplete();

        public void Break() => _socket.Close(0);

        private async Task Send()
        {
            try
            {
                var length = new byte[4];
                await foreach (var payload in _outgoing.Reader.ReadAllAsync())
                {
                    BinaryPrimitives.WriteInt32LittleEndian(length, payload.Length);
                    await _stream.WriteAsync(length);
                    await _stream.WriteAsync(payload.Memory);
                }

                _socket.Shutdown(SocketShutdown.Send);
                await Task.Delay(100);
            }
            catch (Exception cause) when (cause is IOException or SocketException or ObjectDisposedException)
            {
            }

            _stream.Dispose();
        }

        private async Task Receive()
        {
            var listener = await ReadHandlerSource.Task;
            try
            {
                var length = new byte[4];
                while (true)
                {
                    await _stream.ReadExactlyAsync(length);
                    var payload = new byte[BinaryPrimitives.ReadInt32LittleEndian(length)];
                    await _stream.ReadExactlyAsync(payload);
                    for (var i = _transport.Garbles?.Next(1, 4) ?? 0; i > 0 && payload.Length > 0; i--)
                    {
                        payload[_transport.Garbles!.Next(payload.Length)] = (byte)_transport.Garbles.Next(256);
                    }

                    if (!_transport.IsDeaf)
                    {
                        listener.Notify(new InboundPayload(UnsafeByteOperations.UnsafeWrap(payload)));
                    }
                }
            }
            catch (Exception cause) when (cause is IOException or SocketException or ObjectDisposedException)
            {
            }

            _transport._handles.TryRemove(this, out _);
            End();
            listener.Notify(new Disassociated(DisassociateInfo.Unknown));
        }
    }
}
