using System.Collections.Concurrent;
using Akka.Actor;
using Director.Cluster.Formation;
using Director.Configuration;
using Xunit;
using static Director.Cluster.Tests.Formation.TestDirectors;

namespace Director.Cluster.Tests.Formation;

public sealed class ClusterSystemTests : IAsyncLifetime
{
    private static readonly ClusterConfiguration Alone = new();

    private readonly TestDirectors _directors = new();
    private readonly ConcurrentQueue<string> _log = new();

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _directors.DisposeAsync();

    [Fact]
    public async Task A_director_that_was_downed_gets_a_new_actor_system_and_rejoins()
    {
        var first = _directors.Start(1, _directors.Seeds(2));
        var second = _directors.Start(2, _directors.Seeds(2));
        await AreOneCluster(first, second);
        var before = second.System.Current;
        Akka.Cluster.Cluster.Get(first.System.Current).Down(Akka.Cluster.Cluster.Get(before).SelfAddress);
        await Eventually(() => second.Starts == 2, () => string.Join('\n', second.Log));
        await AreOneCluster(first, second);
        Assert.True(before.WhenTerminated.IsCompleted);
        Assert.Contains("cluster: the actors were started again; traffic was not touched", second.Log);
        Assert.False(second.System.Stopped.IsCompleted);
    }

    [Fact]
    public async Task Actors_are_started_again_in_each_new_system_also_when_that_fails_at_first()
    {
        var starts = 0;
        await using var system = ClusterSystem.Start(
            Alone,
            "",
            null,
            made =>
            {
                if (++starts == 2)
                {
                    throw new InvalidOperationException("not\nyet");
                }

                made.ActorOf(Props.Create(() => new Echo()), "engine");
            },
            _log.Enqueue);
        var first = system.Current;
        await first.Terminate();
        await Eventually(() => system.Current != first, () => string.Join('\n', _log));
        Assert.Equal(3, starts);
        Assert.Contains("error: cluster: the actors cannot be started again: not yet; trying on", _log);
        Assert.Equal("hello", await system.Current.ActorSelection("/user/engine").Ask<string>("hello", TimeSpan.FromSeconds(30)));
    }

    [Fact]
    public async Task Stopping_ends_it_for_good_with_the_reason_that_tells_it_from_a_restart()
    {
        var system = ClusterSystem.Start(Alone, "", null, static _ => { }, _log.Enqueue);
        await system.Stop();
        Assert.True(system.Stopped.IsCompletedSuccessfully);
        Assert.IsType<CoordinatedShutdown.ClrExitReason>(CoordinatedShutdown.Get(system.Current).ShutdownReason);
        await system.Stop();
        Assert.DoesNotContain(_log, line => line.Contains("started again", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_director_that_stops_leaves_the_cluster_at_once()
    {
        var first = _directors.Start(1, _directors.Seeds(2));
        var second = _directors.Start(2, _directors.Seeds(2));
        await AreOneCluster(first, second);
        await second.System.Stop();
        await AreOneCluster(first);
        Assert.DoesNotContain(first.Log, line => line.Contains("unreachable", StringComparison.Ordinal));
    }

    [Fact]
    public void A_wrong_akka_section_is_refused_in_one_line()
    {
        var refused = Assert.Throws<InvalidOperationException>(() => ClusterSystem.Start(Alone, "akka { loglevel = \"LOUD\" }", null, static _ => { }, _log.Enqueue));
        Assert.StartsWith("akka { }: ", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refused.Message);
    }

    private sealed class Echo : ReceiveActor
    {
        public Echo() => ReceiveAny(message => Sender.Tell(message));
    }
}
