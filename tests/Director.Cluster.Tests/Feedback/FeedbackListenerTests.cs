using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Director.Cluster.Feedback;
using Director.Health.Feedback;
using Director.Health.Feedback.Protocol;
using Xunit;

namespace Director.Cluster.Tests.Feedback;

/// <summary>Agents and those who claim to be, over real sockets.</summary>
public sealed class FeedbackListenerTests : IAsyncDisposable, IAgentSessions
{
    private static readonly byte[] s_key = [.. "a secret of both ends"u8];
    private static readonly Registration s_registration = new("rs1", [new("www", IPAddress.Loopback, 80)]);

    private readonly ConcurrentQueue<string> _lines = new();
    private readonly BlockingCollection<string> _events = [];
    private readonly FeedbackCounters _counters = new();
    private readonly FeedbackListener _listener;

    public FeedbackListenerTests() =>
        _listener = FeedbackListener.Start(new(IPAddress.Loopback, 0), s_key, TimeSpan.FromSeconds(30), this, _counters, TimeProvider.System, _lines.Enqueue);

    public ValueTask DisposeAsync() => _listener.DisposeAsync();

    ImmutableArray<string> IAgentSessions.Register(long session, IPAddress from, Registration registration)
    {
        _events.Add($"{from} registers {registration.Services[0].Service}");
        return [.. registration.Services.Select(service => service.Service == "www" ? "" : $"there is no service {service.Service}")];
    }

    bool IAgentSessions.Report(long session, Report report)
    {
        _events.Add($"reports {report.Answers[0].Percent}");
        return report.Answers.Length == 1;
    }

    void IAgentSessions.Leave(long session) => _events.Add("leaves");

    void IAgentSessions.Lost(long session) => _events.Add("is lost");

    [Fact]
    public async Task An_agent_registers_reports_and_leaves()
    {
        using (var agent = await TestAgent.Greeted(_listener.EndPoint, s_key))
        {
            Assert.Equal([""], (await agent.Say(s_registration)).Refusals.AsEnumerable());
            Assert.Empty((await agent.Say(Percent(40))).Refusals);
            Assert.Empty((await agent.Say(new Farewell())).Refusals);
            await agent.AwaitEnd();
        }

        Assert.Equal(["127.0.0.1 registers www", "reports 40", "leaves", "is lost"], Events(4));
        Assert.Empty(_lines);
        Assert.Equal(1UL, _counters.Names()["agent-reports"]);
    }

    [Fact]
    public async Task A_refused_service_is_said_to_the_agent_and_in_the_log_once()
    {
        using var agent = await TestAgent.Greeted(_listener.EndPoint, s_key);
        var registration = new Registration("rs1", [new("mail", IPAddress.Loopback, 25)]);
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(["there is no service mail"], (await agent.Say(registration)).Refusals.AsEnumerable());
        }

        Assert.Equal(["warning: feedback: agent 127.0.0.1 was refused: there is no service mail"], _lines);
        Assert.Equal(3, _counters.Of(FeedbackFault.NotAllowed));
    }

    [Fact]
    public async Task Garbage_is_cut_off_counted_and_named_once()
    {
        for (var i = 0; i < 5; i++)
        {
            using var stranger = await TestAgent.Connect(_listener.EndPoint);
            await stranger.Send([.. "GET / HTTP/1.1\r\nHost: director.example.net\r\n\r\n"u8]);
            await stranger.AwaitEnd();
        }

        await Counted(FeedbackFault.Garbage, 5);
        Assert.Equal("warning: feedback: agent 127.0.0.1 does not speak the agents' protocol", Assert.Single(_lines));
    }

    [Fact]
    public async Task Another_version_is_told_apart_from_garbage()
    {
        using var agent = await TestAgent.Connect(_listener.EndPoint);
        var hello = AgentHandshake.Hello();
        hello[4] = 9;
        await agent.Send(hello);
        await agent.AwaitEnd();
        await Counted(FeedbackFault.OtherVersion, 1);
    }

    [Fact]
    public async Task Who_has_another_key_is_not_heard()
    {
        using var agent = await TestAgent.Connect(_listener.EndPoint);
        var hello = AgentHandshake.Hello();
        await agent.Send(hello);
        var answer = await agent.Receive(AgentHandshake.AnswerBytes);
        Assert.Equal(ProtocolFault.Forged, AgentHandshake.Check("another secret here"u8, hello, answer, out _));

        // He goes on all the same.
        AgentHandshake.Answer("another secret here"u8, hello, out _, out var messages);
        await agent.Send(messages!.Seal(MessageFormat.Write(s_registration)));
        await agent.AwaitEnd();

        await Counted(FeedbackFault.Forged, 1);
        Assert.Empty(_events);
    }

    [Fact]
    public async Task What_was_recorded_is_worth_nothing_in_the_same_connection_or_another()
    {
        byte[] recorded;
        using (var agent = await TestAgent.Greeted(_listener.EndPoint, s_key))
        {
            recorded = agent.Sealed(s_registration);
            await agent.Send(recorded);
            await agent.Answer();
            await agent.Send(recorded);
            await agent.AwaitEnd();
        }

        using var other = await TestAgent.Greeted(_listener.EndPoint, s_key);
        await other.Send(recorded);
        await other.AwaitEnd();

        await Counted(FeedbackFault.Forged, 2);
        Assert.Equal(["127.0.0.1 registers www", "is lost"], Events(2));
    }

    [Fact]
    public async Task A_length_beyond_the_limit_is_not_waited_for()
    {
        using var agent = await TestAgent.Greeted(_listener.EndPoint, s_key);
        await agent.Send([0x7f, 0xff, 0xff, 0xff]);
        await agent.AwaitEnd();
        await Counted(FeedbackFault.TooLong, 1);
    }

    [Fact]
    public async Task A_message_that_makes_no_sense_ends_the_connection_also_with_the_right_code()
    {
        using var agent = await TestAgent.Greeted(_listener.EndPoint, s_key);
        await agent.Send(agent.SealedBytes([99, 1, 2, 3]));
        await agent.AwaitEnd();
        using var second = await TestAgent.Greeted(_listener.EndPoint, s_key);
        await second.Send(second.Sealed(new Report([new(), new()])));
        await second.AwaitEnd();
        await Counted(FeedbackFault.Malformed, 2);
    }

    [Fact]
    public async Task A_flood_of_an_agent_is_cut_off()
    {
        using var agent = await TestAgent.Greeted(_listener.EndPoint, s_key);
        await agent.Say(s_registration);
        for (var i = 0; i < 2 * ProtocolLimits.MessagesPerSecond; i++)
        {
            await agent.Send(agent.Sealed(Percent(1)));
        }

        await agent.AwaitEnd();
        await Counted(FeedbackFault.Flood, 1);
        Assert.InRange(_events.Count(one => one == "reports 1"), 1, 2 * ProtocolLimits.MessagesPerSecond);
    }

    [Fact]
    public async Task Connections_that_say_nothing_make_room_for_agents()
    {
        var silent = new List<TestAgent>();
        for (var i = 0; i < 50; i++)
        {
            try
            {
                silent.Add(await TestAgent.Connect(_listener.EndPoint, IPAddress.Parse("127.0.0.2")));
            }
            catch (SocketException reset) when (reset.SocketErrorCode == SocketError.ConnectionReset && i > 0)
            {
                // It was cut off before it knew that it was connected.
            }
        }

        using var agent = await TestAgent.Greeted(_listener.EndPoint, s_key);
        Assert.Equal([""], (await agent.Say(s_registration)).Refusals.AsEnumerable());
        await silent[0].AwaitEnd();
        await Counted(FeedbackFault.TooMany, 42);
        silent.ForEach(one => one.Dispose());
    }

    [Fact]
    public async Task Half_a_message_and_then_silence_is_cut_off_in_time()
    {
        using var agent = await TestAgent.Greeted(_listener.EndPoint, s_key);
        await agent.Send([0, 0, 1]);
        await agent.AwaitEnd();
        await Counted(FeedbackFault.NoHandshake, 1);
    }

    [Fact]
    public async Task An_agent_that_vanishes_is_lost_and_named_nowhere()
    {
        using (var agent = await TestAgent.Greeted(_listener.EndPoint, s_key))
        {
            await agent.Say(s_registration);
        }

        Assert.Equal(["127.0.0.1 registers www", "is lost"], Events(2));
        Assert.Empty(_lines);
    }

    [Fact]
    public void A_port_that_somebody_has_is_said()
    {
        var refused = Assert.Throws<InvalidOperationException>(
            () => FeedbackListener.Start(_listener.EndPoint, s_key, TimeSpan.FromSeconds(30), this, _counters, TimeProvider.System, _lines.Enqueue));
        Assert.StartsWith($"feedback.listen: {_listener.EndPoint} cannot be had (", refused.Message, StringComparison.Ordinal);
    }

    private static Report Percent(int percent) => new([new AgentAnswer { Percent = percent }]);

    private List<string> Events(int count)
    {
        var events = new List<string>();
        while (events.Count < count && _events.TryTake(out var next, TimeSpan.FromSeconds(30)))
        {
            events.Add(next);
        }

        return events;
    }

    private async Task Counted(FeedbackFault fault, int times)
    {
        for (var i = 0; i < 3000 && _counters.Of(fault) < times; i++)
        {
            await Task.Delay(10);
        }

        Assert.Equal(times, _counters.Of(fault));
    }
}
