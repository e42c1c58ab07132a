using Akka.Actor;
using Akka.Event;
using Xunit;

namespace Compat.Tests.Akka;

public sealed class EventStreamTests : QuietTestKit
{
    [Fact]
    public void A_subscriber_gets_derived_types_too_and_each_event_once()
    {
        Sys.EventStream.Subscribe(TestActor, typeof(Animal));
        Sys.EventStream.Subscribe(TestActor, typeof(IBarks));
        Sys.EventStream.Publish(new Dog());
        Sys.EventStream.Publish(new Animal());
        ExpectMsg<Dog>(Patience);
        ExpectMsg<Animal>(Patience);
        ExpectNoMsg(Moment);
    }

    [Fact]
    public void A_subscriber_does_not_get_what_it_did_not_ask_for()
    {
        Sys.EventStream.Subscribe(TestActor, typeof(Dog));
        Sys.EventStream.Publish(new Animal());
        ExpectNoMsg(Moment);
    }

    [Fact]
    public void After_unsubscribing_nothing_comes()
    {
        Sys.EventStream.Subscribe(TestActor, typeof(Animal));
        Assert.True(Sys.EventStream.Unsubscribe(TestActor, typeof(Animal)));
        Sys.EventStream.Publish(new Dog());
        ExpectNoMsg(Moment);
    }

    [Fact]
    public void A_message_to_a_stopped_actor_is_a_dead_letter()
    {
        var actor = Sys.ActorOf(Props.Create(() => new Deaf()));
        Watch(actor);
        Sys.Stop(actor);
        ExpectTerminated(actor, Patience);
        Sys.EventStream.Subscribe(TestActor, typeof(DeadLetter));
        actor.Tell("too late", TestActor);
        var letter = ExpectMsg<DeadLetter>(Patience);
        Assert.Equal("too late", letter.Message);
        Assert.Equal(TestActor, letter.Sender);
        Assert.Equal(actor.Path, letter.Recipient.Path);
    }

    [Fact]
    public void What_is_left_in_the_mailbox_becomes_dead_letters()
    {
        Sys.EventStream.Subscribe(TestActor, typeof(DeadLetter));
        var actor = Sys.ActorOf(Props.Create(() => new Deaf()));
        using var hold = new ManualResetEventSlim();
        actor.Tell(hold, TestActor);
        actor.Tell("left over", TestActor);
        hold.Set();
        Assert.Equal("left over", ExpectMsg<DeadLetter>(Patience).Message);
    }

    [Fact]
    public void What_an_actor_does_not_handle_is_published()
    {
        Sys.EventStream.Subscribe(TestActor, typeof(UnhandledMessage));
        var actor = Sys.ActorOf(Props.Create(() => new Deaf()));
        actor.Tell("hello", TestActor);
        var unhandled = ExpectMsg<UnhandledMessage>(Patience);
        Assert.Equal("hello", unhandled.Message);
        Assert.Equal(actor, unhandled.Recipient);
    }

    private interface IBarks;

    private class Animal;

    private sealed class Dog : Animal, IBarks;

    private sealed class Deaf : ReceiveActor
    {
        public Deaf() => Receive<ManualResetEventSlim>(hold =>
        {
            hold.Wait(Patience);
            Context.Stop(Self);
        });
    }
}
