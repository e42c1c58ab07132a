using Akka.Actor;

namespace Akka.Remote;

/// <summary>An actor of another system.</summary>
internal sealed class RemoteActorRef(RemoteActorRefProvider provider, ActorPath path) : InternalActorRef
{
    public override ActorPath Path => path;

    public override ActorSystemImpl System => provider.System;

    public override void Tell(object message, IActorRef sender)
    {
        InvalidMessageException.ThrowIfNull(message);
        provider.Remoting.Send(message, sender, this);
    }

    /// <summary>Watching goes through the remote watcher, which sees to it that also the loss of the other system is heard of.</summary>
    public override void SendSystemMessage(ISystemMessage message)
    {
        switch (message)
        {
            case WatchActor watch when !watch.Watcher.Equals(provider.RemoteWatcher):
                provider.RemoteWatcher.Tell(new RemoteWatcher.WatchRemote(watch.Watchee, watch.Watcher), ActorRefs.NoSender);
                break;
            case UnwatchActor unwatch when !unwatch.Watcher.Equals(provider.RemoteWatcher):
                provider.RemoteWatcher.Tell(new RemoteWatcher.UnwatchRemote(unwatch.Watchee, unwatch.Watcher), ActorRefs.NoSender);
                break;
            default:
                provider.Remoting.Send(message, ActorRefs.NoSender, this);
                break;
        }
    }
}
