using Akka.Configuration;

namespace Akka.Cluster;

/// <summary>The settings that a cluster has unless the system's own say otherwise.</summary>
internal static class ClusterReference
{
    private static readonly Lazy<Config> Parsed = new(() => ConfigurationFactory.ParseString(
        """
        akka {
          cluster {
            seed-nodes = []
            seed-node-timeout = 5s
            retry-unsuccessful-join-after = 10s
            shutdown-after-unsuccessful-join-seed-nodes = off
            down-removal-margin = off
            downing-provider-class = ""
            run-coordinated-shutdown-when-down = on
            allow-weakly-up-members = 7s
            roles = []
            role { }
            min-nr-of-members = 1
            log-info = on
            periodic-tasks-initial-delay = 1s
            gossip-interval = 1s
            leader-actions-interval = 1s
            unreachable-nodes-reaper-interval = 1s
            gossip-different-view-probability = 0.8
            prune-gossip-tombstones-after = 24h
            failure-detector {
              implementation-class = "Akka.Remote.PhiAccrualFailureDetector, Akka.Remote"
              heartbeat-interval = 1s
              threshold = 8.0
              max-sample-size = 1000
              min-std-deviation = 100ms
              acceptable-heartbeat-pause = 3s
              monitored-by-nr-of-members = 9
              expected-response-after = 1s
            }
          }
          actor {
            serializers.akka-cluster = "Akka.Cluster.Serialization.ClusterMessageSerializer, Akka.Cluster"
            serialization-bindings."Akka.Cluster.Membership.IClusterWireMessage, Akka.Cluster" = akka-cluster
          }
        }
        """));

    public static Config Config => Parsed.Value;
}
