using Akka.Actor;
using Akka.Event;
using Xunit;

namespace Compat.Tests.Akka;

public sealed class TimerTests : QuietTestKit
{
    private static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(30);

    [Fact]
    public void A_single_timer_fires_once()
    {
        var actor = Timed();
        actor.Tell(new Start("key", "fired", Periodic: false), TestActor);
        ExpectMsg("fired", Patience);
        ExpectNoMsg(Moment);
        actor.Tell("active?", TestActor);
        ExpectMsg(false);
    }

    [Fact]
    public void A_periodic_timer_fires_until_it_is_cancelled()
    {
        var actor = Timed();
        actor.Tell(new Start("key", "tick", Periodic: true), TestActor);
        ExpectMsg("tick", Patience);
        ExpectMsg("tick", Patience);
        ExpectMsg("tick", Patience);
        actor.Tell("cancel", TestActor);
        FishForMessage(message => message is "cancelled", Patience);
        ExpectNoMsg(Moment);
    }

    [Fact]
    public void A_timer_of_the_same_key_takes_the_place_of_the_one_before()
    {
        var actor = Timed();
        actor.Tell(new Start("key", "old", Periodic: true), TestActor);
        actor.Tell(new Start("key", "new", Periodic: false), TestActor);
        FishForMessage(message => message is "new", Patience);
        ExpectNoMsg(Moment);
    }

    [Fact]
    public void A_message_already_on_its_way_is_not_delivered_after_the_cancellation()
    {
        var actor = Timed();
        actor.Tell("hold", TestActor);
        ExpectMsg("held", Patience);
        ExpectNoMsg(Moment);
    }

    [Fact]
    public void A_message_already_on_its_way_is_not_delivered_after_its_timer_was_replaced()
    {
        var actor = Timed();
        actor.Tell("replace", TestActor);
        ExpectMsg("in time", Patience);
        ExpectNoMsg(Moment);
    }

    [Fact]
    public void Timers_do_not_survive_a_restart()
    {
        var actor = Timed();
        actor.Tell(new Start("key", "tick", Periodic: true), TestActor);
        ExpectMsg("tick", Patience);
        actor.Tell("fail", TestActor);
        actor.Tell("active?", TestActor);
        FishForMessage(message => message is false, Patience);
        ExpectNoMsg(Moment);
    }

    [Fact]
    public void Timers_end_with_their_actor()
    {
        var actor = Timed();
        actor.Tell(new Start("key", "tick", Periodic: true), TestActor);
        ExpectMsg("tick", Patience);
        var probe = CreateTestProbe();
        probe.Watch(actor);
        Sys.Stop(actor);
        probe.ExpectTerminated(actor, Patience);
        Sys.EventStream.Subscribe(probe.Ref, typeof(DeadLetter));

        // One may be on its way.
        probe.ReceiveOne(Moment);
        probe.ExpectNoMsg(Moment);
    }

    [Fact]
    public void Without_messages_for_a_while_a_receive_timeout_comes()
    {
        var probe = TestActor;
        var actor = Sys.ActorOf(Props.Create(() => new Idle(probe)));
        ExpectMsg("idle", Patience);
        actor.Tell("stop", TestActor);
        FishForMessage(message => message is "stopped", Patience);
        ExpectNoMsg(Moment);
    }

    private IActorRef Timed()
    {
        var probe = TestActor;
        return Sys.ActorOf(Props.Create(() => new TimedActor(probe)));
    }

    private sealed record Start(string Key, string Message, bool Periodic);

    private sealed class TimedActor : ReceiveActor, IWithTimers
    {
        public TimedActor(IActorRef probe)
        {
            Receive<Start>(start =>
            {
                if (start.Periodic)
                {
                    Timers.StartPeriodicTimer(start.Key, start.Message, Soon);
                }
                else
                {
                    Timers.StartSingleTimer(start.Key, start.Message, Soon);
                }
            });
            Receive<string>(text => text == "active?", _ => probe.Tell(Timers.IsTimerActive("key")));
            Receive<string>(text => text == "fail", _ => throw new InvalidOperationException("failed"));
            Receive<string>(text => text == "cancel", _ =>
            {
                Timers.Cancel("key");
                probe.Tell("cancelled");
            });
            Receive<string>(text => text == "hold", _ =>
            {
                Timers.StartSingleTimer("key", "too late", TimeSpan.FromMilliseconds(1));
                Thread.Sleep(100);
                Timers.Cancel("key");
                probe.Tell("held");
            });
            Receive<string>(text => text == "replace", _ =>
            {
                Timers.StartSingleTimer("key", "too late", TimeSpan.FromMilliseconds(1));
                Thread.Sleep(100);
                Timers.StartSingleTimer("key", "in time", TimeSpan.FromMilliseconds(1));
            });
            ReceiveAny(probe.Tell);
        }

        public ITimerScheduler Timers { get; set; } = null!;
    }

    private sealed class Idle : ReceiveActor
    {
        public Idle(IActorRef probe)
        {
            SetReceiveTimeout(Soon);
            Receive<ReceiveTimeout>(_ => probe.Tell("idle"));
            Receive<string>(_ =>
            {
                SetReceiveTimeout(null);
                probe.Tell("stopped");
            });
        }
    }
}
