namespace Director.Forwarding.Packets;

/// <summary>The packet that an ICMP error quotes: its IP header and at least the ports of its layer-4 header; the rest may be cut off.</summary>
internal unsafe struct QuotedPacket
{
    private const int IcmpHeaderLength = 8;

    /// <summary>Its IP header.</summary>
    public byte* Network;

    /// <summary>Offset of its layer-4 header.</summary>
    public int TransportOffset;

    /// <summary>Bytes that are there from the layer-4 header on; at least 8.</summary>
    public int TransportLength;

    /// <summary>Layer-4 protocol number.</summary>
    public byte Protocol;

    public InetAddress Source;
    public InetAddress Destination;
    public ushort SourcePort;
    public ushort DestinationPort;

    /// <summary>Whether it is TCP or UDP; otherwise it is a tunnel's.</summary>
    public readonly bool HasPorts => Protocol is Wire.Tcp or Wire.Udp;

    private readonly byte* Transport => Network + TransportOffset;

    /// <summary>Reads what an ICMP error quotes. False when that is neither TCP, UDP nor a tunnel's, a later fragment, or too short to have ports.</summary>
    public static bool TryRead(in Packet error, out QuotedPacket quoted)
    {
        quoted = default;
        var network = error.Transport + IcmpHeaderLength;
        var available = error.TransportLength - IcmpHeaderLength;
        quoted.Network = network;
        if (error.IsIPv6)
        {
            if (available < Wire.IPv6HeaderLength + 8 || network[0] >> 4 != 6)
                return false;
            // Extension headers in a quote are not followed: a sender of ours puts none.
            quoted.TransportOffset = Wire.IPv6HeaderLength;
            quoted.Protocol = network[6];
            quoted.Source = InetAddress.Read(network + 8, true);
            quoted.Destination = InetAddress.Read(network + 24, true);
        }
        else
        {
            if (available < Wire.IPv4HeaderLength || network[0] >> 4 != 4)
                return false;
            quoted.TransportOffset = (network[0] & 0x0F) * 4;
            if (quoted.TransportOffset < Wire.IPv4HeaderLength || available < quoted.TransportOffset + 8 || (Wire.Read16(network + 6) & Wire.FragmentOffsetMask) != 0)
                return false;
            quoted.Protocol = network[9];
            quoted.Source = InetAddress.Read(network + 12, false);
            quoted.Destination = InetAddress.Read(network + 16, false);
        }

        quoted.TransportLength = available - quoted.TransportOffset;
        if (!quoted.HasPorts)
            return quoted.Protocol is Wire.IPv4InIP or Wire.IPv6InIP or Wire.Gre;
        quoted.SourcePort = Wire.Read16(quoted.Transport);
        quoted.DestinationPort = Wire.Read16(quoted.Transport + 2);
        return true;
    }

    /// <summary>Replaces the quoted source or destination, so that the receiver finds the packet that it sent. The checksums in the quote follow; the ICMP checksum does not.</summary>
    public void Rewrite(bool isSource, in InetAddress address, ushort port)
    {
        var isIPv6 = address.IsIPv6;
        var old = isSource ? Source : Destination;
        var difference = InternetChecksum.Difference(InternetChecksum.Sum(old), InternetChecksum.Sum(address));
        address.Write(Network + (isIPv6 ? (isSource ? 8 : 24) : (isSource ? 12 : 16)));
        if (!isIPv6)
            Wire.WriteChecksum(Network + 10, InternetChecksum.Update(Wire.ReadChecksum(Network + 10), difference));
        var portField = Transport + (isSource ? 0 : 2);
        var oldPortSum = Wire.ReadChecksum(portField);
        Wire.Write16(portField, port);
        var checksumOffset = Protocol == Wire.Tcp ? 16 : 6;
        if (TransportLength < checksumOffset + 2)
            return;
        var field = Transport + checksumOffset;
        var checksum = Wire.ReadChecksum(field);
        if (Protocol == Wire.Udp && checksum == 0)
            return;
        Wire.WriteChecksum(field, InternetChecksum.Update(checksum, difference + (ushort)~oldPortSum + Wire.ReadChecksum(portField)));
    }
}
