using System.Runtime.CompilerServices;
using Director.Forwarding.Connections;
using Director.Forwarding.Links;
using Director.Forwarding.Packets;
using Director.Forwarding.Partitioning;
using Director.Forwarding.Routing;
using Director.Forwarding.Scheduling;

namespace Director.Forwarding.Engine;

/// <summary>Source NAT for connections that real servers open themselves: the other side takes the client's place in the table.</summary>
internal sealed unsafe class Masquerading(WorkerContext context, IRoutes routes, WorkerConnections connections, HoldingFilter filter, PacketCounters counters)
{
    private uint _portSeed = 0x9E37_79B9;

    /// <summary>Sets up the connection that a real server's packet opens, if it is to be masqueraded.</summary>
    /// <param name="frame">The frame that it came in.</param>
    /// <param name="packet">The packet; of no connection.</param>
    /// <param name="hash">Hash of its destination, which is the client's end.</param>
    /// <param name="number">The connection's number; 0 when it was refused and counted.</param>
    /// <returns>Whether the packet was one to masquerade.</returns>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public bool TryOpen(in Frame frame, in Packet packet, ulong hash, out uint number)
    {
        number = 0;
        if (!context.Lookup.TryMasquerade(packet.Source, packet.Destination, out var address) || routes.Find(packet.Destination).Kind != RouteKind.Unicast)
            return false;
        switch (filter.RightOf(frame, new Flow(packet.Protocol, packet.Destination, packet.DestinationPort, address, packet.SourcePort)))
        {
            case BlockRight.None:
                return true;
            case BlockRight.KnownConnections:
                counters.Increment(PacketCounter.DropOtherBlock);
                return true;
        }

        if (packet.Protocol == Wire.Tcp && (packet.Fragment == FragmentPart.Later || (packet.TcpFlags & (Wire.Syn | Wire.Rst | Wire.Fin | Wire.Ack)) != Wire.Syn))
        {
            counters.Increment(PacketCounter.DropNotSyn);
            return true;
        }

        if (!TryFindPort(packet, address, hash, out var port))
        {
            counters.Increment(PacketCounter.DropNoMasqueradePort);
            return true;
        }

        number = connections.Create(
            hash,
            new(packet.Protocol, packet.Destination, packet.DestinationPort, address, port, packet.Source, packet.SourcePort),
            ConnectionFlags.Rewritten | ConnectionFlags.Masqueraded,
            -1,
            0);
        if (number == 0)
        {
            counters.Increment(PacketCounter.DropTableFull);
            return true;
        }

        counters.Increment(PacketCounter.ConnectionsCreated);
        return true;
    }

    private bool TryFindPort(in Packet packet, in InetAddress address, ulong hash, out ushort port)
    {
        const int attempts = 64;
        const int first = 32768;
        const int count = 28232;
        var table = connections.Table(packet.IsIPv6);
        port = packet.SourcePort;
        for (var attempt = 0; attempt < attempts; attempt++)
        {
            var flow = new Flow(packet.Protocol, packet.Destination, packet.DestinationPort, address, port);
            if (port >= 1024 && table.FindByVirtual(hash, packet.Protocol, packet.Destination, packet.DestinationPort, address, port) == 0 && context.Lookup.Find(flow) is null)
                return true;
            _portSeed = (_portSeed * 1664525) + 1013904223;
            port = (ushort)(first + ((_portSeed >> 8) % count));
        }

        return false;
    }
}
