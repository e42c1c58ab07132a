using Director.Forwarding.Methods;
using Director.Forwarding.Packets;

namespace Director.Forwarding.Tests.Engine;

/// <summary>IP packets with partial checksums finished, also in tunnels, so that they can be compared.</summary>
internal static unsafe class CompletedPacket
{
    public static byte[] Of(ReadOnlySpan<byte> network)
    {
        var bytes = network.ToArray();
        fixed (byte* start = bytes)
            Complete(start, bytes.Length);
        return bytes;
    }

    private static void Complete(byte* network, int length)
    {
        if (Packet.Read(network, length, network[0] >> 4 == 6, out var packet) != PacketError.None)
            return;
        if (packet.Protocol is Wire.IPv4InIP or Wire.IPv6InIP)
            Complete(packet.Transport, packet.TransportLength);
        else
            AddressRewriter.FinishChecksum(ref packet);
    }
}
