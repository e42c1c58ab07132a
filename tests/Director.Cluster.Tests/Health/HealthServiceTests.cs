using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Director.Cluster.Health;
using Director.Forwarding;
using Director.Health;
using Director.Health.Checks;
using Director.Health.Probing;
using Director.Health.Serving;
using Xunit;

namespace Director.Cluster.Tests.Health;

/// <summary>Directors' health services that hear each other, real servers that are listeners on loopback, and engines that only remember.</summary>
public sealed class HealthServiceTests : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);
    private static readonly ServiceKey s_www = ServiceKey.ForAddress(Protocol.Tcp, IPAddress.Parse("10.0.0.1"), 80);

    private readonly List<TestDirector> _directors = [];
    private TcpListener _server;

    public HealthServiceTests()
    {
        _server = Listen(0);
        Port = ((IPEndPoint)_server.LocalEndpoint).Port;
    }

    public void Dispose()
    {
        foreach (var director in _directors)
        {
            director.Health.Dispose();
        }

        _server.Dispose();
    }

    private sealed record TestDirector(HealthService Health, CheckedEngine Engine, FakeEngine Inner, ConcurrentQueue<string> Log)
    {
        public int Weight => Inner.Table.Services[0].RealServers[0].Weight;

        public ServerHealthFigures Server => Health.Figures()[0].Servers[0];
    }

    private static TcpListener Listen(int port)
    {
        var listener = new TcpListener(IPAddress.Loopback, port);
        listener.Start(512);
        return listener;
    }

    private int Port { get; }

    private RealServerSpec Server => new(IPAddress.Loopback, (ushort)Port) { Weight = 5 };

    private HealthPlan Plan(bool fromAll = false, bool unknownIsUp = true, HealthCheck? check = null) => new()
    {
        Services = ImmutableDictionary<ServiceKey, ServicePlan>.Empty.Add(s_www, new(s_www, "www")
        {
            ChecksOfOther = server =>
            [
                new(check ?? new ConnectCheck(new CheckTarget(server.Address, server.Port)), new ProbeTiming
                {
                    Interval = TimeSpan.FromMilliseconds(20), RetryInterval = TimeSpan.FromMilliseconds(20), Timeout = TimeSpan.FromSeconds(5), Rise = 2, Fall = 2,
                }) { FromAll = fromAll, UnknownIsUp = unknownIsUp },
            ],
        }),
    };

    /// <summary>The time, with seconds that a test lets pass.</summary>
    private sealed class ManualSeconds(TimeSpan behind = default) : TimeProvider
    {
        private TimerCallback _tick = _ => { };

        public void Tick() => _tick(null);

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() - behind;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            if (period != TimeSpan.FromSeconds(1))
            {
                return base.CreateTimer(callback, state, dueTime, period);
            }

            _tick = callback;
            return base.CreateTimer(callback, state, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }

    private TestDirector Start(HealthPlan plan, bool isAlone = true, bool owns = false, TimeProvider? clock = null, Action<string>? hears = null)
    {
        ConcurrentQueue<string> log = [];
        hears ??= _ => { };
        hears += log.Enqueue;
        var health = new HealthService($"lb{_directors.Count + 1}", Guid.NewGuid().ToString("N"), clock ?? TimeProvider.System, hears);
        health.SetAlone(isAlone);
        if (owns)
        {
            health.Own(s_www, isOwned: true);
        }

        health.SetPlan(plan);
        var inner = new FakeEngine();
        var engine = new CheckedEngine(inner, health, log.Enqueue);
        var director = new TestDirector(health, engine, inner, log);
        foreach (var other in _directors)
        {
            other.Health.Told += health.Hear;
            health.Told += other.Health.Hear;
        }

        _directors.Add(director);
        engine.Apply(new ForwardingTable { Services = [new VirtualServiceSpec(s_www) { Name = "www", RealServers = [Server] }] });
        return director;
    }

    private static async Task Until(Func<bool> isSo)
    {
        var deadline = DateTime.UtcNow + s_patience;
        while (!isSo())
        {
            Assert.True(DateTime.UtcNow < deadline, "waited in vain");
            await Task.Delay(5);
        }
    }

    [Fact]
    public async Task A_real_server_that_fails_gets_weight_0_in_the_engine_and_its_own_weight_when_it_is_back_and_the_wish_stays()
    {
        var director = Start(Plan());
        await Until(() => director.Server.State == "up");
        Assert.Equal(5, director.Weight);
        _server.Stop();
        await Until(() => director.Weight == 0);
        Assert.Equal(ConnectionFate.Moved, director.Inner.Table.Services[0].RealServers[0].Fate);
        Assert.Equal(5, director.Engine.Table.Services[0].RealServers[0].Weight);
        Assert.Equal(("down", "connect: connection refused", "lb1"), (director.Server.State, director.Server.Detail, director.Server.CheckedBy));
        // An edit meanwhile is of the wished weight.
        director.Engine.Apply(director.Engine.Table with { Services = [director.Engine.Table.Services[0] with { RealServers = [Server with { Weight = 7 }] }] });
        Assert.Equal(0, director.Weight);
        _server = Listen(Port);
        await Until(() => director.Weight == 7);
        Assert.Contains(director.Log, line => line.StartsWith("warning: www: real server 127.0.0.1:", StringComparison.Ordinal) && line.EndsWith("is down: connection refused", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_owner_checks_and_all_directors_follow_and_another_goes_on_when_it_is_gone()
    {
        var owner = Start(Plan(), isAlone: false, owns: true);
        await Until(() => owner.Server.State == "up");
        var other = Start(Plan(), isAlone: false);
        await Until(() => other.Server is { State: "up", CheckedBy: "lb1" } && other.Health.Activity.Probes == 0);
        Assert.Equal(1, owner.Health.Activity.Probes);
        _server.Stop();
        await Until(() => owner.Weight == 0 && other.Weight == 0);

        // The other becomes the owner: what was known stays until it finds otherwise.
        owner.Health.Dispose();
        other.Health.Own(s_www, isOwned: true);
        await Until(() => other.Server.CheckedBy == "lb2");
        Assert.Equal((0, "down"), (other.Weight, other.Server.State));
        _server = Listen(Port);
        await Until(() => other.Weight == 5);
    }

    /// <summary>The clock of the other stands still, so that it cannot have waited for the owner's silence.</summary>
    [Fact]
    public async Task What_a_dead_director_asked_is_asked_at_once_until_another_owner_speaks()
    {
        var owner = Start(Plan(), isAlone: false, owns: true);
        var clock = new ManualSeconds();
        var other = Start(Plan(), isAlone: false, clock: clock);
        other.Health.SetLiving(["lb1", "lb3"]);
        await Until(() => owner.Server.State == "up" && other.Server is { State: "up", CheckedBy: "lb1" });
        clock.Tick();
        Assert.Equal(0, other.Health.Activity.Probes);

        // Another's death is nothing to it.
        other.Health.SetLiving(["lb1"]);
        Assert.Equal(0, other.Health.Activity.Probes);
        owner.Health.Dispose();
        _server.Stop();
        other.Health.SetLiving([]);
        Assert.Equal((5, "up"), (other.Weight, other.Server.State));
        await Until(() => other.Weight == 0);
        Assert.Equal(("down", "lb2"), (other.Server.State, other.Server.CheckedBy));

        var next = Start(Plan(), isAlone: false, owns: true);
        await Until(() => next.Server.State == "down" && other.Server.CheckedBy == "lb3");
        clock.Tick();
        Assert.Equal(0, other.Health.Activity.Probes);
    }

    [Fact]
    public async Task Each_director_checks_for_itself_where_it_is_told_to()
    {
        var first = Start(Plan(fromAll: true), isAlone: false, owns: true);
        var second = Start(Plan(fromAll: true), isAlone: false);
        await Until(() => first.Server is { State: "up", CheckedBy: "lb1" } && second.Server is { State: "up", CheckedBy: "lb2" });
        _server.Stop();
        await Until(() => first.Weight == 0 && second.Weight == 0);
        Assert.Equal((1, 1), (first.Health.Activity.Probes, second.Health.Activity.Probes));
    }

    private sealed record ThrowingCheck() : HealthCheck(new CheckTarget(IPAddress.Loopback, 1))
    {
        public override string Type => "throwing";

        public override Task<CheckAnswer> Ask(CancellationToken cancellation) => throw new InvalidOperationException("a mistake");
    }

    [Theory]
    [InlineData(true, 5)]
    [InlineData(false, 0)]
    public async Task A_check_that_throws_leaves_its_real_server_as_the_file_says_of_unknown(bool unknownIsUp, int weight)
    {
        var director = Start(Plan(unknownIsUp: unknownIsUp, check: new ThrowingCheck()));
        await Until(() => director.Server.Detail.Contains("a mistake", StringComparison.Ordinal));
        Assert.Equal(("unknown", "throwing: the check itself failed: InvalidOperationException: a mistake"), (director.Server.State, director.Server.Detail));
        Assert.Equal(weight, director.Weight);
    }

    [Fact]
    public async Task Maintenance_is_told_to_all_directors_and_only_real_ones_can_be_taken_out()
    {
        var (first, second) = (Start(Plan(), isAlone: false, owns: true), Start(Plan(), isAlone: false));
        await Until(() => first.Server.State == "up" && second.Server.State == "up");
        Assert.Equal("no real server 10.9.9.9 in a service of the configuration file", first.Health.SetMaintenance("10.9.9.9", true));
        Assert.Equal("'web' is no real server; ADDRESS:PORT, ADDRESS, or SERVICE/ADDRESS:PORT is right", first.Health.SetMaintenance("web", true));
        Assert.Null(first.Health.SetMaintenance($"www/127.0.0.1:{Port}", true));
        await Until(() => first.Weight == 0 && second.Weight == 0);
        Assert.Equal(("maintenance", ConnectionFate.Kept), (second.Server.State, second.Inner.Table.Services[0].RealServers[0].Fate));
        Assert.InRange(second.Server.DrainSeconds!.Value, 1, 300);
        Assert.Null(second.Health.SetMaintenance($"www/127.0.0.1:{Port}", false));
        await Until(() => first.Weight == 5 && second.Weight == 5);
    }

    [Fact]
    public async Task A_verdict_is_in_force_on_every_director_within_100_ms()
    {
        var (first, second) = (Start(Plan(), isAlone: false, owns: true), Start(Plan(), isAlone: false));
        await Until(() => first.Server.State == "up" && second.Server is { State: "up", CheckedBy: "lb1" });
        List<TimeSpan> taken = [];
        // A machine that is busy with other things makes one of them late, not all.
        for (var i = 0; i < 6; i++)
        {
            TaskCompletionSource<long> told = new(TaskCreationOptions.RunContinuationsAsynchronously);
            void OnTold(IHealthMessage message) => told.TrySetResult(Stopwatch.GetTimestamp());
            first.Health.Told += OnTold;
            var weight = i % 2 == 0 ? 0 : 5;
            if (i % 2 == 0)
            {
                _server.Stop();
            }
            else
            {
                _server = Listen(Port);
            }

            var start = await told.Task.WaitAsync(s_patience);
            while (first.Weight != weight || second.Weight != weight)
            {
                Assert.True(Stopwatch.GetElapsedTime(start) < s_patience);
                await Task.Yield();
            }

            taken.Add(Stopwatch.GetElapsedTime(start));
            first.Health.Told -= OnTold;
        }

        Assert.True(taken.Order().ElementAt(2) < TimeSpan.FromMilliseconds(100), string.Join(", ", taken));
    }

    [Fact]
    public async Task People_who_are_slow_to_read_do_not_keep_the_packet_path_waiting()
    {
        using ManualResetEventSlim read = new();
        var director = Start(Plan(), hears: line =>
        {
            if (line.Contains("is down", StringComparison.Ordinal))
            {
                read.Wait(s_patience);
            }
        });
        await Until(() => director.Server.State == "up");
        _server.Stop();
        await Until(() => director.Weight == 0);
        Assert.DoesNotContain(director.Log, line => line.Contains("is down", StringComparison.Ordinal));
        read.Set();
    }

    [Fact]
    public async Task The_others_hear_of_changes_in_their_order_also_of_what_is_only_repeated()
    {
        ManualSeconds clock = new();
        var director = Start(Plan(), isAlone: false, owns: true, clock);
        await Until(() => director.Server.State == "up");
        ConcurrentQueue<Verdict> heard = [];
        director.Health.Told += message =>
        {
            var verdict = ((Verdicts)message).Told[0].Verdict;
            if (verdict == Verdict.Up)
            {
                // The repetition is on its way when the real server fails.
                _server.Stop();
                SpinWait.SpinUntil(() => !heard.IsEmpty, TimeSpan.FromMilliseconds(300));
            }

            heard.Enqueue(verdict);
        };
        for (var i = 0; i < 4; i++)
        {
            clock.Tick();
        }

        await Until(() => heard.Contains(Verdict.Down));
        Assert.Equal([Verdict.Up, Verdict.Down], heard.Take(2));
    }

    [Fact]
    public async Task What_is_known_stays_known_when_the_first_service_that_asks_comes_or_goes()
    {
        var other = ServiceKey.ForAddress(Protocol.Tcp, IPAddress.Parse("10.0.0.0"), 80);
        var plan = Plan();
        plan = plan with { Services = plan.Services.Add(other, plan.Services[s_www] with { Key = other, Name = "other" }) };
        var director = Start(plan);
        await Until(() => director.Server.State == "up");
        _server.Stop();
        await Until(() => director.Weight == 0);
        var table = director.Engine.Table;
        director.Engine.Apply(table with { Services = [.. table.Services, new VirtualServiceSpec(other) { Name = "other", RealServers = [Server] }] });
        Assert.Equal([0, 0], director.Inner.Table.Services.Select(service => service.RealServers[0].Weight));
        Assert.Equal(1, director.Health.Activity.Probes);
        director.Engine.Apply(table);
        Assert.Equal((0, "down"), (director.Weight, director.Server.State));
    }

    [Fact]
    public async Task A_table_that_the_engine_refuses_leaves_what_is_known()
    {
        var director = Start(Plan());
        await Until(() => director.Server.State == "up");
        _server.Stop();
        await Until(() => director.Weight == 0);
        director.Inner.FailNext(new EngineException("not now"));
        Assert.Throws<EngineException>(() => director.Engine.Apply(ForwardingTable.Empty));
        Assert.Equal("down", director.Server.State);
        director.Engine.Apply(director.Engine.Table);
        Assert.Equal(0, director.Weight);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_the_engine_refuses_or_fails_at_is_tried_again(bool isRefusal)
    {
        var director = Start(Plan());
        await Until(() => director.Server.State == "up");
        director.Inner.FailNext(isRefusal ? new EngineException("not now") : new InvalidOperationException("not now"));
        _server.Stop();
        await Until(() => director.Weight == 0);
        Assert.Single(director.Log, line => line.StartsWith("error: health: what is to be in force cannot be", StringComparison.Ordinal) && line.EndsWith("not now", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Who_fails_to_hear_a_verdict_does_not_end_the_checks()
    {
        var director = Start(Plan(), isAlone: false, owns: true);
        var isFirst = true;
        director.Health.Told += _ => throw (isFirst && !(isFirst = false) ? new InvalidOperationException("deaf") : new IOException("deaf again"));
        await Until(() => director.Log.Any(line => line.StartsWith("error: health: ", StringComparison.Ordinal)));
        _server.Stop();
        await Until(() => director.Server.State == "down");
    }

    private sealed record PendingCheck(Func<Task<CheckAnswer>> Answer) : HealthCheck(new CheckTarget(IPAddress.Loopback, 1))
    {
        public override string Type => "pending";

        public override Task<CheckAnswer> Ask(CancellationToken cancellation) => Answer();
    }

    [Fact]
    public async Task An_answer_that_comes_after_the_owners_word_counts_for_nothing()
    {
        TaskCompletionSource<CheckAnswer> answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
        var asked = 0;
        var director = Start(
            Plan(check: new PendingCheck(() =>
            {
                Interlocked.Increment(ref asked);
                return answer.Task;
            })),
            isAlone: false,
            clock: new ManualSeconds());
        await Until(() => asked > 0);
        director.Health.Hear(new Verdicts("life", "lb9", [new($"TCP 10.0.0.1:80 > 127.0.0.1:{Port} #1", Verdict.Up, "connected", null, DateTimeOffset.UtcNow)]));
        answer.SetResult(CheckAnswer.Fail("too late"));
        await Until(() => asked > 3);
        Assert.Equal(("up", "lb9"), (director.Server.State, director.Server.CheckedBy));
    }

    [Fact]
    public async Task The_last_word_of_operators_counts_though_clocks_differ()
    {
        var (first, second) = (Start(Plan(), isAlone: false, owns: true), Start(Plan(), isAlone: false, clock: new ManualSeconds(behind: TimeSpan.FromMinutes(1))));
        await Until(() => first.Server.State == "up" && second.Server.State == "up");
        Assert.Null(first.Health.SetMaintenance("127.0.0.1", true));
        Assert.Equal("maintenance", second.Server.State);
        Assert.Null(second.Health.SetMaintenance("127.0.0.1", false));
        Assert.Equal(("up", "up"), (first.Server.State, second.Server.State));
    }
}
