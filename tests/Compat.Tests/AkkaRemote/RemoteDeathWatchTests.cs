using Akka.Actor;
using Xunit;

namespace Compat.Tests.AkkaRemote;

/// <summary>Where no system is taken for dead because it is silent for a while.</summary>
public sealed class RemoteDeathWatchTests() : RemoteTestKit("akka.remote.watch-failure-detector.acceptable-heartbeat-pause = 60s")
{
    [Fact]
    public void Terminated_comes_once_from_an_actor_that_stops()
    {
        var other = Another();
        var actor = other.ActorOf(Props.Create(() => new Echo()), "echo");
        var echo = Reach(other, "user/echo");
        Watch(echo);
        Watch(echo);
        echo.Tell(PoisonPill.Instance, TestActor);
        var terminated = ExpectMsg<Terminated>(Patience);
        Assert.Equal(echo, terminated.ActorRef);
        Assert.False(terminated.AddressTerminated);
        Assert.Equal(actor.Path.Uid, terminated.ActorRef.Path.Uid);
        ExpectNoMsg(Moment);
    }

    [Fact]
    public void Each_watcher_hears_and_who_no_longer_watches_does_not()
    {
        var other = Another();
        other.ActorOf(Props.Create(() => new Echo()), "echo");
        var echo = Reach(other, "user/echo");
        var second = CreateTestProbe();
        Watch(echo);
        second.Watch(echo);
        Unwatch(echo);
        echo.Tell(PoisonPill.Instance, TestActor);
        second.ExpectTerminated(echo, Patience);
        ExpectNoMsg(Moment);
    }

    [Fact]
    public void Watching_an_actor_that_has_stopped_says_so()
    {
        var other = Another();
        other.ActorOf(Props.Create(() => new Echo()), "echo");
        var echo = Reach(other, "user/echo");
        Watch(echo);
        echo.Tell(PoisonPill.Instance, TestActor);
        ExpectTerminated(echo, Patience);
        Watch(echo);
        ExpectTerminated(echo, Patience);
    }

    [Fact]
    public void Terminated_comes_after_what_the_dead_had_sent()
    {
        var other = Another();
        other.ActorOf(Props.Create(() => new Echo()), "echo");
        var echo = Reach(other, "user/echo");
        Watch(echo);
        for (var i = 0; i < 200; i++)
        {
            echo.Tell(i, TestActor);
        }

        echo.Tell(PoisonPill.Instance, TestActor);
        for (var i = 0; i < 200; i++)
        {
            ExpectMsg(i, Patience);
        }

        ExpectTerminated(echo, Patience);
    }

    [Fact]
    public void A_system_that_ends_in_order_takes_its_actors_with_it()
    {
        var other = Another();
        other.ActorOf(Props.Create(() => new Echo()), "echo");
        var echo = Reach(other, "user/echo");
        Watch(echo);
        WaitForWatch(echo);
        Shutdown(other, Patience);
        ExpectTerminated(echo, Patience);
        ExpectNoMsg(Moment);
    }

    [Fact]
    public void An_end_while_the_connection_is_broken_is_heard_of_afterwards()
    {
        var other = Another();
        var actor = other.ActorOf(Props.Create(() => new Echo()), "echo");
        var echo = Reach(other, "user/echo");
        Watch(echo);
        WaitForWatch(echo);
        var transport = LoopbackTransport.Of(other);
        transport.IsCut = true;
        transport.BreakConnections();
        AwaitCondition(() => transport.Connections == 0, Patience);
        other.Stop(actor);
        ExpectNoMsg(Moment);
        transport.IsCut = false;
        Assert.False(ExpectMsg<Terminated>(Patience).AddressTerminated);
        ExpectNoMsg(Moment);
    }

    [Fact]
    public async Task However_often_the_connections_break_each_end_is_heard_of_exactly_once()
    {
        var other = Another();
        var parent = other.ActorOf(Props.Create(() => new Mortal()), "parent");
        var watched = new IActorRef[40];
        for (var i = 0; i < watched.Length; i++)
        {
            await parent.Ask<string>($"start {i}", Patience);
            watched[i] = Reach(other, $"user/parent/{i}");
        }

        var watcher = Sys.ActorOf(Props.Create(() => new Counter(watched)));
        using var stop = new CancellationTokenSource();
        var breaking = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                LoopbackTransport.Of(other).BreakConnections();
                await Task.Delay(60, CancellationToken.None);
            }
        });
        for (var i = 0; i < 40; i++)
        {
            parent.Tell($"stop {i}", TestActor);
        }

        // Some while the connections still break, the rest when they no longer do.
        ExpectNoMsg(TimeSpan.FromMilliseconds(600));
        await stop.CancelAsync();
        AwaitAssert(
            () =>
            {
                watcher.Tell("count", TestActor);
                Assert.Equal("40 of 40", FishForMessage<string>(text => text.Contains(" of "), TimeSpan.FromSeconds(2)));
            },
            TimeSpan.FromSeconds(40),
            TimeSpan.FromMilliseconds(200));
        ExpectNoMsg(Moment);
        watcher.Tell("count", TestActor);
        ExpectMsg("40 of 40", Patience);
        await breaking;
    }

    [Fact]
    public void A_successor_on_the_same_port_ends_the_actors_of_the_one_before_once()
    {
        var other = Another();
        other.ActorOf(Props.Create(() => new Echo()), "echo");
        var echo = Reach(other, "user/echo");
        Watch(echo);
        WaitForWatch(echo);
        var address = AddressOf(other);

        // As if killed: nothing more leaves it.
        var transport = LoopbackTransport.Of(other);
        transport.IsCut = true;
        transport.BreakConnections();
        Shutdown(other, TimeSpan.FromSeconds(20));
        var next = AnotherOn(address);
        next.ActorOf(Props.Create(() => new Echo()), "echo");
        ExpectTerminated(echo, TimeSpan.FromSeconds(30));
        AwaitAnswer(next);
        ExpectNoMsg(Moment);
    }

    private sealed class Mortal : ReceiveActor
    {
        public Mortal() => Receive<string>(text =>
        {
            var name = text.Split(' ')[1];
            if (text.StartsWith("start", StringComparison.Ordinal))
            {
                Context.ActorOf(Props.Create(() => new Echo()), name);
                Sender.Tell("started");
            }
            else
            {
                Context.Stop(Context.Child(name));
            }
        });
    }

    /// <summary>Counts how many of the actors it watches have ended, and how often it heard so.</summary>
    private sealed class Counter : ReceiveActor
    {
        private readonly List<IActorRef> _heard = [];

        public Counter(IActorRef[] watched)
        {
            foreach (var one in watched)
            {
                Context.Watch(one);
            }

            Receive<Terminated>(terminated => _heard.Add(terminated.ActorRef));
            Receive<string>(_ => Sender.Tell($"{_heard.Count} of {_heard.Distinct().Count()}"));
        }
    }
}
