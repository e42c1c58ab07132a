using System.Runtime.CompilerServices;
using Director.Forwarding.Connections;
using Director.Forwarding.Links;
using Director.Forwarding.Packets;
using Director.Forwarding.Partitioning;
using Director.Forwarding.Scheduling;
using Director.Forwarding.Statistics;

namespace Director.Forwarding.Engine;

/// <summary>TCP and UDP: finds the connection of a packet and sends it on, both ways.</summary>
internal sealed unsafe class ConnectionForwarder
{
    private readonly WorkerContext _context;
    private readonly DestinationRegistry _destinations;
    private readonly WorkerConnections _connections;
    private readonly ConnectionSetUp _setUp;
    private readonly Masquerading _masquerading;
    private readonly StraightFlows _straight;
    private readonly HoldingFilter _filter;
    private readonly RealServerDelivery _delivery;
    private readonly KernelHandBack _handBack;
    private readonly WorkerSteering _steering;
    private readonly WorkerTraffic _traffic;
    private readonly PacketCounters _counters;
    private bool _mayOpen;

    /// <summary>Packets are sent on with these.</summary>
    public ConnectionForwarder(
        ForwarderSetup setup,
        WorkerContext context,
        WorkerConnections connections,
        ConnectionSetUp setUp,
        Masquerading masquerading,
        StraightFlows straight,
        HoldingFilter filter,
        RealServerDelivery delivery,
        KernelHandBack handBack,
        WorkerSteering steering)
    {
        _context = context;
        _destinations = setup.Destinations;
        _traffic = setup.Traffic;
        _counters = setup.Counters;
        _connections = connections;
        _setUp = setUp;
        _masquerading = masquerading;
        _straight = straight;
        _filter = filter;
        _delivery = delivery;
        _handBack = handBack;
        _steering = steering;
    }

    /// <summary>Sends a packet on.</summary>
    /// <param name="frame">The frame that it came in.</param>
    /// <param name="read">What was read of it; a later fragment has its first one's ports.</param>
    /// <param name="mayHandOver">Whether it may still be another worker's.</param>
    public void Forward(ref Frame frame, ref ReadFrame read, bool mayHandOver)
    {
        ref var packet = ref read.Packet;
        var right = BlockRight.Whole;
        if (read.IsToVirtual && !_filter.IsOpen && !MayForward(frame, packet, out right))
            return;
        _mayOpen = right == BlockRight.Whole;
        if (mayHandOver && HandOver(frame, packet, read.IsToVirtual))
            return;

        var table = _connections.Table(packet.IsIPv6);
        if (read.IsToVirtual)
        {
            var number = table.FindByVirtual(read.Hash, packet.Protocol, packet.Source, packet.SourcePort, packet.Destination, packet.DestinationPort);
            if (number != 0 && right != BlockRight.None)
                FromClient(ref frame, ref packet, read.Hash, number);
            else if (!TryReplyIntoVirtualNetwork(ref frame, ref packet) && !(mayHandOver && HandOverReplyIntoVirtualNetwork(frame, packet)))
                Open(ref frame, ref packet, read.Hash);
            return;
        }

        if (TryReply(ref frame, ref packet, read.Hash))
            return;
        if (_context.Held.IsGateway(packet.Destination))
        {
            if (_filter.Takes(frame, packet, out var group) && _filter.Answers(group, packet.Source))
                _setUp.Refuse(frame, packet);
            return;
        }

        if (_masquerading.TryOpen(frame, packet, read.Hash, out var opened))
        {
            if (opened != 0)
                FromRealServer(ref frame, ref packet, opened);
            return;
        }

        _straight.Note(frame, packet);
        _handBack.NotOurs(frame, packet);
    }

    /// <summary>Whether a packet to a virtual address may be this director's. One into a mark's network may still be a reply, whose client is its receiver.</summary>
    private bool MayForward(in Frame frame, in Packet packet, out BlockRight right)
    {
        right = BlockRight.None;
        if (!_filter.Takes(frame, packet, out var group))
            return false;
        right = _filter.RightOf(group, frame, packet);
        if (right != BlockRight.None || !_context.Lookup.IsVip(packet.Destination))
            return true;
        _counters.Increment(PacketCounter.DropOtherBlock);
        return false;
    }

    /// <summary>Whether the packet's connection belongs to another worker, which has it now.</summary>
    private bool HandOver(in Frame frame, in Packet packet, bool isToVirtual) => isToVirtual
        ? _steering.HandOver(frame, packet.Source, packet.SourcePort, packet.SourcePort, packet.DestinationPort)
        : _steering.HandOver(frame, packet.Destination, packet.DestinationPort, packet.SourcePort, packet.DestinationPort);

    private bool TryReply(ref Frame frame, ref Packet packet, ulong hash)
    {
        var table = _connections.Table(packet.IsIPv6);
        var number = table.FindByReal(hash, packet.Protocol, packet.Destination, packet.DestinationPort, packet.Source, packet.SourcePort);
        if (number != 0 && (table[number]->Flags & ConnectionFlags.Rewritten) != 0)
        {
            FromRealServer(ref frame, ref packet, number);
            return true;
        }

        if (number != 0 && (table[number]->Flags & ConnectionFlags.Straight) != 0)
        {
            _connections.Follow(number, packet, isOutput: true);
            _handBack.NotOurs(frame, packet);
            return true;
        }

        // Direct routing or tunnelling with this host as the real servers' gateway: the kernel forwards the reply, we only see it.
        if (!_context.Lookup.IsVirtual(packet.Source))
            return false;
        number = table.FindByVirtual(hash, packet.Protocol, packet.Destination, packet.DestinationPort, packet.Source, packet.SourcePort);
        if (number == 0)
            return false;
        _connections.Follow(number, packet, isOutput: true);
        if (table[number]->Destination >= 0)
            _traffic[table[number]->Destination].CountOut(1, (uint)packet.Length);
        _counters.Increment(PacketCounter.LeftToKernel);
        return true;
    }

    /// <summary>A mark's network may contain the clients too (a transparent proxy): then a reply looks like a request.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool TryReplyIntoVirtualNetwork(ref Frame frame, ref Packet packet)
    {
        if (_context.Lookup.IsVip(packet.Destination))
            return false;
        var hash = _connections.Table(packet.IsIPv6).Hash(packet.Protocol, packet.Destination, packet.DestinationPort);
        return TryReply(ref frame, ref packet, hash);
    }

    /// <summary>Such a reply was steered by its sender, as if it were a request. What cannot be one goes to the worker of its receiver, which has the connection if there is any.</summary>
    private bool HandOverReplyIntoVirtualNetwork(in Frame frame, in Packet packet)
    {
        if (_steering.IsAlone || _context.Lookup.IsVip(packet.Destination))
            return false;
        var opens = packet.Protocol == Wire.Tcp && packet.Fragment != FragmentPart.Later && (packet.TcpFlags & (Wire.Syn | Wire.Ack)) == Wire.Syn;
        if (opens || (packet.Protocol == Wire.Udp && _context.Lookup.Find(new Flow(packet.Protocol, packet.Source, packet.SourcePort, packet.Destination, packet.DestinationPort)) is not null))
            return false;
        return HandOver(frame, packet, isToVirtual: false);
    }

    private void FromRealServer(ref Frame frame, ref Packet packet, uint number)
    {
        var connection = _connections.Table(packet.IsIPv6)[number];
        var virtualAddress = Connection.Virtual(connection, packet.IsIPv6);
        if (_filter.RightOf(frame, new Flow(packet.Protocol, packet.Destination, packet.DestinationPort, virtualAddress, connection->VirtualPort)) == BlockRight.None)
            return;
        _connections.Follow(number, packet, isOutput: true);
        var length = packet.Length;
        var sent = _delivery.ToClient(frame, ref packet, virtualAddress, connection->VirtualPort, connection->ClientMss);
        if (sent == 0)
            return;
        _counters.Increment(PacketCounter.ForwardedOut);
        if (connection->Destination >= 0)
            _traffic[connection->Destination].CountOut((uint)sent, (uint)length);
    }

    private void FromClient(ref Frame frame, ref Packet packet, ulong hash, uint number)
    {
        var table = _connections.Table(packet.IsIPv6);
        var connection = table[number];
        if (connection->Destination < 0)
        {
            FromClientWithoutDestination(ref frame, ref packet, hash, number);
            return;
        }

        var destination = _destinations[connection->Destination];
        if (packet.Protocol == Wire.Tcp && packet.Fragment != FragmentPart.Later && (packet.TcpFlags & (Wire.Syn | Wire.Ack | Wire.Rst | Wire.Fin)) == Wire.Syn
            && _mayOpen && IsReuse(*connection, destination))
        {
            _connections.End(packet.IsIPv6, number);
            _counters.Increment(PacketCounter.ConnectionsReused);
            Open(ref frame, ref packet, hash);
            return;
        }

        if (!destination.IsSteady)
        {
            FromClientOfUnsteady(ref frame, ref packet, hash, number);
            return;
        }

        _connections.Follow(number, packet, isOutput: false);
        Deliver(ref frame, ref packet, destination, connection, hash);
    }

    /// <summary>A packet of a connection whose real server is gone, has failed, or has had its time.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void FromClientOfUnsteady(ref Frame frame, ref Packet packet, ulong hash, uint number)
    {
        var connection = _connections.Table(packet.IsIPv6)[number];
        var destination = _destinations[connection->Destination];
        if (!destination.IsAvailable && destination.Current() is { } successor && _connections.Rebind(connection, successor))
            destination = successor;

        // Nobody waits for the five minutes of a UDP flow, nor with a SYN in vain, for a real server that does not answer.
        var isGone = !destination.IsAvailable;
        if (destination.Fate == ConnectionFate.Ended || ((isGone || destination.Fate == ConnectionFate.Moved) && MayMove(packet)))
        {
            _connections.End(packet.IsIPv6, number);
            _counters.Increment(destination.Fate == ConnectionFate.Ended ? PacketCounter.ConnectionsEnded : PacketCounter.ConnectionsMoved);
            Open(ref frame, ref packet, hash);
            return;
        }

        if (isGone)
        {
            if (_context.Lookup.Table.Options.ExpireNoDestination)
                _connections.End(packet.IsIPv6, number);
            _counters.Increment(PacketCounter.DropRealServerRemoved);
            return;
        }

        _connections.Follow(number, packet, isOutput: false);
        Deliver(ref frame, ref packet, destination, connection, hash);
    }

    private bool MayMove(in Packet packet) => _mayOpen && packet.Fragment != FragmentPart.Later
        && (packet.Protocol == Wire.Udp || (packet.TcpFlags & (Wire.Syn | Wire.Ack | Wire.Rst | Wire.Fin)) == Wire.Syn);

    private void Deliver(ref Frame frame, ref Packet packet, Destination destination, Connection* connection, ulong hash)
    {
        var length = packet.Length;
        var isRewritten = (connection->Flags & ConnectionFlags.Rewritten) != 0;
        var sent = _delivery.ToRealServer(frame, ref packet, destination, isRewritten, connection->RealPort, connection->RealMss, hash);
        if (sent == 0)
            return;
        _counters.Increment(PacketCounter.ForwardedIn);
        _traffic[destination.Index].CountIn((uint)sent, (uint)length);
    }

    /// <summary>A masqueraded connection, or what remembers the way back for one-packet scheduling.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void FromClientWithoutDestination(ref Frame frame, ref Packet packet, ulong hash, uint number)
    {
        var connection = _connections.Table(packet.IsIPv6)[number];
        if ((connection->Flags & ConnectionFlags.Masqueraded) == 0)
        {
            Open(ref frame, ref packet, hash);
            return;
        }

        _connections.Follow(number, packet, isOutput: false);
        if (_delivery.Translated(frame, ref packet, Connection.Real(connection, packet.IsIPv6), connection->RealPort, connection->RealMss) > 0)
            _counters.Increment(PacketCounter.ForwardedIn);
    }

    /// <summary>
    /// A SYN on ports whose connection has ended goes to a real server anew (<c>is_new_conn_expected()</c> in <c>ip_vs_core.c</c>). One under a template stays with the client's real server
    /// as long as the template does.
    /// </summary>
    private bool IsReuse(in Connection connection, Destination destination) =>
        (_context.Lookup.Table.Options.ExpireNoDestination && (!destination.IsAvailable || destination.Weight == 0))
        || connection.State == TcpState.TimeWait;

    private void Open(ref Frame frame, ref Packet packet, ulong hash)
    {
        if (!_mayOpen)
        {
            _counters.Increment(PacketCounter.DropOtherBlock);
            return;
        }

        var number = _setUp.Open(ref frame, ref packet, hash);
        if (number == 0)
            return;
        var connection = _connections.Table(packet.IsIPv6)[number];
        _connections.Follow(number, packet, isOutput: false);
        Deliver(ref frame, ref packet, _destinations[connection->Destination], connection, hash);
    }
}
