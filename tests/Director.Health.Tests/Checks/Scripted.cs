using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Director.Health.Tests.Checks;

/// <summary>A server on 127.0.0.1 that does what a test says.</summary>
internal sealed class Scripted : IDisposable
{
    private readonly Socket _socket;
    private readonly TaskCompletionSource _asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ConcurrentBag<Socket> _accepted = [];

    private Scripted(Socket socket)
    {
        _socket = socket;
        _socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        Target = new(IPAddress.Loopback, (ushort)((IPEndPoint)_socket.LocalEndPoint!).Port);
    }

    /// <summary>Where it is.</summary>
    public CheckTarget Target { get; }

    /// <summary>Completes when the first client has come.</summary>
    public Task Asked => _asked.Task;

    /// <summary>What clients have sent by UDP, in order.</summary>
    public ConcurrentQueue<byte[]> Received { get; } = [];

    /// <summary>A TCP server that talks to each client by a script.</summary>
    public static Scripted Tcp(Func<NetworkStream, Task> talk)
    {
        var server = new Scripted(new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        server._socket.Listen();
        _ = server.Accept(talk);
        return server;
    }

    /// <summary>A TCP server that reads some of what comes, sends an answer, and closes.</summary>
    public static Scripted TcpAnswer(byte[] answer) => Tcp(async stream =>
    {
        await stream.WriteAsync(answer);
        stream.Socket.Shutdown(SocketShutdown.Send);
        await stream.CopyToAsync(Stream.Null);
    });

    /// <summary>The same in text.</summary>
    public static Scripted TcpAnswer(string answer) => TcpAnswer(Encoding.UTF8.GetBytes(answer));

    /// <summary>A TCP server that accepts and says nothing.</summary>
    public static Scripted TcpSilence() => Tcp(stream => stream.CopyToAsync(Stream.Null));

    /// <summary>A TCP server that says something and never ends.</summary>
    public static Scripted TcpEndless(byte[] piece) => Tcp(async stream =>
    {
        while (true)
        {
            await stream.WriteAsync(piece);
        }
    });

    /// <summary>A UDP server: what is answered to a datagram; null is nothing.</summary>
    public static Scripted Udp(Func<byte[], byte[]?> answer)
    {
        var server = new Scripted(new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
        _ = server.Answer(answer);
        return server;
    }

    /// <summary>Asks a check, with much time.</summary>
    public static Task<CheckAnswer> Ask(HealthCheck check) => CheckRun.Ask(check, TimeSpan.FromSeconds(20), TimeProvider.System, default);

    /// <summary>Asserts that a check that was asked and gets no answer ends when it is told to.</summary>
    public async Task AssertGivesUp(HealthCheck check)
    {
        using var end = new CancellationTokenSource();
        var asking = check.Ask(end.Token);
        await Task.WhenAny(Asked, asking);
        Assert.False(asking.IsCompleted, "the check did not wait for an answer");
        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<Exception>(() => asking.WaitAsync(TimeSpan.FromSeconds(5)));
        Assert.True(asking.IsCompleted, "the check went on after its end");
    }

    public void Dispose()
    {
        _socket.Dispose();
        foreach (var accepted in _accepted)
        {
            accepted.Dispose();
        }
    }

    private async Task Accept(Func<NetworkStream, Task> talk)
    {
        while (true)
        {
            Socket accepted;
            try
            {
                accepted = await _socket.AcceptAsync();
            }
            catch (Exception error) when (error is SocketException or ObjectDisposedException)
            {
                return;
            }

            _accepted.Add(accepted);
            _asked.TrySetResult();
            _ = Task.Run(async () =>
            {
                try
                {
                    await using var stream = new NetworkStream(accepted, ownsSocket: true);
                    await talk(stream);
                }
                catch (Exception error) when (error is IOException or SocketException or ObjectDisposedException)
                {
                    // The client has enough.
                }
            });
        }
    }

    private async Task Answer(Func<byte[], byte[]?> answer)
    {
        var buffer = new byte[65536];
        try
        {
            while (true)
            {
                var got = await _socket.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0));
                Received.Enqueue(buffer[..got.ReceivedBytes]);
                _asked.TrySetResult();
                if (answer(buffer[..got.ReceivedBytes]) is { } bytes)
                {
                    await _socket.SendToAsync(bytes, got.RemoteEndPoint);
                }
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // It is over.
        }
    }
}
