using System.Collections.Concurrent;

namespace Akka.Actor;

/// <summary>The actors that watch, or are watched by, actors of other systems.</summary>
internal sealed class AddressTerminatedTopic
{
    private readonly ConcurrentDictionary<LocalActorRef, bool> _subscribers = new();

    public void Subscribe(LocalActorRef subscriber) => _subscribers.TryAdd(subscriber, true);

    public void Unsubscribe(LocalActorRef subscriber) => _subscribers.TryRemove(subscriber, out _);

    public void Publish(Address address)
    {
        foreach (var subscriber in _subscribers.Keys)
        {
            subscriber.SendSystemMessage(new AddressTerminated(address));
        }
    }
}
