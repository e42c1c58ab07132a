using Akka.Actor;
using Akka.Configuration;
using Compat.Tests.Akka;
using Xunit;

namespace Compat.Tests.AkkaRemote;

/// <summary>A system of the test's own, and others beside it, that reach each other over loopback.</summary>
public abstract class RemoteTestKit(string config = "") : QuietTestKit(RemoteConfig + "\n" + config)
{
    private readonly List<ActorSystem> _others = [];

    /// <summary>Heartbeats are fast here, and the gate is short.</summary>
    protected const string RemoteConfig =
        """
        akka.actor.provider = remote
        akka.actor.serializers.family = "Compat.Tests.AkkaRemote.FamilySerializer, Compat.Tests"
        akka.actor.serialization-bindings { "Compat.Tests.AkkaRemote.IFamily, Compat.Tests" = family }
        akka.remote {
          enabled-transports = ["akka.remote.loopback"]
          log-remote-lifecycle-events = off
          retry-gate-closed-for = 200ms
          loopback {
            transport-class = "Compat.Tests.AkkaRemote.LoopbackTransport, Compat.Tests"
            applied-adapters = []
            port = 0
          }
          watch-failure-detector { heartbeat-interval = 200ms, acceptable-heartbeat-pause = 1500ms, unreachable-nodes-reaper-interval = 200ms, expected-response-after = 500ms }
        }
        """;

    /// <summary>For a system without a test kit.</summary>
    public static Config QuietRemoteConfig => ConfigurationFactory.ParseString("akka.loglevel = OFF\nakka.stdout-loglevel = OFF\n" + RemoteConfig);

    protected Address Own => AddressOf(Sys);

    protected static Address AddressOf(ActorSystem system) => ((ExtendedActorSystem)system).Provider.DefaultAddress;

    /// <summary>Another system, quiet as the test's own; ended with the test.</summary>
    protected ActorSystem Another(string name = "other", string more = "")
    {
        var system = ActorSystem.Create(name, ConfigurationFactory.ParseString(more).WithFallback(Sys.Settings.Config));
        _others.Add(system);
        return system;
    }

    /// <summary>The other system's actor as this one refers to it.</summary>
    protected IActorRef Reach(ActorSystem system, string path) =>
        Sys.ActorSelection(new RootActorPath(AddressOf(system)) / path.Split('/', StringSplitOptions.RemoveEmptyEntries)).ResolveOne(Patience).GetAwaiter().GetResult();

    /// <summary>As <see cref="Another"/>, on a port of an earlier one.</summary>
    protected ActorSystem AnotherOn(Address address) => Another(address.System, $"akka.remote.loopback.port = {address.Port}");

    /// <summary>A watch travels by way of another actor than messages do; a few answers later it has arrived.</summary>
    protected static void WaitForWatch(IActorRef echo)
    {
        for (var i = 0; i < 5; i++)
        {
            Assert.Equal("there?", echo.Ask<string>("there?", Patience).GetAwaiter().GetResult());
        }
    }

    /// <summary>Waits until the system's echo is reached.</summary>
    protected void AwaitAnswer(ActorSystem system) => AwaitAssert(
        () =>
        {
            Sys.ActorSelection(new RootActorPath(AddressOf(system)) / "user" / "echo").Tell("hello", TestActor);
            ExpectMsg("hello", TimeSpan.FromMilliseconds(500));
        },
        TimeSpan.FromSeconds(30));

    protected override void AfterAll()
    {
        base.AfterAll();
        foreach (var system in _others)
        {
            Shutdown(system, TimeSpan.FromSeconds(20));
        }
    }

    /// <summary>Answers what it gets.</summary>
    public sealed class Echo : ReceiveActor
    {
        public Echo() => ReceiveAny(message => Sender.Tell(message));
    }
}
