using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Director.Cluster.Feedback;
using Director.Cluster.VirtualServices;
using Director.Configuration;
using Director.Forwarding;
using Director.Health.Feedback;
using Director.Health.Feedback.Protocol;
using Xunit;

namespace Director.Cluster.Tests.Feedback;

/// <summary>Feedback as a whole: agents in, percentages and changes of the table out.</summary>
public sealed class FeedbackServiceTests : IAsyncDisposable
{
    private static readonly byte[] s_key = [.. "a secret of both ends"u8];
    private readonly ConcurrentQueue<string> _lines = new();
    private readonly SemaphoreSlim _changed = new(0);
    private ForwardingTable _table = ForwardingTable.Empty;
    private FeedbackService? _service;

    public ValueTask DisposeAsync() => _service?.DisposeAsync() ?? ValueTask.CompletedTask;

    [Fact]
    public async Task A_real_server_joins_is_weighed_and_drains()
    {
        var service = Start("listen = \"127.0.0.1:0\", key = \"a secret of both ends\", smoothing = 0s, slew = 1000, stale = 1h, remove-after = 1h");
        using var agent = await TestAgent.Greeted(service.EndPoint!, s_key);
        Assert.Equal([""], (await agent.Say(new Registration("rs1", [new("www", IPAddress.Loopback, 8080) { Weight = 7 }]))).Refusals.AsEnumerable());
        await Until(() => _table.Services[0].RealServers.Any(server => server is { Port: 8080, Weight: 7 }));

        await agent.Say(new Report([new AgentAnswer { Percent = 40 }]));
        await Until(() => service.Percentages.GetValueOrDefault(new("www", IPAddress.Loopback, 8080)).Percent == 40);
        Assert.True(await _changed.WaitAsync(TimeSpan.FromSeconds(10)));
        var figures = Assert.Single(service.Figures()!.Servers);
        Assert.Equal(("www", 40, "ready", "rs1"), (figures.Service, figures.Percent, figures.State, figures.Agent));

        await agent.Say(new Farewell());
        await Until(() => service.Percentages.GetValueOrDefault(new("www", IPAddress.Loopback, 8080)) is { State: ReportedState.Drain, Percent: 0 });
        Assert.Equal(
            ["feedback: agent rs1 at 127.0.0.1 speaks for 127.0.0.1:8080 of www", "feedback: 127.0.0.1:8080 joins TCP 10.0.0.1:80"],
            _lines.Select(line => line.Replace("tcp", "TCP", StringComparison.OrdinalIgnoreCase)));
    }

    [Fact]
    public async Task An_agent_is_asked_as_the_file_says_until_the_file_says_otherwise()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var asked = Answer(listener, "30% up\n");
        var service = Start(
            "smoothing = 0s, slew = 1000",
            $"agent-check {{ port = {((IPEndPoint)listener.LocalEndpoint).Port}, interval = 100ms, send = \"load?\\n\" }}, real-servers = [ {{ address = \"127.0.0.1:80\" }} ]");

        Assert.Equal("load?\n", await asked.Task.WaitAsync(TimeSpan.FromSeconds(30)));
        await Until(() => service.Percentages.GetValueOrDefault(new("www", IPAddress.Loopback, 80)).Percent == 30);
        service.Reconfigure(Read("", ""));
        await Until(() => service.Percentages.IsEmpty);
        Assert.Null(service.Figures());
    }

    [Fact]
    public async Task Agents_that_do_not_answer_change_nothing_and_are_named_once()
    {
        using var closed = new TcpListener(IPAddress.Loopback, 0);
        closed.Start();
        var port = ((IPEndPoint)closed.LocalEndpoint).Port;
        closed.Stop();
        var service = Start("", $"agent-check {{ port = {port}, interval = 100ms }}, real-servers = [ {{ address = \"127.0.0.1:80\" }} ]");

        await Until(() => service.Figures()!.Counters["drop-no-answer"] >= 3);
        Assert.Equal([$"warning: feedback: agent-check 127.0.0.1:{port}: connection refused"], _lines);
        Assert.Empty(service.Percentages);
        Assert.Equal(("stale", -1.0, 100), (service.Figures()!.Servers[0].State, service.Figures()!.Servers[0].AgeSeconds, service.Figures()!.Servers[0].Percent));
    }

    private static DirectorConfiguration Read(string feedback, string service)
    {
        // Port 0, any that is free, is for tests only.
        var isAnyPort = feedback.Contains("127.0.0.1:0", StringComparison.Ordinal);
        var result = ConfigurationReader.ReadText(
            $"director {{ feedback {{ {feedback.Replace("127.0.0.1:0", "127.0.0.1:1", StringComparison.Ordinal)} }}, virtual-services {{ www {{ address = \"10.0.0.1:80\", {service} }} }} }}");
        Assert.Empty(result.Errors);
        var configuration = result.Configuration!;
        return isAnyPort ? configuration with { Feedback = configuration.Feedback with { Listen = new(IPAddress.Loopback, 0) } } : configuration;
    }

    private static TaskCompletionSource<string> Answer(TcpListener listener, string text)
    {
        var asked = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        _ = Task.Run(async () =>
        {
            while (true)
            {
                using var client = await listener.AcceptSocketAsync();
                var buffer = new byte[100];
                asked.TrySetResult(Encoding.ASCII.GetString(buffer, 0, await client.ReceiveAsync(buffer)));
                await client.SendAsync(Encoding.ASCII.GetBytes(text));
            }
        });
        return asked;
    }

    private static async Task Until(Func<bool> condition)
    {
        for (var i = 0; i < 3000 && !condition(); i++)
        {
            await Task.Delay(10);
        }

        Assert.True(condition());
    }

    private FeedbackService Start(string feedback, string service = "")
    {
        var configuration = Read(feedback, service);
        _table = ConfiguredTable.From(configuration);
        _service = FeedbackService.Start(configuration, new(() => _table, Edit, _ => true), TimeProvider.System, _lines.Enqueue);
        _service.Changed += () => _changed.Release();
        return _service;
    }

    private Task<EditError?> Edit(TableEdit edit, CancellationToken cancellation)
    {
        var result = TableEditor.Apply(_table, edit);
        _table = result.Table ?? _table;
        return Task.FromResult(result.Error);
    }
}
