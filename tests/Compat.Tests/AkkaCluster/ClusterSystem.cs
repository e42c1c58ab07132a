using Akka.Actor;
using Akka.Cluster;
using Akka.Configuration;
using Xunit;

namespace Compat.Tests.AkkaCluster;

/// <summary>An actor system that can be a cluster's node, with intervals short enough for tests.</summary>
internal sealed class ClusterSystem : IAsyncDisposable
{
    /// <summary>Long enough for a machine that does other things too.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(40);

    private const string Name = "cluster";

    public ClusterSystem(string config = "", int port = 0, string name = Name)
    {
        System = ActorSystem.Create(name, ConfigurationFactory.ParseString(config).WithFallback(ConfigurationFactory.ParseString(
            $$"""
            akka {
              loglevel = OFF
              stdout-loglevel = OFF
              log-dead-letters = off
              actor.provider = cluster
              coordinated-shutdown {
                run-by-clr-shutdown-hook = off
                run-by-actor-system-terminate = off
              }
              remote {
                enabled-transports = ["akka.remote.test"]
                test {
                  transport-class = "Compat.Tests.AkkaCluster.TcpTransport, Compat.Tests"
                  applied-adapters = []
                  port = {{port}}
                }
                retry-gate-closed-for = 200ms
              }
              cluster {
                downing-provider-class = ""
                allow-weakly-up-members = off
                seed-node-timeout = 500ms
                retry-unsuccessful-join-after = 500ms
                periodic-tasks-initial-delay = 50ms
                gossip-interval = 100ms
                leader-actions-interval = 100ms
                unreachable-nodes-reaper-interval = 100ms
                failure-detector {
                  heartbeat-interval = 100ms
                  expected-response-after = 100ms
                  acceptable-heartbeat-pause = 2s
                }
              }
            }
            """)));
        Cluster = Cluster.Get(System);
    }

    public ActorSystem System { get; }

    public Cluster Cluster { get; }

    public Address Address => Cluster.SelfAddress;

    public int Port => Address.Port!.Value;

    public IEnumerable<Member> Members => Cluster.State.Members;

    /// <summary>This one makes a cluster, the others join it; returns when all are up everywhere.</summary>
    public static async Task<ClusterSystem[]> Form(int count, string config = "")
    {
        var systems = Enumerable.Range(0, count).Select(_ => new ClusterSystem(config)).ToArray();
        foreach (var system in systems)
        {
            system.Cluster.Join(systems[0].Address);
        }

        await AllUp(systems);
        return systems;
    }

    /// <summary>Each sees just these, all up, and agrees on the leader.</summary>
    public static Task AllUp(params ClusterSystem[] systems) => Eventually(
        () => systems.All(system => system.SeesUp(systems)) && systems.Select(system => system.Cluster.State.Leader).Distinct().Count() == 1,
        () => $"all of {systems.Length} up: {string.Join("; ", systems.Select(system => system.ToString()))}");

    public static async Task Eventually(Func<bool> condition, Func<string> what)
    {
        var deadline = DateTime.UtcNow + Patience;
        while (!condition())
        {
            Assert.True(DateTime.UtcNow < deadline, $"not in {Patience}: {what()}");
            await Task.Delay(20);
        }
    }

    public bool SeesUp(params ClusterSystem[] systems) =>
        Members.Select(member => (member.Address, member.Status)).ToHashSet().SetEquals(systems.Select(system => (system.Address, MemberStatus.Up))) && Cluster.State.Unreachable.IsEmpty;

    public MemberStatus? StatusOf(ClusterSystem other) => Members.FirstOrDefault(member => member.UniqueAddress == other.Cluster.SelfUniqueAddress)?.Status;

    public bool SeesUnreachable(ClusterSystem other) => Cluster.State.Unreachable.Any(member => member.UniqueAddress == other.Cluster.SelfUniqueAddress);

    /// <summary>The end without a word, as of a killed process.</summary>
    public Task Kill() => System.Terminate().WaitAsync(Patience);

    public async ValueTask DisposeAsync() => await Kill();

    public override string ToString() => $"{Port} sees [{string.Join(", ", Members.Select(member => $"{member.Address.Port} {member.Status}"))}] unreachable [{string.Join(", ", Cluster.State.Unreachable.Select(member => member.Address.Port))}]";
}

/// <summary>Clusters need a machine for themselves: their tests run one after the other.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class ClusterTests
{
    public const string Name = "cluster";
}
