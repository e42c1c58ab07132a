using System.Collections.Concurrent;
using Akka.Event;
using Akka.Remote.Transport;
using Akka.TestKit.Xunit2;
using Director.Cluster.Logging;
using Xunit;

namespace Director.Cluster.Tests.Logging;

public sealed class LineLoggerTests : TestKit
{
    private readonly ConcurrentQueue<string> _lines = new();

    public LineLoggerTests()
        : base("akka.loggers = []\nakka.loglevel = INFO\nakka.test.single-expect-default = 15s") => LineLogger.Start(Sys, _lines.Enqueue);

    [Fact]
    public void An_event_is_a_line_with_its_level()
    {
        var log = Akka.Event.Logging.GetLogger(Sys, "test");
        log.Debug("not this");
        log.Info("{0} services", 3);
        log.Warning("careful");
        log.Error("broken");
        AwaitAssert(() => Assert.Equal(["3 services", "warning: careful", "error: broken"], _lines));
    }

    [Fact]
    public void A_cause_is_named_on_the_same_line_without_its_stack()
    {
        var log = Akka.Event.Logging.GetLogger(Sys, "test");
        try
        {
            throw new IOException("no\nroom");
        }
        catch (IOException thrown)
        {
            log.Error(thrown, "it failed");
        }

        AwaitAssert(() => Assert.StartsWith("error: it failed: no room (IOException in test", Assert.Single(_lines), StringComparison.Ordinal));
    }

    [Fact]
    public void What_remoting_says_of_other_directors_at_each_attempt_is_left_to_who_says_it_once()
    {
        var log = Akka.Event.Logging.GetLogger(Sys, "remoting");
        log.Warning("Tried to associate with unreachable remote address");
        log.Error(new InvalidAssociationException("refused"), "Association failed");
        log.Error("a message is too large");
        AwaitAssert(() => Assert.Equal(["error: a message is too large"], _lines));
    }
}
