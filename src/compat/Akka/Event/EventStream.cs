using System.Collections.Concurrent;
using Akka.Actor;

namespace Akka.Event;

/// <summary>Hands events to those who subscribed to their class or to one that it is a kind of.</summary>
public abstract class EventBus<TEvent, TClassifier, TSubscriber>
{
    private readonly Lock _lock = new();
    private readonly Dictionary<TClassifier, HashSet<TSubscriber>> _subscriptions = [];

    /// <summary>Who gets events of a class; forgotten when a subscription changes.</summary>
    private volatile ConcurrentDictionary<TClassifier, TSubscriber[]> _recipients = new();

    public virtual bool Subscribe(TSubscriber subscriber, TClassifier classifier)
    {
        lock (_lock)
        {
            if (!_subscriptions.TryGetValue(classifier, out var subscribers))
            {
                _subscriptions.Add(classifier, subscribers = []);
            }

            var changed = subscribers.Add(subscriber);
            _recipients = new();
            return changed;
        }
    }

    public virtual bool Unsubscribe(TSubscriber subscriber, TClassifier classifier)
    {
        lock (_lock)
        {
            var changed = _subscriptions.TryGetValue(classifier, out var subscribers) && subscribers.Remove(subscriber);
            _recipients = new();
            return changed;
        }
    }

    public virtual bool Unsubscribe(TSubscriber subscriber)
    {
        lock (_lock)
        {
            var changed = false;
            foreach (var subscribers in _subscriptions.Values)
            {
                changed |= subscribers.Remove(subscriber);
            }

            if (changed)
            {
                _recipients = new();
            }

            return changed;
        }
    }

    public virtual void Publish(TEvent @event)
    {
        var eventClass = GetClassifier(@event);
        var cache = _recipients;
        if (!cache.TryGetValue(eventClass, out var recipients))
        {
            lock (_lock)
            {
                cache = _recipients;
                recipients = [.. _subscriptions.Where(entry => Classify(@event, entry.Key)).SelectMany(entry => entry.Value).Distinct()];
                cache[eventClass] = recipients;
            }
        }

        foreach (var recipient in recipients)
        {
            Publish(@event, recipient);
        }
    }

    protected abstract bool IsSubClassification(TClassifier parent, TClassifier child);

    protected abstract void Publish(TEvent @event, TSubscriber subscriber);

    protected abstract bool Classify(TEvent @event, TClassifier classifier);

    protected abstract TClassifier GetClassifier(TEvent @event);
}

public abstract class ActorEventBus<TEvent, TClassifier> : EventBus<TEvent, TClassifier, IActorRef>
{
}

public class LoggingBus : ActorEventBus<object, Type>
{
    public LogLevel LogLevel { get; private set; } = LogLevel.InfoLevel;

    /// <summary>Above all levels: nothing is logged.</summary>
    internal const LogLevel Off = (LogLevel)int.MaxValue;

    public void SetLogLevel(LogLevel logLevel) => LogLevel = logLevel;

    internal bool IsEnabled(LogLevel level) => level >= LogLevel;

    protected override bool IsSubClassification(Type parent, Type child) => child.IsAssignableFrom(parent);

    protected override void Publish(object @event, IActorRef subscriber) => subscriber.Tell(@event, ActorRefs.NoSender);

    protected override bool Classify(object @event, Type classifier) => classifier.IsInstanceOfType(@event);

    protected override Type GetClassifier(object @event) => @event.GetType();
}

public class EventStream : LoggingBus
{
    /// <summary>The real one logs subscriptions when <paramref name="debug"/>; this one does not.</summary>
    public EventStream(bool debug)
    {
    }

    public override bool Subscribe(IActorRef subscriber, Type channel)
    {
        ArgumentNullException.ThrowIfNull(subscriber);
        return base.Subscribe(subscriber, channel);
    }

    public override bool Unsubscribe(IActorRef subscriber, Type channel)
    {
        ArgumentNullException.ThrowIfNull(subscriber);
        return base.Unsubscribe(subscriber, channel);
    }

    public override bool Unsubscribe(IActorRef subscriber)
    {
        ArgumentNullException.ThrowIfNull(subscriber);
        return base.Unsubscribe(subscriber);
    }
}
