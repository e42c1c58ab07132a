using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Director.Cluster.Tests.Formation;
using Xunit;

namespace Director.Cluster.Tests.Transport;

/// <summary>Who speaks badly to a running director.</summary>
public sealed class DirectorTransportTests : IAsyncLifetime
{
    private readonly TestDirectors _directors = new();

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _directors.DisposeAsync();

    [Fact]
    public async Task Connections_that_say_nothing_keep_nobody_out()
    {
        var first = _directors.Start(1, _directors.Seeds(1));
        await TestDirectors.AreOneCluster(first);
        ConcurrentBag<TcpClient> silent = [];
        for (var connection = 0; connection < 100; connection++)
        {
            TcpClient client = new();
            silent.Add(client);
            try
            {
                await client.ConnectAsync(IPEndPoint.Parse(_directors.HostPort(1)));
            }
            catch (SocketException cutOff) when (cutOff.SocketErrorCode == SocketError.ConnectionReset)
            {
                // That is what is asked for.
            }
        }

        var second = _directors.Start(2, _directors.Seeds(2));
        await TestDirectors.AreOneCluster(first, second);
        Assert.Single(first.Log, line => line == "warning: 127.0.0.1: too many connections that do not say who they are; the oldest are cut off");
        foreach (var client in silent)
        {
            client.Dispose();
        }
    }

    [Fact]
    public async Task A_connection_that_says_nothing_is_ended_in_time()
    {
        var first = _directors.Start(1, _directors.Seeds(1));
        await TestDirectors.AreOneCluster(first);
        using TcpClient client = new();
        await client.ConnectAsync(IPEndPoint.Parse(_directors.HostPort(1)));
        using CancellationTokenSource deadline = new(TimeSpan.FromSeconds(60));
        Assert.Equal(0, await client.GetStream().ReadAsync(new byte[1], deadline.Token));
        await TestDirectors.Eventually(() => first.Log.Contains("warning: 127.0.0.1 connected and did not say who it is within 5 s"), () => string.Join('\n', first.Log));
    }

    [Fact]
    public async Task A_port_scan_is_no_reason_to_speak()
    {
        var first = _directors.Start(1, _directors.Seeds(1));
        await TestDirectors.AreOneCluster(first);
        using (TcpClient client = new())
        {
            await client.ConnectAsync(IPEndPoint.Parse(_directors.HostPort(1)));
            client.Client.Shutdown(SocketShutdown.Send);
            Assert.Equal(0, await client.Client.ReceiveAsync(new byte[1]));
        }

        Assert.DoesNotContain(first.Log, line => line.StartsWith("warning", StringComparison.Ordinal));
    }
}
