using System.Runtime.CompilerServices;
using Director.Forwarding.Packets;

namespace Director.Forwarding.Methods;

/// <summary>Network address translation of one packet: replaces an end and mends the checksums that cover it (RFC 1624). The packet's own fields follow.</summary>
internal static unsafe class AddressRewriter
{
    /// <summary>Replaces the destination address and, where the packet has one, port.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void RewriteDestination(ref Packet packet, in InetAddress address, ushort port)
    {
        Rewrite(ref packet, packet.Destination, address, packet.IsIPv6 ? 24 : 16, packet.DestinationPort, port, 2);
        packet.Destination = address;
        packet.DestinationPort = port;
    }

    /// <summary>Replaces the source address and, where the packet has one, port.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void RewriteSource(ref Packet packet, in InetAddress address, ushort port)
    {
        Rewrite(ref packet, packet.Source, address, packet.IsIPv6 ? 8 : 12, packet.SourcePort, port, 0);
        packet.Source = address;
        packet.SourcePort = port;
    }

    private static void Rewrite(ref Packet packet, in InetAddress oldAddress, in InetAddress newAddress, int addressOffset, ushort oldPort, ushort newPort, int portOffset)
    {
        var difference = InternetChecksum.Difference(InternetChecksum.Sum(oldAddress), InternetChecksum.Sum(newAddress));
        newAddress.Write(packet.Network + addressOffset);
        if (!packet.IsIPv6)
            Wire.WriteChecksum(packet.Network + 10, InternetChecksum.Update(Wire.ReadChecksum(packet.Network + 10), difference));
        if (packet.Fragment == FragmentPart.Later)
            return;

        var transport = packet.Transport;
        Wire.Write16(transport + portOffset, newPort);
        var field = transport + (packet.Protocol == Wire.Tcp ? 16 : 6);
        var checksum = Wire.ReadChecksum(field);
        if (packet.HasPartialChecksum)
        {
            // Only the pseudo-header is in it, not complemented; the port is summed up when the NIC finishes it.
            Wire.WriteChecksum(field, InternetChecksum.Fold((ulong)checksum + difference));
            return;
        }

        if (packet.Protocol == Wire.Udp && checksum == 0)
            return;
        checksum = InternetChecksum.Update(checksum, difference + (ushort)~Swap(oldPort) + Swap(newPort));
        if (packet.Protocol == Wire.Udp && checksum == 0)
            checksum = 0xFFFF;
        Wire.WriteChecksum(field, checksum);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ushort Swap(ushort port) => System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(port);

    /// <summary>Takes one from the hop limit; it must be above 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void DecrementHopLimit(ref Packet packet)
    {
        if (packet.IsIPv6)
        {
            packet.Network[7]--;
            return;
        }

        packet.Network[8]--;
        // The time to live is the high byte of its word: the checksum grows by 0x0100 (RFC 1141).
        var sum = (uint)Wire.ReadChecksum(packet.Network + 10) + 0x0001;
        Wire.WriteChecksum(packet.Network + 10, (ushort)(sum + (sum >> 16)));
    }

    /// <summary>Finishes a partial layer-4 checksum in software.</summary>
    public static void FinishChecksum(ref Packet packet)
    {
        if (!packet.HasPartialChecksum)
            return;
        packet.HasPartialChecksum = false;
        var field = packet.Transport + (packet.Protocol == Wire.Tcp ? 16 : 6);
        var length = packet.Protocol == Wire.Udp ? Wire.Read16(packet.Transport + 4) : packet.TransportLength;
        var checksum = (ushort)~InternetChecksum.Fold(InternetChecksum.Sum(packet.Transport, length));
        Wire.WriteChecksum(field, packet.Protocol == Wire.Udp && checksum == 0 ? (ushort)0xFFFF : checksum);
    }
}
