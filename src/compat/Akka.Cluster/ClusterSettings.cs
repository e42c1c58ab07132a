using System.Collections.Immutable;
using Akka.Cluster.Membership;
using Akka.Configuration;

namespace Akka.Cluster;

/// <summary>The section <c>akka.cluster</c>.</summary>
internal sealed class ClusterSettings
{
    public ClusterSettings(Config config)
    {
        var cluster = config.GetConfig("akka.cluster");
        SeedNodes = [.. cluster.GetStringList("seed-nodes").Select(Actor.Address.Parse)];
        SeedNodeTimeout = cluster.GetTimeSpan("seed-node-timeout");
        RetryUnsuccessfulJoinAfter = OrOff(cluster, "retry-unsuccessful-join-after");
        ShutdownAfterUnsuccessfulJoinSeedNodes = OrOff(cluster, "shutdown-after-unsuccessful-join-seed-nodes");
        DowningProviderClass = cluster.GetString("downing-provider-class", "");
        DownRemovalMargin = OrOff(cluster, "down-removal-margin") ?? TimeSpan.Zero;
        AllowWeaklyUpMembers = cluster.GetString("allow-weakly-up-members") is not ("off" or "false" or "no");
        WeaklyUpAfter = OrOff(cluster, "allow-weakly-up-members") ?? TimeSpan.Zero;
        Roles = [.. cluster.GetStringList("roles")];
        Quorum = new LeaderActions.Quorum(cluster.GetInt("min-nr-of-members", 1), MinimumsOfRoles(cluster.GetConfig("role")));
        LogInfo = cluster.GetBoolean("log-info", true);
        RunCoordinatedShutdownWhenDown = cluster.GetBoolean("run-coordinated-shutdown-when-down", true);
        GossipInterval = cluster.GetTimeSpan("gossip-interval");
        GossipDifferentViewProbability = cluster.GetDouble("gossip-different-view-probability");
        LeaderActionsInterval = cluster.GetTimeSpan("leader-actions-interval");
        UnreachableNodesReaperInterval = cluster.GetTimeSpan("unreachable-nodes-reaper-interval");
        PruneGossipTombstonesAfter = cluster.GetTimeSpan("prune-gossip-tombstones-after");
        PeriodicTasksInitialDelay = cluster.GetTimeSpan("periodic-tasks-initial-delay");
        FailureDetectorConfig = cluster.GetConfig("failure-detector");
        FailureDetectorClass = FailureDetectorConfig.GetString("implementation-class");
        HeartbeatInterval = FailureDetectorConfig.GetTimeSpan("heartbeat-interval");
        HeartbeatExpectedResponseAfter = FailureDetectorConfig.GetTimeSpan("expected-response-after");
        MonitoredByNrOfMembers = FailureDetectorConfig.GetInt("monitored-by-nr-of-members");
    }

    public ImmutableList<Actor.Address> SeedNodes { get; }

    public TimeSpan SeedNodeTimeout { get; }

    public TimeSpan? RetryUnsuccessfulJoinAfter { get; }

    public TimeSpan? ShutdownAfterUnsuccessfulJoinSeedNodes { get; }

    public string DowningProviderClass { get; }

    public TimeSpan DownRemovalMargin { get; }

    public bool AllowWeaklyUpMembers { get; }

    public TimeSpan WeaklyUpAfter { get; }

    public ImmutableHashSet<string> Roles { get; }

    public LeaderActions.Quorum Quorum { get; }

    public bool LogInfo { get; }

    public bool RunCoordinatedShutdownWhenDown { get; }

    public TimeSpan GossipInterval { get; }

    public double GossipDifferentViewProbability { get; }

    public TimeSpan LeaderActionsInterval { get; }

    public TimeSpan UnreachableNodesReaperInterval { get; }

    public TimeSpan PruneGossipTombstonesAfter { get; }

    public TimeSpan PeriodicTasksInitialDelay { get; }

    public Config FailureDetectorConfig { get; }

    public string FailureDetectorClass { get; }

    public TimeSpan HeartbeatInterval { get; }

    public TimeSpan HeartbeatExpectedResponseAfter { get; }

    public int MonitoredByNrOfMembers { get; }

    private static TimeSpan? OrOff(Config config, string key) => config.GetString(key) is null or "off" or "false" or "no" ? null : config.GetTimeSpan(key);

    private static ImmutableDictionary<string, int> MinimumsOfRoles(Config roles) =>
        roles.Keys.ToImmutableDictionary(role => role, role => roles.GetConfig(role).GetInt("min-nr-of-members"));
}
