namespace Akka.Actor;

/// <summary>An actor whose handlers are tried in the order in which they were given.</summary>
public abstract class ReceiveActor : UntypedActor
{
    private readonly Handlers _initial = new();
    private Handlers _configuring;

    protected ReceiveActor() => _configuring = _initial;

    protected override void OnReceive(object message)
    {
        _configuring = null;
        if (!_initial.Handle(message))
        {
            Unhandled(message);
        }
    }

    protected void Become(Action configure) => Become(Configure(configure));

    protected void BecomeStacked(Action configure) => BecomeStacked(Configure(configure));

    protected void Receive<T>(Action<T> handler, Predicate<T> shouldHandle = null) => Add(handler, shouldHandle);

    protected void Receive<T>(Predicate<T> shouldHandle, Action<T> handler) => Add(handler, shouldHandle);

    protected void Receive(Type messageType, Action<object> handler, Predicate<object> shouldHandle = null) =>
        Configuring.Add(message => messageType.IsInstanceOfType(message) && Run(handler, shouldHandle, message), isLast: messageType == typeof(object) && shouldHandle is null);

    protected void Receive(Type messageType, Predicate<object> shouldHandle, Action<object> handler) => Receive(messageType, handler, shouldHandle);

    protected void Receive<T>(Func<T, bool> handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        Configuring.Add(message => message is T typed && handler(typed), isLast: false);
    }

    protected void Receive(Type messageType, Func<object, bool> handler) =>
        Configuring.Add(message => messageType.IsInstanceOfType(message) && handler(message), isLast: false);

    protected void ReceiveAny(Action<object> handler) => Add(handler, null);

    private Handlers Configuring =>
        _configuring ?? throw new InvalidOperationException("You may only call Receive-methods when constructing the actor and inside Become().");

    private void Add<T>(Action<T> handler, Predicate<T> shouldHandle)
    {
        ArgumentNullException.ThrowIfNull(handler);
        Configuring.Add(message => message is T typed && Run(handler, shouldHandle, typed), isLast: typeof(T) == typeof(object) && shouldHandle is null);
    }

    private static bool Run<T>(Action<T> handler, Predicate<T> shouldHandle, T message)
    {
        if (shouldHandle is not null && !shouldHandle(message))
        {
            return false;
        }

        handler(message);
        return true;
    }

    private Receive Configure(Action configure)
    {
        var outer = _configuring;
        var handlers = _configuring = new Handlers();
        try
        {
            configure();
        }
        finally
        {
            _configuring = outer;
        }

        return handlers.Handle;
    }

    private sealed class Handlers
    {
        private readonly List<Func<object, bool>> _handlers = [];
        private bool _handlesAll;

        public void Add(Func<object, bool> handler, bool isLast)
        {
            if (_handlesAll)
            {
                throw new InvalidOperationException("A handler that catches all messages has been added. No handler can be added after that.");
            }

            _handlers.Add(handler);
            _handlesAll = isLast;
        }

        public bool Handle(object message)
        {
            foreach (var handler in _handlers)
            {
                if (handler(message))
                {
                    return true;
                }
            }

            return false;
        }
    }
}
