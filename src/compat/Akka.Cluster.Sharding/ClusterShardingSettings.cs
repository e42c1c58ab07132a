using Akka.Actor;
using Akka.Configuration;

namespace Akka.Cluster.Sharding;

/// <summary>How the shards of a type are run; from <c>akka.cluster.sharding</c>.</summary>
public sealed class ClusterShardingSettings : INoSerializationVerificationNeeded
{
    private static readonly Config Reference = ConfigurationFactory.ParseString(
        """
        role = ""
        passivate-idle-entity-after = 120s
        retry-interval = 2s
        buffer-size = 100000
        handoff-timeout = 60s
        rebalance-interval = 10s
        least-shard-allocation-strategy {
          rebalance-absolute-limit = 0
          rebalance-relative-limit = 0.1
          rebalance-threshold = 1
          max-simultaneous-rebalance = 3
        }
        """);

    /// <summary>The role of the members that have regions; null or empty: all.</summary>
    public readonly string Role;

    /// <summary>How long an entity may receive no message from its region before it is stopped; not positive: for ever.</summary>
    public readonly TimeSpan PassivateIdleEntityAfter;

    private ClusterShardingSettings(string role, TimeSpan passivateIdleEntityAfter, ShardingTuning tuning)
    {
        Role = role;
        PassivateIdleEntityAfter = passivateIdleEntityAfter;
        Tuning = tuning;
    }

    internal ShardingTuning Tuning { get; }

    public static ClusterShardingSettings Create(ActorSystem system)
    {
        var config = system.Settings.Config.GetConfig("akka.cluster.sharding").WithFallback(Reference);
        var rebalance = config.GetConfig("least-shard-allocation-strategy");
        return new ClusterShardingSettings(
            config.GetString("role"),
            config.GetString("passivate-idle-entity-after") is "off" ? TimeSpan.Zero : config.GetTimeSpan("passivate-idle-entity-after"),
            new ShardingTuning(
                config.GetTimeSpan("retry-interval"),
                config.GetInt("buffer-size"),
                config.GetTimeSpan("handoff-timeout"),
                config.GetTimeSpan("rebalance-interval"),
                rebalance.GetInt("rebalance-absolute-limit"),
                rebalance.GetDouble("rebalance-relative-limit"),
                rebalance.GetInt("rebalance-threshold"),
                rebalance.GetInt("max-simultaneous-rebalance")));
    }

    public ClusterShardingSettings WithRole(string role) => new(role, PassivateIdleEntityAfter, Tuning);

    public ClusterShardingSettings WithPassivateIdleAfter(TimeSpan duration) => new(Role, duration, Tuning);
}

/// <summary>The numbers that hold for all types of a system.</summary>
/// <param name="RetryInterval">After which a request without an answer is repeated.</param>
/// <param name="BufferSize">Messages that a region, and each of its shards, keeps while they cannot be delivered.</param>
/// <param name="HandOffTimeout">For entities to stop when their shard moves, and for regions to acknowledge that it is about to.</param>
/// <param name="RebalanceInterval">Between two looks at how evenly shards are spread.</param>
/// <param name="AbsoluteLimit">Shards to move at most at a look; 0: the older rule of threshold and simultaneous moves.</param>
/// <param name="RelativeLimit">The share of all shards to move at most at a look.</param>
/// <param name="Threshold">By how many shards two regions may differ, in the older rule.</param>
/// <param name="MaxSimultaneous">Shards on the move at a time, in the older rule.</param>
internal sealed record ShardingTuning(
    TimeSpan RetryInterval,
    int BufferSize,
    TimeSpan HandOffTimeout,
    TimeSpan RebalanceInterval,
    int AbsoluteLimit,
    double RelativeLimit,
    int Threshold,
    int MaxSimultaneous);
