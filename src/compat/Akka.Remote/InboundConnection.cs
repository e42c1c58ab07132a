using System.Diagnostics;
using System.Runtime.Serialization;
using Akka.Actor;
using Akka.Event;
using Akka.Remote.Transport;

namespace Akka.Remote;

/// <summary>How far the messages of another system have arrived, whichever connection they came on. Its lock is held while one is delivered.</summary>
internal sealed class InboundOrder
{
    /// <summary>The connection whose messages count; an older one may still hold some that were sent before.</summary>
    public InboundConnection Current { get; private set; }

    private int _uid;
    private long _lastNumber;

    /// <summary>Makes a connection the current one and returns the one before it.</summary>
    public InboundConnection Replace(InboundConnection connection, int uid)
    {
        if (_uid != uid)
        {
            _uid = uid;
            _lastNumber = 0;
        }

        var before = Current;
        Current = connection;
        return before;
    }

    /// <summary>Whether the system message with this number is the next; then it counts as arrived.</summary>
    public bool TryAdvance(long number)
    {
        if (number != _lastNumber + 1)
        {
            return false;
        }

        _lastNumber = number;
        return true;
    }

    public long LastNumber => _lastNumber;
}

/// <summary>A connection that another system made to this one. Everything on it is taken for hostile: what is not understood ends the connection.</summary>
internal sealed class InboundConnection(Remoting remoting, AssociationHandle handle) : IHandleEventListener
{
    private readonly FailureDetector _detector = remoting.NewTransportFailureDetector();
    private readonly long _since = Stopwatch.GetTimestamp();
    private Address _peer;
    private InboundOrder _order;
    private int _closed;

    public int PeerUid { get; private set; }

    public void Notify(IHandleEvent ev)
    {
        try
        {
            switch (ev)
            {
                case InboundPayload payload when _closed == 0:
                    lock (_detector)
                    {
                        _detector.HeartBeat();
                    }

                    Receive(Frame.Decode(payload.Payload));
                    break;
                case Disassociated:
                    Closed();
                    break;
            }
        }
        catch (SerializationException cause)
        {
            remoting.Log.Warning("Closing the connection from [{0}]: {1}", _peer ?? handle.RemoteAddress, cause.Message);
            Close(DisassociateInfo.Unknown, cause.Message);
        }
    }

    /// <summary>Closes the connection when its other end has fallen silent, or never said who it is.</summary>
    public void Check()
    {
        bool isAlive;
        lock (_detector)
        {
            isAlive = _detector.IsAvailable;
        }

        if (!isAlive || (_peer is null && Stopwatch.GetElapsedTime(_since) > remoting.Settings.HandshakeTimeout))
        {
            Close(DisassociateInfo.Unknown, "nothing was heard on it for too long");
        }
    }

    public void Close(DisassociateInfo reason, string why)
    {
        if (_closed == 0)
        {
            handle.Write(new Frame.Farewell(reason, remoting.Uid).Encode());
            Closed();
            handle.Disassociate(why, remoting.Log);
        }
    }

    private void Closed()
    {
        if (Interlocked.Exchange(ref _closed, 1) == 0)
        {
            remoting.Forget(this);
            if (_peer is not null)
            {
                remoting.Publish(new DisassociatedEvent(handle.LocalAddress, _peer, inbound: true));
            }
        }
    }

    private void Receive(Frame frame)
    {
        if (_peer is null)
        {
            Greet(frame as Frame.Hello ?? throw new SerializationException("the first frame is no hello"));
            return;
        }

        switch (frame)
        {
            case Frame.Envelope envelope:
                lock (_order)
                {
                    if (_order.Current == this)
                    {
                        Receive(envelope);
                    }
                }

                break;
            case Frame.Pulse:
                handle.Write(frame.Encode());
                break;
            case Frame.Farewell farewell:
                if (farewell.Reason == DisassociateInfo.Quarantined)
                {
                    remoting.QuarantinedBy(_peer, PeerUid);
                }

                Closed();
                handle.Disassociate("the other system said farewell", remoting.Log);
                break;
            default:
                throw new SerializationException($"no {frame.GetType().Name} is expected here");
        }
    }

    private void Greet(Frame.Hello hello)
    {
        if (!remoting.IsOwn(hello.To))
        {
            throw new SerializationException($"[{hello.From}] means to reach [{hello.To}], this is [{remoting.DefaultAddress}]");
        }

        if (remoting.IsQuarantined(hello.From, hello.Uid))
        {
            Close(DisassociateInfo.Quarantined, "its system is quarantined");
            return;
        }

        InboundConnection before;
        var order = remoting.OrderOf(hello.From);
        lock (order)
        {
            PeerUid = hello.Uid;
            _order = order;
            _peer = hello.From;
            before = order.Replace(this, hello.Uid);
        }

        before?.Close(DisassociateInfo.Unknown, "a newer one takes its place");
        remoting.PeerHeard(hello.From, hello.Uid);
        if (!handle.Write(new Frame.Welcome(hello.To, remoting.Uid).Encode()))
        {
            Close(DisassociateInfo.Unknown, "it takes no answer");
            return;
        }

        remoting.Publish(new AssociatedEvent(hello.To, hello.From, inbound: true));
    }

    private void Receive(Frame.Envelope envelope)
    {
        if (envelope.Number != 0)
        {
            if (_order.TryAdvance(envelope.Number))
            {
                Deliver(envelope);
            }

            handle.Write(new Frame.Acknowledgement(_order.LastNumber).Encode());
        }
        else
        {
            Deliver(envelope);
        }
    }

    private void Deliver(Frame.Envelope envelope)
    {
        object message;
        IActorRef sender;
        try
        {
            message = remoting.System.Serialization.Deserialize(envelope.Payload, envelope.Serializer, envelope.Manifest)
                ?? throw new SerializationException("it is null");
            sender = envelope.Sender.Length == 0 ? ActorRefs.NoSender : remoting.System.Provider.ResolveActorRef(envelope.Sender);
        }
        catch (Exception cause)
        {
            // Whatever a serializer makes of it: one message is lost, the association lives.
            remoting.Log.Error(cause, "A message from [{0}] to [{1}] cannot be read (serializer [{2}], manifest [{3}])", [_peer, envelope.Recipient, envelope.Serializer, envelope.Manifest]);
            return;
        }

        if (!ActorPath.TryParse(envelope.Recipient, out var path) || !remoting.System.LocalProvider.IsOwn(path.Address))
        {
            remoting.Log.Error("Dropping message [{0}] from [{1}] for [{2}], which is not in this system [{3}]", message.GetType(), _peer, envelope.Recipient, remoting.DefaultAddress);
            return;
        }

        var recipient = (IInternalActorRef)remoting.System.Provider.ResolveActorRef(path);
        switch (message)
        {
            case ISystemMessage system when envelope.Number != 0:
                recipient.SendSystemMessage(system);
                break;
            case ISystemMessage:
                remoting.Log.Error("Dropping a system message from [{0}] that has no number", _peer);
                break;
            case ActorSelectionMessage selection:
                new ActorSelection(recipient, selection.Elements).Tell(selection.Message, sender);
                break;
            default:
                recipient.Tell(message, sender);
                break;
        }
    }
}
