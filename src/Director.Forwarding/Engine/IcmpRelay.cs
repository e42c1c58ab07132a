using Director.Forwarding.Connections;
using Director.Forwarding.Links;
using Director.Forwarding.Methods;
using Director.Forwarding.Packets;
using Director.Forwarding.Partitioning;
using Director.Forwarding.Scheduling;

namespace Director.Forwarding.Engine;

/// <summary>
/// Forwards ICMP errors about packets of our connections, found by the packet that they quote, both ways (<c>ip_vs_in_icmp()</c>, <c>ip_vs_out_icmp()</c> in <c>ip_vs_core.c</c>).
/// </summary>
internal sealed unsafe class IcmpRelay
{
    // As the kernel's (net.ipv4.route.min_pmtu; RFC 8200): who quotes a connection's ends could otherwise have 64 KB cut into crumbs.
    private const int SmallestIPv4Mtu = 552;
    private const int SmallestIPv6Mtu = 1280;

    private readonly WorkerConnections _connections;
    private readonly DestinationRegistry _destinations;
    private readonly RealServerDelivery _delivery;
    private readonly WorkerContext _context;
    private readonly HoldingFilter _filter;
    private readonly PathCache _paths;
    private readonly PathMtus _mtus;
    private readonly PacketCounters _counters;

    /// <summary>Errors are matched against these connections and leave by this delivery.</summary>
    public IcmpRelay(ForwarderSetup setup, WorkerContext context, WorkerConnections connections, HoldingFilter filter, PathCache paths, RealServerDelivery delivery)
    {
        _destinations = setup.Destinations;
        _counters = setup.Counters;
        _mtus = setup.PathMtus;
        _context = context;
        _connections = connections;
        _filter = filter;
        _paths = paths;
        _delivery = delivery;
    }

    /// <summary>
    /// A router on the way to a tunnel's end says that our outer packet is too long for it: from now on clients are told of the smaller MTU. The kernel knows nothing of our tunnels.
    /// </summary>
    /// <returns>Whether it was such a report.</returns>
    public bool LearnTunnelMtu(in Packet error, in QuotedPacket quoted)
    {
        if (!IcmpType.IsTooBig(error) || !_context.Lookup.IsTunnelEnd(quoted.Destination) || error.Destination != quoted.Source
            || _paths.Find(quoted.Destination).Source != quoted.Source || !IcmpType.HasRightChecksum(error))
        {
            return false;
        }

        var mtu = ReportedMtu(error);
        if (mtu < _paths.Find(quoted.Destination).Mtu)
            _mtus.Learn(quoted.Destination, mtu, _context.Now);
        return true;
    }

    /// <summary>Forwards an error that came to a virtual address, about a packet that went to a client. False when it belongs to no connection.</summary>
    public bool ToRealServer(in Frame incoming, ref Packet error, in QuotedPacket quoted)
    {
        var table = _connections.Table(error.IsIPv6);
        var hash = table.Hash(quoted.Protocol, quoted.Destination, quoted.DestinationPort);
        var number = table.FindByVirtual(hash, quoted.Protocol, quoted.Destination, quoted.DestinationPort, quoted.Source, quoted.SourcePort);
        if (number == 0)
            return false;
        if (_filter.RightOf(incoming, new Flow(quoted.Protocol, quoted.Destination, quoted.DestinationPort, quoted.Source, quoted.SourcePort)) == BlockRight.None)
            return true;
        if (!IcmpType.HasRightChecksum(error))
        {
            _counters.Increment(PacketCounter.DropBadIcmp);
            return true;
        }

        var connection = table[number];
        var sent = 0;
        if ((connection->Flags & ConnectionFlags.Rewritten) == 0)
        {
            var destination = _destinations[connection->Destination];
            if (destination.IsAvailable)
                sent = _delivery.ToRealServer(incoming, ref error, destination, false, 0, 0, hash);
        }
        else
        {
            var real = Connection.Real(connection, error.IsIPv6);
            LearnMtu(error, ref connection->ClientMss);
            quoted.Rewrite(true, real, connection->RealPort);
            sent = _delivery.ErrorToRealServer(incoming, ref error, real, connection->Destination < 0 ? null : _destinations[connection->Destination]);
        }

        if (sent > 0)
            _counters.Increment(PacketCounter.IcmpForwarded);
        return true;
    }

    /// <summary>Forwards an error about a packet that went to a real server to the client that sent it. False when it belongs to no connection.</summary>
    public bool ToClient(in Frame incoming, ref Packet error, in QuotedPacket quoted)
    {
        var table = _connections.Table(error.IsIPv6);
        var hash = table.Hash(quoted.Protocol, quoted.Source, quoted.SourcePort);
        var number = table.FindByReal(hash, quoted.Protocol, quoted.Source, quoted.SourcePort, quoted.Destination, quoted.DestinationPort);
        if (number == 0 || (table[number]->Flags & ConnectionFlags.Rewritten) == 0)
            return false;
        var connection = table[number];
        var virtualAddress = Connection.Virtual(connection, error.IsIPv6);
        if (_filter.RightOf(incoming, new Flow(quoted.Protocol, quoted.Source, quoted.SourcePort, virtualAddress, connection->VirtualPort)) == BlockRight.None)
            return true;
        if (!IcmpType.HasRightChecksum(error))
        {
            _counters.Increment(PacketCounter.DropBadIcmp);
            return true;
        }

        LearnMtu(error, ref connection->RealMss);
        quoted.Rewrite(false, virtualAddress, connection->VirtualPort);
        if (_delivery.ErrorToClient(incoming, ref error, virtualAddress) > 0)
            _counters.Increment(PacketCounter.IcmpForwarded);
        return true;
    }

    /// <summary>A sender that was told of a smaller MTU cuts smaller segments; what merges them on the way here must be cut the same.</summary>
    private static void LearnMtu(in Packet error, ref ushort mss)
    {
        if (!IcmpType.IsTooBig(error))
            return;
        var mtu = ReportedMtu(error);
        var segment = (ushort)(mtu - (error.IsIPv6 ? Wire.IPv6HeaderLength : Wire.IPv4HeaderLength) - Wire.TcpHeaderLength);
        if (mss == 0 || segment < mss)
            mss = segment;
    }

    /// <summary>The MTU that a too-big error reports, but no less than the kernel believes (min_pmtu, RFC 8200 5).</summary>
    private static int ReportedMtu(in Packet error) => error.IsIPv6
        ? (int)Math.Clamp(Wire.Read32(error.Transport + 4), SmallestIPv6Mtu, ushort.MaxValue)
        : Math.Max((int)Wire.Read16(error.Transport + 6), SmallestIPv4Mtu);
}
