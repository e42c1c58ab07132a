using Akka.Actor;
using Xunit;

namespace Compat.Tests.Akka;

/// <summary>Props, behaviours, paths and selections.</summary>
public sealed class ActorTests : QuietTestKit
{
    private int _evaluated;

    [Fact]
    public void Arguments_are_evaluated_when_the_props_are_made_and_not_again()
    {
        var props = Props.Create(() => new Holder(Next()));
        Assert.Equal(1, _evaluated);
        foreach (var actor in new[] { Sys.ActorOf(props), Sys.ActorOf(props) })
        {
            actor.Tell("get", TestActor);
            ExpectMsg(1, Patience);
            actor.Tell("fail", TestActor);
            actor.Tell("get", TestActor);
            ExpectMsg(1, Patience);
        }
    }

    [Fact]
    public void A_variable_changed_after_the_props_were_made_is_not_seen()
    {
        var value = 1;
        var props = Props.Create(() => new Holder(value));
        value = 2;
        Sys.ActorOf(props).Tell("get", TestActor);
        ExpectMsg(1, Patience);
    }

    [Fact]
    public void Arguments_can_be_given_by_position()
    {
        Sys.ActorOf(Props.Create<Holder>(7)).Tell("get", TestActor);
        ExpectMsg(7, Patience);
        Sys.ActorOf(Props.Create(typeof(Holder), 8)).Tell("get", TestActor);
        ExpectMsg(8, Patience);
    }

    [Fact]
    public void Props_that_do_not_make_a_new_actor_are_refused() => Assert.ThrowsAny<Exception>(() => Props.Create(() => Make()));

    [Fact]
    public void An_actor_is_not_made_with_new()
    {
        // On a thread that runs no actor and no test kit.
        Exception? thrown = null;
        var thread = new Thread(() => thrown = Record.Exception(() => new Holder(1)));
        thread.Start();
        thread.Join();
        Assert.NotNull(thrown);
    }

    [Fact]
    public void Behaviours_replace_each_other_or_are_stacked()
    {
        var actor = Sys.ActorOf(Props.Create(() => new Moody()));
        foreach (var (message, answer) in new[] { ("hello", "plain"), ("happy", ""), ("hello", "happy"), ("angry", ""), ("hello", "angry"), ("calm", ""), ("hello", "happy") })
        {
            actor.Tell(message, TestActor);
            if (answer.Length > 0)
            {
                ExpectMsg(answer, Patience);
            }
        }
    }

    [Fact]
    public void A_behaviour_does_not_survive_a_restart()
    {
        var actor = Sys.ActorOf(Props.Create(() => new Moody()));
        actor.Tell("happy", TestActor);
        actor.Tell("fail", TestActor);
        actor.Tell("hello", TestActor);
        ExpectMsg("plain", Patience);
    }

    [Fact]
    public void Handlers_are_tried_in_order_and_may_decline()
    {
        var actor = Sys.ActorOf(Props.Create(() => new Choosy()));
        actor.Tell(-1, TestActor);
        ExpectMsg("negative", Patience);
        actor.Tell(0, TestActor);
        ExpectMsg("zero", Patience);
        actor.Tell(5, TestActor);
        ExpectMsg("other", Patience);
        actor.Tell("text", TestActor);
        ExpectMsg("any String", Patience);
    }

    [Fact]
    public async Task A_selection_finds_actors_by_path()
    {
        var actor = Sys.ActorOf(Props.Create(() => new Parent()), "parent");
        Assert.Equal(actor, await Sys.ActorSelection("/user/parent").ResolveOne(Patience));
        var child = await Sys.ActorSelection("/user/parent/child").ResolveOne(Patience);
        Assert.Equal(actor.Path / "child", child.Path);
        Assert.Equal(child, await Sys.ActorSelection(child.Path).ResolveOne(Patience));
        Assert.Equal(child, await Sys.ActorSelection("/user/parent/child/../child").ResolveOne(Patience));
        Sys.ActorSelection("/user/parent/*").Tell(new Identify(5), TestActor);
        Assert.Equal(child, ExpectMsg<ActorIdentity>().Subject);
        await Assert.ThrowsAsync<ActorNotFoundException>(() => Sys.ActorSelection("/user/nobody").ResolveOne(TimeSpan.FromSeconds(1)));
    }

    [Fact]
    public void An_actor_selects_from_where_it_stands()
    {
        var actor = Sys.ActorOf(Props.Create(() => new Parent()), "parent");
        actor.Tell("select child", TestActor);
        Assert.Equal(actor.Path / "child", ExpectMsg<ActorIdentity>(Patience).Subject!.Path);
        actor.Tell("select ..", TestActor);
        Assert.Equal(actor.Path.Parent, ExpectMsg<ActorIdentity>(Patience).Subject!.Path);
    }

    [Fact]
    public void Paths_say_where_an_actor_is()
    {
        var actor = Sys.ActorOf(Props.Create(() => new Holder(1)), "name");
        Assert.Equal($"akka://{Sys.Name}/user/name", actor.Path.ToString());
        Assert.Equal(["user", "name"], actor.Path.Elements);
        Assert.Equal("/user/name", actor.Path.ToStringWithoutAddress());
        Assert.Equal(actor.Path, ActorPath.Parse(actor.Path.ToString()));
        Assert.Equal(actor.Path.Uid, ActorPath.Parse(actor.Path.ToSerializationFormat()).Uid);
        var remote = ActorPath.Parse("akka.tcp://other@10.0.0.1:2551/user/a/b");
        Assert.Equal(new Address("akka.tcp", "other", "10.0.0.1", 2551), remote.Address);
        Assert.Equal("akka.tcp://other@10.0.0.1:2551/user/a/b", remote.ToString());
        Assert.False(ActorPath.TryParse("not a path", out _));
    }

    [Theory]
    [InlineData("")]
    [InlineData("$reserved")]
    [InlineData("sla/sh")]
    [InlineData("white space")]
    public void A_bad_name_is_refused(string name) => Assert.Throws<InvalidActorNameException>(() => Sys.ActorOf(Props.Create(() => new Holder(1)), name));

    [Fact]
    public void A_timed_message_comes_once_a_repeated_one_until_it_is_cancelled()
    {
        Sys.Scheduler.ScheduleTellOnce(TimeSpan.FromMilliseconds(20), TestActor, "once", ActorRefs.NoSender);
        ExpectMsg("once", Patience);
        var repeated = Sys.Scheduler.ScheduleTellRepeatedlyCancelable(TimeSpan.Zero, TimeSpan.FromMilliseconds(20), TestActor, "again", ActorRefs.NoSender);
        ExpectMsg("again", Patience);
        ExpectMsg("again", Patience);
        repeated.Cancel();
        IgnoreMessages(message => message is "again");
        var probe = TestActor;
        Sys.Scheduler.Advanced.ScheduleOnce(TimeSpan.FromMilliseconds(20), () => probe.Tell("action", ActorRefs.NoSender));
        ExpectMsg("action", Patience);
    }

    [Fact]
    public void What_is_cancelled_in_time_does_not_come()
    {
        using var cancelable = new Cancelable(Sys.Scheduler);
        Sys.Scheduler.ScheduleTellOnce(TimeSpan.FromMilliseconds(50), TestActor, "no", ActorRefs.NoSender, cancelable);
        cancelable.Cancel();
        ExpectNoMsg(Moment);
    }

    private static Holder Make() => throw new NotSupportedException();

    private int Next() => ++_evaluated;

    private sealed class Holder : ReceiveActor
    {
        public Holder(int value)
        {
            Receive<string>(text => text == "get", _ => Sender.Tell(value));
            Receive<string>(_ => throw new InvalidOperationException("failed"));
        }
    }

    private sealed class Moody : ReceiveActor
    {
        public Moody()
        {
            Receive<string>(text => text == "happy", _ => Become(Happy));
            Receive<string>(text => text == "hello", _ => Sender.Tell("plain"));
        }

        private void Happy()
        {
            Receive<string>(text => text == "angry", _ => BecomeStacked(Angry));
            Receive<string>(text => text == "hello", _ => Sender.Tell("happy"));
            Receive<string>(text => text == "fail", _ => throw new InvalidOperationException("failed"));
        }

        private void Angry()
        {
            Receive<string>(text => text == "calm", _ => UnbecomeStacked());
            Receive<string>(text => text == "hello", _ => Sender.Tell("angry"));
        }
    }

    private sealed class Choosy : ReceiveActor
    {
        public Choosy()
        {
            Receive<int>(number => number < 0, _ => Sender.Tell("negative"));
            Receive<int>(number =>
            {
                if (number != 0)
                {
                    return false;
                }

                Sender.Tell("zero");
                return true;
            });
            Receive<int>(_ => Sender.Tell("other"));
            ReceiveAny(message => Sender.Tell($"any {message.GetType().Name}"));
        }
    }

    private sealed class Parent : ReceiveActor
    {
        public Parent()
        {
            Context.ActorOf(Props.Create(() => new Holder(1)), "child");
            Receive<string>(text => Context.ActorSelection(text["select ".Length..]).Tell(new Identify(1), Sender));
        }
    }
}
