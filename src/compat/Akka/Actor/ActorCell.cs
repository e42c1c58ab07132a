namespace Akka.Actor;

/// <summary>
/// The life of one actor: its mailbox, its incarnations, its children and whom it watches. Everything but the mailbox and the table of children is touched only in the actor's turn.
/// </summary>
internal sealed partial class ActorCell : IUntypedActorContext
{
    [ThreadStatic]
    private static ActorCell t_current;

    private readonly List<IWaitsForRestart> _waitingForRestart = [];
    private readonly Stack<Receive> _behaviors = new();
    private ActorBase _actor;
    private Message _message;
    private ActorStash _stash;
    private ActorTimers _timers;
    private bool _isTerminated;

    public ActorCell(ActorSystemImpl system, LocalActorRef self, Props props, IInternalActorRef parent)
    {
        System = system;
        Self = self;
        Props = props;
        Parent = parent;
        Mailbox = new Mailbox(this, system.Throughput);
    }

    /// <summary>The cell whose actor this thread runs; tests put their test actor's here.</summary>
    public static ActorCell Current
    {
        get => t_current;
        set => t_current = value;
    }

    public static IActorRef CurrentSelfOrNoSender => t_current?.Self ?? ActorRefs.NoSender;

    public ActorSystemImpl System { get; }

    public LocalActorRef Self { get; }

    public Props Props { get; }

    public IInternalActorRef Parent { get; }

    public Mailbox Mailbox { get; }

    public IActorRef Sender => _message.Sender ?? System.DeadLetters;

    public Message CurrentMessage => _message;

    public TimeSpan? ReceiveTimeout { get; private set; }

    ActorSystem IActorContext.System => System;

    IActorRef IActorContext.Self => Self;

    IActorRef IActorContext.Parent => Parent;

    public void Become(Receive receive)
    {
        if (_behaviors.Count > 1)
        {
            _behaviors.Pop();
        }

        _behaviors.Push(receive);
    }

    public void BecomeStacked(Receive receive) => _behaviors.Push(receive);

    public void UnbecomeStacked()
    {
        if (_behaviors.Count > 1)
        {
            _behaviors.Pop();
        }
    }

    public void Become(UntypedReceive receive) => Become(Always(receive));

    public void BecomeStacked(UntypedReceive receive) => BecomeStacked(Always(receive));

    public void SetReceiveTimeout(TimeSpan? timeout)
    {
        // Started anew when the message at hand is done.
        CancelReceiveTimeout();
        ReceiveTimeout = timeout;
    }

    public ActorSelection ActorSelection(ActorPath actorPath) => System.ActorSelection(actorPath);

    public ActorSelection ActorSelection(string actorPath) => ActorPath.TryParse(actorPath, out var absolute)
        ? System.ActorSelection(absolute)
        : new(actorPath.StartsWith('/') ? System.Root : Self, actorPath);

    /// <summary>Handles one user message.</summary>
    public void Invoke(in Message message) => InTurn(message, static (cell, message) =>
    {
        cell._message = message;
        var content = message.Content;
        try
        {
            if (content is TimerMessage timer && !cell.TryUnwrap(timer, out content))
            {
                return;
            }

            var influencesTimeout = content is not INotInfluenceReceiveTimeout;
            if (influencesTimeout)
            {
                cell.CancelReceiveTimeout();
            }

            switch (content)
            {
                case IAutoReceivedMessage auto:
                    cell.AutoReceive(auto);
                    break;
                default:
                    cell.Deliver(content);
                    break;
            }

            cell._message = default;
        }
        catch (Exception cause)
        {
            cell.Fail(cause);
        }
        finally
        {
            cell.ScheduleReceiveTimeout();
        }
    });

    /// <summary>Handles one message of the lifecycle.</summary>
    public void Invoke(ISystemMessage message) => InTurn(message, static (cell, message) =>
    {
        if (message is IWaitsForRestart waiting && cell.IsRestartPending)
        {
            cell._waitingForRestart.Add(waiting);
            return;
        }

        try
        {
            cell.Handle(message);
        }
        catch (Exception cause)
        {
            cell.Fail(cause);
        }

        if (!cell.IsRestartPending && cell._waitingForRestart.Count > 0)
        {
            var waited = cell._waitingForRestart.ToArray();
            cell._waitingForRestart.Clear();
            foreach (var next in waited)
            {
                cell.Invoke(next);
            }
        }
    });

    private static Receive Always(UntypedReceive receive) => message =>
    {
        receive(message);
        return true;
    };

    private void InTurn<T>(T argument, Action<ActorCell, T> run)
    {
        var before = t_current;
        t_current = this;
        try
        {
            run(this, argument);
        }
        finally
        {
            t_current = before;
        }
    }

    private void Handle(ISystemMessage message)
    {
        if (_isTerminated)
        {
            System.DeadLetterRef.SendSystemMessage(message);
            return;
        }

        switch (message)
        {
            case CreateActor:
                Create(null);
                break;
            case SuspendActor:
                Mailbox.Suspend();
                SuspendChildren(except: null);
                break;
            case ResumeActor resume:
                Resume(resume.CausedByFailure);
                break;
            case RestartActor restart:
                Restart(restart.Cause);
                break;
            case TerminateActor:
                Terminate();
                break;
            case ChildFailed failed:
                Supervise(failed);
                break;
            case WatchActor watch:
                AddWatcher(watch);
                break;
            case UnwatchActor unwatch:
                RemoveWatcher(unwatch);
                break;
            case ActorDied died:
                WatchedActorDied(died);
                break;
            case AddressTerminated terminated:
                WatchedAddressTerminated(terminated.Address);
                break;
        }
    }

    private void AutoReceive(IAutoReceivedMessage message)
    {
        switch (message)
        {
            case Terminated terminated:
                DeliverTerminated(terminated);
                break;
            case PoisonPill:
                Stop(Self);
                break;
            case Kill:
                throw new ActorKilledException("Kill");
            case Identify identify:
                Sender.Tell(new ActorIdentity(identify.MessageId, Self), Self);
                break;
        }
    }

    private void Deliver(object message) => _actor.Handle(_behaviors.Peek(), message);

    // Receive timeout: restarted by each message that influences it.
    private ICancelable _receiveTimeout;

    private void ScheduleReceiveTimeout()
    {
        if (ReceiveTimeout is not { } timeout || _isTerminated)
        {
            CancelReceiveTimeout();
        }
        else if (_receiveTimeout is null)
        {
            _receiveTimeout = System.Scheduler.ScheduleTellOnceCancelable(timeout, Self, Actor.ReceiveTimeout.Instance, Self);
        }
    }

    private void CancelReceiveTimeout()
    {
        _receiveTimeout?.Cancel();
        _receiveTimeout = null;
    }

    // Timers and stash belong to an incarnation, and are made only for actors that ask for them.
    private bool TryUnwrap(TimerMessage timer, out object content)
    {
        content = null;
        return _timers is not null && _timers.TryAccept(timer, out content);
    }

    private void GiveTimersAndStash(ActorBase actor)
    {
        if (actor is IWithTimers withTimers)
        {
            withTimers.Timers = _timers = new ActorTimers(this);
        }

        if (actor is IActorStash withStash)
        {
            withStash.Stash = _stash = new ActorStash(this);
        }
    }

    private void TakeTimersAndStash()
    {
        _timers?.CancelAll();
        _timers = null;
        _stash?.UnstashAll();
        _stash = null;
    }
}
