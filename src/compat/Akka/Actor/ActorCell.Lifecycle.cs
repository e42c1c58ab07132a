using Akka.Event;

namespace Akka.Actor;

/// <summary>Creation, failure, restart and end.</summary>
internal sealed partial class ActorCell
{
    /// <summary>Whether this actor has failed and awaits its supervisor's decision, or is ending: further failures are not reported.</summary>
    private bool _hasFailed;

    /// <summary>The child whose failure failed this actor too; it is already suspended.</summary>
    private IActorRef _perpetrator;

    private Exception _pendingRestart;
    private bool _isTerminating;

    private bool IsRestartPending => _pendingRestart is not null;

    private void Create(Exception restartCause)
    {
        try
        {
            _actor = NewActor();
            if (restartCause is null)
            {
                _actor.AroundPreStart();
            }
            else
            {
                _actor.AroundPostRestart(restartCause, null);
            }

            ScheduleReceiveTimeout();
        }
        catch (Exception cause)
        {
            ClearActor();
            throw cause as ActorInitializationException ?? new ActorInitializationException(Self, "Exception during creation", Innermost(cause));
        }
    }

    private ActorBase NewActor()
    {
        _behaviors.Clear();
        ReceiveTimeout = null;
        var actor = Props.NewActor();
        GiveTimersAndStash(actor);
        return actor;
    }

    private static Exception Innermost(Exception cause) =>
        cause is System.Reflection.TargetInvocationException { InnerException: { } inner } ? inner : cause;

    /// <summary>Suspends this actor and its children and asks the supervisor what to do.</summary>
    private void Fail(Exception cause)
    {
        Mailbox.Suspend();
        if (_hasFailed)
        {
            return;
        }

        _hasFailed = true;
        SuspendChildren(except: _perpetrator);
        Parent.SendSystemMessage(new ChildFailed(Self, cause));
    }

    private void Supervise(ChildFailed failed)
    {
        if (!TryGetChild(failed.Child, out var child))
        {
            return;
        }

        var strategy = Props.SupervisorStrategy ?? _actor?.Strategy ?? SupervisorStrategy.DefaultStrategy;
        if (!strategy.HandleFailure(this, child, failed.Cause))
        {
            _perpetrator = failed.Child;
            throw failed.Cause;
        }
    }

    private void Resume(Exception causedByFailure)
    {
        if (_actor is null)
        {
            // It failed before it came to life: there is nothing to go on with.
            CreateAgain();
            return;
        }

        var perpetrator = _perpetrator;
        Mailbox.Resume();
        if (causedByFailure is not null)
        {
            ClearFailed();
        }

        foreach (var child in Children())
        {
            child.SendSystemMessage(new ResumeActor(child.Equals(perpetrator) ? causedByFailure : null));
        }
    }

    private void Restart(Exception cause)
    {
        if (_isTerminating)
        {
            return;
        }

        if (_actor is null)
        {
            CreateAgain();
            return;
        }

        try
        {
            _timers?.CancelAll();
            _actor.AroundPreRestart(cause, _message.Content);
        }
        catch (Exception inHook)
        {
            LogHookFailure(inHook, "PreRestart");
        }

        TakeTimersAndStash();
        CancelReceiveTimeout();
        _actor = null;
        _pendingRestart = cause;
        FinishIfNoChildDies();
    }

    private void CreateAgain()
    {
        foreach (var child in Children())
        {
            Stop(child);
        }

        Mailbox.Resume();
        ClearFailed();
        Create(null);
    }

    private void FinishRestart()
    {
        var cause = _pendingRestart;
        _pendingRestart = null;
        var survivors = Children();
        Mailbox.Resume();
        ClearFailed();
        _message = default;
        Create(cause);
        foreach (var child in survivors)
        {
            child.SendSystemMessage(new RestartActor(cause));
        }
    }

    private void Terminate()
    {
        if (_isTerminating)
        {
            return;
        }

        _isTerminating = true;
        _pendingRestart = null;
        ReceiveTimeout = null;
        CancelReceiveTimeout();
        UnwatchAll();
        CloseToNewChildren();
        foreach (var child in Children())
        {
            Stop(child);
        }

        // Failures on the way out are nobody's business, and no user message is handled any more.
        Mailbox.Suspend();
        _hasFailed = true;
        FinishIfNoChildDies();
    }

    private void FinishIfNoChildDies()
    {
        if (HasDyingChildren || _isTerminated)
        {
            return;
        }

        if (_isTerminating)
        {
            FinishTerminate();
        }
        else if (IsRestartPending)
        {
            FinishRestart();
        }
    }

    private void FinishTerminate()
    {
        try
        {
            _actor?.AroundPostStop();
        }
        catch (Exception inHook)
        {
            LogHookFailure(inHook, "PostStop");
        }

        TakeTimersAndStash();
        _isTerminated = true;
        ClearActor();
        System.EventStream.Unsubscribe(Self);
        System.AddressTerminations.Unsubscribe(Self);
        Mailbox.Close();
        Parent.SendSystemMessage(new ActorDied(Self, ExistenceConfirmed: true));
        TellWatchers();
        UnwatchAll();
    }

    private void ClearFailed()
    {
        _hasFailed = false;
        _perpetrator = null;
    }

    private void ClearActor()
    {
        _actor = null;
        _timers = null;
        _stash = null;
        _behaviors.Clear();
        _message = default;
    }

    private void LogHookFailure(Exception cause, string hook) =>
        System.EventStream.Publish(new Error(cause, Self.Path.ToString(), _actor?.GetType() ?? Props.Type, $"{hook} threw: {cause.Message}"));
}
