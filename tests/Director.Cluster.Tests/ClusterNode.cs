using System.Collections.Concurrent;
using Akka.Actor;
using Akka.Cluster;
using Akka.Configuration;
using Director.Cluster.Logging;
using Director.Cluster.Telemetry;
using Director.Cluster.VirtualServices;
using Director.Forwarding;
using Xunit;

namespace Director.Cluster.Tests;

/// <summary>A director without packets: an engine that keeps a table, and the actors around it, as a member of a cluster in this process.</summary>
internal sealed class ClusterNode
{
    public ClusterNode(string name, ForwardingTable file, DateTimeOffset since)
    {
        var config = $$"""
            akka {
              loggers = []
              loglevel = INFO
              stdout-loglevel = OFF
              actor.provider = cluster
              cluster { roles = [director], seed-nodes = [], min-nr-of-members = 1, sharding.waiting-for-state-timeout = 2s, sharding.retry-interval = 500ms }
              coordinated-shutdown { run-by-clr-shutdown-hook = off, exit-clr = off }
            }
            {{InProcessTransport.Configuration}}
            {{TableSerializer.Configuration}}
            {{FiguresSerializer.Configuration}}
            {{PartOwners.Configuration}}
            """;
        System = ActorSystem.Create("director", ConfigurationFactory.ParseString(config));
        LineLogger.Start(System, Log.Enqueue);
        Forwarding.Apply(file);
        Versions = new VersionedTable(name, file, since);
        var owners = PartOwners.Start(System, Versions.Owner);
        var (engine, versions) = (Forwarding, Versions);
        Engine = System.ActorOf(Props.Create(() => new EngineActor(engine, versions, owners, EngineActor.DefaultOwnersTime)), "engine");
        Telemetry = new ClusterTelemetry(new FigureSources(name, "director 0.1.0", since, engine) { Differences = () => versions.Differences(engine.Table) });
        TelemetryActor.Start(System, Telemetry);
    }

    public static TimeSpan Patience { get; } = TimeSpan.FromSeconds(60);

    public ActorSystem System { get; }

    public FakeEngine Forwarding { get; } = new();

    public VersionedTable Versions { get; }

    public ClusterTelemetry Telemetry { get; }

    public IActorRef Engine { get; }

    public ConcurrentQueue<string> Log { get; } = new();

    public Address Address => Akka.Cluster.Cluster.Get(System).SelfAddress;

    /// <summary>Lets nodes join the first of them and waits until each sees all.</summary>
    public static async Task Form(params ClusterNode[] nodes)
    {
        foreach (var node in nodes)
        {
            Akka.Cluster.Cluster.Get(node.System).Join(nodes[0].Address);
        }

        await Until(() => nodes.All(node => Akka.Cluster.Cluster.Get(node.System).State.Members.Count(member => member.Status == MemberStatus.Up) == nodes.Length));
    }

    public static async Task Until(Func<bool> condition)
    {
        for (var end = Environment.TickCount64 + (long)Patience.TotalMilliseconds; !condition(); await Task.Delay(50))
        {
            Assert.True(Environment.TickCount64 < end, "not within a minute");
        }
    }

    public async Task<EditError?> Edit(TableEdit edit) => (await Engine.Ask<EngineActor.EditAnswer>(edit, Patience)).Error;
}
