using System.Collections.Concurrent;
using System.Net;
using System.Threading.Channels;
using Director.Health.Probing;

namespace Director.Health.Tests.Probing;

public sealed class ProberTests : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);
    private static readonly ProbeTiming s_fast = new()
    {
        Interval = TimeSpan.FromMilliseconds(5), RetryInterval = TimeSpan.FromMilliseconds(5), Timeout = TimeSpan.FromMilliseconds(50), Rise = 1, Fall = 1,
    };

    private readonly Channel<(string Name, ProbeState State)> _told = Channel.CreateUnbounded<(string, ProbeState)>();
    private readonly Prober _prober;

    public ProberTests() => _prober = new Prober(TimeProvider.System, new Random(1), (order, state) => _told.Writer.TryWrite((order.Name, state)));

    public void Dispose() => _prober.Dispose();

    /// <summary>A check whose answers a test gives.</summary>
    private sealed record Scripted(Func<CancellationToken, Task<CheckAnswer>> Script) : HealthCheck(new CheckTarget(IPAddress.Loopback, 1))
    {
        public override string Type => "scripted";

        public override Task<CheckAnswer> Ask(CancellationToken cancellation) => Script(cancellation);
    }

    private async Task<ProbeState> Next(Predicate<ProbeState> isIt)
    {
        using CancellationTokenSource patience = new(s_patience);
        while (true)
        {
            var (_, state) = await _told.Reader.ReadAsync(patience.Token);
            if (isIt(state))
            {
                return state;
            }
        }
    }

    private void Probe(Func<CancellationToken, Task<CheckAnswer>> script, ProbeState? known = null) =>
        _prober.Set([new ProbeOrder("one", new Scripted(script), s_fast)], _ => known ?? ProbeState.Start);

    [Fact]
    public async Task A_check_that_throws_is_contained_and_says_what_it_threw()
    {
        Probe(_ => throw new InvalidOperationException("a mistake"));
        Assert.Equal("the check itself failed: InvalidOperationException: a mistake", (await Next(state => state.Verdict == Verdict.Unknown)).Detail);
    }

    [Fact]
    public async Task A_check_that_never_ends_is_late_once_and_then_said_to_hang_and_is_not_started_again()
    {
        var starts = 0;
        TaskCompletionSource<CheckAnswer> never = new();
        Probe(_ => Interlocked.Increment(ref starts) > 0 ? never.Task : never.Task, ProbeState.Inherited(Verdict.Up, "", null));
        Assert.Equal("no answer within 0.05 s", (await Next(state => state.Verdict == Verdict.Down)).Detail);
        Assert.Equal("the check hangs: it did not end when its time was over", (await Next(state => state.Verdict == Verdict.Down && state.Detail.StartsWith("the check hangs", StringComparison.Ordinal))).Detail);
        Assert.Equal(1, starts);
        never.SetResult(CheckAnswer.Pass("at last"));
        await Next(_ => starts > 1);
    }

    [Fact]
    public async Task A_check_that_blocks_its_thread_holds_up_no_other()
    {
        using ManualResetEventSlim blocked = new();
        _prober.Set(
            [new("blocks", new Scripted(_ => { blocked.Wait(s_patience); return Task.FromResult(CheckAnswer.Pass("")); }), s_fast), new("other", new Scripted(_ => Task.FromResult(CheckAnswer.Pass("well"))), s_fast)],
            _ => ProbeState.Start);
        HashSet<string> heard = [];
        await Next(state => heard.Add(state.Detail) && heard.IsSupersetOf(["well", "no answer within 0.05 s"]));
        blocked.Set();
    }

    [Fact]
    public async Task A_probe_that_is_wanted_again_goes_on_and_one_that_is_not_ends()
    {
        ConcurrentQueue<string> asked = [];
        ProbeOrder Order(string name) => new(name, new Scripted(_ => { asked.Enqueue(name); return Task.FromResult(CheckAnswer.Pass(name)); }), s_fast);
        var (stays, goes) = (Order("stays"), Order("goes"));
        var known = 0;
        _prober.Set([stays, goes], _ => { known++; return ProbeState.Start; });
        await Next(state => state.Detail == "goes");
        _prober.Set([stays], _ => { known++; return ProbeState.Start; });
        Assert.Equal((1, 2), (_prober.Count, known));
        while (_told.Reader.TryRead(out _))
        {
        }

        for (var i = 0; i < 5; i++)
        {
            Assert.Equal("stays", (await Next(_ => true)).Detail);
        }
    }

    [Fact]
    public async Task What_a_check_does_when_it_is_called_off_harms_nobody()
    {
        Probe(async cancellation =>
        {
            cancellation.Register(() => throw new InvalidOperationException("a mistake"));
            await Task.Delay(Timeout.Infinite, CancellationToken.None);
            return default;
        });
        Assert.Equal("no answer within 0.05 s", (await Next(_ => true)).Detail);
        TaskCompletionSource asked = new();
        Probe(async cancellation =>
        {
            cancellation.Register(() => throw new InvalidOperationException("a mistake"));
            asked.TrySetResult();
            await Task.Delay(Timeout.Infinite, CancellationToken.None);
            return default;
        });
        await asked.Task.WaitAsync(s_patience);
        _prober.Set([], _ => ProbeState.Start);
        Assert.Equal(0, _prober.Count);
    }

    [Fact]
    public async Task What_a_real_server_says_is_told_as_one_line_that_is_not_long()
    {
        Probe(_ => Task.FromResult(CheckAnswer.Fail("550 no\r\nSubject: \0\u001b[2J" + new string('x', 1000))));
        Assert.Equal($"550 no  Subject:   [2J{new string('x', 300 - 22)}...", (await Next(_ => true)).Detail);
    }
}
