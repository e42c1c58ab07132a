using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Akka.Configuration;
using Director.Cluster.Availability;
using Director.Cluster.Health;
using Director.Cluster.Telemetry;
using Director.Cluster.Transport;
using Director.Cluster.VirtualServices;
using Director.Configuration;

namespace Director.Cluster.Formation;

/// <summary>How directors speak to each other.</summary>
internal enum Speech
{
    /// <summary>Not at all: a cluster of one, without a port.</summary>
    None,

    /// <summary>Without TLS.</summary>
    Clear,

    /// <summary>TLS with certificates from both ends.</summary>
    Tls,
}

/// <summary>The one place where a director's configuration becomes Akka's.</summary>
internal static class AkkaSettings
{
    /// <summary>Name of the actor system; the cluster's own name is in the handshake.</summary>
    public const string SystemName = "director";

    private const string Usual = """
        akka {
          loggers = []
          loglevel = INFO
          stdout-loglevel = OFF
          log-dead-letters = off
          log-dead-letters-during-shutdown = off
          coordinated-shutdown {
            run-by-clr-shutdown-hook = off
            exit-clr = off
            phases {
              service-stop.timeout = 10s
              cluster-sharding-shutdown-region.timeout = 5s
              cluster-leave.timeout = 3s
              cluster-exiting.timeout = 5s
            }
          }
          actor.provider = cluster
          remote {
            enabled-transports = ["akka.remote.director"]
            log-remote-lifecycle-events = off
            retry-gate-closed-for = 500ms
            transport-failure-detector { heartbeat-interval = 2s, acceptable-heartbeat-pause = 20s }
            director { applied-adapters = [], transport-protocol = tcp, maximum-frame-size = 128000b }
          }
          cluster {
            seed-nodes = []
            log-info = off
            seed-node-timeout = 1s
            retry-unsuccessful-join-after = 1s
            shutdown-after-unsuccessful-join-seed-nodes = off
            run-coordinated-shutdown-when-down = on
            periodic-tasks-initial-delay = 500ms
            gossip-interval = 500ms
            leader-actions-interval = 500ms
            unreachable-nodes-reaper-interval = 500ms
            allow-weakly-up-members = 3s
            failure-detector {
              heartbeat-interval = 500ms
              acceptable-heartbeat-pause = 2s
              expected-response-after = 500ms
            }
            sharding {
              role = director
              state-store-mode = ddata
              remember-entities = off
              retry-interval = 500ms
              distributed-data.durable.keys = []
            }
            distributed-data { role = director, gossip-interval = 500ms, durable.keys = [] }
          }
        }
        """;

    /// <summary>Whether and how a director speaks with others.</summary>
    public static Speech SpeechOf(ClusterConfiguration cluster) =>
        cluster.Seeds.IsEmpty ? Speech.None
        : cluster.Certificate.Length > 0 ? Speech.Tls
        : cluster.Insecure || IsLoopback(cluster.Hostname) ? Speech.Clear
        : Speech.None;

    /// <summary>What the operator is told at every start; null is nothing.</summary>
    public static string? Note(ClusterConfiguration cluster) => SpeechOf(cluster) switch
    {
        Speech.Clear => $"warning: cluster: directors speak without TLS ({(cluster.Insecure ? "cluster.insecure" : "on loopback")}): who reaches port {cluster.Port} can read and forge what they say",
        Speech.None when !cluster.Seeds.IsEmpty =>
            "error: cluster: this director joins no other: it has no certificate. Make one with 'director certificate' and name it in cluster.certificate, or set cluster.insecure = on to speak without TLS",
        _ => null,
    };

    /// <summary>The name or address that others reach this director by, as it stands in Akka's addresses: an IPv6 address in brackets.</summary>
    public static string Hostname(ClusterConfiguration cluster) =>
        cluster.Hostname.Length == 0 ? Environment.MachineName
        : IPAddress.TryParse(cluster.Hostname, out var address) && address.AddressFamily == AddressFamily.InterNetworkV6 ? $"[{address}]"
        : cluster.Hostname;

    /// <summary>Akka's configuration.</summary>
    /// <param name="cluster">The director's.</param>
    /// <param name="akkaSection">What the operator's <c>akka { }</c> says, which goes first; empty is nothing.</param>
    /// <param name="own">Names the actor system (<see cref="Formations"/>).</param>
    /// <exception cref="Exception">The section cannot be read: an exception of Akka's parser.</exception>
    public static Config Create(ClusterConfiguration cluster, string akkaSection, ClusterIdentity own)
    {
        var speech = SpeechOf(cluster);
        var transport = speech == Speech.None ? typeof(AloneTransport) : typeof(DirectorTransport);
        var tls = speech == Speech.Tls
            ? $"certificate = {Quoted(cluster.Certificate)}, private-key = {Quoted(cluster.PrivateKey)}, authority = {Quoted(cluster.Authority)}"
            : "";
        var config = ConfigurationFactory.ParseString(string.Create(
            CultureInfo.InvariantCulture,
            $$"""
            akka {
              remote.director {
                transport-class = "{{transport.FullName}}, {{transport.Assembly.GetName().Name}}"
                cluster = {{Quoted(cluster.Name)}}, hostname = {{Quoted(Hostname(cluster))}}, port = {{cluster.Port}}, {{tls}}
              }
              cluster {
                roles = ["director", {{Quoted(Formations.Role(own))}}]
                downing-provider-class = "{{typeof(FormationDowning).FullName}}, {{typeof(FormationDowning).Assembly.GetName().Name}}"
              }
            }
            """));
        if (akkaSection.Length > 0)
        {
            config = config.WithFallback(ConfigurationFactory.ParseString(akkaSection));
        }

        return config
            .WithFallback(ConfigurationFactory.ParseString(Usual))
            .WithFallback(ConfigurationFactory.ParseString(PartOwners.Configuration))
            .WithFallback(ConfigurationFactory.ParseString(TableSerializer.Configuration))
            .WithFallback(ConfigurationFactory.ParseString(FiguresSerializer.Configuration))
            .WithFallback(ConfigurationFactory.ParseString(HealthSerializer.Configuration));
    }

    private static bool IsLoopback(string hostname) =>
        hostname == "localhost" || IPAddress.TryParse(hostname.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address);

    private static string Quoted(string text)
    {
        StringBuilder quoted = new("\"");
        foreach (var c in text)
        {
            quoted.Append(c is '"' or '\\' ? $"\\{c}" : c);
        }

        return quoted.Append('"').ToString();
    }
}
