using Akka.Actor;
using Akka.Cluster.Sharding;
using Akka.Event;
using Compat.Tests.AkkaCluster;
using Compat.Tests.AkkaRemote;
using Xunit;

namespace Compat.Tests.AkkaClusterSharding;

/// <summary>One home for each entity in clusters of several systems in this process.</summary>
[Collection(ClusterTests.Name)]
public sealed class ShardingTests : IAsyncDisposable
{
    private static readonly string[] Ids = [.. Enumerable.Range(0, 30).Select(number => $"e{number}")];

    private static readonly int UsedShards = Ids.Select(id => Entity.Extractor.ShardId(id)).Distinct().Count();

    private readonly List<ShardedSystem> _systems = [];

    public async ValueTask DisposeAsync() => await Task.WhenAll(_systems.Select(system => system.DisposeAsync().AsTask()));

    [Fact]
    public async Task Entities_are_spread_over_the_cluster_and_a_message_reaches_the_one_of_its_id_from_everywhere()
    {
        var systems = await Form(3);
        var homes = new HashSet<string>();
        foreach (var id in Ids)
        {
            var answers = new HashSet<string>();
            foreach (var system in systems)
            {
                answers.Add(await system.Ask($"{id}:where"));
                system.Region.Tell($"{id}:{system.Port}", ActorRefs.NoSender);
            }

            var home = Assert.Single(answers);
            Assert.StartsWith($"{id} at ", home);
            homes.Add(home[(id.Length + 4)..]);
        }

        Assert.Equal(systems.Select(system => $"{system.Port}").ToHashSet(), homes);
        foreach (var id in Ids)
        {
            await ShardedSystem.Eventually(
                async () => (await systems[0].Ask($"{id}:notes")).Split(',').Order().SequenceEqual(systems.Select(system => $"{system.Port}").Order()), () => $"{id} gets each message once");
        }

        var states = await Task.WhenAll(systems.Select(system => system.State()));
        Assert.Equal(Ids.Order(), states.SelectMany(state => state.Values).SelectMany(ids => ids).Order());
        var shards = states.SelectMany(state => state.Keys).ToArray();
        Assert.Equal(shards.Length, shards.Distinct().Count());
        Assert.InRange(states.Max(state => state.Count) - states.Min(state => state.Count), 0, 1);
        Assert.All(states.SelectMany(state => state), shard => Assert.All(shard.Value, id => Assert.Equal(shard.Key, Entity.Extractor.ShardId(id))));
    }

    [Fact]
    public async Task When_the_oldest_leaves_its_entities_live_on_with_the_others()
    {
        var systems = await Form(3, "akka.coordinated-shutdown.run-by-actor-system-terminate = on\n");
        await AllAnswer(systems);
        systems[0].Node.Cluster.Leave(systems[0].Node.Address);
        await systems[0].Node.System.WhenTerminated.WaitAsync(ClusterSystem.Patience);
        await AllAnswer(systems[1..]);
        await ShardedSystem.KnowEachOther(systems[1..]);
    }

    [Fact]
    public async Task When_the_oldest_is_killed_its_entities_answer_again()
    {
        var systems = await Form(3);
        await AllAnswer(systems);
        await systems[0].Node.Kill();
        await AllAnswer(systems[1..]);
        await ShardedSystem.KnowEachOther(systems[1..]);

        // And so does the next: the last one has them all.
        await systems[1].Node.Kill();
        await AllAnswer(systems[2..]);
        Assert.Equal(UsedShards, (await systems[2].State()).Count);
    }

    [Fact]
    public async Task A_system_that_joins_gets_its_share_of_the_shards()
    {
        var systems = await Form(2);
        await AllAnswer(systems);
        var joining = new ShardedSystem();
        _systems.Add(joining);
        joining.Node.Cluster.Join(systems[0].Node.Address);
        joining.Start();
        await ShardedSystem.Eventually(
            async () =>
            {
                // A shard that moved has a home when somebody wants it.
                await AllAnswer([.. systems, joining]);
                return (await joining.State()).Count >= (UsedShards / 3) - 1;
            },
            () => "the joining system has shards");
        await AllAnswer([.. systems, joining]);
    }

    [Fact]
    public async Task After_a_split_each_side_has_all_entities_and_one_that_starts_again_joins_the_other_side()
    {
        static string OnLoopback(int port) =>
            $$"""
            akka.remote {
              enabled-transports = ["akka.remote.loopback"]
              loopback { transport-class = "Compat.Tests.AkkaRemote.LoopbackTransport, Compat.Tests", applied-adapters = [], port = {{port}} }
            }
            """;

        var systems = await Form(3, OnLoopback(0));
        await AllAnswer(systems);
        var transport = LoopbackTransport.Of(systems[0].Node.System);
        transport.IsCut = true;
        transport.IsDeaf = true;
        transport.BreakConnections();
        await AllAnswer(systems[..1]);
        await AllAnswer(systems[1..]);

        await systems[0].Node.Kill();
        var again = new ShardedSystem(OnLoopback(systems[0].Port));
        _systems.Add(again);
        again.Node.Cluster.Join(systems[1].Node.Address);
        again.Start();
        await ShardedSystem.KnowEachOther([.. systems[1..], again]);
        await AllAnswer([.. systems[1..], again]);
    }

    [Fact]
    public async Task A_member_that_has_regions_of_another_type_only_holds_nothing_up()
    {
        var systems = new[] { new ShardedSystem(), new ShardedSystem() };
        _systems.AddRange(systems);
        foreach (var system in systems)
        {
            system.Node.Cluster.Join(systems[0].Node.Address);
            await ClusterSystem.Eventually(() => system.Node.Cluster.IsUp, () => $"{system.Node} up");
        }

        ClusterSharding.Get(systems[1].Node.System).Start("other", id => Props.Create(() => new Entity(id)), ClusterShardingSettings.Create(systems[1].Node.System), Entity.Extractor);
        await AllAnswer([systems[0].Start()]);
    }

    [Fact]
    public async Task A_region_that_shuts_down_hands_its_entities_over_and_ends()
    {
        var systems = await Form(2);
        await AllAnswer(systems);
        using var watcher = new Watcher(systems[0]);
        systems[0].Region.Tell(GracefulShutdown.Instance, ActorRefs.NoSender);
        await watcher.Ended.WaitAsync(ClusterSystem.Patience);
        await AllAnswer(systems[1..]);
        await ShardedSystem.KnowEachOther(systems[1]);
    }

    [Fact]
    public async Task What_comes_for_an_entity_while_it_is_passivated_waits_for_the_next_one()
    {
        var system = (await Form(1))[0];
        using var gate = new ManualResetEventSlim();
        var first = await system.Ask("sleeper:incarnation");
        system.Node.System.ActorSelection(await system.Ask("sleeper:path")).Tell(gate);
        system.Region.Tell("sleeper:before", ActorRefs.NoSender);
        system.Region.Tell("sleeper:rest", ActorRefs.NoSender);
        await Task.Delay(200);
        var notes = Enumerable.Range(0, 50).Select(number => $"note{number}").ToArray();
        foreach (var note in notes)
        {
            system.Region.Tell($"sleeper:{note}", ActorRefs.NoSender);
        }

        gate.Set();
        Assert.Equal(string.Join(",", notes), await system.Ask("sleeper:notes"));
        Assert.NotEqual(first, await system.Ask("sleeper:incarnation"));
    }

    [Fact]
    public async Task An_entity_without_messages_is_passivated_after_its_time()
    {
        var system = (await Form(1, "akka.cluster.sharding.passivate-idle-entity-after = 1s\n"))[0];
        var first = await system.Ask("idle:incarnation");
        await ShardedSystem.Eventually(async () => (await system.State()).Values.All(ids => ids.Length == 0), () => "the entity is gone");
        Assert.NotEqual(first, await system.Ask("idle:incarnation"));
    }

    [Fact]
    public async Task An_entity_is_a_child_of_its_shard_under_its_id_and_is_supervised()
    {
        var system = (await Form(1))[0];
        var shard = Entity.Extractor.ShardId("a b/ü");
        Assert.Equal($"/system/sharding/{ShardedSystem.Type}/{shard}/{Uri.EscapeDataString("a b/ü")}", await system.Ask("a b/ü:path"));

        // Fails and goes on with what is in its mailbox, as another incarnation.
        var first = await system.Ask("clumsy:incarnation");
        foreach (var message in new[] { "before", "fail", "after" })
        {
            system.Region.Tell($"clumsy:{message}", ActorRefs.NoSender);
        }

        Assert.Equal("after", await system.Ask("clumsy:notes"));
        Assert.NotEqual(first, await system.Ask("clumsy:incarnation"));

        // Ends by itself, and is there again for the next message.
        system.Region.Tell("clumsy:end", ActorRefs.NoSender);
        await ShardedSystem.Eventually(async () => (await system.State()).Values.All(ids => !ids.Contains("clumsy")), () => "the entity is gone");
        Assert.Equal("", await system.Ask("clumsy:notes"));
    }

    [Fact]
    public async Task A_region_keeps_messages_until_it_has_a_coordinator_but_no_more_than_its_buffer_holds()
    {
        var system = new ShardedSystem("akka.cluster.sharding.buffer-size = 10\n").Start();
        _systems.Add(system);
        foreach (var number in Enumerable.Range(0, 15))
        {
            system.Region.Tell($"late:{number}", ActorRefs.NoSender);
        }

        Assert.Empty((await system.Region.Ask<CurrentRegions>(GetCurrentRegions.Instance, ClusterSystem.Patience)).Regions);
        system.Node.Cluster.Join(system.Node.Address);
        Assert.Equal("0,1,2,3,4,5,6,7,8,9", await system.Ask("late:notes"));
    }

    [Fact]
    public async Task A_system_without_the_role_has_a_proxy()
    {
        var host = new ShardedSystem("akka.cluster.roles = [host]\nakka.cluster.sharding.role = host\n");
        var guest = new ShardedSystem("akka.cluster.sharding.role = host\n");
        _systems.AddRange([host, guest]);
        host.Node.Cluster.Join(host.Node.Address);
        guest.Node.Cluster.Join(host.Node.Address);
        guest.Start();
        host.Start();
        foreach (var id in Ids)
        {
            Assert.Equal($"{id} at {host.Port}", await guest.Ask($"{id}:where"));
        }

        Assert.Equal(UsedShards, (await host.State()).Count);
        Assert.Empty(await guest.State());
        var asked = ClusterSharding.Get(guest.Node.System).StartProxy("other", "host", Entity.Extractor);
        Assert.NotEqual(guest.Region, asked);
    }

    [Fact]
    public async Task Odd_messages_and_names_are_told_apart()
    {
        var system = (await Form(1))[0];
        var sharding = ClusterSharding.Get(system.Node.System);
        Assert.Equal(system.Region, sharding.ShardRegion(ShardedSystem.Type));
        Assert.Equal(system.Region, system.Start().Region);
        Assert.Throws<ArgumentException>(() => sharding.ShardRegion("unknown"));

        Assert.Equal($"wrapped at {system.Port}", await system.Region.Ask<string>(new ShardingEnvelope("wrapped", "x:where"), ClusterSystem.Patience));

        var unhandled = new TaskCompletionSource<object>();
        var listener = system.Node.System.ActorOf(Props.Create(() => new Listener(unhandled)));
        system.Node.System.EventStream.Subscribe(listener, typeof(UnhandledMessage));
        system.Region.Tell("for nobody", ActorRefs.NoSender);
        Assert.Equal("for nobody", await unhandled.Task.WaitAsync(ClusterSystem.Patience));
    }

    private async Task<ShardedSystem[]> Form(int count, string config = "")
    {
        var systems = await ShardedSystem.Form(count, config);
        _systems.AddRange(systems);
        return systems;
    }

    /// <summary>Every entity answers through each of these, and lives on one of them; eventually, since a request may be lost while shards move.</summary>
    private static Task AllAnswer(ShardedSystem[] systems) => ShardedSystem.Eventually(
        async () =>
        {
            var ports = systems.Select(system => $"{system.Port}").ToHashSet();
            foreach (var id in Ids)
            {
                var homes = new HashSet<string>();
                foreach (var system in systems)
                {
                    homes.Add((await system.Ask($"{id}:where"))[(id.Length + 4)..]);
                }

                if (homes.Count != 1 || !ports.Contains(homes.Single()))
                {
                    return false;
                }
            }

            return true;
        },
        () => "every entity has one home among the regions");

    private sealed class Listener : ReceiveActor
    {
        public Listener(TaskCompletionSource<object> unhandled) => Receive<UnhandledMessage>(message => unhandled.TrySetResult(message.Message));
    }

    /// <summary>Sees a region's end.</summary>
    private sealed class Watcher : IDisposable
    {
        private readonly TaskCompletionSource _ended = new();
        private readonly IActorRef _actor;

        public Watcher(ShardedSystem system) => _actor = system.Node.System.ActorOf(Props.Create(() => new Watching(system.Region, _ended)));

        public Task Ended => _ended.Task;

        public void Dispose() => _actor.Tell(PoisonPill.Instance, ActorRefs.NoSender);

        private sealed class Watching : ReceiveActor
        {
            public Watching(IActorRef region, TaskCompletionSource ended)
            {
                Context.Watch(region);
                Receive<Terminated>(_ => ended.TrySetResult());
            }
        }
    }
}
