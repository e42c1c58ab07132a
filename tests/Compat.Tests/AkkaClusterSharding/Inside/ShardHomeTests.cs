using Xunit;

namespace Compat.Tests.AkkaClusterSharding.Inside;

/// <summary>What regions and coordinators decide, in random histories of a cluster.</summary>
public sealed class ShardHomeTests
{
    [Theory]
    [MemberData(nameof(Seeds))]
    public void A_shard_never_has_two_homes_and_always_gets_one(int seed)
    {
        var cluster = new SimulatedCluster(seed);
        for (var era = 0; era < 3; era++)
        {
            cluster.Live(events: 1500, loss: era == 0 ? 0 : 0.15);
            cluster.Settle();

            var before = cluster.Delivered;
            foreach (var node in cluster.Staying)
            {
                foreach (var shard in SimulatedCluster.Shards)
                {
                    node.Route(shard);
                }
            }

            cluster.Settle();
            Assert.Equal(cluster.Staying.Count * SimulatedCluster.Shards.Count, cluster.Delivered - before);
            var counts = cluster.Alive.Select(node => node.Running.Count).ToArray();
            Assert.Equal(SimulatedCluster.Shards.Count, counts.Sum());
            Assert.True(counts.Max() - counts.Min() <= 1, $"shards are spread as {string.Join(", ", counts)}");
            Assert.Single(cluster.Alive, node => node.Coordinator is not null);
        }
    }

    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 60)];
}
