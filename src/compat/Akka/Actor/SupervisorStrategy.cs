using Akka.Event;

namespace Akka.Actor;

public enum Directive
{
    Resume = 0,
    Restart = 1,
    Escalate = 2,
    Stop = 3,
}

public interface IDecider
{
    Directive Decide(Exception cause);
}

/// <summary>What an actor does about the failures of its children.</summary>
public abstract class SupervisorStrategy
{
    public static IDecider DefaultDecider = new FunctionDecider(cause =>
        cause is ActorInitializationException or ActorKilledException or DeathPactException ? Directive.Stop : Directive.Restart);

    public static readonly SupervisorStrategy DefaultStrategy = new OneForOneStrategy(DefaultDecider);

    public static readonly OneForOneStrategy StoppingStrategy = new(_ => Directive.Stop);

    public abstract IDecider Decider { get; }

    protected bool LoggingEnabled { get; set; } = true;

    /// <summary>Decides and acts.</summary>
    /// <returns>False when the failure is to become the supervisor's own.</returns>
    internal bool HandleFailure(ActorCell supervisor, Child child, Exception cause)
    {
        var directive = Handle(child.Reference, cause);
        if (LoggingEnabled)
        {
            LogFailure(supervisor, child.Reference, cause, directive);
        }

        switch (directive)
        {
            case Directive.Escalate:
                return false;
            case Directive.Resume:
                child.Reference.SendSystemMessage(new ResumeActor(cause));
                break;
            case Directive.Restart when MayRestart(child):
                child.Reference.SendSystemMessage(new RestartActor(cause));
                break;
            default:
                supervisor.Stop(child.Reference);
                break;
        }

        return true;
    }

    internal abstract bool MayRestart(Child child);

    protected abstract Directive Handle(IActorRef child, Exception exception);

    protected virtual void LogFailure(IActorContext context, IActorRef child, Exception cause, Directive directive)
    {
        var message = (cause is ActorInitializationException { InnerException: { } inner } ? inner : cause).Message;
        switch (directive)
        {
            case Directive.Escalate:
                break;
            case Directive.Resume:
                context.System.EventStream.Publish(new Warning(child.Path.ToString(), GetType(), message));
                break;
            default:
                context.System.EventStream.Publish(new Error(cause, child.Path.ToString(), GetType(), message));
                break;
        }
    }

    internal sealed class FunctionDecider(Func<Exception, Directive> decide) : IDecider
    {
        public Directive Decide(Exception cause) => decide(cause);
    }
}

/// <summary>Acts on the failed child only.</summary>
public class OneForOneStrategy : SupervisorStrategy
{
    public OneForOneStrategy(int? maxNrOfRetries, TimeSpan? withinTimeRange, Func<Exception, Directive> localOnlyDecider)
        : this(maxNrOfRetries ?? -1, Milliseconds(withinTimeRange), localOnlyDecider)
    {
    }

    public OneForOneStrategy(int maxNrOfRetries, int withinTimeMilliseconds, Func<Exception, Directive> localOnlyDecider, bool loggingEnabled = true)
        : this(maxNrOfRetries, withinTimeMilliseconds, new FunctionDecider(localOnlyDecider), loggingEnabled)
    {
    }

    public OneForOneStrategy(int maxNrOfRetries, int withinTimeMilliseconds, IDecider decider, bool loggingEnabled = true)
    {
        MaxNumberOfRetries = maxNrOfRetries;
        WithinTimeRangeMilliseconds = withinTimeMilliseconds;
        Decider = decider;
        LoggingEnabled = loggingEnabled;
    }

    public OneForOneStrategy(Func<Exception, Directive> localOnlyDecider)
        : this(-1, -1, localOnlyDecider)
    {
    }

    public OneForOneStrategy(Func<Exception, Directive> localOnlyDecider, bool loggingEnabled = true)
        : this(-1, -1, localOnlyDecider, loggingEnabled)
    {
    }

    public OneForOneStrategy(IDecider decider)
        : this(-1, -1, decider)
    {
    }

    public int MaxNumberOfRetries { get; }

    public int WithinTimeRangeMilliseconds { get; }

    public override IDecider Decider { get; }

    internal override bool MayRestart(Child child) => child.MayRestart(MaxNumberOfRetries, WithinTimeRangeMilliseconds, Environment.TickCount64);

    protected override Directive Handle(IActorRef child, Exception exception) => Decider.Decide(exception);

    private static int Milliseconds(TimeSpan? range) =>
        range is { } within && within != Timeout.InfiniteTimeSpan ? (int)Math.Min(within.TotalMilliseconds, int.MaxValue) : -1;
}
