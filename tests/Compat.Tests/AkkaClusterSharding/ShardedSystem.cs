using Akka.Actor;
using Akka.Cluster.Sharding;
using Compat.Tests.AkkaCluster;
using Xunit;

namespace Compat.Tests.AkkaClusterSharding;

/// <summary>A cluster's node with a region of <see cref="Entity"/>.</summary>
internal sealed class ShardedSystem : IAsyncDisposable
{
    public const string Type = "entity";

    public const string Configuration = EagerDowning.Configuration +
        """
        akka.cluster {
          # Of the program by default: a test's host and its child would be of two versions, and shards do not go to the older.
          app-version = "1.0.0"
          sharding {
            state-store-mode = ddata
            remember-entities = off
            passivate-idle-entity-after = off
            retry-interval = 200ms
            rebalance-interval = 500ms
            handoff-timeout = 5s
            updating-state-timeout = 1s
            waiting-for-state-timeout = 1s
            distributed-data.durable.keys = []
          }
          singleton.hand-over-retry-interval = 200ms
          distributed-data { gossip-interval = 100ms, notify-subscribers-interval = 50ms }
        }

        """;

    public ShardedSystem(string config = "", int port = 0) => Node = new ClusterSystem(Configuration + config, port);

    public ClusterSystem Node { get; }

    public IActorRef Region { get; private set; } = ActorRefs.Nobody;

    public int Port => Node.Port;

    /// <summary>A cluster of so many, all with a region that the coordinator knows.</summary>
    public static async Task<ShardedSystem[]> Form(int count, string config = "")
    {
        var systems = Enumerable.Range(0, count).Select(_ => new ShardedSystem(config)).ToArray();
        foreach (var system in systems)
        {
            // One after the other, so that the first is the oldest.
            system.Node.Cluster.Join(systems[0].Node.Address);
            await ClusterSystem.Eventually(() => system.Node.Cluster.IsUp, () => $"{system.Node} up");
            system.Start();
        }

        await KnowEachOther(systems);
        return systems;
    }

    /// <summary>Each is told that there are regions at just these.</summary>
    public static async Task KnowEachOther(params ShardedSystem[] systems)
    {
        foreach (var system in systems)
        {
            var expected = systems.Select(one => one.Node.Address).ToHashSet();
            var known = new HashSet<Address>();
            await Eventually(
                async () =>
                {
                    known = [.. (await system.Region.Ask<CurrentRegions>(GetCurrentRegions.Instance, TimeSpan.FromSeconds(1))).Regions];
                    return known.SetEquals(expected);
                },
                () => $"{system.Port} knows regions at {string.Join(", ", expected.Select(address => address.Port))}, not {string.Join(", ", known.Select(address => address.Port))}");
        }
    }

    /// <summary>Repeats what may be lost until it holds. An answer that does not come is no failure.</summary>
    public static async Task Eventually(Func<Task<bool>> condition, Func<string> what)
    {
        var deadline = DateTime.UtcNow + ClusterSystem.Patience;
        while (true)
        {
            try
            {
                if (await condition())
                {
                    return;
                }
            }
            catch (AskTimeoutException)
            {
            }

            Assert.True(DateTime.UtcNow < deadline, $"not in {ClusterSystem.Patience}: {what()}");
            await Task.Delay(50);
        }
    }

    public ShardedSystem Start()
    {
        Region = ClusterSharding.Get(Node.System).Start(Type, id => Props.Create(() => new Entity(id)), ClusterShardingSettings.Create(Node.System), Entity.Extractor);
        return this;
    }

    /// <summary>The answer to a message that is repeated until there is one.</summary>
    public async Task<string> Ask(string message)
    {
        var answer = "";
        await Eventually(
            async () =>
            {
                answer = await Region.Ask<string>(message, TimeSpan.FromSeconds(1));
                return true;
            },
            () => $"no answer to {message} through {Port}");
        return answer;
    }

    /// <summary>The entities that live here, by shard.</summary>
    public async Task<Dictionary<string, string[]>> State() =>
        (await Region.Ask<CurrentShardRegionState>(GetShardRegionState.Instance, ClusterSystem.Patience)).Shards.ToDictionary(shard => shard.ShardId, shard => shard.EntityIds.Order().ToArray());

    public ValueTask DisposeAsync() => Node.DisposeAsync();
}
