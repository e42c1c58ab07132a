using System.Collections.Concurrent;
using Akka.Actor;

namespace Akka.TestKit;

/// <summary>A message that reached a test actor.</summary>
internal readonly record struct Received(object Message, IActorRef Sender);

/// <summary>Keeps what it receives for the test to look at.</summary>
internal sealed class TestActor(BlockingCollection<Received> queue) : UntypedActor
{
    private Func<object, bool> _ignores = _ => false;

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case SetIgnore set:
                _ignores = set.Ignores;
                break;
            case StartWatch watch:
                Context.Watch(watch.Actor);
                Sender.Tell(watch.Actor, ActorRefs.NoSender);
                break;
            case EndWatch unwatch:
                Context.Unwatch(unwatch.Actor);
                Sender.Tell(unwatch.Actor, ActorRefs.NoSender);
                break;
            case Spawn spawn:
                Sender.Tell(Context.ActorOf(spawn.Props, spawn.Name), ActorRefs.NoSender);
                break;
            default:
                if (!_ignores(message))
                {
                    queue.Add(new Received(message, Sender));
                }

                break;
        }
    }

    public sealed record SetIgnore(Func<object, bool> Ignores);

    public sealed record StartWatch(IActorRef Actor);

    public sealed record EndWatch(IActorRef Actor);

    public sealed record Spawn(Props Props, string Name);
}
