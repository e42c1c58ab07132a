using Akka.Configuration;

namespace Akka.Remote;

/// <summary>The settings that remoting has unless the system's own say otherwise.</summary>
internal static class RemoteConfiguration
{
    public static Config Default() => ConfigurationFactory.ParseString(Text);

    private const string Text = """
        akka.remote {
          # Paths of sections with a transport-class. There is no default: the real package's needs DotNetty.
          enabled-transports = []
          startup-timeout = 10s
          shutdown-timeout = 10s
          flush-wait-on-shutdown = 2s
          handshake-timeout = 15s
          # How long an address is left alone after its connection failed.
          retry-gate-closed-for = 5s
          # How long to wait when a transport takes no more.
          backoff-interval = 50ms
          system-message-buffer-size = 20000
          resend-interval = 2s
          initial-system-message-delivery-timeout = 3m
          log-remote-lifecycle-events = on
          transport-failure-detector {
            implementation-class = "Akka.Remote.DeadlineFailureDetector, Akka.Remote"
            heartbeat-interval = 4s
            acceptable-heartbeat-pause = 120s
          }
          watch-failure-detector {
            implementation-class = "Akka.Remote.PhiAccrualFailureDetector, Akka.Remote"
            heartbeat-interval = 1s
            threshold = 10.0
            max-sample-size = 200
            min-std-deviation = 100ms
            acceptable-heartbeat-pause = 10s
            unreachable-nodes-reaper-interval = 1s
            expected-response-after = 1s
          }
        }
        akka.actor {
          serializers.akka-remote = "Akka.Remote.RemoteMessageSerializer, Akka.Remote"
          serialization-bindings {
            "Akka.Remote.RemoteWatcher+Heartbeat, Akka.Remote" = akka-remote
            "Akka.Remote.RemoteWatcher+HeartbeatRsp, Akka.Remote" = akka-remote
          }
        }
        """;
}
