using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Director.Agent;
using Director.Configuration;
using Director.Health.Feedback;
using Director.Health.Feedback.Protocol;
using Xunit;

namespace Director.Tests.Agent;

/// <summary>An agent and a director over real sockets.</summary>
public sealed class AgentHostTests : IAsyncDisposable
{
    private static readonly byte[] s_key = [.. "a secret of both ends"u8];
    private readonly TestDirector _director = new();
    private readonly ConcurrentQueue<string> _lines = new();
    private readonly CancellationTokenSource _stop = new();
    private Task _agent = Task.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _director.Dispose();
        await _agent;
        _stop.Dispose();
    }

    [Fact]
    public async Task It_registers_reports_and_takes_its_leave()
    {
        Start("www { address = \"10.0.0.2:80\", weight = 7, forwarding = direct, load { measure = [script], script = \"echo 35\" } }");
        await _director.Greet(s_key);
        Registration registration = await _director.Next<Registration>();
        Assert.Equal("rs1", registration.Agent);
        Assert.Equal([new RegisteredService("www", IPAddress.Parse("10.0.0.2"), 80) { Weight = 7, Forwarding = RegisteredForwarding.Direct }], registration.Services.AsEnumerable());
        await _director.Say("");
        Report report;
        do
        {
            report = await _director.Next<Report>();
            await _director.Say();
        }
        while (!report.Answers[0].SaysSomething);

        Assert.Equal(new AgentAnswer { Percent = 65 }, Assert.Single(report.Answers));
        Task stopped = _stop.CancelAsync();
        AgentMessage last;
        do
        {
            last = await _director.Next();
            await _director.Say();
        }
        while (last is not Farewell);

        await stopped;
        await _agent.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(["agent rs1 is up", $"director {_director.Address}: registered www", "stopped"], _lines);
    }

    [Fact]
    public async Task It_comes_back_when_the_director_does()
    {
        Start("www { address = \"10.0.0.2:80\" }");
        for (int i = 0; i < 2; i++)
        {
            await _director.Greet(s_key);
            await _director.Next<Registration>();
            await _director.Say("");
            await _director.Next<Report>();
            _director.HangUp();
        }

        await _director.Greet(s_key);
        Assert.Contains(_lines, line => line.StartsWith($"warning: director {_director.Address}: ", StringComparison.Ordinal) && line.EndsWith("; trying again", StringComparison.Ordinal));
    }

    [Fact]
    public async Task It_says_nothing_to_a_director_without_the_key()
    {
        Start("www { address = \"10.0.0.2:80\" }");
        await _director.Greet([.. "another secret here"u8]);
        await _director.Greet([.. "another secret here"u8]);
        Assert.Contains($"warning: director {_director.Address}: it has another key; key has to be the director's feedback.key; trying again", _lines);
    }

    [Fact]
    public async Task A_refusal_is_said_once()
    {
        Start("www { address = \"10.0.0.2:80\" }");
        await _director.Greet(s_key);
        await _director.Next<Registration>();
        await _director.Say("there is no service www");
        for (int i = 0; i < 3; i++)
        {
            await _director.Next<Report>();
            await _director.Say();
        }

        Assert.Equal(["agent rs1 is up", $"warning: director {_director.Address} refuses: there is no service www"], _lines);
    }

    [Theory]
    [InlineData("")]
    [InlineData("load?\n")]
    public async Task It_answers_who_asks_as_HAProxy_does(string send)
    {
        using AgentCheckServer server = AgentCheckServer.Listen(new(IPAddress.Loopback, 0));
        Task running = server.Run(() => new AgentAnswer { Percent = 75, IsUp = true }, _stop.Token);

        using TcpClient client = new();
        await client.ConnectAsync(server.EndPoint);
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(send));
        using StreamReader reader = new(client.GetStream());
        Assert.Equal("75% up\n", await reader.ReadToEndAsync().WaitAsync(TimeSpan.FromSeconds(30)));

        var (answer, failure) = await AgentQuestion.Ask(new(IPAddress.Loopback, (ushort)server.EndPoint.Port), send, TimeSpan.FromSeconds(30), TimeProvider.System, default);
        Assert.Equal((new AgentAnswer { Percent = 75, IsUp = true }, ""), (answer, failure));
        await _stop.CancelAsync();
        await running;
    }

    private void Start(string service)
    {
        AgentConfigurationResult result = AgentConfigurationReader.ReadText(
            $"agent {{ name = rs1, directors = [\"{_director.Address}\"], key = \"a secret of both ends\", interval = 200ms, services {{ {service} }} }}");
        Assert.Empty(result.Errors);
        _agent = Task.Run(() => AgentHost.Run(result.Configuration!, _lines.Enqueue, _stop.Token));
    }
}
