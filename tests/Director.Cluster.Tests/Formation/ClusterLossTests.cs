using Xunit;
using static Director.Cluster.Tests.Formation.TestDirectors;

namespace Director.Cluster.Tests.Formation;

/// <summary>Real actor systems over real TLS on loopback: what becomes of a cluster that loses a director.</summary>
public sealed class ClusterLossTests : IAsyncLifetime
{
    private readonly TestDirectors _directors = new();

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _directors.DisposeAsync();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Of_a_pair_either_one_may_die_and_come_back(int dies)
    {
        var seeds = _directors.Seeds(2);
        FakeHeartbeats[] heartbeats = [new(), new()];
        heartbeats[0].Hear(_directors.HostPort(2));
        heartbeats[1].Hear(_directors.HostPort(1));
        TestDirector[] pair = [_directors.Start(1, seeds, heartbeats: heartbeats[0]), _directors.Start(2, seeds, heartbeats: heartbeats[1])];
        await AreOneCluster(pair);
        var survivor = pair[2 - dies];
        await pair[dies - 1].Kill();
        heartbeats[2 - dies].Hear();
        await AreOneCluster(survivor);
        Assert.Contains($"warning: cluster: {_directors.HostPort(dies)} is given up: it is silent by heartbeat too", survivor.Log);
        Assert.Equal(1, survivor.Starts);
        heartbeats[2 - dies].Hear(_directors.HostPort(dies));
        await AreOneCluster(survivor, _directors.Start(dies, seeds, heartbeats: heartbeats[dies - 1]));
        Assert.Equal(1, survivor.Starts);
    }

    [Fact]
    public async Task Without_heartbeats_a_dead_one_is_given_up_by_what_akka_sees()
    {
        var seeds = _directors.Seeds(2);
        var first = _directors.Start(1, seeds);
        var second = _directors.Start(2, seeds);
        await AreOneCluster(first, second);
        await first.Kill();
        await AreOneCluster(second);
        Assert.Contains($"warning: cluster: {_directors.HostPort(1)} is given up: it has been unreachable for 5 s", second.Log);
    }

    [Fact]
    public async Task A_director_that_is_killed_and_starts_on_the_same_address_rejoins_before_it_was_given_up()
    {
        var seeds = _directors.Seeds(2);
        var first = _directors.Start(1, seeds);
        var second = _directors.Start(2, seeds);
        await AreOneCluster(first, second);
        await second.Kill();
        await AreOneCluster(first, _directors.Start(2, seeds));
        Assert.DoesNotContain(first.Log, line => line.Contains("given up", StringComparison.Ordinal));
        Assert.Equal(1, first.Starts);
    }
}
