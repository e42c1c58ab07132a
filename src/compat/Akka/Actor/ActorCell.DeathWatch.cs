namespace Akka.Actor;

/// <summary>Whom this actor watches, and who watches it.</summary>
internal sealed partial class ActorCell
{
    /// <summary>The watched, each with the message to receive at its death; null for <see cref="Terminated"/>.</summary>
    private readonly Dictionary<IActorRef, object> _watching = [];

    /// <summary>The dead whose <see cref="Terminated"/> is in the mailbox and was not taken back by <see cref="Unwatch"/>.</summary>
    private readonly Dictionary<IActorRef, object> _announced = [];

    private readonly HashSet<IInternalActorRef> _watchers = [];

    public IActorRef Watch(IActorRef subject) => Watch(subject, null);

    public IActorRef WatchWith(IActorRef subject, object message)
    {
        ArgumentNullException.ThrowIfNull(message);
        return Watch(subject, message);
    }

    public IActorRef Unwatch(IActorRef subject)
    {
        if (!subject.Equals(Self) && _watching.Remove(subject))
        {
            ((IInternalActorRef)subject).SendSystemMessage(new UnwatchActor((IInternalActorRef)subject, Self));
        }

        _announced.Remove(subject);
        return subject;
    }

    private IActorRef Watch(IActorRef subject, object message)
    {
        if (subject.Equals(Self))
        {
            return subject;
        }

        if (!_watching.TryGetValue(subject, out var before))
        {
            _watching.Add(subject, message);
            HearOfAddresses(subject);
            ((IInternalActorRef)subject).SendSystemMessage(new WatchActor((IInternalActorRef)subject, Self));
        }
        else if (!Equals(before, message))
        {
            throw new InvalidOperationException($"Watch({Self}, {subject}) termination message was not overwritten from [{before}] to [{message}]. If this was intended, unwatch first.");
        }

        return subject;
    }

    private void AddWatcher(WatchActor watch)
    {
        if (watch.Watchee.Equals(Self))
        {
            _watchers.Add(watch.Watcher);
            HearOfAddresses(watch.Watcher);
        }
    }

    private void RemoveWatcher(UnwatchActor unwatch)
    {
        if (unwatch.Watchee.Equals(Self))
        {
            _watchers.Remove(unwatch.Watcher);
        }
    }

    private void WatchedActorDied(ActorDied died)
    {
        if (_watching.Remove(died.Actor, out var message) && !_isTerminating)
        {
            // Through the mailbox, so that it comes after what the dead actor had sent.
            _announced[died.Actor] = message;
            Self.Tell(new Terminated(died.Actor, died.ExistenceConfirmed, died.AddressTerminated), died.Actor);
        }

        if (TryGetChild(died.Actor, out _))
        {
            RemoveChild(died.Actor);
            FinishIfNoChildDies();
        }
    }

    private void WatchedAddressTerminated(Address address)
    {
        _watchers.RemoveWhere(watcher => watcher.Path.Address == address);
        foreach (var subject in _watching.Keys.Where(subject => subject.Path.Address == address).ToArray())
        {
            WatchedActorDied(new ActorDied(subject, ExistenceConfirmed: false, AddressTerminated: true));
        }
    }

    /// <summary>Subscribes to the end of addresses while an actor of another system watches or is watched.</summary>
    private void HearOfAddresses(IActorRef other)
    {
        if (!System.LocalProvider.IsOwn(other.Path.Address))
        {
            System.AddressTerminations.Subscribe(Self);
        }
    }

    private void DeliverTerminated(Terminated terminated)
    {
        if (_announced.Remove(terminated.ActorRef, out var message))
        {
            Deliver(message ?? terminated);
        }
    }

    private void UnwatchAll()
    {
        foreach (var subject in _watching.Keys)
        {
            ((IInternalActorRef)subject).SendSystemMessage(new UnwatchActor((IInternalActorRef)subject, Self));
        }

        _watching.Clear();
        _announced.Clear();
    }

    private void TellWatchers()
    {
        foreach (var watcher in _watchers)
        {
            if (!watcher.Equals(Parent))
            {
                watcher.SendSystemMessage(new ActorDied(Self, ExistenceConfirmed: true));
            }
        }

        _watchers.Clear();
    }
}
