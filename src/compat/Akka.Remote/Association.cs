using System.Diagnostics;
using System.Runtime.Serialization;
using Akka.Actor;
using Akka.Event;
using Akka.Remote.Transport;
using Google.Protobuf;

namespace Akka.Remote;

/// <summary>
/// Sends what this system has for another, in order, over a connection that it makes when there is something to send. After a failure the address is left alone for a while (the gate): messages go to the dead letters then.
/// System messages are kept until they are acknowledged, and sent again on the next connection: the same incarnation of the other system gets each exactly once, or is quarantined.
/// </summary>
internal sealed class Association : UntypedActor, IWithTimers
{
    /// <summary>Messages that wait for the connection; more are dead letters.</summary>
    private const int MaximumQueue = 100_000;

    private readonly Remoting _remoting;
    private readonly Address _peer;
    private readonly LinkedList<Outgoing> _queue = new();

    /// <summary>System messages that the other system has not acknowledged, by rising number.</summary>
    private readonly Queue<Outgoing> _unacknowledged = new();

    private readonly List<IActorRef> _flushing = [];
    private FailureDetector _detector;
    private AssociationHandle _handle;
    private State _state = State.Idle;

    /// <summary>Tells the events of this connection from those of the ones before it.</summary>
    private long _attempt;

    private long _lastNumber;
    private int? _peerUid;
    private int? _quarantinedUid;

    public Association(Remoting remoting, Address peer)
    {
        _remoting = remoting;
        _peer = peer;
    }

    public ITimerScheduler Timers { get; set; }

    private RemoteSettings Settings => _remoting.Settings;

    private Address Local => _remoting.AddressFor(_peer);

    protected override void OnReceive(object message)
    {
        try
        {
            Handle(message);
        }
        catch (Exception cause)
        {
            // Not the supervisor's restart: the numbers of the system messages must survive.
            Fail($"a defect in handling {message.GetType()}", cause);
        }
    }

    protected override void PostStop()
    {
        Disconnect(DisassociateInfo.Shutdown, "this system shuts down");
        DropUserMessages();
        DropSystemMessages();
    }

    private void Handle(object message)
    {
        switch (message)
        {
            case Outgoing outgoing:
                Accept(outgoing);
                break;
            case Connected connected when connected.Attempt == _attempt && _state == State.Connecting:
                SayHello(connected.Handle);
                break;
            case Connected stale:
                stale.Handle.Disassociate("it is no longer wanted", _remoting.Log);
                break;
            case ConnectFailed failed when failed.Attempt == _attempt:
                Fail(failed.Cause.Message, failed.Cause);
                break;
            case Happened happened when happened.Attempt == _attempt && _handle is not null:
                Hear(happened.Event);
                break;
            case PeerHeard heard:
                MeetIncarnation(heard.Uid);
                break;
            case QuarantineUid quarantine:
                Quarantine(quarantine.Uid);
                break;
            case Flush:
                _flushing.Add(Sender);
                break;
            case Tick.Gate:
                _state = State.Idle;
                break;
            case Tick.Handshake:
                Fail($"no answer within {Settings.HandshakeTimeout}", null);
                break;
            case Tick.Pulse:
                CheckPulse();
                break;
            case Tick.Resend:
                Resend();
                break;
        }

        if (_state == State.Idle && (_unacknowledged.Count > 0 || _queue.Count > 0))
        {
            Connect();
        }

        if (_state == State.Open)
        {
            Pump();
        }

        if (_flushing.Count > 0 && (_state is State.Idle or State.Gated || (_state == State.Open && _queue.Count == 0 && _unacknowledged.Count == 0)))
        {
            _flushing.ForEach(waiting => waiting.Tell(Done.Instance, Self));
            _flushing.Clear();
        }
    }

    private void Accept(Outgoing outgoing)
    {
        if (outgoing.Message is not ISystemMessage)
        {
            if (_state == State.Gated || _queue.Count >= MaximumQueue)
            {
                Drop(outgoing);
            }
            else
            {
                _queue.AddLast(outgoing);
            }

            return;
        }

        if (_unacknowledged.Count >= Settings.SystemMessageBufferSize)
        {
            _remoting.Log.Error("[{0}] does not acknowledge system messages: more than {1} wait", _peer, Settings.SystemMessageBufferSize);
            GiveUp();
            Drop(outgoing);
            return;
        }

        // Numbered when it is certain that it can be sent: a number that is left out would hold up all after it.
        if (TryEncode(outgoing, _lastNumber + 1))
        {
            outgoing.Number = ++_lastNumber;
            outgoing.Since = Stopwatch.GetTimestamp();
            _unacknowledged.Enqueue(outgoing);
            if (!Timers.IsTimerActive(Tick.Resend))
            {
                Timers.StartPeriodicTimer(Tick.Resend, Tick.Resend, Settings.ResendInterval);
            }

            if (_state != State.Gated)
            {
                outgoing.IsQueued = true;
                _queue.AddLast(outgoing);
            }
        }
    }

    private void Connect()
    {
        _state = State.Connecting;
        var attempt = ++_attempt;
        Timers.StartSingleTimer(Tick.Handshake, Tick.Handshake, Settings.HandshakeTimeout);
        Task<AssociationHandle> connecting;
        try
        {
            connecting = _remoting.Associate(_peer);
        }
        catch (Exception cause)
        {
            connecting = Task.FromException<AssociationHandle>(cause);
        }

        connecting.PipeTo(Self, Self, handle => new Connected(attempt, handle), cause => new ConnectFailed(attempt, cause));
    }

    private void SayHello(AssociationHandle handle)
    {
        _handle = handle;
        _detector = _remoting.NewTransportFailureDetector();
        _detector.HeartBeat();
        handle.ReadHandlerSource.TrySetResult(new Listener(Self, _attempt));
        if (!handle.Write(new Frame.Hello(_peer, Local, _remoting.Uid).Encode()))
        {
            Fail("the transport takes no data", null);
        }
    }

    private void Hear(IHandleEvent what)
    {
        if (what is Disassociated)
        {
            Fail("the connection was closed", null);
            return;
        }

        if (what is not InboundPayload payload)
        {
            return;
        }

        _detector.HeartBeat();
        Frame frame;
        try
        {
            frame = Frame.Decode(payload.Payload);
        }
        catch (SerializationException cause)
        {
            Fail(cause.Message, cause);
            return;
        }

        switch (frame)
        {
            case Frame.Welcome welcome when _state == State.Connecting && welcome.From == _peer:
                Open(welcome.Uid);
                break;
            case Frame.Acknowledgement acknowledgement when _state == State.Open:
                Acknowledged(acknowledgement.Number);
                break;
            case Frame.Pulse:
                break;
            case Frame.Farewell { Reason: DisassociateInfo.Quarantined } farewell:
                _remoting.QuarantinedBy(_peer, farewell.Uid);
                Fail("The remote system has quarantined this system. No further associations to the remote system are possible until this system is restarted.", null);
                break;
            case Frame.Farewell farewell:
                Fail(farewell.Reason == DisassociateInfo.Shutdown ? "the remote system has shut down" : "the remote system closed the connection", null);
                break;
            default:
                Fail($"no {frame.GetType().Name} is expected here", null);
                break;
        }
    }

    private void Open(int uid)
    {
        Timers.Cancel(Tick.Handshake);
        if (uid == _quarantinedUid)
        {
            Disconnect(DisassociateInfo.Quarantined, "its system is quarantined");
            DropUserMessages();
            DropSystemMessages();
            CloseGate();
            return;
        }

        if (_peerUid is { } before && before != uid)
        {
            DropSystemMessages();
        }

        _peerUid = uid;
        _state = State.Open;
        for (var at = _unacknowledged.Where(system => !system.IsQueued).Reverse().GetEnumerator(); at.MoveNext();)
        {
            at.Current.IsQueued = true;
            _queue.AddFirst(at.Current);
        }

        Timers.StartPeriodicTimer(Tick.Pulse, Tick.Pulse, Settings.TransportHeartbeatInterval);
        _remoting.Publish(new AssociatedEvent(Local, _peer, inbound: false));
    }

    /// <summary>The other system has connected to this one: it is there, and this is its uid.</summary>
    private void MeetIncarnation(int uid)
    {
        if (_peerUid is { } before && before != uid)
        {
            if (_state == State.Open)
            {
                Fail("the remote system was restarted", null);
            }

            DropSystemMessages();
        }

        _peerUid = uid;
        if (_state == State.Gated && uid != _quarantinedUid)
        {
            Timers.Cancel(Tick.Gate);
            _state = State.Idle;
        }
    }

    private void Pump()
    {
        while (_queue.First is { } first)
        {
            var outgoing = first.Value;
            if (outgoing.Bytes is null && !TryEncode(outgoing, 0))
            {
                _queue.RemoveFirst();
                continue;
            }

            if (!_handle.Write(outgoing.Bytes))
            {
                Timers.StartSingleTimer(Tick.Pump, Tick.Pump, Settings.BackoffInterval);
                return;
            }

            outgoing.IsQueued = false;
            _queue.RemoveFirst();
        }
    }

    private bool TryEncode(Outgoing outgoing, long number)
    {
        var message = outgoing.Message;
        try
        {
            var bytes = Serialization.Serialization.WithTransport(_remoting.System, Local, () =>
            {
                var serializer = _remoting.System.Serialization.FindSerializerFor(message);
                return new Frame.Envelope(
                    number,
                    outgoing.Recipient.Path.ToSerializationFormat(),
                    Serialization.Serialization.SerializedActorPath(outgoing.Sender),
                    serializer.Identifier,
                    Serialization.Serialization.ManifestFor(serializer, message),
                    serializer.ToBinary(message)).Encode();
            });
            var maximum = _remoting.MaximumPayloadBytes(_peer);
            if (bytes.Length <= maximum)
            {
                outgoing.Bytes = bytes;
                return true;
            }

            _remoting.Log.Error(
                "Discarding oversized payload sent to {0}: max allowed size {1} bytes, actual size of encoded {2} was {3} bytes.", outgoing.Recipient, maximum, message.GetType(), bytes.Length);
        }
        catch (Exception cause)
        {
            _remoting.Log.Error(cause, "A message of {0} to {1} cannot be sent", message.GetType(), outgoing.Recipient);
        }

        return false;
    }

    private void Acknowledged(long number)
    {
        while (_unacknowledged.TryPeek(out var oldest) && oldest.Number <= number)
        {
            _unacknowledged.Dequeue();
        }

        if (_unacknowledged.Count == 0)
        {
            Timers.Cancel(Tick.Resend);
        }
    }

    private void Resend()
    {
        if (!_unacknowledged.TryPeek(out var oldest))
        {
            return;
        }

        if (Stopwatch.GetElapsedTime(oldest.Since) > Settings.SystemMessageDeliveryTimeout)
        {
            _remoting.Log.Error("[{0}] has not acknowledged a system message in {1}", _peer, Settings.SystemMessageDeliveryTimeout);
            GiveUp();
            return;
        }

        if (_state == State.Open)
        {
            foreach (var system in _unacknowledged.Where(system => !system.IsQueued))
            {
                system.IsQueued = true;
                _queue.AddLast(system);
            }
        }
    }

    private void CheckPulse()
    {
        if (!_detector.IsAvailable)
        {
            Fail("nothing was heard from the remote system for too long", null);
        }
        else
        {
            _handle.Write(new Frame.Pulse().Encode());
        }
    }

    /// <summary>System messages cannot be delivered: the other system is taken for dead.</summary>
    private void GiveUp()
    {
        if (_peerUid is { } uid)
        {
            _remoting.Quarantine(_peer, uid);
            Quarantine(uid);
        }
        else
        {
            DropSystemMessages();
            _remoting.System.AddressTerminations.Publish(_peer);
        }
    }

    private void Quarantine(int? uid)
    {
        if (uid is not { } quarantined)
        {
            _remoting.Log.Warning("[{0}] is to be quarantined, but its uid is not known: it is left alone for {1} instead", _peer, Settings.RetryGateClosedFor);
            Disconnect(DisassociateInfo.Unknown, "its system is taken for dead");
            DropUserMessages();
            CloseGate();
        }
        else if (_quarantinedUid != quarantined && (_peerUid ?? quarantined) == quarantined)
        {
            _quarantinedUid = quarantined;
            Disconnect(DisassociateInfo.Quarantined, "its system is quarantined");
            DropUserMessages();
            DropSystemMessages();
            _state = State.Idle;
            _remoting.Publish(new QuarantinedEvent(_peer, quarantined));
            _remoting.System.AddressTerminations.Publish(_peer);
        }
    }

    private void Fail(string why, Exception cause)
    {
        var wasOpen = _state == State.Open;
        Disconnect(DisassociateInfo.Unknown, why);
        if (wasOpen)
        {
            _remoting.Publish(new DisassociatedEvent(Local, _peer, inbound: false));
        }
        else
        {
            _remoting.Publish(new AssociationErrorEvent(new InvalidAssociationException($"Association failed with {_peer}: {why}", cause), Local, _peer, inbound: false, LogLevel.ErrorLevel));
        }

        DropUserMessages();
        CloseGate();
    }

    private void CloseGate()
    {
        _state = State.Gated;
        Timers.StartSingleTimer(Tick.Gate, Tick.Gate, Settings.RetryGateClosedFor);
    }

    private void Disconnect(DisassociateInfo reason, string why)
    {
        _attempt++;
        Timers.Cancel(Tick.Handshake);
        Timers.Cancel(Tick.Pulse);
        Timers.Cancel(Tick.Pump);
        Timers.Cancel(Tick.Gate);
        if (_handle is { } handle)
        {
            _handle = null;
            handle.Write(new Frame.Farewell(reason, _remoting.Uid).Encode());
            handle.Disassociate(why, _remoting.Log);
        }
    }

    private void DropUserMessages()
    {
        foreach (var outgoing in _queue)
        {
            outgoing.IsQueued = false;
            if (outgoing.Message is not ISystemMessage)
            {
                Drop(outgoing);
            }
        }

        _queue.Clear();
    }

    /// <summary>Forgets them: they were for an incarnation that is gone. Who watches there hears so.</summary>
    private void DropSystemMessages()
    {
        foreach (var outgoing in _queue.Where(outgoing => outgoing.Message is ISystemMessage).ToArray())
        {
            _queue.Remove(outgoing);
        }

        foreach (var outgoing in _unacknowledged)
        {
            Drop(outgoing);
        }

        _unacknowledged.Clear();
        _lastNumber = 0;
        Timers.Cancel(Tick.Resend);
    }

    private void Drop(Outgoing outgoing)
    {
        if (outgoing.Message is ISystemMessage system)
        {
            _remoting.System.DeadLetterRef.SendSystemMessage(system);
        }
        else
        {
            _remoting.System.DeadLetterRef.Publish(outgoing.Message, outgoing.Sender, outgoing.Recipient);
        }
    }

    private enum State
    {
        Idle,
        Connecting,
        Open,
        Gated,
    }

    /// <summary>The names of the timers, and what they tell.</summary>
    private enum Tick
    {
        Gate,
        Handshake,
        Pulse,
        Pump,
        Resend,
    }

    internal sealed class Outgoing(object message, IActorRef sender, RemoteActorRef recipient)
    {
        public object Message => message;

        public IActorRef Sender => sender;

        public RemoteActorRef Recipient => recipient;

        public long Number { get; set; }

        public ByteString Bytes { get; set; }

        public bool IsQueued { get; set; }

        public long Since { get; set; }
    }

    internal sealed record PeerHeard(int Uid);

    internal sealed record QuarantineUid(int? Uid);

    internal sealed record Flush
    {
        public static readonly Flush Instance = new();
    }

    private sealed record Connected(long Attempt, AssociationHandle Handle);

    private sealed record ConnectFailed(long Attempt, Exception Cause);

    private sealed record Happened(long Attempt, IHandleEvent Event);

    private sealed class Listener(IActorRef association, long attempt) : IHandleEventListener
    {
        public void Notify(IHandleEvent ev) => association.Tell(new Happened(attempt, ev), ActorRefs.NoSender);
    }
}
