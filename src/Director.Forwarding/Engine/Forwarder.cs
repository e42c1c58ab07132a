using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Director.Forwarding.Connections;
using Director.Forwarding.Links;
using Director.Forwarding.Packets;
using Director.Forwarding.Partitioning;
using Director.Forwarding.Synchronisation;

namespace Director.Forwarding.Engine;

/// <summary>
/// What one worker does with frames: reads a batch, hands each frame to who deals with its kind, sends what comes of it. It makes no system call but by its links, and allocates nothing.
/// </summary>
internal sealed unsafe class Forwarder : IDisposable
{
    private readonly LinkSet _links;
    private readonly PublishedView _published;
    private readonly PacketCounters _counters;
    private readonly WorkerContext _context;
    private readonly WorkerSteering _steering;
    private readonly Outbox _outbox;
    private readonly NeighbourQueue _waiting;
    private readonly Transmitter _transmitter;
    private readonly AddressResponder _responder;
    private readonly RealServerDelivery _delivery;
    private readonly WorkerConnections _connections;
    private readonly FrameReader _reader;
    private readonly ConnectionForwarder _forwarder;
    private readonly StraightFlows _straight;
    private readonly HoldingFilter _filter;
    private readonly Loan _loan;
    private readonly IcmpRelay _icmp;
    private readonly KernelHandBack _handBack;
    private readonly FragmentTable _fragments = new();
    private readonly ReadFrame* _frames = (ReadFrame*)NativeMemory.AlignedAlloc((nuint)(FrameBatch.MaximumFrames * sizeof(ReadFrame)), 64);
    private readonly ReceivedConnections? _received;
    private WorkerView _view;

    /// <param name="setup">What the worker has.</param>
    public Forwarder(ForwarderSetup setup)
    {
        _links = new LinkSet(setup.Links);
        _published = setup.View;
        _counters = setup.Counters;
        _loan = setup.Loan;
        _view = setup.View.Current;
        _context = new WorkerContext(_view);
        _steering = new WorkerSteering(setup.HandOver, _counters);
        _outbox = new Outbox(_links, _counters, setup.Sender);
        _waiting = new NeighbourQueue(setup.Routes, _outbox, _counters);
        var paths = new PathCache(setup.Routes, _links, setup.PathMtus);
        _transmitter = new Transmitter(_links, _outbox, _waiting);
        var errors = new ErrorSender(_transmitter, _outbox, _counters);
        _responder = new AddressResponder(_links, _context, _outbox, _transmitter, _counters, setup.AddressClaimed);
        _delivery = new RealServerDelivery(_links, paths, _transmitter, errors, _outbox, _counters);
        _connections = new WorkerConnections(setup.Connections, setup.Seed, setup.Destinations, setup.Templates, setup.Sender, setup.Ipvs);
        _reader = new FrameReader(_links, _context, _connections, _counters);
        _handBack = new KernelHandBack(_links, _context, setup.Routes, paths, _transmitter, _delivery, _counters);
        _filter = new HoldingFilter(_links, _context, _handBack, _counters);
        _icmp = new IcmpRelay(setup, _context, _connections, _filter, paths, _delivery);
        _straight = new StraightFlows(_context, _connections, _steering);
        _forwarder = new ConnectionForwarder(
            setup,
            _context,
            _connections,
            new ConnectionSetUp(setup, _context, _connections, _fragments, _delivery, errors, _handBack),
            new Masquerading(_context, setup.Routes, _connections, _filter, _counters),
            _straight,
            _filter,
            _delivery,
            _handBack,
            _steering);
        _received = setup.Received is { } ring ? new ReceivedConnections(_context, _connections, setup.Templates, ring, _counters) : null;
        Take(_view);
    }

    /// <summary>The worker's connections.</summary>
    public WorkerConnections Connections => _connections;

    /// <summary>Whether something waits for a neighbour or a fragment, so that <see cref="Tick"/> should come soon.</summary>
    public bool IsWaiting => !_waiting.IsEmpty || _fragments.HasHeld;

    /// <summary>Handles a batch of frames and sends what comes of it.</summary>
    /// <param name="batch">Frames of one link; they are changed.</param>
    /// <param name="nowMilliseconds">Time since the engine's start.</param>
    public void Process(FrameBatch batch, long nowMilliseconds)
    {
        SetTime(nowMilliseconds);
        Follow();
        _links.Refresh();
        var count = batch.Count;
        _counters.Add(PacketCounter.Received, count);

        // Three passes, so that the memory that one needs is on its way while the others are at work.
        for (var i = 0; i < count; i++)
            _reader.Read(ref batch[i], ref _frames[i]);
        for (var i = 0; i < count; i++)
        {
            if (_frames[i].Kind == FrameKind.Transport)
                _connections.Table(_frames[i].Packet.IsIPv6).PrefetchEntry(_frames[i].Hash);
        }

        for (var i = 0; i < count; i++)
            Handle(ref batch[i], ref _frames[i], mayHandOver: true);
        _outbox.Flush();
    }

    /// <summary>Handles a frame that another worker handed over, with the ports that it found for a fragment.</summary>
    public void ProcessHandedOver(ref Frame frame, ushort sourcePort, ushort destinationPort, long nowMilliseconds)
    {
        SetTime(nowMilliseconds);
        Follow();
        ref var read = ref _frames[0];
        _reader.Read(ref frame, ref read);
        if (read.Kind == FrameKind.LaterFragment)
        {
            read.Packet.SourcePort = sourcePort;
            read.Packet.DestinationPort = destinationPort;
            _reader.MakeTransport(ref read);
        }

        if ((frame.Flags & FrameFlags.Notice) == 0)
            Handle(ref frame, ref read, mayHandOver: false);
        else if (read.Kind == FrameKind.Transport)
            _straight.Remember(read.Packet);
        _outbox.Flush();
    }

    /// <summary>Whether other directors told of connections that are not in the table yet.</summary>
    public bool HasReceived => _received is { IsEmpty: false };

    /// <summary>Takes in what other directors told, a bounded number of connections.</summary>
    public void TakeReceived(long nowMilliseconds)
    {
        SetTime(nowMilliseconds);
        Follow();
        _received?.Take();
    }

    /// <summary>Does what time brings: expiry, frames whose neighbour was found.</summary>
    public void Tick(long nowMilliseconds)
    {
        SetTime(nowMilliseconds);
        Follow();
        _counters.Add(PacketCounter.ConnectionsExpired, _connections.Expire());
        _counters.Add(PacketCounter.DropEntry, _connections.TakeDropped());
        if (_context.Lookup.HasEnding)
            _counters.Add(PacketCounter.ConnectionsEnded, _connections.EndSome());
        if (!_waiting.IsEmpty)
            _waiting.Step(nowMilliseconds);
        if (_fragments.HasHeld)
            _counters.Add(PacketCounter.DropOrphanFragment, _fragments.Expire(nowMilliseconds));
        _outbox.Flush();
    }

    /// <summary>Announces addresses on every link that they are answered on now.</summary>
    public void Announce(ReadOnlySpan<InetAddress> addresses, long nowMilliseconds)
    {
        SetTime(nowMilliseconds);
        Follow();
        _links.Refresh();
        foreach (ref readonly var address in addresses)
        {
            for (var link = 0; link < _links.Count; link++)
            {
                if (_context.Answering(address, link) is { } group)
                    _responder.Announce(link, address, group);
            }
        }

        _outbox.Flush();
    }

    private void SetTime(long nowMilliseconds)
    {
        _context.Now = nowMilliseconds;
        _context.IsLent = _loan.IsRunning(nowMilliseconds);
        _transmitter.Now = nowMilliseconds;
        _connections.Now = (uint)(nowMilliseconds / 10);
    }

    /// <summary>Takes up a table that was applied since the last batch.</summary>
    private void Follow()
    {
        if (!ReferenceEquals(_published.Current, _view))
            Take(_published.Current);
    }

    private void Take(WorkerView view)
    {
        _view = view;
        _context.Take(view);
        var table = view.Lookup.Table;
        _connections.Timeouts = new StateTimeouts(table.Timeouts);
        _connections.DropEntry = table.Options.DropEntry;
        _connections.SecureTcp = table.Options.SecureTcp;
        _delivery.PathMtuDiscovery = table.Options.PathMtuDiscovery;
    }

    private void Handle(ref Frame frame, ref ReadFrame read, bool mayHandOver)
    {
        switch (read.Kind)
        {
            case FrameKind.Transport:
                HandleTransport(ref frame, ref read, mayHandOver);
                break;
            case FrameKind.Arp:
                _responder.Arp(frame);
                break;
            case FrameKind.LaterFragment:
                HandleLaterFragment(ref frame, ref read);
                break;
            case FrameKind.Icmp:
                HandleIcmp(ref frame, ref read.Packet, mayHandOver);
                break;
            case FrameKind.Other:
                if (!_context.Held.Contains(read.Packet.Destination))
                    _handBack.NotOurs(frame, read.Packet);
                else if (_filter.Takes(frame, read.Packet, out _))
                    _counters.Increment(PacketCounter.DropProtocol);
                break;
        }
    }

    private void HandleTransport(ref Frame frame, ref ReadFrame read, bool mayHandOver)
    {
        ref var packet = ref read.Packet;
        if (packet.Fragment != FragmentPart.First || !mayHandOver)
        {
            _forwarder.Forward(ref frame, ref read, mayHandOver);
            return;
        }

        _fragments.Remember(packet, _context.Now);
        var first = packet;
        _forwarder.Forward(ref frame, ref read, mayHandOver);
        TakeHeldFragments(first);
    }

    /// <summary>Handles the fragments that came before their first.</summary>
    private void TakeHeldFragments(in Packet first)
    {
        while (_fragments.HasHeld && _fragments.TryTakeHeld(first, out var held))
        {
            ReadFrame later = default;
            _reader.Read(ref held, ref later);
            HandleLaterFragment(ref held, ref later);

            // Its buffer may be needed for the next that comes too early.
            _outbox.Flush();
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void HandleLaterFragment(ref Frame frame, ref ReadFrame read)
    {
        ref var packet = ref read.Packet;
        var isEcho = packet.Protocol is Wire.Icmp or Wire.IcmpV6 && _context.Held.Contains(packet.Destination);
        if (isEcho && !MayEcho(frame, packet))
            return;
        if (!_fragments.TryComplete(ref packet, _context.Now))
        {
            if (!IsInteresting(frame, packet))
                _handBack.NotOurs(frame, packet);
            else if (!_fragments.Hold(frame, packet, _context.Now))
                _counters.Increment(PacketCounter.DropOrphanFragment);
            return;
        }

        if (packet.Protocol is Wire.Tcp or Wire.Udp)
        {
            _reader.MakeTransport(ref read);
            HandleTransport(ref frame, ref read, mayHandOver: true);
        }
        else
        {
            _responder.Echo(frame, packet);
        }
    }

    /// <summary>Whether the first fragment, when it comes, may turn out to be ours.</summary>
    private bool IsInteresting(in Frame frame, in Packet packet) =>
        packet.Protocol is Wire.Tcp or Wire.Udp or Wire.Icmp or Wire.IcmpV6
        && (frame.Link == _links.ThisHost || _context.Lookup.IsVirtual(packet.Destination) || _context.Hidden.IsTranslated(packet.Source));

    /// <summary>Whether an echo request, or a fragment of one, to an address of a group is this director's to answer; when not, it is dealt with.</summary>
    private bool MayEcho(in Frame frame, in Packet packet)
    {
        if (!_filter.Takes(frame, packet, out var group) || !_filter.Answers(group, packet.Source))
            return false;
        if (group is { Answers: true, AnswersEcho: true })
            return true;
        _counters.Increment(PacketCounter.DropNotHeld);
        return false;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void HandleIcmp(ref Frame frame, ref Packet packet, bool mayHandOver)
    {
        if (_responder.TakesNeighbourDiscovery(frame, packet))
            return;
        if (_context.Held.Contains(packet.Destination) && AddressResponder.IsEchoRequest(packet))
        {
            if (!MayEcho(frame, packet))
                return;
            var first = packet;
            if (packet.Fragment == FragmentPart.First)
                _fragments.Remember(packet, _context.Now);
            _responder.Echo(frame, packet);
            if (packet.Fragment == FragmentPart.First)
                TakeHeldFragments(first);
            return;
        }

        if (packet.Fragment != FragmentPart.Whole || !IcmpType.IsError(packet) || IcmpType.IsRedirect(packet) || !QuotedPacket.TryRead(packet, out var quoted))
        {
            _handBack.NotOurs(frame, packet);
            return;
        }

        if (_icmp.LearnTunnelMtu(packet, quoted) || !quoted.HasPorts)
        {
            _handBack.NotOurs(frame, packet);
            return;
        }

        var isToVirtual = _context.Lookup.IsVirtual(packet.Destination);
        var client = isToVirtual ? quoted.Destination : quoted.Source;
        var port = isToVirtual ? quoted.DestinationPort : quoted.SourcePort;
        if (mayHandOver && _steering.HandOver(frame, client, port, 0, 0))
            return;
        if (!(isToVirtual ? _icmp.ToRealServer(frame, ref packet, quoted) : _icmp.ToClient(frame, ref packet, quoted)))
            _handBack.NotOurs(frame, packet);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        NativeMemory.AlignedFree(_frames);
        _fragments.Dispose();
        _connections.Dispose();
        _waiting.Dispose();
        _outbox.Dispose();
    }
}
