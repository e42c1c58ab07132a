using Akka.Actor;
using Akka.Event;
using Akka.TestKit.Xunit2;
using Xunit;

namespace Compat.Tests.Akka;

public sealed class LoggingTests() : TestKit("akka.loglevel = WARNING\nakka.stdout-loglevel = OFF\nakka.test.single-expect-default = 15s")
{
    [Fact]
    public void Events_from_the_level_on_are_published_and_others_not()
    {
        Sys.EventStream.Subscribe(TestActor, typeof(LogEvent));
        var log = Logging.GetLogger(Sys, "here");
        Assert.False(log.IsInfoEnabled);
        log.Info("not this");
        log.Warning("{0} and {1}", 1, "two");
        var warning = ExpectMsg<Warning>();
        Assert.Equal("1 and two", warning.Message!.ToString());
        Assert.StartsWith("here", warning.LogSource, StringComparison.Ordinal);
        log.Error(new InvalidOperationException("no"), "it failed");
        var error = ExpectMsg<Error>();
        Assert.Equal("no", error.Cause!.Message);
        Assert.Equal("it failed", error.Message!.ToString());
        Assert.Equal(LogLevel.ErrorLevel, error.LogLevel());
    }

    [Fact]
    public void A_failure_of_an_actor_is_logged_with_its_cause()
    {
        Sys.EventStream.Subscribe(TestActor, typeof(Error));
        var actor = Sys.ActorOf(Props.Create(() => new Failing()));
        actor.Tell("now", TestActor);
        var error = ExpectMsg<Error>();
        Assert.Equal("now", error.Cause!.Message);
        Assert.Contains(actor.Path.ToStringWithoutAddress(), error.LogSource, StringComparison.Ordinal);
    }

    private sealed class Failing : ReceiveActor
    {
        public Failing() => Receive<string>(text => throw new InvalidOperationException(text));
    }
}
