using System.Net.NetworkInformation;
using Director.Forwarding.Links;
using Director.Forwarding.Packets;
using Director.Forwarding.Partitioning;

namespace Director.Forwarding.Engine;

/// <summary>Speaks for the held addresses on a link: answers ARP (RFC 826), neighbour solicitations (RFC 4861) and echo requests (RFC 792, RFC 4443), and announces an address.</summary>
internal sealed unsafe class AddressResponder
{
    private const int ArpLength = 28;
    private const int AdvertisementLength = Wire.IPv6HeaderLength + 32;
    private const byte OwnHopLimit = 64;
    private const ulong Broadcast = 0xFFFF_FFFF_FFFF;
    private const ulong AllNodesMac = 0x0100_0000_3333;
    private static readonly InetAddress AllNodes = InetAddress.FromIPv6(0x02FF, 0x0100_0000_0000_0000);

    private readonly LinkSet _links;
    private readonly WorkerContext _context;
    private readonly Outbox _outbox;
    private readonly Transmitter _transmitter;
    private readonly PacketCounters _counters;
    private readonly Action<AddressClaim>? _claimed;
    private readonly RateLimit _claims = new(10);

    /// <summary>Answers leave by these.</summary>
    public AddressResponder(LinkSet links, WorkerContext context, Outbox outbox, Transmitter transmitter, PacketCounters counters, Action<AddressClaim>? claimed)
    {
        _links = links;
        _context = context;
        _claimed = claimed;
        _outbox = outbox;
        _transmitter = transmitter;
        _counters = counters;
    }

    /// <summary>Takes an ARP frame and answers it in place when it asks for an address that we hold.</summary>
    /// <param name="frame">An Ethernet frame of type ARP.</param>
    public void Arp(in Frame frame)
    {
        var arp = frame.Data + Wire.EthernetHeaderLength;
        if (frame.Length < Wire.EthernetHeaderLength + ArpLength || Wire.Read16(arp) != 1 || Wire.Read16(arp + 2) != Wire.EtherTypeIPv4 || arp[4] != 6 || arp[5] != 4)
            return;
        var sender = InetAddress.Read(arp + 14, false);
        var target = InetAddress.Read(arp + 24, false);
        var senderMac = Wire.ReadMac(arp + 8);
        NoteClaim(frame.Link, sender, senderMac);
        if (Wire.Read16(arp + 6) != 1 || sender == target || !MayAnswer(frame.Link, target, sender, out var mac))
            return;

        Wire.WriteEthernet(frame.Data, Wire.ReadMac(frame.Data + 6), _links[frame.Link].Mac, Wire.EtherTypeArp);
        Wire.Write16(arp + 6, 2);
        Wire.WriteMac(arp + 18, senderMac);
        sender.Write(arp + 24);
        Wire.WriteMac(arp + 8, mac);
        target.Write(arp + 14);
        var answer = frame;
        answer.Length = Wire.EthernetHeaderLength + ArpLength;
        answer.Flags = FrameFlags.None;
        _outbox.Add(answer);
        _counters.Increment(PacketCounter.ArpAnswered);
    }

    /// <summary>Whether a question for an address is ours to answer, and the MAC address to answer with: the shared one is named only, each frame leaves from the link's own.</summary>
    private bool MayAnswer(int link, in InetAddress address, in InetAddress asker, out ulong mac)
    {
        mac = 0;
        if (_context.Answering(address, link) is not { } group)
            return false;
        if (group.Blocks is { } blocks && blocks.RightOf(asker) != BlockRight.Whole)
        {
            _counters.Increment(PacketCounter.DropOtherBlock);
            return false;
        }

        mac = MacOf(link, group);
        return true;
    }

    private ulong MacOf(int link, GroupHolding group) => group.SharedMac != 0 ? group.SharedMac : _links[link].Mac;

    private void NoteClaim(int link, in InetAddress address, ulong mac)
    {
        if (_context.Answering(address, link) is not { } group || _links.HasMac(mac) || mac == group.SharedMac)
            return;
        _counters.Increment(PacketCounter.AddressConflict);
        if (_claimed is not null && _claims.TryTake(_context.Now))
            _claimed(new AddressClaim(address.ToIPAddress(), new PhysicalAddress(BitConverter.GetBytes(mac)[..6]), _links.NameOf(link)));
    }

    /// <summary>
    /// Announces on a link that an address is ours: a gratuitous ARP request and a reply, since there are hosts and switches that heed only one of them, or an unsolicited neighbour advertisement.
    /// </summary>
    public void Announce(int link, in InetAddress address, GroupHolding group)
    {
        if (!_links[link].HasEthernet)
            return;
        var mac = MacOf(link, group);
        if (address.IsIPv6)
        {
            // Override, not solicited.
            Advertise(link, AllNodesMac, mac, address, AllNodes, 0x2000_0000);
            return;
        }

        AnnounceByArp(link, address, mac, 1, Broadcast);
        AnnounceByArp(link, address, mac, 2, mac);
    }

    private void AnnounceByArp(int link, in InetAddress address, ulong mac, int operation, ulong targetMac)
    {
        var data = _outbox.Rent(Wire.EthernetHeaderLength + ArpLength);
        Wire.WriteEthernet(data, Broadcast, _links[link].Mac, Wire.EtherTypeArp);
        var arp = data + Wire.EthernetHeaderLength;
        Wire.Write16(arp, 1);
        Wire.Write16(arp + 2, Wire.EtherTypeIPv4);
        arp[4] = 6;
        arp[5] = 4;
        Wire.Write16(arp + 6, operation);
        Wire.WriteMac(arp + 8, mac);
        address.Write(arp + 14);
        Wire.WriteMac(arp + 18, targetMac);
        address.Write(arp + 24);
        _outbox.Add(new Frame { Data = data, Length = Wire.EthernetHeaderLength + ArpLength, Link = (ushort)link });
    }

    /// <summary>Answers a neighbour solicitation for a held address, and takes note of another's advertisement of one. False when it is neither.</summary>
    public bool TakesNeighbourDiscovery(in Frame frame, in Packet packet)
    {
        var icmp = packet.Transport;
        if (packet.Protocol != Wire.IcmpV6 || icmp[0] is not (IcmpType.NeighbourSolicitation or IcmpType.NeighbourAdvertisement) || !_links[frame.Link].HasEthernet)
            return false;
        // RFC 4861 7.1.1, 7.1.2: 255 proves that no router was between.
        if (packet.TransportLength < 24 || packet.HopLimit != 255 || icmp[1] != 0 || packet.Fragment != FragmentPart.Whole || !IcmpType.HasRightChecksum(packet))
            return false;
        var target = InetAddress.Read(icmp + 8, true);
        if (icmp[0] == IcmpType.NeighbourAdvertisement)
        {
            NoteClaim(frame.Link, target, TargetLinkAddress(packet) is var named and not 0 ? named : Wire.ReadMac(frame.Data + 6));
            return false;
        }

        if (_context.Answering(target, frame.Link) is null)
            return false;
        if (!MayAnswer(frame.Link, target, packet.Source, out var mac))
            return true;
        var isUnspecified = packet.Source is { First: 0, Second: 0 };
        if (isUnspecified)
            Advertise(frame.Link, AllNodesMac, mac, target, AllNodes, 0x2000_0000);
        else
            Advertise(frame.Link, Wire.ReadMac(frame.Data + 6), mac, target, packet.Source, 0x6000_0000);
        _counters.Increment(PacketCounter.SolicitationAnswered);
        return true;
    }

    /// <summary>The first target link-layer address option of an advertisement (RFC 4861 4.6.1); 0 when there is none.</summary>
    private static ulong TargetLinkAddress(in Packet advertisement)
    {
        const int typeTarget = 2;
        for (var offset = 24; offset + 8 <= advertisement.TransportLength;)
        {
            var option = advertisement.Transport + offset;
            if (option[0] == typeTarget)
                return Wire.ReadMac(option + 2);
            if (option[1] == 0)
                return 0;
            offset += option[1] * 8;
        }

        return 0;
    }

    private void Advertise(int link, ulong toMac, ulong mac, in InetAddress address, in InetAddress to, uint flags)
    {
        var data = _outbox.Rent(Wire.EthernetHeaderLength + AdvertisementLength);
        Wire.WriteEthernet(data, toMac, _links[link].Mac, Wire.EtherTypeIPv6);
        var ip = data + Wire.EthernetHeaderLength;
        Wire.Write32(ip, 6u << 28);
        Wire.Write16(ip + 4, AdvertisementLength - Wire.IPv6HeaderLength);
        ip[6] = Wire.IcmpV6;
        ip[7] = 255;
        address.Write(ip + 8);
        to.Write(ip + 24);
        var icmp = ip + Wire.IPv6HeaderLength;
        Wire.Write32(icmp, (uint)IcmpType.NeighbourAdvertisement << 24);
        Wire.Write32(icmp + 4, flags);
        address.Write(icmp + 8);
        icmp[24] = 2;
        icmp[25] = 1;
        Wire.WriteMac(icmp + 26, mac);
        const int length = AdvertisementLength - Wire.IPv6HeaderLength;
        Wire.WriteChecksum(icmp + 2, (ushort)~InternetChecksum.Fold(InternetChecksum.PseudoHeader(address, to, Wire.IcmpV6, length) + InternetChecksum.Sum(icmp, length)));
        _outbox.Add(new Frame { Data = data, Length = Wire.EthernetHeaderLength + AdvertisementLength, Link = (ushort)link });
    }

    /// <summary>Whether a packet asks for an echo.</summary>
    public static bool IsEchoRequest(in Packet packet) => packet.Fragment != FragmentPart.Later
        && (packet.Protocol == Wire.Icmp ? *packet.Transport == IcmpType.EchoRequest : packet.Protocol == Wire.IcmpV6 && *packet.Transport == IcmpType.EchoRequestV6);

    /// <summary>Answers an echo request, or a fragment of one, in place. The checksum covers the whole datagram and changes only by the type.</summary>
    public void Echo(in Frame frame, in Packet packet)
    {
        if (packet.Length > _links[frame.Link].Mtu)
        {
            _counters.Increment(PacketCounter.DropTooBig);
            return;
        }

        if (packet.Fragment != FragmentPart.Later)
        {
            if (packet.Fragment == FragmentPart.Whole && !IcmpType.HasRightChecksum(packet))
            {
                _counters.Increment(PacketCounter.DropBadIcmp);
                return;
            }

            var icmp = packet.Transport;
            var reply = packet.IsIPv6 ? IcmpType.EchoReplyV6 : IcmpType.EchoReply;
            Wire.WriteChecksum(icmp + 2, InternetChecksum.Update(Wire.ReadChecksum(icmp + 2), InternetChecksum.Difference(*icmp, reply)));
            *icmp = reply;
        }

        var ip = packet.Network;
        if (packet.IsIPv6)
        {
            packet.Destination.Write(ip + 8);
            packet.Source.Write(ip + 24);
            ip[7] = OwnHopLimit;
        }
        else
        {
            packet.Destination.Write(ip + 12);
            packet.Source.Write(ip + 16);
            ip[8] = OwnHopLimit;
            Wire.FinishIPv4Header(ip);
        }

        _transmitter.Answer(frame, ip, packet.Length);
        _counters.Increment(PacketCounter.EchoAnswered);
    }
}
