using Director.Forwarding.Links;
using Director.Forwarding.Packets;

namespace Director.Forwarding.Engine;

/// <summary>Which worker a packet belongs to, and its way there.</summary>
internal sealed class WorkerSteering(IHandOver handOver, PacketCounters counters)
{
    /// <summary>Whether there is one worker only.</summary>
    public bool IsAlone { get; } = handOver.Workers == 1;

    /// <summary>Hands a packet to the worker that has the client's connections, unless that is this one.</summary>
    /// <param name="frame">The frame.</param>
    /// <param name="client">The client's address.</param>
    /// <param name="clientPort">The client's port.</param>
    /// <param name="sourcePort">The packet's source port, which a later fragment does not carry itself.</param>
    /// <param name="destinationPort">The packet's destination port, likewise.</param>
    /// <returns>Whether the packet is another worker's business now.</returns>
    public bool HandOver(in Frame frame, in InetAddress client, ushort clientPort, ushort sourcePort, ushort destinationPort)
    {
        if (IsAlone)
            return false;
        var owner = Steering.WorkerOf(client, clientPort, handOver.Workers);
        if (owner == handOver.Self)
            return false;
        counters.Increment(handOver.TryGive(owner, frame, sourcePort, destinationPort) ? PacketCounter.HandedOver : PacketCounter.DropHandOverFull);
        return true;
    }

    /// <summary>Lets the worker that has the client's connections know of a packet that this worker goes on with.</summary>
    /// <returns>False when that is this worker.</returns>
    public bool Notify(in Frame frame, in InetAddress client, ushort clientPort)
    {
        if (IsAlone)
            return false;
        var owner = Steering.WorkerOf(client, clientPort, handOver.Workers);
        if (owner == handOver.Self)
            return false;
        var notice = frame;
        notice.Flags |= FrameFlags.Notice;
        handOver.TryGive(owner, notice, 0, 0);
        return true;
    }
}
