using System.Globalization;
using Akka.Actor;

namespace Akka.Event;

public interface ILogMessageFormatter
{
    string Format(string format, params object[] args);
}

public interface ILoggingAdapter
{
    ILogMessageFormatter Formatter { get; }

    bool IsDebugEnabled { get; }

    bool IsInfoEnabled { get; }

    bool IsWarningEnabled { get; }

    bool IsErrorEnabled { get; }

    bool IsEnabled(LogLevel logLevel);

    void Log(LogLevel logLevel, Exception cause, string format);
}

public static class Logging
{
    public static Type ClassFor(this LogLevel logLevel) => logLevel switch
    {
        LogLevel.DebugLevel => typeof(Debug),
        LogLevel.InfoLevel => typeof(Info),
        LogLevel.WarningLevel => typeof(Warning),
        LogLevel.ErrorLevel => typeof(Error),
        _ => throw new ArgumentException("Unknown LogLevel", nameof(logLevel)),
    };

    public static string StringFor(this LogLevel logLevel) => logLevel switch
    {
        LogLevel.DebugLevel => "DEBUG",
        LogLevel.InfoLevel => "INFO",
        LogLevel.WarningLevel => "WARNING",
        LogLevel.ErrorLevel => "ERROR",
        _ => throw new ArgumentException("Unknown LogLevel", nameof(logLevel)),
    };

    public static LogLevel LogLevelFor(string logLevel) => logLevel?.ToUpperInvariant() switch
    {
        "DEBUG" => LogLevel.DebugLevel,
        "INFO" => LogLevel.InfoLevel,
        "WARNING" => LogLevel.WarningLevel,
        "ERROR" => LogLevel.ErrorLevel,
        _ => throw new ArgumentException($"Unknown LogLevel: \"{logLevel}\". Valid values are: \"Debug\", \"Info\", \"Warning\", \"Error\"", nameof(logLevel)),
    };

    public static ILoggingAdapter GetLogger(this IActorContext context, ILogMessageFormatter logMessageFormatter = null) =>
        new BusLogging(context.System.EventStream, context.Self.Path.ToString(), context.Props.Type, logMessageFormatter);

    public static ILoggingAdapter GetLogger(ActorSystem system, object logSourceObj, ILogMessageFormatter logMessageFormatter = null)
    {
        var source = logSourceObj switch
        {
            string text => text,
            Type type => type.Name,
            IActorRef actor => actor.Path.ToString(),
            _ => logSourceObj.GetType().Name,
        };
        return new BusLogging(system.EventStream, $"{source} ({system})", logSourceObj as Type ?? logSourceObj.GetType(), logMessageFormatter);
    }
}

/// <summary>Publishes what is logged on the event stream; the loggers listen there.</summary>
internal sealed class BusLogging(LoggingBus bus, string source, Type logClass, ILogMessageFormatter formatter = null) : ILoggingAdapter
{
    public ILogMessageFormatter Formatter { get; } = formatter ?? new InvariantFormatter();

    public bool IsDebugEnabled => IsEnabled(LogLevel.DebugLevel);

    public bool IsInfoEnabled => IsEnabled(LogLevel.InfoLevel);

    public bool IsWarningEnabled => IsEnabled(LogLevel.WarningLevel);

    public bool IsErrorEnabled => IsEnabled(LogLevel.ErrorLevel);

    public bool IsEnabled(LogLevel logLevel) => bus.IsEnabled(logLevel);

    public void Log(LogLevel logLevel, Exception cause, string format)
    {
        if (IsEnabled(logLevel))
        {
            bus.Publish(logLevel switch
            {
                LogLevel.DebugLevel => new Debug(cause, source, logClass, format),
                LogLevel.InfoLevel => new Info(cause, source, logClass, format),
                LogLevel.WarningLevel => new Warning(cause, source, logClass, format),
                _ => new Error(cause, source, logClass, format),
            });
        }
    }

    private sealed class InvariantFormatter : ILogMessageFormatter
    {
        public string Format(string format, params object[] args) => string.Format(CultureInfo.InvariantCulture, format, args);
    }
}
