using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;

namespace Director.Forwarding.Tests.Packets;

/// <summary>
/// Says what is in a packet, header by header, and builds its bytes: lengths, next-header numbers and checksums follow. It shares no code with the product, so that it is a witness.
/// Immutable: a packet that was built can be taken further.
/// </summary>
internal sealed class PacketBuilder
{
    private readonly ImmutableList<Layer> _layers;

    private PacketBuilder(ImmutableList<Layer> layers) => _layers = layers;

    /// <summary>Without a link-layer header, as on a TUN device or in a quote.</summary>
    public static PacketBuilder Network { get; } = new([]);

    /// <summary>TCP payload bytes in a segment, where the link is to cut the packet; else 0.</summary>
    public int SegmentSize { get; private init; }

    /// <summary>Where the packet goes to on its link; 0 without a link-layer header.</summary>
    public ulong ToMac => _layers is [EthernetLayer ethernet, ..] ? ethernet.To : 0;

    /// <summary>Where it comes from on its link; 0 without a link-layer header.</summary>
    public ulong FromMac => _layers is [EthernetLayer ethernet, ..] ? ethernet.From : 0;

    /// <summary>Whether a layer-4 checksum is left to the NIC.</summary>
    public bool HasPartialChecksum => _layers.Any(layer => layer is TcpLayer { Checksum: Checksum.Partial } or UdpLayer { Checksum: Checksum.Partial });

    /// <summary>MAC addresses have their first byte lowest, as in <c>ILink.Mac</c>.</summary>
    public static PacketBuilder Ethernet(ulong to, ulong from, ushort? type = null) => Network.With(new EthernetLayer(to, from, type));

    public PacketBuilder IPv4(
        string source, string destination, int hops = 64, int trafficClass = 0, int id = 0, bool df = false, bool more = false, int offset = 0, byte[]? options = null, byte? carries = null) =>
        With(new IPv4Layer(IPAddress.Parse(source), IPAddress.Parse(destination))
        {
            Hops = hops, TrafficClass = trafficClass, Id = id, DontFragment = df, MoreFragments = more, Offset = offset, Options = options ?? [], Carries = carries,
        });

    public PacketBuilder IPv6(string source, string destination, int hops = 64, int trafficClass = 0, int flowLabel = 0, byte? carries = null) =>
        With(new IPv6Layer(IPAddress.Parse(source), IPAddress.Parse(destination)) { Hops = hops, TrafficClass = trafficClass, FlowLabel = flowLabel, Carries = carries });

    /// <summary>IPv4 or IPv6, as the addresses are.</summary>
    public PacketBuilder IP(string source, string destination, int hops = 64, int trafficClass = 0, int id = 0, bool df = false) =>
        IPAddress.Parse(source).AddressFamily == AddressFamily.InterNetwork
            ? IPv4(source, destination, hops, trafficClass, id, df)
            : IPv6(source, destination, hops, trafficClass);

    public PacketBuilder HopByHopOptions(int length = 8) => With(new ExtensionLayer(0, length));

    public PacketBuilder Routing(int length = 8) => With(new ExtensionLayer(43, length));

    public PacketBuilder DestinationOptions(int length = 8) => With(new ExtensionLayer(60, length));

    public PacketBuilder Fragment(uint id, int offset, bool more, byte? carries = null) => With(new FragmentLayer(id, offset, more, carries));

    public PacketBuilder Tcp(
        int source, int destination, TcpFlags flags, uint sequence = 1000, uint acknowledgment = 0, byte[]? options = null, Checksum checksum = Checksum.Right) =>
        With(new TcpLayer(source, destination, flags) { Sequence = sequence, Acknowledgment = acknowledgment, Options = options ?? [], Checksum = checksum });

    /// <summary>A TCP header as a reset has it: no window, no options.</summary>
    public PacketBuilder Reset(int source, int destination, TcpFlags flags, uint sequence, uint acknowledgment) =>
        With(new TcpLayer(source, destination, flags) { Sequence = sequence, Acknowledgment = acknowledgment, Window = 0 });

    public PacketBuilder Udp(int source, int destination, Checksum checksum = Checksum.Right) => With(new UdpLayer(source, destination) { Checksum = checksum });

    /// <summary>ICMP or ICMPv6, as the IP header is.</summary>
    public PacketBuilder Icmp(byte type, byte code, uint rest = 0, Checksum checksum = Checksum.Right) =>
        With(new IcmpLayer(type, code, rest, _layers.FindLast(layer => layer.Ends is not null)!.Ends!.Value.IsIPv6) { Checksum = checksum });

    public PacketBuilder Gre(bool hasChecksum = false) => With(new GreLayer(hasChecksum));

    public PacketBuilder Gue() => With(new GueLayer());

    public PacketBuilder Payload(byte[] bytes) => With(new PayloadLayer(bytes));

    /// <summary>A payload of so many bytes, none like its neighbours.</summary>
    public PacketBuilder Payload(int length) => Payload([.. Enumerable.Range(0, length).Select(i => (byte)((i * 7) + (i >> 8) + 1))]);

    /// <summary>A packet in this one, as a tunnel carries it.</summary>
    public PacketBuilder Inside(PacketBuilder inner) => new(_layers.AddRange(inner._layers.Where(layer => layer is not EthernetLayer)));

    /// <summary>To be cut by the link into segments of so many payload bytes; the checksum is left to it.</summary>
    public PacketBuilder Cut(int segmentSize) =>
        new([.. _layers.Select(layer => layer is TcpLayer tcp ? tcp with { Checksum = Checksum.Partial } : layer)]) { SegmentSize = segmentSize };

    /// <summary>The same packet to another MAC address.</summary>
    public PacketBuilder To(ulong mac) => new([.. _layers.Select(layer => layer is EthernetLayer ethernet ? ethernet with { To = mac } : layer)]) { SegmentSize = SegmentSize };

    /// <summary>The same IP packet in fragments: the first has <paramref name="first"/> bytes of data, each later one <paramref name="later"/>; multiples of 8.</summary>
    public PacketBuilder[] Fragments(int first, int later, uint id = 77)
    {
        var at = _layers.FindIndex(layer => layer.Ends is not null);
        var data = BuildFrom(at + 1);
        var protocol = _layers[at + 1].Protocol;
        var before = _layers.GetRange(0, at);
        var fragments = new List<PacketBuilder>();
        for (var offset = 0; offset < data.Length;)
        {
            var length = Math.Min(offset == 0 ? first : later, data.Length - offset);
            var more = offset + length < data.Length;
            var payload = new PayloadLayer(data[offset..(offset + length)]);
            fragments.Add(new(_layers[at] switch
            {
                IPv4Layer ip => before.AddRange([ip with { Offset = offset, MoreFragments = more, Id = (int)id, Carries = protocol }, payload]),
                var ip => before.AddRange([ip, new FragmentLayer(id, offset, more, protocol), payload]),
            }));
            offset += length;
        }

        return [.. fragments];
    }

    /// <summary>The bytes.</summary>
    public byte[] Build() => BuildFrom(0);

    /// <summary>Bytes before the layer-4 header, link-layer header included.</summary>
    public int TransportOffset => Build().Length - BuildFrom(_layers.FindIndex(layer => layer is TcpLayer or UdpLayer)).Length;

    private byte[] BuildFrom(int first)
    {
        byte[] bytes = [];
        Layer? next = null;
        for (var i = _layers.Count - 1; i >= first; i--)
        {
            bytes = _layers[i].Wrap(bytes, next, _layers.Take(i).LastOrDefault(layer => layer.Ends is not null)?.Ends);
            next = _layers[i];
        }

        return bytes;
    }

    private PacketBuilder With(Layer layer) => new(_layers.Add(layer));
}
