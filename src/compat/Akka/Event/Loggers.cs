using Akka.Actor;
using Akka.Configuration;

namespace Akka.Event;

/// <summary>The first message of a logger: it answers <see cref="LoggerInitialized"/> and then receives <see cref="LogEvent"/>s.</summary>
public class InitializeLogger : INoSerializationVerificationNeeded
{
    public InitializeLogger(LoggingBus loggingBus) => LoggingBus = loggingBus;

    public LoggingBus LoggingBus { get; private set; }
}

public class LoggerInitialized : INoSerializationVerificationNeeded
{
}

/// <summary>Writes events to the console.</summary>
public class DefaultLogger : ActorBase
{
    protected override bool Receive(object message)
    {
        switch (message)
        {
            case InitializeLogger:
                Sender.Tell(new LoggerInitialized(), Self);
                return true;
            case LogEvent logEvent:
                Console.WriteLine(logEvent);
                return true;
            default:
                return false;
        }
    }
}

/// <summary>Starts the loggers that <c>akka.loggers</c> names.</summary>
internal static class Loggers
{
    public static void Start(ActorSystemImpl system)
    {
        var config = system.Settings.Config;
        var level = config.GetString("akka.loglevel");
        system.EventStream.SetLogLevel(level.Equals("OFF", StringComparison.OrdinalIgnoreCase) ? LoggingBus.Off : Logging.LogLevelFor(level));
        var timeout = config.GetTimeSpan("akka.logger-startup-timeout");
        var names = config.GetStringList("akka.loggers");
        for (var i = 0; i < names.Count; i++)
        {
            var type = Type.GetType(names[i])
                ?? throw new ConfigurationException($"Logger specified in config cannot be found: \"{names[i]}\"");
            Add(system, type, $"log{i + 1}-{type.Name}", timeout);
        }

        if (config.GetString("akka.log-dead-letters") is { } limit and not ("off" or "false" or "no" or "0"))
        {
            var max = int.TryParse(limit, out var number) ? number : int.MaxValue;
            system.EventStream.Subscribe(system.SystemActorOf(Props.Create(() => new DeadLetterListener(max)), "deadLetterListener"), typeof(DeadLetter));
        }
    }

    private static void Add(ActorSystemImpl system, Type type, string name, TimeSpan timeout)
    {
        var logger = system.SystemActorOf(Props.Create(type), name);
        try
        {
            if (logger.Ask(new InitializeLogger(system.EventStream), timeout).GetAwaiter().GetResult() is not LoggerInitialized)
            {
                throw new ConfigurationException($"Logger {name} [{type}] did not respond with LoggerInitialized");
            }
        }
        catch (AskTimeoutException)
        {
            throw new ConfigurationException($"Logger {name} [{type}] did not respond within {timeout}");
        }

        for (var level = system.EventStream.LogLevel; level <= LogLevel.ErrorLevel; level++)
        {
            system.EventStream.Subscribe(logger, level.ClassFor());
        }
    }

    private sealed class DeadLetterListener(int max) : UntypedActor
    {
        private int _count;

        protected override void OnReceive(object message)
        {
            if (message is not DeadLetter letter || _count >= max)
            {
                return;
            }

            _count++;
            Context.GetLogger().Info(
                "Message [{0}] from {1} to {2} was not delivered. [{3}] dead letters encountered.", letter.Message.GetType().Name, letter.Sender, letter.Recipient, _count);
        }
    }
}
