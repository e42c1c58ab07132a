using Akka.Actor;
using Akka.Event;
using Google.Protobuf;

namespace Akka.Remote.Transport;

/// <summary>One end of a connection between two systems.</summary>
public abstract class AssociationHandle
{
    protected AssociationHandle(Address localAddress, Address remoteAddress)
    {
        LocalAddress = localAddress;
        RemoteAddress = remoteAddress;
        ReadHandlerSource = new TaskCompletionSource<IHandleEventListener>(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    public Address LocalAddress { get; protected set; }

    public Address RemoteAddress { get; protected set; }

    /// <summary>Who hears of what arrives; until it is set nothing is read.</summary>
    public TaskCompletionSource<IHandleEventListener> ReadHandlerSource { get; protected set; }

    /// <summary>Takes a byte string for sending, whole and in order; false when it cannot take it now.</summary>
    public abstract bool Write(ByteString payload);

    [Obsolete("Use the method that states reasons to make sure disassociation reasons are logged.")]
    public abstract void Disassociate();

    public void Disassociate(string reason, ILoggingAdapter log)
    {
        if (log.IsDebugEnabled)
        {
            log.Debug("Association between local [{0}] and remote [{1}] was disassociated because {2}", LocalAddress, RemoteAddress, reason);
        }

#pragma warning disable CS0618 // The one that states no reason is the one that transports implement.
        Disassociate();
#pragma warning restore CS0618
    }
}

public interface IHandleEvent : INoSerializationVerificationNeeded
{
}

public sealed class InboundPayload : IHandleEvent
{
    public InboundPayload(ByteString payload) => Payload = payload;

    public ByteString Payload { get; }
}

public sealed class Disassociated : IHandleEvent, IDeadLetterSuppression
{
    internal readonly DisassociateInfo Info;

    public Disassociated(DisassociateInfo info) => Info = info;
}

public enum DisassociateInfo
{
    Unknown = 0,
    Shutdown = 1,
    Quarantined = 2,
}

public interface IHandleEventListener
{
    void Notify(IHandleEvent ev);
}

public sealed class ActorHandleEventListener : IHandleEventListener
{
    public readonly IActorRef Actor;

    public ActorHandleEventListener(IActorRef actor) => Actor = actor;

    public void Notify(IHandleEvent ev) => Actor.Tell(ev, ActorRefs.NoSender);
}

public interface IAssociationEvent : INoSerializationVerificationNeeded
{
}

public sealed class InboundAssociation : IAssociationEvent
{
    public InboundAssociation(AssociationHandle association) => Association = association;

    public AssociationHandle Association { get; }
}

public interface IAssociationEventListener
{
    void Notify(IAssociationEvent ev);
}

public sealed class ActorAssociationEventListener : IAssociationEventListener
{
    public ActorAssociationEventListener(IActorRef actor) => Actor = actor;

    public IActorRef Actor { get; }

    public void Notify(IAssociationEvent ev) => Actor.Tell(ev, ActorRefs.NoSender);
}
