using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Akka.Actor;
using Akka.Configuration;
using Akka.Remote.Transport;
using Google.Protobuf;

namespace Compat.Tests.AkkaCluster;

/// <summary>Plain TCP on loopback: as little transport as a cluster in tests can do with, in one process or across several.</summary>
public sealed class TcpTransport : Transport
{
    private readonly TaskCompletionSource<IAssociationEventListener> _listener = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly CancellationTokenSource _stop = new();
    private Address _local = null!;

    public TcpTransport(ActorSystem system, Config config)
    {
        System = system;
        Config = config;
        SchemeIdentifier = "tcp";
        MaximumPayloadBytes = 128_000;
    }

    public override Task<(Address, TaskCompletionSource<IAssociationEventListener>)> Listen()
    {
        _socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        _socket.Bind(new IPEndPoint(IPAddress.Loopback, Config.GetInt("port")));
        _socket.Listen(64);
        _local = new Address(SchemeIdentifier, System.Name, "127.0.0.1", ((IPEndPoint)_socket.LocalEndPoint!).Port);
        _ = Accept();
        return Task.FromResult((_local, _listener));
    }

    public override bool IsResponsibleFor(Address remote) => true;

    public override async Task<AssociationHandle> Associate(Address remoteAddress)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(IPAddress.Loopback, remoteAddress.Port!.Value, _stop.Token);
            return new Handle(this, socket, remoteAddress);
        }
        catch (Exception cause) when (cause is SocketException or OperationCanceledException)
        {
            socket.Dispose();
            throw new InvalidAssociationException($"{remoteAddress}: {cause.Message}", cause);
        }
    }

    public override Task<bool> Shutdown()
    {
        _stop.Cancel();
        _socket.Dispose();
        return Task.FromResult(true);
    }

    private async Task Accept()
    {
        var listener = await _listener.Task;
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                var socket = await _socket.AcceptAsync(_stop.Token);
                var remote = (IPEndPoint)socket.RemoteEndPoint!;
                listener.Notify(new InboundAssociation(new Handle(this, socket, new Address(SchemeIdentifier, System.Name, "127.0.0.1", remote.Port))));
            }
            catch (Exception cause) when (cause is SocketException or OperationCanceledException or ObjectDisposedException)
            {
                // The listening socket's end shows in the loop's condition.
            }
        }
    }

    private sealed class Handle : AssociationHandle
    {
        private readonly TcpTransport _transport;
        private readonly NetworkStream _stream;
        private readonly Channel<ByteString> _outgoing = Channel.CreateBounded<ByteString>(4096);

        public Handle(TcpTransport transport, Socket socket, Address remote)
            : base(transport._local, remote)
        {
            _transport = transport;
            socket.NoDelay = true;
            _stream = new NetworkStream(socket, ownsSocket: true);
            _ = Send();
            _ = Receive();
        }

        public override bool Write(ByteString payload) => _outgoing.Writer.TryWrite(payload);

#pragma warning disable CS0672 // Obsolete in the real package, and abstract.
        public override void Disassociate() => _outgoing.Writer.TryComplete();
#pragma warning restore CS0672

        private async Task Send()
        {
            try
            {
                var length = new byte[4];
                await foreach (var payload in _outgoing.Reader.ReadAllAsync(_transport._stop.Token))
                {
                    BinaryPrimitives.WriteInt32LittleEndian(length, payload.Length);
                    await _stream.WriteAsync(length);
                    await _stream.WriteAsync(payload.Memory);
                }
            }
            catch (Exception cause) when (cause is IOException or OperationCanceledException or ObjectDisposedException)
            {
                // The reader tells.
            }

            await _stream.DisposeAsync();
        }

        private async Task Receive()
        {
            var listener = await ReadHandlerSource.Task;
            try
            {
                var length = new byte[4];
                while (true)
                {
                    await _stream.ReadExactlyAsync(length, _transport._stop.Token);
                    var payload = new byte[BinaryPrimitives.ReadInt32LittleEndian(length)];
                    await _stream.ReadExactlyAsync(payload, _transport._stop.Token);
                    listener.Notify(new InboundPayload(UnsafeByteOperations.UnsafeWrap(payload)));
                }
            }
            catch (Exception cause) when (cause is IOException or OperationCanceledException or ObjectDisposedException)
            {
                _outgoing.Writer.TryComplete();
                listener.Notify(new Disassociated(DisassociateInfo.Unknown));
            }
        }
    }
}
