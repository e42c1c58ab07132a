using System.Reflection;
using System.Runtime.Serialization;
using Akka.Actor;

namespace Akka.Serialization;

/// <summary>Akka's own messages that cross the wire.</summary>
internal sealed class MiscMessageSerializer(ExtendedActorSystem system) : SerializerWithStringManifest(system)
{
    public override int Identifier => 16;

    public override string Manifest(object o) => o switch
    {
        Identify => "identify",
        ActorIdentity => "identity",
        IActorRef => "actor",
        Address => "address",
        PoisonPill => "poison",
        Kill => "kill",
        Status.Success => "success",
        Status.Failure => "failure",
        ActorSelectionMessage => "selection",
        WatchActor => "watch",
        UnwatchActor => "unwatch",
        ActorDied => "died",
        TerminateActor => "terminate",
        _ => throw new SerializationException($"{o?.GetType()} does not leave its system"),
    };

    public override byte[] ToBinary(object obj)
    {
        using var fields = new FieldWriter(system.Serialization);
        switch (obj)
        {
            case Identify identify:
                fields.Object(identify.MessageId);
                break;
            case ActorIdentity identity:
                fields.Object(identity.MessageId).Actor(identity.Subject);
                break;
            case IActorRef actor:
                fields.Actor(actor);
                break;
            case Address address:
                fields.Text(address.ToString());
                break;
            case Status.Success success:
                fields.Object(success.Status);
                break;
            case Status.Failure failure:
                fields.Text(failure.Cause is null ? "" : Serialization.NameOf(failure.Cause.GetType())).Text(failure.Cause?.Message).Object(failure.State);
                break;
            case ActorSelectionMessage selection:
                fields.Object(selection.Message).Texts(selection.Elements);
                break;
            case WatchActor watch:
                fields.Actor(watch.Watchee).Actor(watch.Watcher);
                break;
            case UnwatchActor unwatch:
                fields.Actor(unwatch.Watchee).Actor(unwatch.Watcher);
                break;
            case ActorDied died:
                fields.Actor(died.Actor).Flag(died.ExistenceConfirmed).Flag(died.AddressTerminated);
                break;
        }

        return fields.ToArray();
    }

    public override object FromBinary(byte[] bytes, string manifest)
    {
        var fields = new FieldReader(system.Serialization, bytes);
        switch (manifest)
        {
            case "identify":
                return new Identify(fields.Object());
            case "identity":
                return new ActorIdentity(fields.Object(), fields.Actor());
            case "actor":
                return fields.Actor() ?? ActorRefs.Nobody;
            case "address":
                return Address.TryParse(fields.Text(), out var address) ? address : throw new SerializationException("no address");
            case "poison":
                return PoisonPill.Instance;
            case "kill":
                return Kill.Instance;
            case "success":
                return new Status.Success(fields.Object());
            case "failure":
                return new Status.Failure(Failure(fields.Text(), fields.Text()), fields.Object());
            case "selection":
                return new ActorSelectionMessage(fields.Object() ?? throw new SerializationException("a selection without a message"), fields.Texts());
            case "watch":
                return new WatchActor(Required(fields.Actor()), Required(fields.Actor()));
            case "unwatch":
                return new UnwatchActor(Required(fields.Actor()), Required(fields.Actor()));
            case "died":
                return new ActorDied(Required(fields.Actor()), fields.Flag(), fields.Flag());
            case "terminate":
                return new TerminateActor();
            default:
                throw new SerializationException($"no message is called '{manifest}'");
        }
    }

    private static IInternalActorRef Required(IActorRef reference) => reference as IInternalActorRef ?? throw new SerializationException("a reference is missing");

    /// <summary>An exception of the same type where it can be made from its text, else one with the same text.</summary>
    private static Exception Failure(string typeName, string message)
    {
        if (typeName.Length == 0)
        {
            return null;
        }

        try
        {
            if (Type.GetType(typeName, throwOnError: false) is { } type && type.IsSubclassOf(typeof(Exception)))
            {
                return (Exception)Activator.CreateInstance(type, message);
            }
        }
        catch (Exception cause) when (cause is MemberAccessException or TargetInvocationException or IOException or BadImageFormatException or ArgumentException or NotSupportedException)
        {
        }

        return new Exception(message);
    }
}
