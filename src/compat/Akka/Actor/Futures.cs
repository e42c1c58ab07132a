namespace Akka.Actor;

public static class Futures
{
    public static Task<object> Ask(this ICanTell self, object message, TimeSpan? timeout = null) => self.Ask<object>(message, timeout, CancellationToken.None);

    public static Task<object> Ask(this ICanTell self, object message, CancellationToken cancellationToken) => self.Ask<object>(message, null, cancellationToken);

    public static Task<object> Ask(this ICanTell self, object message, TimeSpan? timeout, CancellationToken cancellationToken) =>
        self.Ask<object>(message, timeout, cancellationToken);

    public static Task<T> Ask<T>(this ICanTell self, object message, TimeSpan? timeout = null) => self.Ask<T>(message, timeout, CancellationToken.None);

    public static Task<T> Ask<T>(this ICanTell self, object message, CancellationToken cancellationToken) => self.Ask<T>(message, null, cancellationToken);

    public static Task<T> Ask<T>(this ICanTell self, object message, TimeSpan? timeout, CancellationToken cancellationToken) =>
        self.Ask<T>(_ => message, timeout, cancellationToken);

    public static Task<T> Ask<T>(this ICanTell self, Func<IActorRef, object> messageFactory, TimeSpan? timeout, CancellationToken cancellationToken)
    {
        var system = SystemOf(self) ?? throw new ArgumentException("Unable to resolve the target Provider", nameof(self));
        var answer = new FutureActorRef<T>(system);
        answer.ExpireAfter(timeout ?? system.AskTimeout, cancellationToken);
        self.Tell(messageFactory(answer), answer);
        return answer.Task;
    }

    internal static ActorSystemImpl SystemOf(ICanTell target) => target switch
    {
        Nobody => null,
        IInternalActorRef reference => reference.System,
        ActorSelection { Anchor: IInternalActorRef anchor } => anchor.System,
        _ => null,
    };
}

/// <summary>Stands for the one who asks: its first message is the answer, later ones are dead letters.</summary>
internal sealed class FutureActorRef<T> : InternalActorRef
{
    private readonly ActorSystemImpl _system;
    private readonly TaskCompletionSource<T> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private CancellationTokenSource _timeout;
    private CancellationTokenRegistration _onTimeout;
    private CancellationTokenRegistration _onCancel;

    public FutureActorRef(ActorSystemImpl system)
    {
        _system = system;
        Path = system.NextTemporaryPath();
        system.LocalProvider.AddTemporary(this);
    }

    public override ActorPath Path { get; }

    public override ActorSystemImpl System => _system;

    public Task<T> Task => _answer.Task;

    public void ExpireAfter(TimeSpan timeout, CancellationToken cancellationToken)
    {
        if (cancellationToken.CanBeCanceled)
        {
            _onCancel = cancellationToken.Register(() => _answer.TrySetCanceled(cancellationToken));
        }

        if (timeout != Timeout.InfiniteTimeSpan)
        {
            _timeout = new CancellationTokenSource(timeout);
            _onTimeout = _timeout.Token.Register(() => _answer.TrySetException(new AskTimeoutException($"Timeout after {timeout} seconds")));
        }

        _ = _answer.Task.ContinueWith(_ => Release(), TaskContinuationOptions.ExecuteSynchronously);
    }

    public override void Tell(object message, IActorRef sender)
    {
        var isFirst = message switch
        {
            T answer => _answer.TrySetResult(answer),
            Status.Failure failure => _answer.TrySetException(failure.Cause ?? new TaskCanceledException("Task cancelled by actor via Failure message.")),
            _ => _answer.TrySetException(new ArgumentException($"Received message of type [{message.GetType()}] - Ask expected message of type [{typeof(T)}]")),
        };
        if (!isFirst && !_answer.Task.IsCanceled)
        {
            _system.DeadLetterRef.Publish(message, sender, this);
        }
    }

    /// <summary>Hears the end of an actor that was watched on its behalf (<see cref="GracefulStopSupport"/>).</summary>
    public override void SendSystemMessage(ISystemMessage message)
    {
        if (message is ActorDied died)
        {
            Tell(new Terminated(died.Actor, died.ExistenceConfirmed, died.AddressTerminated), died.Actor);
        }
    }

    private void Release()
    {
        _system.LocalProvider.RemoveTemporary(this);
        _onCancel.Dispose();
        _onTimeout.Dispose();
        _timeout?.Dispose();
    }
}

public static class GracefulStopSupport
{
    public static Task<bool> GracefulStop(this IActorRef target, TimeSpan timeout) => GracefulStop(target, timeout, PoisonPill.Instance);

    public static async Task<bool> GracefulStop(this IActorRef target, TimeSpan timeout, object stopMessage)
    {
        var watched = (IInternalActorRef)target;
        var end = new FutureActorRef<Terminated>(watched.System);
        end.ExpireAfter(timeout, CancellationToken.None);
        watched.SendSystemMessage(new WatchActor(watched, end));
        target.Tell(stopMessage, ActorRefs.NoSender);
        try
        {
            await end.Task.ConfigureAwait(false);
            return true;
        }
        catch (AskTimeoutException)
        {
            watched.SendSystemMessage(new UnwatchActor(watched, end));
            throw new TaskCanceledException();
        }
    }
}

public static class PipeToSupport
{
    public static async Task PipeTo<T>(this Task<T> taskToPipe, ICanTell recipient, IActorRef sender = null, Func<T, object> success = null, Func<Exception, object> failure = null)
    {
        try
        {
            var result = await taskToPipe.ConfigureAwait(false);
            recipient.Tell(success is null ? result : success(result), sender);
        }
        catch (Exception cause)
        {
            recipient.Tell(failure is null ? new Status.Failure(cause) : failure(cause), sender);
        }
    }

    public static async Task PipeTo(this Task taskToPipe, ICanTell recipient, IActorRef sender = null, Func<object> success = null, Func<Exception, object> failure = null)
    {
        try
        {
            await taskToPipe.ConfigureAwait(false);
            if (success is not null)
            {
                recipient.Tell(success(), sender);
            }
        }
        catch (Exception cause)
        {
            recipient.Tell(failure is null ? new Status.Failure(cause) : failure(cause), sender);
        }
    }
}
