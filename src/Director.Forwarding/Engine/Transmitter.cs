using Director.Forwarding.Links;
using Director.Forwarding.Methods;
using Director.Forwarding.Packets;

namespace Director.Forwarding.Engine;

/// <summary>What has to be done to a packet so that it fits its way.</summary>
internal enum Fit : byte
{
    /// <summary>Nothing.</summary>
    AsIs,

    /// <summary>It is a TCP superframe: the link cuts it.</summary>
    Superframe,

    /// <summary>It is an IPv4 packet that may be fragmented.</summary>
    Fragment,

    /// <summary>It must not go: its sender is told.</summary>
    TooBig,

    /// <summary>It is a UDP superframe, which cannot be cut: its segment size is lost.</summary>
    UdpSuperframe,
}

/// <summary>Gives IP packets to links: Ethernet header, next hop, what offloads have to finish.</summary>
internal sealed unsafe class Transmitter
{
    // As TCP_MIN_SND_MSS of the kernel: headers that leave less room would make one frame thousands.
    private const int SmallestSegment = 48;

    private readonly LinkSet _links;
    private readonly Outbox _outbox;
    private readonly NeighbourQueue _waiting;

    /// <param name="links">The worker's links.</param>
    /// <param name="outbox">Collects the frames.</param>
    /// <param name="waiting">Holds frames whose next hop is not known yet.</param>
    public Transmitter(LinkSet links, Outbox outbox, NeighbourQueue waiting)
    {
        _links = links;
        _outbox = outbox;
        _waiting = waiting;
    }

    /// <summary>Time of the batch, in milliseconds since the engine's start.</summary>
    public long Now { get; set; }

    /// <summary>Decides how a packet fits a way.</summary>
    /// <param name="packet">The packet.</param>
    /// <param name="incoming">The frame that it came in: longer than its link's MTU, it was merged from several.</param>
    /// <param name="mtu">Bytes that a packet may have on the way out, what a tunnel adds already taken off.</param>
    /// <param name="mss">Largest segment that the receiver announced; 0 when that is not known.</param>
    /// <param name="segmentSize">TCP payload bytes a segment for <see cref="Fit.Superframe"/>; otherwise 0.</param>
    public Fit Measure(in Packet packet, in Frame incoming, int mtu, int mss, out int segmentSize)
    {
        segmentSize = 0;
        var isMerged = (incoming.Flags & FrameFlags.Superframe) != 0 || packet.Length > _links[incoming.Link].Mtu;
        // No segment that was announced as welcome is longer than the MSS and its headers: most packets end here.
        if (!isMerged && packet.Length <= mtu && (mss == 0 || packet.Length <= mss))
            return Fit.AsIs;
        if (packet.Protocol == Wire.Tcp && packet.Fragment == FragmentPart.Whole)
        {
            var headers = packet.TransportOffset + packet.TcpHeaderLength;
            var payload = packet.Length - headers;
            // The MSS counts no options (RFC 6691); nobody sends a longer segment to a receiver that announced it.
            var largest = mss == 0 ? int.MaxValue : Math.Max(mss - (packet.TcpHeaderLength - Wire.TcpHeaderLength), 1);
            if ((isMerged || payload > largest) && mtu - headers >= SmallestSegment)
            {
                var size = Math.Min(largest, mtu - headers);
                if (incoming.SegmentSize != 0)
                    size = Math.Min(size, incoming.SegmentSize);
                if (payload <= size)
                    return Fit.AsIs;
                segmentSize = size;
                return Fit.Superframe;
            }
        }

        if (packet.Length <= mtu)
            return Fit.AsIs;
        if (isMerged && packet.Protocol == Wire.Udp && packet.Fragment == FragmentPart.Whole)
            return Fit.UdpSuperframe;
        return packet.DontFragment ? Fit.TooBig : Fit.Fragment;
    }

    /// <summary>Sends a packet.</summary>
    /// <param name="packet">The packet, finished but for what offloads do. At least an Ethernet header's bytes before it are free.</param>
    /// <param name="path">The way; its link is valid.</param>
    /// <param name="segmentSize">TCP payload bytes a segment of a superframe, or 0.</param>
    public void Send(ref Packet packet, in Path path, int segmentSize)
    {
        if (segmentSize != 0 && !packet.HasPartialChecksum)
        {
            // What cuts a superframe computes each segment's checksum from the pseudo-header's sum.
            Wire.WriteChecksum(
                packet.Transport + 16, InternetChecksum.Fold(InternetChecksum.PseudoHeader(packet.Source, packet.Destination, Wire.Tcp, packet.TransportLength)));
            packet.HasPartialChecksum = true;
        }

        Send(packet.Network, packet.Length, packet, path, segmentSize);
    }

    /// <summary>Sends a complete IP packet whose checksums need no finishing.</summary>
    public void SendComplete(byte* network, int length, in Path path)
    {
        Packet none = default;
        none.Network = network;
        Send(network, length, none, path, 0);
    }

    private void Send(byte* network, int length, in Packet inner, in Path path, int segmentSize)
    {
        ref readonly var link = ref _links[path.Link];
        if (!link.HasEthernet)
        {
            Describe(out _outbox.Next(path.Link), network, length, path.Link, inner, segmentSize);
            return;
        }

        var start = network - Wire.EthernetHeaderLength;
        var neighbour = path.Neighbour!;
        var mac = neighbour.Mac;
        neighbour.Used = true;
        Wire.WriteEthernet(start, mac, link.Mac, network[0] >> 4 == 6 ? Wire.EtherTypeIPv6 : Wire.EtherTypeIPv4);
        if (mac != 0)
        {
            Describe(out _outbox.Next(path.Link), start, length + Wire.EthernetHeaderLength, path.Link, inner, segmentSize);
            return;
        }

        Describe(out var waiting, start, length + Wire.EthernetHeaderLength, path.Link, inner, segmentSize);
        _waiting.Hold(waiting, neighbour, Now);
    }

    private static void Describe(out Frame frame, byte* data, int length, int link, in Packet inner, int segmentSize)
    {
        frame = default;
        frame.Data = data;
        frame.Length = length;
        frame.Link = (ushort)link;
        if (!inner.HasPartialChecksum)
            return;
        frame.Flags = FrameFlags.PartialChecksum;
        frame.TransportOffset = (ushort)(inner.Transport - data);
        frame.ChecksumOffset = (byte)(inner.Protocol == Wire.Tcp ? 16 : 6);
        if (segmentSize == 0)
            return;
        frame.Flags |= FrameFlags.Superframe | (inner.IsIPv6 ? FrameFlags.IPv6 : FrameFlags.None);
        frame.SegmentSize = (ushort)Math.Min(segmentSize, ushort.MaxValue);
        frame.TransportHeaderLength = (byte)inner.TcpHeaderLength;
    }

    /// <summary>Sends an IPv4 packet in fragments. Its checksums are complete.</summary>
    public void SendFragments(byte* network, in Path path)
    {
        var fragmenter = new IPv4Fragmenter(network, path.Mtu);
        for (var length = fragmenter.NextLength; length > 0; length = fragmenter.NextLength)
        {
            var to = _outbox.Rent(length);
            fragmenter.Write(to);
            SendComplete(to, length, path);
        }
    }

    /// <summary>Sends a frame that answers <paramref name="incoming"/> back the way that one came.</summary>
    /// <param name="incoming">The frame to answer.</param>
    /// <param name="network">The answer's IP header, with room for an Ethernet header before it.</param>
    /// <param name="length">Bytes from there.</param>
    public void Answer(in Frame incoming, byte* network, int length)
    {
        ref readonly var link = ref _links[incoming.Link];
        var data = network;
        if (link.HasEthernet)
        {
            data -= Wire.EthernetHeaderLength;
            length += Wire.EthernetHeaderLength;
            Wire.WriteEthernet(data, Wire.ReadMac(incoming.Data + 6), link.Mac, network[0] >> 4 == 6 ? Wire.EtherTypeIPv6 : Wire.EtherTypeIPv4);
        }

        _outbox.Add(new Frame { Data = data, Length = length, Link = incoming.Link });
    }
}
