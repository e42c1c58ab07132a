using Akka.Actor;
using Akka.Remote;
using Xunit;

namespace Compat.Tests.AkkaRemote;

public sealed class QuarantineTests : RemoteTestKit
{
    [Fact]
    public void A_system_that_falls_silent_is_dead_and_stays_dead()
    {
        var other = Another();
        other.ActorOf(Props.Create(() => new Echo()), "echo");
        var echo = Reach(other, "user/echo");
        var events = CreateTestProbe();
        var otherEvents = CreateTestProbe(other);
        Sys.EventStream.Subscribe(events.Ref, typeof(QuarantinedEvent));
        other.EventStream.Subscribe(otherEvents.Ref, typeof(ThisActorSystemQuarantinedEvent));
        Watch(echo);
        WaitForWatch(echo);

        // Only a system whose heartbeats told its uid can be quarantined.
        ExpectNoMsg(TimeSpan.FromSeconds(2));
        LoopbackTransport.Of(other).IsDeaf = true;
        LoopbackTransport.Of(Sys).IsDeaf = true;
        Assert.True(ExpectMsg<Terminated>(TimeSpan.FromSeconds(30)).AddressTerminated);
        Assert.Equal(AddressOf(other), events.ExpectMsg<QuarantinedEvent>(Patience).Address);
        LoopbackTransport.Of(other).IsDeaf = false;
        LoopbackTransport.Of(Sys).IsDeaf = false;

        // The other one notices when it wants something.
        AwaitAssert(
            () =>
            {
                other.ActorSelection(TestActor.Path.ToStringWithAddress(Own)).Tell("hello?", ActorRefs.NoSender);
                Assert.Equal(Own, otherEvents.ExpectMsg<ThisActorSystemQuarantinedEvent>(TimeSpan.FromMilliseconds(500)).RemoteAddress);
            },
            Patience);
        echo.Tell("hello?", TestActor);
        ExpectNoMsg(TimeSpan.FromSeconds(1));

        // Its successor on the same port is another.
        var address = AddressOf(other);
        Shutdown(other, TimeSpan.FromSeconds(20));
        var next = AnotherOn(address);
        next.ActorOf(Props.Create(() => new Echo()), "echo");
        ExpectNoMsg(Moment);
        AwaitAnswer(next);
    }
}
