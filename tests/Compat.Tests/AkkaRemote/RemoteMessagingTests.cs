using Akka.Actor;
using Akka.Event;
using Xunit;

namespace Compat.Tests.AkkaRemote;

public sealed class RemoteMessagingTests : RemoteTestKit
{
    [Fact]
    public void A_system_says_by_which_address_it_is_reached()
    {
        Assert.Equal("akka.loop", Own.Protocol);
        Assert.Equal("127.0.0.1", Own.Host);
        Assert.Equal(Sys.Name, Own.System);
        Assert.True(Own.Port > 0);
    }

    [Fact]
    public async Task An_ask_crosses_the_wire_and_its_answer_comes_back()
    {
        var other = Another();
        other.ActorOf(Props.Create(() => new Echo()), "echo");
        var echo = Reach(other, "user/echo");
        Assert.Equal(AddressOf(other), echo.Path.Address);
        Assert.Equal("hello", await echo.Ask<string>("hello", Patience));
        Assert.Equal(new Greeting("Guten Tag"), await echo.Ask<Greeting>(new Greeting("Guten Tag"), Patience));
    }

    [Theory]
    [InlineData("text")]
    [InlineData("")]
    [InlineData(42)]
    [InlineData(-1L)]
    [InlineData(true)]
    public async Task Primitives_arrive_as_what_they_are(object value)
    {
        var other = Another();
        other.ActorOf(Props.Create(() => new Echo()), "echo");
        Assert.Equal(value, await Reach(other, "user/echo").Ask<object>(value, Patience));
    }

    [Fact]
    public async Task Bytes_and_status_and_addresses_arrive()
    {
        var other = Another();
        other.ActorOf(Props.Create(() => new Echo()), "echo");
        var echo = Reach(other, "user/echo");
        Assert.Equal(new byte[] { 1, 2, 3 }, await echo.Ask<byte[]>(new byte[] { 1, 2, 3 }, Patience));
        Assert.Equal(Own, await echo.Ask<Address>(Own, Patience));
        echo.Tell(new Status.Success("done"), TestActor);
        Assert.Equal("done", ExpectMsg<Status.Success>(Patience).Status);
        echo.Tell(new Status.Failure(new InvalidOperationException("no")), TestActor);
        Assert.Equal("no", Assert.IsType<InvalidOperationException>(ExpectMsg<Status.Failure>(Patience).Cause).Message);
    }

    [Fact]
    public void Messages_keep_their_order()
    {
        var other = Another();
        other.ActorOf(Props.Create(() => new Echo()), "echo");
        var echo = Sys.ActorSelection(new RootActorPath(AddressOf(other)) / "user" / "echo");

        // The first ones wait for the connection.
        for (var i = 0; i < 2000; i++)
        {
            echo.Tell(i, TestActor);
        }

        for (var i = 0; i < 2000; i++)
        {
            ExpectMsg(i, Patience);
        }
    }

    [Fact]
    public void A_reference_that_travels_leads_back()
    {
        var other = Another();
        other.ActorOf(Props.Create(() => new Echo()), "echo");
        Reach(other, "user/echo").Tell(new Introduction(TestActor), TestActor);
        var back = ExpectMsg<Introduction>(Patience).Who;
        Assert.Equal(TestActor, back);
        Assert.Same(TestActor, back);
    }

    [Fact]
    public void A_reference_to_a_third_system_can_be_used()
    {
        var other = Another();
        var third = Another("third");
        other.ActorOf(Props.Create(() => new Greeter()), "greeter");
        third.ActorOf(Props.Create(() => new Echo()), "echo");
        Reach(other, "user/greeter").Tell(new Introduction(Reach(third, "user/echo")), TestActor);
        ExpectMsg(new Greeting("to the third"), Patience);
        Assert.Equal(AddressOf(third), LastSender.Path.Address);
    }

    [Fact]
    public void A_selection_with_a_wildcard_reaches_all()
    {
        var other = Another();
        foreach (var name in new[] { "a1", "a2", "a3" })
        {
            other.ActorOf(Props.Create(() => new Echo()), name);
        }

        Sys.ActorSelection($"{AddressOf(other)}/user/*").Tell("all", TestActor);
        var senders = Enumerable.Range(0, 3).Select(_ =>
        {
            ExpectMsg("all", Patience);
            return LastSender.Path.Name;
        });
        Assert.Equal(["a1", "a2", "a3"], senders.Order());
    }

    [Fact]
    public async Task Who_is_not_there_is_not_found()
    {
        var other = Another();
        await Assert.ThrowsAsync<ActorNotFoundException>(() => Sys.ActorSelection($"{AddressOf(other)}/user/nobody").ResolveOne(Patience));
    }

    [Fact]
    public void An_identify_is_answered()
    {
        var other = Another();
        var actor = other.ActorOf(Props.Create(() => new Echo()), "echo");
        Sys.ActorSelection($"{AddressOf(other)}/user/echo").Tell(new Identify("who"), TestActor);
        var identity = ExpectMsg<ActorIdentity>(Patience);
        Assert.Equal("who", identity.MessageId);
        Assert.Equal(actor.Path.Uid, identity.Subject.Path.Uid);
    }

    [Fact]
    public void Own_paths_resolve_to_the_actor_itself()
    {
        var provider = ((ExtendedActorSystem)Sys).Provider;
        var echo = Sys.ActorOf(Props.Create(() => new Echo()), "echo");
        Assert.Same(echo, provider.ResolveActorRef($"{Own}/user/echo"));
        Assert.Same(echo, provider.ResolveActorRef(global::Akka.Serialization.Serialization.SerializedActorPath(echo)));
        Assert.Equal($"{Own}/user/echo#{echo.Path.Uid}", global::Akka.Serialization.Serialization.SerializedActorPath(echo));
        Assert.NotEqual(echo, provider.ResolveActorRef($"{Own}/user/echo#{echo.Path.Uid + 1}"));
    }

    [Fact]
    public void A_message_that_is_too_long_is_lost_alone()
    {
        var other = Another();
        other.ActorOf(Props.Create(() => new Echo()), "echo");
        var echo = Reach(other, "user/echo");
        echo.Tell(new byte[200_000], TestActor);
        echo.Tell(new Unspeakable(), TestActor);
        echo.Tell(new Indigestible(), TestActor);
        echo.Tell("still here", TestActor);
        ExpectMsg("still here", Patience);
    }

    [Fact]
    public void What_is_sent_while_nobody_listens_goes_to_the_dead_letters()
    {
        var other = Another();
        var echo = ((ExtendedActorSystem)Sys).Provider.ResolveActorRef($"{AddressOf(other)}/user/echo");
        Shutdown(other, Patience);
        Sys.EventStream.Subscribe(TestActor, typeof(DeadLetter));
        echo.Tell("lost", TestActor);
        FishForMessage<DeadLetter>(letter => letter.Message is "lost", Patience);
        Sys.ActorSelection(echo.Path).Tell("lost too", TestActor);
        FishForMessage<DeadLetter>(letter => letter.Message is "lost too", Patience);
    }

    [Fact]
    public async Task Nobody_is_found_where_nobody_listens()
    {
        var other = Another();
        var path = new RootActorPath(AddressOf(other)) / "user" / "echo";
        Shutdown(other, Patience);
        await Assert.ThrowsAsync<ActorNotFoundException>(() => Sys.ActorSelection(path).ResolveOne(TimeSpan.FromSeconds(5)));
    }

    [Fact]
    public void A_system_that_cannot_listen_is_not_created()
    {
        Assert.ThrowsAny<Exception>(() => AnotherOn(Own));
        Assert.Equal(Own, AddressOf(Sys));
    }

    [Fact]
    public void A_broken_connection_is_made_again()
    {
        var other = Another();
        other.ActorOf(Props.Create(() => new Echo()), "echo");
        var echo = Reach(other, "user/echo");
        for (var round = 0; round < 3; round++)
        {
            LoopbackTransport.Of(Sys).BreakConnections();
            AwaitAssert(
                () =>
                {
                    echo.Tell(round, TestActor);
                    FishForMessage<int>(answer => answer == round, TimeSpan.FromMilliseconds(300));
                },
                Patience);
        }
    }

    [Fact]
    public async Task Strangers_bytes_end_their_connection_and_nothing_else()
    {
        var other = Another();
        other.ActorOf(Props.Create(() => new Echo()), "echo");
        var echo = Reach(other, "user/echo");
        var port = AddressOf(other).Port!.Value;
        var random = new Random(7);
        for (var i = 0; i < 20; i++)
        {
            var bytes = new byte[random.Next(1, 64)];
            random.NextBytes(bytes);
            byte[] framed = [(byte)bytes.Length, 0, 0, 0, .. bytes];
            await LoopbackTransport.Intrude(port, framed, Patience);
        }

        Assert.Equal("alive", await echo.Ask<string>("alive", Patience));
    }

    [Fact]
    public async Task Garbled_bytes_harm_the_association_that_they_come_on_at_most()
    {
        var other = Another();
        other.ActorOf(Props.Create(() => new Echo()), "echo");
        var echo = Reach(other, "user/echo");
        LoopbackTransport.Of(other).Garbles = new Random(11);
        var pause = CreateTestProbe();
        for (var round = 0; round < 15; round++)
        {
            for (var i = 0; i < 20; i++)
            {
                echo.Tell(new Greeting($"number {i}"), TestActor);
            }

            echo.Tell(new Identify(round), TestActor);
            echo.Tell(new Introduction(TestActor), TestActor);
            pause.ExpectNoMsg(Moment);
        }

        LoopbackTransport.Of(other).Garbles = null;
        var third = Another("third");
        var fromThird = await third.ActorSelection(new RootActorPath(AddressOf(other)) / "user" / "echo").ResolveOne(Patience);
        Assert.Equal("alive", await fromThird.Ask<string>("alive", Patience));
    }

    private sealed class Greeter : ReceiveActor
    {
        public Greeter() => Receive<Introduction>(introduction => introduction.Who.Forward(new Greeting("to the third")));
    }
}
