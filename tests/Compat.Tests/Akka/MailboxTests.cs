using Akka.Actor;
using Xunit;

namespace Compat.Tests.Akka;

public sealed class MailboxTests : QuietTestKit
{
    [Fact]
    public void Messages_of_one_sender_arrive_in_order()
    {
        var actor = Sys.ActorOf(Props.Create(() => new Counter()));
        for (var i = 0; i < 10_000; i++)
        {
            actor.Tell(i, TestActor);
        }

        actor.Tell("report", TestActor);
        ExpectMsg("10000 in order", Patience);
    }

    [Fact]
    public void An_actor_runs_on_one_thread_at_a_time()
    {
        var actor = Sys.ActorOf(Props.Create(() => new Counter()));
        Parallel.For(0, 8, _ =>
        {
            for (var i = 0; i < 2_000; i++)
            {
                actor.Tell("add", ActorRefs.NoSender);
            }
        });
        actor.Tell("sum", TestActor);
        ExpectMsg(16_000, Patience);
    }

    [Fact]
    // With InvalidMessageException up to 1.5.30, with ArgumentNullException in later ones.
    public void A_null_message_is_refused() => Assert.ThrowsAny<Exception>(() => TestActor.Tell(null!, ActorRefs.NoSender));

    [Fact]
    public void Forward_keeps_the_sender()
    {
        var probe = CreateTestProbe();
        var target = probe.Ref;
        var actor = Sys.ActorOf(Props.Create(() => new Forwarder(target)));
        actor.Tell("hello", TestActor);
        probe.ExpectMsg("hello");
        probe.Reply("back");
        ExpectMsg("back");
    }

    [Fact]
    public void A_poison_pill_stops_after_the_messages_before_it()
    {
        var actor = Sys.ActorOf(Props.Create(() => new Counter()));
        Watch(actor);
        actor.Tell("add", TestActor);
        actor.Tell("sum", TestActor);
        actor.Tell(PoisonPill.Instance, TestActor);
        actor.Tell("sum", TestActor);
        ExpectMsg(1);
        ExpectTerminated(actor);
        ExpectNoMsg(Moment);
    }

    private sealed class Forwarder : ReceiveActor
    {
        public Forwarder(IActorRef target) => ReceiveAny(target.Forward);
    }

    private sealed class Counter : ReceiveActor
    {
        private int _next;
        private int _sum;
        private bool _inOrder = true;

        public Counter()
        {
            Receive<int>(number => _inOrder &= number == _next++);
            Receive<string>(text => text == "add", _ => _sum++);
            Receive<string>(text => text == "sum", _ => Sender.Tell(_sum));
            Receive<string>(_ => Sender.Tell($"{_next} {(_inOrder ? "in" : "out of")} order"));
        }
    }
}
