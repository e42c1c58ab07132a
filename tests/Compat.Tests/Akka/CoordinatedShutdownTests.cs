using System.Collections.Concurrent;
using Akka;
using Akka.Actor;
using Akka.Configuration;
using Xunit;

namespace Compat.Tests.Akka;

public sealed class CoordinatedShutdownTests : IDisposable
{
    private readonly ConcurrentQueue<string> _ran = new();
    private readonly ActorSystem _system;
    private readonly CoordinatedShutdown _shutdown;

    public CoordinatedShutdownTests()
    {
        _system = ActorSystem.Create("shutdown", ConfigurationFactory.ParseString(
            """
            akka {
              loglevel = OFF
              stdout-loglevel = OFF
              coordinated-shutdown {
                run-by-clr-shutdown-hook = off
                phases {
                  service-stop.timeout = 100ms
                  before-cluster-shutdown.recover = off
                }
              }
            }
            """));
        _shutdown = CoordinatedShutdown.Get(_system);
    }

    [Fact]
    public async Task Phases_run_in_their_order()
    {
        string[] phases =
        [
            CoordinatedShutdown.PhaseBeforeServiceUnbind, CoordinatedShutdown.PhaseServiceUnbind, CoordinatedShutdown.PhaseServiceRequestsDone, CoordinatedShutdown.PhaseServiceStop,
            CoordinatedShutdown.PhaseBeforeClusterShutdown, CoordinatedShutdown.PhaseClusterShardingShutdownRegion, CoordinatedShutdown.PhaseClusterLeave,
            CoordinatedShutdown.PhaseClusterExiting, CoordinatedShutdown.PhaseClusterExitingDone, CoordinatedShutdown.PhaseClusterShutdown,
            CoordinatedShutdown.PhaseBeforeActorSystemTerminate,
        ];
        foreach (var phase in phases.Reverse())
        {
            Add(phase, phase);
        }

        await _shutdown.Run(CoordinatedShutdown.UnknownReason.Instance).WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(phases, _ran);
        await _system.WhenTerminated.WaitAsync(TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task It_runs_once()
    {
        Add(CoordinatedShutdown.PhaseServiceStop, "task");
        await Task.WhenAll(_shutdown.Run(CoordinatedShutdown.UnknownReason.Instance), _shutdown.Run(CoordinatedShutdown.ClrExitReason.Instance)).WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(["task"], _ran);
        Assert.Same(CoordinatedShutdown.UnknownReason.Instance, _shutdown.ShutdownReason);
    }

    [Fact]
    public async Task Tasks_of_a_phase_run_side_by_side()
    {
        var (left, right) = (new TaskCompletionSource(), new TaskCompletionSource());
        _shutdown.AddTask(CoordinatedShutdown.PhaseServiceUnbind, "left", async () =>
        {
            left.SetResult();
            await right.Task;
            _ran.Enqueue("left");
            return Done.Instance;
        });
        _shutdown.AddTask(CoordinatedShutdown.PhaseServiceUnbind, "right", async () =>
        {
            right.SetResult();
            await left.Task;
            _ran.Enqueue("right");
            return Done.Instance;
        });
        await _shutdown.Run(CoordinatedShutdown.UnknownReason.Instance).WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(["left", "right"], _ran.Order());
    }

    [Fact]
    public async Task A_task_that_fails_or_hangs_does_not_hold_up_the_next_phase()
    {
        _shutdown.AddTask(CoordinatedShutdown.PhaseServiceUnbind, "fails", () => Task.FromException<Done>(new InvalidOperationException("no")));
        _shutdown.AddTask(CoordinatedShutdown.PhaseServiceStop, "hangs", () => new TaskCompletionSource<Done>().Task);
        Add(CoordinatedShutdown.PhaseClusterLeave, "after");
        await _shutdown.Run(CoordinatedShutdown.UnknownReason.Instance).WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(["after"], _ran);
    }

    [Fact]
    public async Task Without_recover_a_failure_ends_it()
    {
        _shutdown.AddTask(CoordinatedShutdown.PhaseBeforeClusterShutdown, "fails", () => Task.FromException<Done>(new InvalidOperationException("no")));
        Add(CoordinatedShutdown.PhaseClusterLeave, "after");
        await Assert.ThrowsAnyAsync<Exception>(() => _shutdown.Run(CoordinatedShutdown.UnknownReason.Instance).WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.Empty(_ran);
    }

    [Fact]
    public async Task Terminating_the_system_runs_the_phases()
    {
        Add(CoordinatedShutdown.PhaseServiceStop, "task");
        await _system.Terminate().WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(["task"], _ran);
        Assert.IsType<CoordinatedShutdown.ActorSystemTerminateReason>(_shutdown.ShutdownReason);
    }

    [Fact]
    public async Task A_run_may_begin_at_a_later_phase()
    {
        Add(CoordinatedShutdown.PhaseServiceStop, "skipped");
        Add(CoordinatedShutdown.PhaseClusterLeave, "ran");
        await _shutdown.Run(CoordinatedShutdown.UnknownReason.Instance, CoordinatedShutdown.PhaseClusterLeave).WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(["ran"], _ran);
    }

    [Fact]
    public void An_unknown_phase_is_refused() => Assert.ThrowsAny<Exception>(() => Add("no such phase", "task"));

    [Fact]
    public void Phases_have_their_own_timeouts()
    {
        Assert.Equal(TimeSpan.FromMilliseconds(100), _shutdown.Timeout(CoordinatedShutdown.PhaseServiceStop));
        Assert.Equal(TimeSpan.FromSeconds(5), _shutdown.Timeout(CoordinatedShutdown.PhaseServiceUnbind));
        Assert.Equal(TimeSpan.FromSeconds(10), _shutdown.Timeout(CoordinatedShutdown.PhaseActorSystemTerminate));
    }

    [Fact]
    public async Task Actors_of_the_user_have_stopped_when_the_system_has()
    {
        var ran = _ran;
        _system.ActorOf(Props.Create(() => new SaysGoodbye(ran)));
        await _system.Terminate().WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(["goodbye"], _ran);
    }

    // Not waited for: a run that failed never ends the system.
    public void Dispose() => _system.Terminate();

    private void Add(string phase, string name) => _shutdown.AddTask(phase, name, () =>
    {
        _ran.Enqueue(name);
        return Task.FromResult(Done.Instance);
    });

    private sealed class SaysGoodbye(ConcurrentQueue<string> ran) : ReceiveActor
    {
        protected override void PostStop() => ran.Enqueue("goodbye");
    }
}
