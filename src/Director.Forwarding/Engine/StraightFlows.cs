using System.Runtime.CompilerServices;
using Director.Forwarding.Connections;
using Director.Forwarding.Links;
using Director.Forwarding.Packets;
using Director.Forwarding.Scheduling;

namespace Director.Forwarding.Engine;

/// <summary>
/// Flows between the world and a real server's own address, which the kernel forwards. Their answers look like those of our connections and like connections that the real server opens, so they are remembered.
/// </summary>
internal sealed unsafe class StraightFlows(WorkerContext context, WorkerConnections connections, WorkerSteering steering)
{
    /// <summary>Takes note of a packet of no connection of ours on its way to a real server.</summary>
    /// <param name="frame">The frame that it came in.</param>
    /// <param name="packet">The packet.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Note(in Frame frame, in Packet packet)
    {
        if (packet.Fragment != FragmentPart.Later && IsToRealServer(packet) && !steering.Notify(frame, packet.Source, packet.SourcePort))
            Remember(packet);
    }

    /// <summary>As <see cref="Note"/>, at the worker that has the client's connections.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public void Remember(in Packet packet)
    {
        var table = connections.Table(packet.IsIPv6);
        var hash = table.Hash(packet.Protocol, packet.Source, packet.SourcePort);
        var number = table.FindByReal(hash, packet.Protocol, packet.Source, packet.SourcePort, packet.Destination, packet.DestinationPort);
        if (number != 0 && (table[number]->Flags & ConnectionFlags.Straight) != 0)
        {
            connections.Follow(number, packet, isOutput: false);
            return;
        }

        var opens = packet.Protocol != Wire.Tcp || (packet.TcpFlags & (Wire.Syn | Wire.Ack)) == Wire.Syn;
        if (number != 0 && !(opens && packet.Protocol == Wire.Tcp && GivesWay(packet.IsIPv6, number)))
            return;
        if (!opens || !context.Lookup.IsMasqueraded(packet.Destination) || context.Lookup.IsMasqueraded(packet.Source))
            return;
        number = connections.Create(
            hash,
            new(packet.Protocol, packet.Source, packet.SourcePort, packet.Destination, packet.DestinationPort, packet.Destination, packet.DestinationPort),
            ConnectionFlags.Straight,
            -1,
            0);
        if (number != 0)
            connections.Follow(number, packet, isOutput: false);
    }

    /// <summary>
    /// A client that goes straight to a real server, from ports whose connection through the virtual address has ended, must get its answers unchanged.
    /// IPVS rewrites them and the client fails (direct-vs-nat-collision).
    /// </summary>
    private bool GivesWay(bool isIPv6, uint number)
    {
        if (connections.Table(isIPv6)[number]->State is TcpState.Established or TcpState.SynReceived or TcpState.SynAck)
            return false;
        connections.End(isIPv6, number);
        return true;
    }

    private bool IsToRealServer(in Packet packet) => packet.Protocol is Wire.Tcp or Wire.Udp
        && (context.Lookup.IsMasqueraded(packet.Destination)
            || (packet.Protocol == Wire.Tcp && (packet.TcpFlags & (Wire.Syn | Wire.Ack)) == Wire.Syn && context.Hidden.IsTranslated(packet.Protocol, packet.Destination, packet.DestinationPort)));
}
