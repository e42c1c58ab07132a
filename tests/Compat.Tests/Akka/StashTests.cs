using Akka.Actor;
using Xunit;

namespace Compat.Tests.Akka;

public sealed class StashTests : QuietTestKit
{
    [Fact]
    public void Stashed_messages_come_back_in_order_before_later_ones()
    {
        var actor = Sys.ActorOf(Props.Create(() => new Door()));
        Tell(actor, "1", "2", "3", "open", "4");
        foreach (var expected in new[] { "1", "2", "3", "4" })
        {
            ExpectMsg(expected, Patience);
        }
    }

    [Fact]
    public void A_restart_puts_stashed_messages_back_into_the_mailbox()
    {
        var actor = Sys.ActorOf(Props.Create(() => new Door()));
        Tell(actor, "1", "2", "fail", "3", "open");
        foreach (var expected in new[] { "1", "2", "3" })
        {
            ExpectMsg(expected, Patience);
        }
    }

    [Fact]
    public void The_same_message_is_stashed_once()
    {
        var actor = Sys.ActorOf(Props.Create(() => new Door()));
        actor.Tell("twice", TestActor);
        ExpectMsg(nameof(IllegalActorStateException), Patience);
    }

    private void Tell(IActorRef actor, params string[] messages)
    {
        foreach (var message in messages)
        {
            actor.Tell(message, TestActor);
        }
    }

    private sealed class Door : ReceiveActor, IWithUnboundedStash
    {
        public Door()
        {
            Receive<string>(text => text == "fail", _ => throw new InvalidOperationException("failed"));
            Receive<string>(text => text == "twice", _ =>
            {
                Stash.Stash();
                try
                {
                    Stash.Stash();
                }
                catch (Exception refused)
                {
                    Sender.Tell(refused.GetType().Name);
                }
            });
            Receive<string>(text => text == "open", _ =>
            {
                Become(() => ReceiveAny(message => Sender.Tell(message)));
                Stash.UnstashAll();
            });
            ReceiveAny(_ => Stash.Stash());
        }

        public IStash Stash { get; set; } = null!;
    }
}
