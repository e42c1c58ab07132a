using Akka.Actor;
using Compat.Tests.AkkaCluster;
using Xunit;

namespace Compat.Tests.AkkaClusterSharding;

/// <summary>A cluster of two processes: this one, and one that is killed and starts again.</summary>
[Collection(ClusterTests.Name)]
public sealed class PairTests : IAsyncDisposable
{
    private static readonly string[] Ids = [.. Enumerable.Range(0, 30).Select(number => $"e{number}")];

    private readonly ShardedSystem _here = new();

    public ValueTask DisposeAsync() => _here.DisposeAsync();

    [Theory]
    [InlineData(true, true)]
    [InlineData(false, false)]
    public async Task Whichever_dies_the_other_has_all_entities_until_it_comes_back(bool theOlderDies, bool isMissedFirst)
    {
        ShardedProcess there;
        if (theOlderDies)
        {
            there = await ShardedProcess.Start();
            _here.Node.Cluster.Join(there.Address);
        }
        else
        {
            _here.Node.Cluster.Join(_here.Node.Address);
            await ClusterSystem.Eventually(() => _here.Node.Cluster.IsUp, () => $"{_here.Node} up");
            there = await ShardedProcess.Start(seed: _here.Node.Address);
        }

        using (there)
        {
            _here.Start();
            await BothHaveSome(there);
            await there.Kill();
        }

        if (isMissedFirst)
        {
            await ShardedSystem.Eventually(async () => (await Homes()).SetEquals([_here.Port]), () => "all entities are here");
        }

        // On the same address, as another incarnation.
        using var again = await ShardedProcess.Start(there.Address.Port!.Value, _here.Node.Address);
        Assert.Equal(there.Address, again.Address);
        await BothHaveSome(again);
    }

    private async Task BothHaveSome(ShardedProcess there)
    {
        var homes = new HashSet<int>();
        await ShardedSystem.Eventually(
            async () => (homes = await Homes()).SetEquals([_here.Port, there.Address.Port!.Value]),
            () => $"entities at {_here.Port} and {there.Address.Port}, but at {string.Join(", ", homes)}: {_here.Node}");
    }

    /// <summary>The ports of the systems where entities are.</summary>
    private async Task<HashSet<int>> Homes()
    {
        var homes = new HashSet<int>();
        foreach (var id in Ids)
        {
            homes.Add(int.Parse((await _here.Ask($"{id}:where"))[(id.Length + 4)..], null));
        }

        return homes;
    }
}
