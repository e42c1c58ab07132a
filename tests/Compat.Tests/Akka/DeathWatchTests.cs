using Akka.Actor;
using Xunit;

namespace Compat.Tests.Akka;

public sealed class DeathWatchTests : QuietTestKit
{
    [Fact]
    public void Terminated_comes_exactly_once_however_often_one_watches()
    {
        var actor = Sys.ActorOf(Props.Create(() => new Echo()));
        Watch(actor);
        Watch(actor);
        Sys.Stop(actor);
        var terminated = ExpectMsg<Terminated>(Patience);
        Assert.Equal(actor, terminated.ActorRef);
        Assert.True(terminated.ExistenceConfirmed);
        ExpectNoMsg(Moment);
    }

    [Fact]
    public void A_parent_that_watches_its_child_hears_once()
    {
        var probe = TestActor;
        var parent = Sys.ActorOf(Props.Create(() => new WatchingParent(probe)));
        parent.Tell("stop child", TestActor);
        ExpectMsg("terminated, 0 children", Patience);
        ExpectNoMsg(Moment);
    }

    [Fact]
    public void Watching_the_dead_says_so_at_once()
    {
        var actor = Sys.ActorOf(Props.Create(() => new Echo()));
        Watch(actor);
        Sys.Stop(actor);
        ExpectTerminated(actor, Patience);
        Watch(actor);
        ExpectTerminated(actor, Patience);
    }

    [Fact]
    public void Who_no_longer_watches_does_not_hear()
    {
        var actor = Sys.ActorOf(Props.Create(() => new Echo()));
        var other = CreateTestProbe();
        other.Watch(actor);
        Watch(actor);
        Unwatch(actor);
        Sys.Stop(actor);
        other.ExpectTerminated(actor, Patience);
        ExpectNoMsg(Moment);
    }

    [Fact]
    public void Unwatching_takes_back_a_Terminated_that_is_already_in_the_mailbox()
    {
        var actor = Sys.ActorOf(Props.Create(() => new Echo()));
        var probe = TestActor;
        var watcher = Sys.ActorOf(Props.Create(() => new HesitantWatcher(actor, probe)));
        using var hold = new ManualResetEventSlim();
        watcher.Tell(hold, TestActor);
        watcher.Tell("unwatch", TestActor);
        ExpectMsg("holding");
        Watch(actor);
        Sys.Stop(actor);
        ExpectTerminated(actor, Patience);
        hold.Set();
        ExpectMsg("unwatched", Patience);
        ExpectNoMsg(Moment);
    }

    [Fact]
    public void Terminated_comes_after_what_the_dead_had_sent()
    {
        var probe = TestActor;
        for (var i = 0; i < 20; i++)
        {
            var actor = Sys.ActorOf(Props.Create(() => new Echo()));
            Watch(actor);
            for (var message = 0; message < 50; message++)
            {
                actor.Tell(message, probe);
            }

            actor.Tell(PoisonPill.Instance, probe);
            for (var message = 0; message < 50; message++)
            {
                ExpectMsg(message, Patience);
            }

            ExpectTerminated(actor, Patience);
        }
    }

    [Fact]
    public void Who_does_not_handle_Terminated_dies_of_it()
    {
        var actor = Sys.ActorOf(Props.Create(() => new Echo()));
        var watcher = Sys.ActorOf(Props.Create(() => new CarelessWatcher(actor)));
        watcher.Tell("watching?", TestActor);
        ExpectMsg("yes");
        Watch(watcher);
        Sys.Stop(actor);
        ExpectTerminated(watcher, Patience);
    }

    [Fact]
    public void WatchWith_brings_the_given_message()
    {
        var actor = Sys.ActorOf(Props.Create(() => new Echo()));
        var probe = TestActor;
        var watcher = Sys.ActorOf(Props.Create(() => new WatcherWithMessage(actor, probe)));
        watcher.Tell("watching?", TestActor);
        ExpectMsg("yes");
        Sys.Stop(actor);
        ExpectMsg("it is gone", Patience);
    }

    [Fact]
    public void A_name_is_free_again_when_its_actor_has_gone()
    {
        var first = Sys.ActorOf(Props.Create(() => new Echo()), "name");
        Assert.Throws<InvalidActorNameException>(() => Sys.ActorOf(Props.Create(() => new Echo()), "name"));
        Watch(first);
        Sys.Stop(first);
        ExpectTerminated(first, Patience);
        IActorRef? second = null;
        AwaitAssert(() => second = Sys.ActorOf(Props.Create(() => new Echo()), "name"), Patience);
        Assert.Equal(first.Path, second!.Path);
        Assert.NotEqual(first, second);
    }

    [Fact]
    public async Task A_graceful_stop_waits_for_the_end()
    {
        var actor = Sys.ActorOf(Props.Create(() => new Echo()));
        Watch(actor);
        Assert.True(await actor.GracefulStop(Patience));
        ExpectTerminated(actor);
        Assert.True(await actor.GracefulStop(Patience));
    }

    private sealed class Echo : ReceiveActor
    {
        public Echo() => ReceiveAny(message => Sender.Tell(message));
    }

    private sealed class WatchingParent : ReceiveActor
    {
        public WatchingParent(IActorRef probe)
        {
            var child = Context.Watch(Context.ActorOf(Props.Create(() => new Echo())));
            Receive<string>(_ => Context.Stop(child));
            Receive<Terminated>(_ => probe.Tell($"terminated, {Context.GetChildren().Count()} children"));
        }
    }

    private sealed class CarelessWatcher : ReceiveActor
    {
        public CarelessWatcher(IActorRef subject)
        {
            Context.Watch(subject);
            Receive<string>(_ => Sender.Tell("yes"));
        }
    }

    private sealed class HesitantWatcher : ReceiveActor
    {
        public HesitantWatcher(IActorRef subject, IActorRef probe)
        {
            Context.Watch(subject);
            Receive<ManualResetEventSlim>(hold =>
            {
                probe.Tell("holding");
                hold.Wait(Patience);
            });
            Receive<string>(_ =>
            {
                Context.Unwatch(subject);
                probe.Tell("unwatched");
            });
            Receive<Terminated>(_ => probe.Tell("terminated"));
        }
    }

    private sealed class WatcherWithMessage : ReceiveActor
    {
        public WatcherWithMessage(IActorRef subject, IActorRef probe)
        {
            Context.WatchWith(subject, new Gone());
            Receive<string>(_ => Sender.Tell("yes"));
            Receive<Gone>(_ => probe.Tell("it is gone"));
        }

        private sealed record Gone;
    }
}
