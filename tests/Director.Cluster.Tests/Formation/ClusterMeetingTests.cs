using Xunit;
using static Director.Cluster.Tests.Formation.TestDirectors;

namespace Director.Cluster.Tests.Formation;

/// <summary>Real actor systems over real TLS on loopback: clusters that meet, and become one.</summary>
public sealed class ClusterMeetingTests : IAsyncLifetime
{
    private readonly TestDirectors _directors = new();

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _directors.DisposeAsync();

    [Fact]
    public async Task Two_clusters_that_meet_become_the_older_one()
    {
        var older = _directors.Start(1, _directors.Seeds(1));
        await AreOneCluster(older);
        FakeHeartbeats[] heartbeats = [new(), new()];
        var younger = _directors.Start(2, [_directors.HostPort(2)], heartbeats: heartbeats[0]);
        var another = _directors.Start(3, [_directors.HostPort(2)], heartbeats: heartbeats[1]);
        await AreOneCluster(younger, another);
        Assert.NotNull(heartbeats[0].Cluster);
        Assert.Equal(heartbeats[0].Cluster, heartbeats[1].Cluster);

        heartbeats[0].Hear(_directors.HostPort(1), _directors.HostPort(3));
        heartbeats[1].Hear(_directors.HostPort(1), _directors.HostPort(2));
        await AreOneCluster(older, younger, another);
        Assert.Equal((1, 2, 2), (older.Starts, younger.Starts, another.Starts));
        Assert.Contains($"warning: cluster: the actors start again: {_directors.HostPort(1)} is in an older cluster, which this director joins", younger.Log);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_frozen_director_is_given_up_and_is_in_again_when_it_thaws(int older)
    {
        var seeds = _directors.Seeds(2);
        const int frozen = 2;
        ClusterProcess process;
        TestDirector director;
        if (older == frozen)
        {
            process = _directors.StartProcess(frozen, [_directors.HostPort(frozen)]);
            await Eventually(() => process.Log.Contains("cluster: this director is in"), () => string.Join('\n', process.Log));
            director = _directors.Start(1, seeds);
        }
        else
        {
            director = _directors.Start(1, [_directors.HostPort(1)]);
            await AreOneCluster(director);
            process = _directors.StartProcess(frozen, seeds);
        }

        using (process)
        {
            string Logs() => string.Join('\n', [.. director.Log, "---", .. process.Log]);
            await Eventually(() => director.Up.Length == 2, Logs);
            // On a busy machine one may have begun anew already, to come in.
            var starts = director.Starts;
            var anew = Anew(process);
            await process.Signal("STOP");
            await Eventually(() => director.Log.Any(line => line.Contains("is given up", StringComparison.Ordinal)), Logs);
            await AreOneCluster(director);
            await process.Signal("CONT");
            await Eventually(() => director.Up.Length == 2 && director.Unreachable.IsEmpty, Logs);
            // Only the younger of the two began anew.
            Assert.Equal(older == frozen ? 1 : 0, director.Starts - starts);
            Assert.Equal(older == frozen ? 0 : 1, Anew(process) - anew);
        }

        static int Anew(ClusterProcess process) => process.Log.Count(line => line.StartsWith("warning: cluster: the actors start again", StringComparison.Ordinal));
    }
}
