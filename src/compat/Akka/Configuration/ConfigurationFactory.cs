namespace Akka.Configuration;

public class ConfigurationFactory
{
    private static readonly Lazy<Config> Reference = new(() => ParseString(ReferenceText));

    public static Config Empty => Config.Empty;

    public static Config ParseString(string hocon) => new(new HoconReader(hocon).Read());

    /// <summary>The settings that every system has unless its own say otherwise.</summary>
    public static Config Default() => Reference.Value;

    private const string ReferenceText = """
        akka {
          loggers = ["Akka.Event.DefaultLogger"]
          logger-startup-timeout = 5s
          loglevel = INFO
          log-dead-letters = 10
          log-dead-letters-during-shutdown = off
          actor {
            ask-timeout = infinite
            default-dispatcher.throughput = 30
            provider = local
            serializers {
              bytes = "Akka.Serialization.ByteArraySerializer, Akka"
              primitive = "Akka.Serialization.PrimitiveSerializer, Akka"
              akka-misc = "Akka.Serialization.MiscMessageSerializer, Akka"
            }
            serialization-identifiers {
              "Akka.Serialization.ByteArraySerializer, Akka" = 4
            }
            serialization-bindings {
              "System.Byte[]" = bytes
              "System.String" = primitive
              "System.Int32" = primitive
              "System.Int64" = primitive
              "System.Boolean" = primitive
              "System.Double" = primitive
              "System.Guid" = primitive
              "Akka.Actor.Identify, Akka" = akka-misc
              "Akka.Actor.ActorIdentity, Akka" = akka-misc
              "Akka.Actor.IActorRef, Akka" = akka-misc
              "Akka.Actor.Address, Akka" = akka-misc
              "Akka.Actor.PoisonPill, Akka" = akka-misc
              "Akka.Actor.Kill, Akka" = akka-misc
              "Akka.Actor.Status+Success, Akka" = akka-misc
              "Akka.Actor.Status+Failure, Akka" = akka-misc
              "Akka.Actor.ActorSelectionMessage, Akka" = akka-misc
              "Akka.Actor.ISystemMessage, Akka" = akka-misc
            }
          }
          coordinated-shutdown {
            default-phase-timeout = 5s
            terminate-actor-system = on
            exit-clr = off
            run-by-clr-shutdown-hook = on
            run-by-actor-system-terminate = on
            phases {
              before-service-unbind { }
              service-unbind { depends-on = [before-service-unbind] }
              service-requests-done { depends-on = [service-unbind] }
              service-stop { depends-on = [service-requests-done] }
              before-cluster-shutdown { depends-on = [service-stop] }
              cluster-sharding-shutdown-region { timeout = 10s, depends-on = [before-cluster-shutdown] }
              cluster-leave { depends-on = [cluster-sharding-shutdown-region] }
              cluster-exiting { timeout = 10s, depends-on = [cluster-leave] }
              cluster-exiting-done { depends-on = [cluster-exiting] }
              cluster-shutdown { depends-on = [cluster-exiting-done] }
              before-actor-system-terminate { depends-on = [cluster-shutdown] }
              actor-system-terminate { timeout = 10s, depends-on = [before-actor-system-terminate] }
            }
          }
        }
        """;
}
