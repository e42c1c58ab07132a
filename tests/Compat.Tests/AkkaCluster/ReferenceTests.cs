using Akka.Actor;
using Akka.Configuration;
using Xunit;

namespace Compat.Tests.AkkaCluster;

/// <summary>The defaults under <c>akka.cluster</c>.</summary>
[Collection(ClusterTests.Name)]
public sealed class ReferenceTests : IDisposable
{
    private readonly ActorSystem _system = ActorSystem.Create(
        "defaults",
        """
        akka {
          loglevel = OFF
          stdout-loglevel = OFF
          actor.provider = cluster
          remote.enabled-transports = ["akka.remote.test"]
          remote.test { transport-class = "Compat.Tests.AkkaCluster.TcpTransport, Compat.Tests", applied-adapters = [], port = 0 }
        }
        """);

    public void Dispose() => _system.Terminate().Wait(ClusterSystem.Patience);

    [Theory]
    [InlineData("seed-node-timeout", 5000)]
    [InlineData("retry-unsuccessful-join-after", 10_000)]
    [InlineData("allow-weakly-up-members", 7000)]
    [InlineData("periodic-tasks-initial-delay", 1000)]
    [InlineData("gossip-interval", 1000)]
    [InlineData("leader-actions-interval", 1000)]
    [InlineData("unreachable-nodes-reaper-interval", 1000)]
    [InlineData("prune-gossip-tombstones-after", 86_400_000)]
    [InlineData("failure-detector.heartbeat-interval", 1000)]
    [InlineData("failure-detector.min-std-deviation", 100)]
    [InlineData("failure-detector.acceptable-heartbeat-pause", 3000)]
    [InlineData("failure-detector.expected-response-after", 1000)]
    public void Durations(string key, int milliseconds) => Assert.Equal(TimeSpan.FromMilliseconds(milliseconds), Config.GetTimeSpan(key));

    [Theory]
    [InlineData("shutdown-after-unsuccessful-join-seed-nodes", "off")]
    [InlineData("down-removal-margin", "off")]
    [InlineData("run-coordinated-shutdown-when-down", "on")]
    [InlineData("min-nr-of-members", "1")]
    [InlineData("log-info", "on")]
    [InlineData("gossip-different-view-probability", "0.8")]
    [InlineData("failure-detector.implementation-class", "Akka.Remote.PhiAccrualFailureDetector, Akka.Remote")]
    [InlineData("failure-detector.threshold", "8.0")]
    [InlineData("failure-detector.max-sample-size", "1000")]
    [InlineData("failure-detector.monitored-by-nr-of-members", "9")]
    public void Values(string key, string value) => Assert.Equal(value, Config.GetString(key));

    [Fact]
    public void Lists()
    {
        Assert.Empty(Config.GetStringList("seed-nodes"));
        Assert.Empty(Config.GetStringList("roles"));
    }

    private Config Config => _system.Settings.Config.GetConfig("akka.cluster");
}
