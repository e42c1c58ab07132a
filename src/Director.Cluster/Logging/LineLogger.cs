using Akka.Actor;
using Akka.Event;
using Akka.Remote.Transport;

namespace Director.Cluster.Logging;

/// <summary>Turns Akka's log events into lines, one an event. A stack trace follows only when debug events are logged.</summary>
internal sealed class LineLogger : ReceiveActor
{
    // Parts of the types and actor paths that Akka's remoting, membership and shutdown log as.
    private static readonly string[] s_saidElsewhere =
        ["Akka.Remote.", " remoting", "/system/endpointManager", "/system/transports", "Akka.Cluster.Cluster", "/system/cluster/", "Akka.Actor.CoordinatedShutdown"];

    public LineLogger(Action<string> log) => Receive<LogEvent>(logEvent =>
    {
        var isDebugged = Context.System.EventStream.LogLevel == LogLevel.DebugLevel;
        if (isDebugged || !IsSaidElsewhere(logEvent))
        {
            log(Line(logEvent, isDebugged));
        }
    });

    /// <summary>Starts one for the levels that the system logs.</summary>
    public static void Start(ActorSystem system, Action<string> log)
    {
        var logger = ((ExtendedActorSystem)system).SystemActorOf(Props.Create(() => new LineLogger(log)), "line-logger");
        for (var level = system.EventStream.LogLevel; level <= LogLevel.ErrorLevel; level++)
        {
            system.EventStream.Subscribe(logger, level.ClassFor());
        }
    }

    /// <summary>
    /// What Akka itself says of other directors, at each attempt and with stack traces: the transport and the formation say it, once and with what to do. Errors are shown but for the end of a connection.
    /// </summary>
    private static bool IsSaidElsewhere(LogEvent logEvent)
    {
        var from = $"{logEvent.LogClass?.FullName} {logEvent.LogSource}";
        return s_saidElsewhere.Any(source => from.Contains(source, StringComparison.Ordinal))
            && (logEvent.LogLevel() < LogLevel.ErrorLevel || logEvent.Cause is InvalidAssociationException || logEvent.Cause?.GetType().Name == "EndpointDisassociatedException");
    }

    private static string Line(LogEvent logEvent, bool withStackTrace)
    {
        var level = logEvent.LogLevel() switch
        {
            LogLevel.DebugLevel => "debug: ",
            LogLevel.WarningLevel => "warning: ",
            LogLevel.ErrorLevel => "error: ",
            _ => "",
        };
        var message = logEvent.Message?.ToString() ?? "";
        return logEvent.Cause switch
        {
            null => level + message,
            var cause when withStackTrace => $"{level}{message}: {cause}",
            var cause when message.Contains(cause.Message, StringComparison.Ordinal) => $"{level}{message} ({cause.GetType().Name} in {logEvent.LogSource})",
            var cause => $"{level}{message}: {cause.Message.ReplaceLineEndings(" ")} ({cause.GetType().Name} in {logEvent.LogSource})",
        };
    }
}
