using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Akka.Actor;
using Akka.Remote.Transport;
using Director.Cluster.Transport;
using Google.Protobuf;
using Xunit;

namespace Director.Cluster.Tests.Transport;

public sealed class DirectorConnectionTests : IDisposable
{
    private static readonly Address Local = new("tls", "director", "10.0.0.1", 2551);
    private static readonly Address Remote = new("tls", "director", "10.0.0.2", 2551);

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly TcpClient _peer = new();
    private readonly CancellationTokenSource _deadline = new(TimeSpan.FromSeconds(60));
    private readonly ConcurrentQueue<string> _complaints = new();
    private readonly TaskCompletionSource _ended = new();
    private readonly Reader _reader = new();
    private readonly TransportSettings _settings = new() { Hostname = "127.0.0.1", Port = 0, Cluster = "director", MaximumFrame = 100_000 };

    public DirectorConnectionTests() => _listener.Start();

    public void Dispose()
    {
        _listener.Dispose();
        _peer.Dispose();
        _deadline.Dispose();
    }

    [Fact]
    public async Task Messages_arrive_whole_and_in_order_however_they_are_cut()
    {
        await Connect(_settings);
        byte[] bytes = [0, 0, 0, 0, 0, 0, 0, 3, 1, 2, 3, 0, 0, 0, 1, 4];
        foreach (var one in bytes)
        {
            await _peer.GetStream().WriteAsync(new[] { one }, _deadline.Token);
        }

        Assert.Equal([[], [1, 2, 3], [4]], [await _reader.Next(_deadline.Token), await _reader.Next(_deadline.Token), await _reader.Next(_deadline.Token)]);
    }

    [Fact]
    public async Task What_was_written_before_the_end_still_arrives()
    {
        var connection = await Connect(_settings);
        Assert.True(connection.Write(ByteString.CopyFrom(1, 2)));
        Assert.True(connection.Write(ByteString.CopyFrom(3)));
#pragma warning disable CS0618 // The overload that replaces it calls it.
        connection.Disassociate();
#pragma warning restore CS0618
        using MemoryStream received = new();
        await _peer.GetStream().CopyToAsync(received, _deadline.Token);
        Assert.Equal([0, 0, 0, 2, 1, 2, 0, 0, 0, 1, 3], received.ToArray());
        await _ended.Task.WaitAsync(_deadline.Token);
        Assert.True(await _reader.End(_deadline.Token));
    }

    [Fact]
    public async Task A_message_that_is_too_long_ends_the_connection_before_there_is_memory_for_it()
    {
        await Connect(_settings);
        var head = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(head, 100_001);
        await _peer.GetStream().WriteAsync(head, _deadline.Token);
        Assert.True(await _reader.End(_deadline.Token));
        Assert.Equal("10.0.0.2:2551 sent a message of 100001 bytes, more than 100000, and was cut off: run the same build on all directors", Assert.Single(_complaints));
    }

    [Fact]
    public async Task One_is_not_sent_that_is_too_long()
    {
        var connection = await Connect(_settings);
        Assert.False(connection.Write(ByteString.CopyFrom(new byte[100_001])));
        Assert.True(connection.Write(ByteString.CopyFrom(new byte[100_000])));
    }

    [Fact]
    public async Task A_peer_that_does_not_read_holds_little_memory_and_is_cut_off()
    {
        var connection = await Connect(_settings with { Stall = TimeSpan.FromMilliseconds(500) });
        var message = ByteString.CopyFrom(new byte[100_000]);
        var taken = 0;
        while (!_ended.Task.IsCompleted)
        {
            Assert.False(_deadline.IsCancellationRequested);
            if (connection.Write(message))
            {
                taken++;
            }
            else
            {
                await Task.Delay(1);
            }
        }

        Assert.Equal("10.0.0.2:2551 has read nothing for 0.5 s and was cut off: it is frozen or overloaded", Assert.Single(_complaints));
        // The bound, and what the kernel's buffers of both ends took.
        Assert.InRange(taken, 40, 400);
        Assert.False(connection.Write(message));
        Assert.True(await _reader.End(_deadline.Token));
    }

    private async Task<DirectorConnection> Connect(TransportSettings settings)
    {
        var accepting = _listener.AcceptSocketAsync(_deadline.Token);
        await _peer.ConnectAsync((IPEndPoint)_listener.LocalEndpoint, _deadline.Token);
        DirectorConnection connection = new(new NetworkStream(await accepting, ownsSocket: true), settings, Local, Remote, _complaints.Enqueue, _ => _ended.SetResult());
        connection.Start();
        connection.ReadHandlerSource.SetResult(_reader);
        return connection;
    }

    private sealed class Reader : IHandleEventListener
    {
        private readonly System.Threading.Channels.Channel<IHandleEvent> _events = System.Threading.Channels.Channel.CreateUnbounded<IHandleEvent>();

        public void Notify(IHandleEvent ev) => _events.Writer.TryWrite(ev);

        public async Task<byte[]> Next(CancellationToken cancellation) => Assert.IsType<InboundPayload>(await _events.Reader.ReadAsync(cancellation)).Payload.ToByteArray();

        public async Task<bool> End(CancellationToken cancellation) => await _events.Reader.ReadAsync(cancellation) is Disassociated;
    }
}
