using System.Buffers;
using System.Buffers.Binary;
using System.Threading.Channels;
using Akka.Actor;
using Akka.Remote.Transport;
using Google.Protobuf;

namespace Director.Cluster.Transport;

/// <summary>An association: frames of a length (four bytes, big-endian) and a message, both ways. What waits for a peer that does not read is bounded in bytes and in time.</summary>
internal sealed class DirectorConnection : AssociationHandle
{
    // Messages that wait to be sent. Akka keeps what is refused and tries again, until Stall ends the connection.
    private const long MostBytesWaiting = 4 << 20;
    private const int BatchBytes = 64 << 10;

    private readonly Stream _stream;
    private readonly TransportSettings _settings;
    private readonly CancellationTokenSource _closing = new();
    private readonly Action<string> _complain;
    private readonly Action<DirectorConnection> _ended;
    private readonly Channel<ByteString> _outgoing = Channel.CreateUnbounded<ByteString>(new UnboundedChannelOptions { SingleReader = true });
    private long _bytesWaiting;

    /// <summary>For a connection whose handshake is done.</summary>
    /// <param name="stream">After the handshake; disposed of when the association ends.</param>
    /// <param name="settings">Limits.</param>
    /// <param name="local">This director.</param>
    /// <param name="remote">The other.</param>
    /// <param name="complain">Takes a line when the association is cut off because of the peer.</param>
    /// <param name="ended">Called once, when it has ended for whatever reason.</param>
    public DirectorConnection(Stream stream, TransportSettings settings, Address local, Address remote, Action<string> complain, Action<DirectorConnection> ended)
        : base(local, remote)
    {
        _stream = stream;
        _settings = settings;
        _complain = complain;
        _ended = ended;
    }

    /// <summary>Sends from now on, and receives as soon as Akka has set who reads.</summary>
    public void Start() => _ = Task.Run(Run);

    /// <inheritdoc/>
    public override bool Write(ByteString payload)
    {
        if (payload.Length > _settings.MaximumFrame || Volatile.Read(ref _bytesWaiting) > MostBytesWaiting)
        {
            return false;
        }

        Interlocked.Add(ref _bytesWaiting, payload.Length);
        return _outgoing.Writer.TryWrite(payload);
    }

    /// <summary>Sends what waits, as long as the peer reads, and ends the association.</summary>
#pragma warning disable CS0672 // The overload that replaces it calls it.
    public override void Disassociate() => _outgoing.Writer.TryComplete();
#pragma warning restore CS0672

    /// <summary>Ends the association at once.</summary>
    public void Abort() => _closing.Cancel();

    private async Task Run()
    {
        try
        {
            var receiving = Receive();
            await Task.WhenAny(receiving, Send()).ConfigureAwait(false);
            _outgoing.Writer.TryComplete();
            await _closing.CancelAsync().ConfigureAwait(false);
            // Ends a read that does not heed the token.
            await _stream.DisposeAsync().ConfigureAwait(false);
            await receiving.ConfigureAwait(false);
        }
        finally
        {
            _ended(this);
            if (ReadHandlerSource.Task.IsCompletedSuccessfully)
            {
                (await ReadHandlerSource.Task.ConfigureAwait(false)).Notify(new Disassociated(DisassociateInfo.Unknown));
            }
        }
    }

    private async Task Send()
    {
        ArrayBufferWriter<byte> batch = new(BatchBytes);
        try
        {
            while (await _outgoing.Reader.WaitToReadAsync(_closing.Token).ConfigureAwait(false))
            {
                while (batch.WrittenCount < BatchBytes && _outgoing.Reader.TryRead(out var payload))
                {
                    BinaryPrimitives.WriteInt32BigEndian(batch.GetSpan(sizeof(int)), payload.Length);
                    batch.Advance(sizeof(int));
                    batch.Write(payload.Span);
                    Interlocked.Add(ref _bytesWaiting, -payload.Length);
                }

                using var stall = CancellationTokenSource.CreateLinkedTokenSource(_closing.Token);
                stall.CancelAfter(_settings.Stall);
                await _stream.WriteAsync(batch.WrittenMemory, stall.Token).ConfigureAwait(false);
                await _stream.FlushAsync(stall.Token).ConfigureAwait(false);
                batch.ResetWrittenCount();
            }
        }
        catch (OperationCanceledException) when (!_closing.IsCancellationRequested)
        {
            _complain($"{RemoteAddress.Host}:{RemoteAddress.Port} has read nothing for {_settings.Stall.TotalSeconds} s and was cut off: it is frozen or overloaded");
        }
        catch (Exception ended) when (ended is IOException or ObjectDisposedException or OperationCanceledException)
        {
            // The other side ended it; the receiver sees it too.
        }
    }

    private async Task Receive()
    {
        var head = new byte[sizeof(int)];
        try
        {
            var reader = await ReadHandlerSource.Task.WaitAsync(_settings.Patience, _closing.Token).ConfigureAwait(false);
            while (true)
            {
                await _stream.ReadExactlyAsync(head, _closing.Token).ConfigureAwait(false);
                var length = BinaryPrimitives.ReadInt32BigEndian(head);
                if (length < 0 || length > _settings.MaximumFrame)
                {
                    _complain($"{RemoteAddress.Host}:{RemoteAddress.Port} sent a message of {(uint)length} bytes, more than {_settings.MaximumFrame}, and was cut off: run the same build on all directors");
                    return;
                }

                var payload = new byte[length];
                await _stream.ReadExactlyAsync(payload, _closing.Token).ConfigureAwait(false);
                reader.Notify(new InboundPayload(UnsafeByteOperations.UnsafeWrap(payload)));
            }
        }
        catch (Exception ended) when (ended is IOException or ObjectDisposedException or OperationCanceledException or TimeoutException)
        {
            // The connection is over; Run tells Akka.
        }
    }
}
