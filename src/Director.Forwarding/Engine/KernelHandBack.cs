using System.Runtime.CompilerServices;
using Director.Forwarding.Links;
using Director.Forwarding.Packets;
using Director.Forwarding.Routing;
using Director.Forwarding.Scheduling;

namespace Director.Forwarding.Engine;

/// <summary>Packets of no connection of ours: the kernel has its copy of most, and gets the others back.</summary>
internal sealed unsafe class KernelHandBack(
    LinkSet links, WorkerContext context, IRoutes routes, PathCache paths, Transmitter transmitter, RealServerDelivery delivery, PacketCounters counters)
{
    /// <summary>A packet of no connection of ours: the kernel has its copy, unless its rules keep it from such packets.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public void NotOurs(in Frame frame, in Packet packet)
    {
        if (frame.Link == links.ThisHost)
        {
            SendForThisHost(frame, packet);
            return;
        }

        if (links[frame.Link].HasEthernet && context.Held.IsOthersGateway(Wire.ReadMac(frame.Data)))
        {
            counters.Increment(PacketCounter.LeftToGatewayOwner);
            return;
        }

        if (links.ThisHost < 0 || !context.Hidden.Contains(packet, routes))
        {
            counters.Increment(PacketCounter.LeftToKernel);
            return;
        }

        var path = new Path { Link = links.ThisHost, Kind = RouteKind.Local };
        var copy = packet;
        transmitter.Send(ref copy, path, MergedSegmentSize(frame, packet));
        counters.Increment(PacketCounter.HandedBack);
    }

    /// <summary>A daemon of this host answers somebody who came to it straight, from a port whose answers are routed through the TUN device for the sake of a virtual service.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void SendForThisHost(in Frame frame, in Packet packet)
    {
        ref readonly var path = ref paths.Find(packet.Destination);
        // A loopback address means nothing on a wire (RFC 1122 3.2.1.3): the rest of a connection that is over.
        if (path.Link < 0 || IsLoopback(packet.Source))
        {
            counters.Increment(PacketCounter.DropTunUnknown);
            return;
        }

        var copy = packet;
        if (delivery.Unchanged(frame, ref copy, path) > 0)
            counters.Increment(PacketCounter.SentForThisHost);
    }

    private static bool IsLoopback(in InetAddress address) => address.IsIPv6 ? address is { First: 0, Second: 1UL << 56 } : (byte)address.IPv4Raw == 127;

    private int MergedSegmentSize(in Frame frame, in Packet packet) =>
        transmitter.Measure(packet, frame, links[frame.Link].Mtu, 0, out var segmentSize) == Fit.Superframe ? segmentSize : 0;
}
