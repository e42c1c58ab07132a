using Akka.Event;

namespace Akka.Actor;

/// <summary>Takes what cannot be delivered, publishes it, and answers on behalf of actors that are not there.</summary>
internal sealed class DeadLetterActorRef(ActorSystemImpl system, ActorPath path) : InternalActorRef
{
    public override ActorPath Path => path;

    public override ActorSystemImpl System => system;

    public override void Tell(object message, IActorRef sender)
    {
        InvalidMessageException.ThrowIfNull(message);
        if (message is AllDeadLetters letter)
        {
            system.EventStream.Publish(letter);
        }
        else
        {
            Publish(message, sender, this);
        }
    }

    public override void SendSystemMessage(ISystemMessage message)
    {
        switch (message)
        {
            case WatchActor watch when !watch.Watchee.Equals(watch.Watcher):
                watch.Watcher.SendSystemMessage(new ActorDied(watch.Watchee, ExistenceConfirmed: false));
                break;
            case ActorDied or UnwatchActor or TerminateActor:
                break;
        }
    }

    /// <summary>Publishes a message that <paramref name="recipient"/> can no longer take.</summary>
    public void Publish(object message, IActorRef sender, IActorRef recipient)
    {
        sender ??= system.DeadLetters;
        switch (message)
        {
            case ActorSelectionMessage selection:
                Publish(selection.Message, sender, recipient);
                break;
            case Identify identify:
                sender.Tell(new ActorIdentity(identify.MessageId, null), ActorRefs.NoSender);
                break;
            case IDeadLetterSuppression:
                system.EventStream.Publish(new SuppressedDeadLetter((IDeadLetterSuppression)message, sender, recipient));
                break;
            default:
                system.EventStream.Publish(new DeadLetter(message, sender, recipient));
                break;
        }
    }
}
