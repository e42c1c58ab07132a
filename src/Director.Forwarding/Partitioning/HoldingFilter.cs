using System.Runtime.CompilerServices;
using Director.Forwarding.Engine;
using Director.Forwarding.Links;
using Director.Forwarding.Packets;

namespace Director.Forwarding.Partitioning;

/// <summary>Asked before anything is done with a packet: whether its address is held here, whether its client is in a block of this director's, and whether the loan still runs.</summary>
internal sealed unsafe class HoldingFilter(LinkSet links, WorkerContext context, KernelHandBack handBack, PacketCounters counters)
{
    /// <summary>Whether nothing has to be asked: this director forwards everything.</summary>
    public bool IsOpen => context.IsUnrestricted;

    /// <summary>Whether packets to an address are this director's to forward. When they are not, the packet is left to the kernel where that is meant to have it, else dropped and counted.</summary>
    /// <param name="frame">The frame that it came in.</param>
    /// <param name="packet">The packet.</param>
    /// <param name="group">The group of its destination.</param>
    public bool Takes(in Frame frame, in Packet packet, out GroupHolding group)
    {
        group = context.Held.Find(packet.Destination)!;
        var isHeld = group is { Forwards: true };
        if (context.Hidden.IsServed(packet.Destination) && !(isHeld && (group!.Blocks is null || IsToSharedMac(frame))))
        {
            // Another director has chosen this host as the real server.
            handBack.NotOurs(frame, packet);
            return false;
        }

        if (isHeld && context.IsLent)
            return true;
        counters.Increment(isHeld ? PacketCounter.DropNoLoan : PacketCounter.DropNotHeld);
        return false;
    }

    /// <summary>What may be done with a packet to a virtual address, by its client's block; of a group that <see cref="Takes"/> has found.</summary>
    public BlockRight RightOf(GroupHolding group, in Frame frame, in Packet packet) =>
        RightOf(group, frame, new Flow(packet.Protocol, packet.Source, packet.SourcePort, packet.Destination, packet.DestinationPort));

    /// <summary>What may be done with a packet of a connection, whichever way it goes. When that is nothing, the packet is counted.</summary>
    /// <param name="frame">The frame that it came in.</param>
    /// <param name="fromClient">The connection's ends, as a packet from its client has them.</param>
    public BlockRight RightOf(in Frame frame, in Flow fromClient)
    {
        if (IsOpen)
            return BlockRight.Whole;
        if (context.Held.Find(fromClient.Destination) is not { Forwards: true } group)
            return None(PacketCounter.DropNotHeld);
        if (!context.IsLent)
            return None(PacketCounter.DropNoLoan);
        var right = RightOf(group, frame, fromClient);
        return right == BlockRight.None ? None(PacketCounter.DropOtherBlock) : right;
    }

    /// <summary>Whether a question from this address is this director's to answer. When not, it is counted.</summary>
    public bool Answers(GroupHolding group, in InetAddress asker)
    {
        if (group.Blocks is null || group.Blocks.RightOf(asker) == BlockRight.Whole)
            return true;
        counters.Increment(PacketCounter.DropOtherBlock);
        return false;
    }

    private BlockRight RightOf(GroupHolding group, in Frame frame, in Flow fromClient)
    {
        // What comes from this host is seen by this director alone.
        if (group.Blocks is not { } blocks || frame.Link == links.ThisHost)
            return BlockRight.Whole;
        // One client network has one template, so one director.
        return context.Held.HasPersistence && context.Lookup.Find(fromClient)?.Persistence is { } persistence
            ? blocks.RightOf(fromClient.Source.Mask(persistence.PrefixLength))
            : blocks.RightOf(fromClient.Source, fromClient.SourcePort);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private BlockRight None(PacketCounter reason)
    {
        counters.Increment(reason);
        return BlockRight.None;
    }

    private bool IsToSharedMac(in Frame frame) => links[frame.Link].HasEthernet && context.Held.IsSharedMac(Wire.ReadMac(frame.Data));
}
