namespace Akka.Actor;

/// <summary>The root of Akka's exceptions.</summary>
public abstract class AkkaException : Exception
{
    protected AkkaException()
    {
    }

    protected AkkaException(string message, Exception cause = null)
        : base(message, cause)
    {
    }
}

public class ActorInitializationException : AkkaException
{
    public ActorInitializationException(string message)
        : base(message)
    {
    }

    public ActorInitializationException(IActorRef actor, string message, Exception cause = null)
        : base(message, cause) => Actor = actor;

    public IActorRef Actor { get; set; }
}

public class ActorKilledException : AkkaException
{
    public ActorKilledException(string message)
        : base(message)
    {
    }
}

/// <summary>An actor did not handle the <see cref="Terminated"/> of an actor that it watches.</summary>
public class DeathPactException : AkkaException
{
    public DeathPactException(IActorRef deadActor)
        : base($"Monitored actor [{deadActor}] terminated") => DeadActor = deadActor;

    public IActorRef DeadActor { get; }
}

public class AskTimeoutException : AkkaException
{
    public AskTimeoutException(string message)
        : base(message)
    {
    }
}

public class ActorNotFoundException : AkkaException
{
    public ActorNotFoundException(string message)
        : base(message)
    {
    }
}

public class InvalidActorNameException : AkkaException
{
    public InvalidActorNameException(string message)
        : base(message)
    {
    }
}

public class IllegalActorStateException : AkkaException
{
    public IllegalActorStateException(string message)
        : base(message)
    {
    }
}

public class InvalidMessageException : AkkaException
{
    public InvalidMessageException(string message)
        : base(message)
    {
    }

    internal static void ThrowIfNull(object message)
    {
        if (message is null)
        {
            throw new InvalidMessageException("Message is null.");
        }
    }
}
