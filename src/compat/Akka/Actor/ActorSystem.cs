using Akka.Configuration;
using Akka.Event;

namespace Akka.Actor;

/// <summary>A hierarchy of actors, with what they share.</summary>
public abstract class ActorSystem : IActorRefFactory, IDisposable
{
    public abstract Settings Settings { get; }

    public abstract string Name { get; }

    public abstract Serialization.Serialization Serialization { get; }

    public abstract EventStream EventStream { get; }

    public abstract IActorRef DeadLetters { get; }

    public abstract IScheduler Scheduler { get; }

    public abstract ILoggingAdapter Log { get; }

    public abstract Task WhenTerminated { get; }

    public static ActorSystem Create(string name) => Create(name, ConfigurationFactory.Empty);

    public static ActorSystem Create(string name, Config config) => new ActorSystemImpl(name, config);

    public abstract object RegisterExtension(IExtensionId extension);

    public abstract object GetExtension(IExtensionId extensionId);

    public abstract bool HasExtension(Type type);

    public abstract void RegisterOnTermination(Action code);

    public abstract Task Terminate();

    public abstract void Stop(IActorRef actor);

    public abstract IActorRef ActorOf(Props props, string name = null);

    public abstract ActorSelection ActorSelection(ActorPath actorPath);

    public abstract ActorSelection ActorSelection(string actorPath);

    public void Dispose()
    {
        Terminate();
        GC.SuppressFinalize(this);
    }
}

public abstract class ExtendedActorSystem : ActorSystem
{
    public abstract IActorRefProvider Provider { get; }

    public abstract IActorRef SystemActorOf(Props props, string name = null);
}

public class Settings
{
    internal Settings(Config config) => Config = config;

    public Config Config { get; private set; }

    /// <summary>Puts a package's defaults below everything.</summary>
    internal void InjectTopLevelFallback(Config config) => Config = Config.WithFallback(config);
}
