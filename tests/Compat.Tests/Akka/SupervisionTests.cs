using Akka.Actor;
using Xunit;

namespace Compat.Tests.Akka;

public sealed class SupervisionTests : QuietTestKit
{
    [Fact]
    public void A_restart_keeps_the_mailbox_and_drops_the_message_that_failed()
    {
        var child = Child(Parent(new OneForOneStrategy(_ => Directive.Restart)));
        child.Tell("add", TestActor);
        child.Tell("fail", TestActor);
        child.Tell("add", TestActor);
        child.Tell("sum", TestActor);
        ExpectMsg(1, Patience);
    }

    [Fact]
    public void A_restart_runs_the_hooks_in_order()
    {
        var probe = TestActor;
        var actor = Sys.ActorOf(Props.Create(() => new Hooks(probe)));
        ExpectMsg("constructor");
        ExpectMsg("PreStart");
        actor.Tell("fail", TestActor);
        ExpectMsg("PreRestart failed by fail");
        ExpectMsg("PostStop");
        ExpectMsg("constructor");
        ExpectMsg("PostRestart failed");
        ExpectMsg("PreStart");
        actor.Tell(PoisonPill.Instance, TestActor);
        ExpectMsg("PostStop");
    }

    [Fact]
    public void Children_have_stopped_before_the_new_incarnation_starts()
    {
        var probe = TestActor;
        var actor = Sys.ActorOf(Props.Create(() => new ParentThatFails(probe)));
        ExpectMsg("parent starts");
        actor.Tell("fail", TestActor);
        ExpectMsg("child stopped", Patience);
        ExpectMsg("parent starts");
        actor.Tell("children", TestActor);
        ExpectMsg(1);
    }

    [Fact]
    public void Resume_keeps_the_state()
    {
        var child = Child(Parent(new OneForOneStrategy(_ => Directive.Resume)));
        child.Tell("add", TestActor);
        child.Tell("fail", TestActor);
        child.Tell("add", TestActor);
        child.Tell("sum", TestActor);
        ExpectMsg(2, Patience);
    }

    [Fact]
    public void Stop_stops_only_the_child_that_failed()
    {
        var parent = Parent(new OneForOneStrategy(_ => Directive.Stop));
        var (child, sibling) = (Child(parent), Child(parent));
        sibling.Tell("add", TestActor);
        Watch(child);
        child.Tell("fail", TestActor);
        ExpectTerminated(child, Patience);
        sibling.Tell("sum", TestActor);
        ExpectMsg(1);
    }

    [Fact]
    public void Escalate_fails_the_parent_too()
    {
        var grandparent = Parent(new OneForOneStrategy(_ => Directive.Stop));
        grandparent.Tell(Props.Create(() => new Supervisor(new OneForOneStrategy(_ => Directive.Escalate))), TestActor);
        var parent = ExpectMsg<IActorRef>();
        var child = Child(parent);
        Watch(parent);
        child.Tell("fail", TestActor);
        ExpectTerminated(parent, Patience);
    }

    [Fact]
    public void After_its_restarts_within_the_time_a_child_is_stopped()
    {
        var child = Child(Parent(new OneForOneStrategy(2, TimeSpan.FromMinutes(1), _ => Directive.Restart)));
        Watch(child);
        child.Tell("fail", TestActor);
        child.Tell("fail", TestActor);
        child.Tell("sum", TestActor);
        ExpectMsg(0, Patience);
        child.Tell("fail", TestActor);
        ExpectTerminated(child, Patience);
    }

    [Fact]
    public void No_restart_at_all_means_stop()
    {
        var child = Child(Parent(new OneForOneStrategy(0, TimeSpan.FromMinutes(1), _ => Directive.Restart)));
        Watch(child);
        child.Tell("fail", TestActor);
        ExpectTerminated(child, Patience);
    }

    [Fact]
    public void An_actor_whose_constructor_throws_is_stopped()
    {
        var actor = Sys.ActorOf(Props.Create(() => new Stillborn()));
        Watch(actor);
        ExpectTerminated(actor, Patience);
    }

    [Fact]
    public void An_actor_that_cannot_be_made_again_is_stopped()
    {
        var actor = Sys.ActorOf(Props.Create(() => new OnceOnly(new int[1])));
        Watch(actor);
        actor.Tell("fail", TestActor);
        ExpectTerminated(actor, Patience);
    }

    [Fact]
    public void Kill_is_a_failure_that_stops_by_default()
    {
        var child = Child(Parent(new OneForOneStrategy(SupervisorStrategy.DefaultDecider)));
        Watch(child);
        child.Tell(Kill.Instance, TestActor);
        ExpectTerminated(child, Patience);
    }

    [Fact]
    public void Stopping_a_parent_stops_its_children_first()
    {
        var parent = Parent(SupervisorStrategy.DefaultStrategy);
        var child = Child(parent);
        Watch(child);
        Watch(parent);
        Sys.Stop(parent);
        ExpectTerminated(child, Patience);
        ExpectTerminated(parent, Patience);
    }

    [Fact]
    public void While_a_child_decides_nothing_it_handles_no_message()
    {
        // The supervisor is busy: the failed child waits for it, with its messages.
        using var busy = new ManualResetEventSlim();
        var parent = Parent(new OneForOneStrategy(_ =>
        {
            busy.Wait(Patience);
            return Directive.Restart;
        }));
        var child = Child(parent);
        child.Tell("fail", TestActor);
        child.Tell("sum", TestActor);
        ExpectNoMsg(Moment);
        busy.Set();
        ExpectMsg(0, Patience);
    }

    private IActorRef Parent(SupervisorStrategy strategy) => Sys.ActorOf(Props.Create(() => new Supervisor(strategy)));

    private IActorRef Child(IActorRef parent)
    {
        parent.Tell(Props.Create(() => new Worker()), TestActor);
        return ExpectMsg<IActorRef>();
    }

    private sealed class Supervisor : ReceiveActor
    {
        private readonly SupervisorStrategy _strategy;

        public Supervisor(SupervisorStrategy strategy)
        {
            _strategy = strategy;
            Receive<Props>(props => Sender.Tell(Context.ActorOf(props)));
        }

        protected override SupervisorStrategy SupervisorStrategy() => _strategy;
    }

    private sealed class Worker : ReceiveActor
    {
        private int _sum;

        public Worker()
        {
            Receive<string>(text => text == "add", _ => _sum++);
            Receive<string>(text => text == "sum", _ => Sender.Tell(_sum));
            Receive<string>(_ => throw new InvalidOperationException("failed"));
        }
    }

    private sealed class Hooks : ReceiveActor
    {
        private readonly IActorRef _probe;

        public Hooks(IActorRef probe)
        {
            _probe = probe;
            probe.Tell("constructor");
            ReceiveAny(_ => throw new InvalidOperationException("failed"));
        }

        protected override void PreStart() => _probe.Tell("PreStart");

        protected override void PostStop() => _probe.Tell("PostStop");

        protected override void PreRestart(Exception reason, object message)
        {
            _probe.Tell($"PreRestart {reason.Message} by {message}");
            base.PreRestart(reason, message);
        }

        protected override void PostRestart(Exception reason)
        {
            _probe.Tell($"PostRestart {reason.Message}");
            base.PostRestart(reason);
        }
    }

    private sealed class ParentThatFails : ReceiveActor
    {
        private readonly IActorRef _probe;

        public ParentThatFails(IActorRef probe)
        {
            _probe = probe;
            Receive<string>(text => text == "children", _ => Sender.Tell(Context.GetChildren().Count()));
            Receive<string>(_ => throw new InvalidOperationException("failed"));
        }

        protected override void PreStart()
        {
            _probe.Tell("parent starts");

            // The name is free only when the child of the incarnation before has gone.
            var probe = _probe;
            Context.ActorOf(Props.Create(() => new SlowToStop(probe)), "child");
        }
    }

    private sealed class SlowToStop(IActorRef probe) : ReceiveActor
    {
        protected override void PostStop()
        {
            Thread.Sleep(100);
            probe.Tell("child stopped");
        }
    }

    private sealed class Stillborn : ReceiveActor
    {
        public Stillborn() => throw new InvalidOperationException("no");
    }

    private sealed class OnceOnly : ReceiveActor
    {
        public OnceOnly(int[] made)
        {
            if (made[0]++ > 0)
            {
                throw new InvalidOperationException("once is enough");
            }

            ReceiveAny(_ => throw new InvalidOperationException("failed"));
        }
    }
}
