using System.Runtime.CompilerServices;
using Director.Forwarding.Connections;
using Director.Forwarding.Links;
using Director.Forwarding.Packets;
using Director.Forwarding.Scheduling;

namespace Director.Forwarding.Engine;

/// <summary>Reads frames: whether they are for us, what they carry, and which connection's memory will be needed.</summary>
internal sealed unsafe class FrameReader(LinkSet links, WorkerContext context, WorkerConnections connections, PacketCounters counters)
{
    /// <summary>Reads a frame. What cannot be read is counted and ignored.</summary>
    public void Read(ref Frame frame, ref ReadFrame read)
    {
        read.Kind = FrameKind.Ignored;
        byte* network;
        int available;
        bool isIPv6;
        if (links[frame.Link].HasEthernet)
        {
            if (frame.Length < Wire.EthernetHeaderLength)
            {
                counters.Increment(PacketCounter.DropTruncated);
                return;
            }

            var to = Wire.ReadMac(frame.Data);
            if (to != links[frame.Link].Mac && (to & 1) == 0 && !context.Held.IsSharedMac(to))
            {
                counters.Increment(PacketCounter.OtherHost);
                return;
            }

            var type = Wire.Read16(frame.Data + 12);
            if (type == Wire.EtherTypeArp)
            {
                read.Kind = FrameKind.Arp;
                return;
            }

            if (type is not (Wire.EtherTypeIPv4 or Wire.EtherTypeIPv6))
            {
                counters.Increment(PacketCounter.LeftToKernel);
                return;
            }

            isIPv6 = type == Wire.EtherTypeIPv6;
            network = frame.Data + Wire.EthernetHeaderLength;
            available = frame.Length - Wire.EthernetHeaderLength;
        }
        else
        {
            if (frame.Length < Wire.IPv4HeaderLength)
            {
                counters.Increment(PacketCounter.DropTruncated);
                return;
            }

            isIPv6 = frame.Data[0] >> 4 == 6;
            network = frame.Data;
            available = frame.Length;
        }

        var error = Packet.Read(network, available, isIPv6, out read.Packet);
        if (error != PacketError.None)
        {
            counters.Increment(PacketCounter.DropTruncated + (error - PacketError.Truncated));
            return;
        }

        ref var packet = ref read.Packet;
        if (packet.Fragment == FragmentPart.Later)
        {
            read.Kind = FrameKind.LaterFragment;
            return;
        }

        switch (packet.Protocol)
        {
            case Wire.Tcp or Wire.Udp:
                MakeTransport(ref read);
                break;
            case Wire.Icmp when !packet.IsIPv6:
            case Wire.IcmpV6 when packet.IsIPv6:
                read.Kind = FrameKind.Icmp;
                break;
            default:
                read.Kind = FrameKind.Other;
                break;
        }
    }

    /// <summary>Prepares a TCP or UDP packet whose ports are known for the search of its connection.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void MakeTransport(ref ReadFrame read)
    {
        ref var packet = ref read.Packet;
        read.Kind = FrameKind.Transport;
        read.IsToVirtual = context.Lookup.IsVirtual(packet.Destination);
        var table = connections.Table(packet.IsIPv6);
        read.Hash = read.IsToVirtual
            ? table.Hash(packet.Protocol, packet.Source, packet.SourcePort)
            : table.Hash(packet.Protocol, packet.Destination, packet.DestinationPort);
        table.PrefetchSlot(read.Hash);
    }
}
