using System.Buffers.Binary;
using System.Net;
using Director.Forwarding.Links;
using Director.Forwarding.Packets;
using Xunit;

namespace Director.Forwarding.Tests.Engine;

/// <summary>Every frame that a real IPVS got in the captures goes through the packet path and comes out as it did from IPVS.</summary>
public sealed class CaptureReplayTests
{
    private const ulong OutsideMac = 0x01_00_00_00_00_02;
    private const ulong InsideMac = 0x01_01_00_00_00_02;
    private static readonly IPAddress Vip = IPAddress.Parse("192.168.50.100");

    [Fact]
    public void Nat_comes_out_as_from_ipvs()
    {
        using var path = TwoArmed(Service("wrr", 80, ForwardingMethod.Nat, [("10.1.0.11", 8080, 1), ("10.1.0.12", 8080, 2), ("10.1.0.13", 8080, 3)]));
        Assert.Equal(87, Replay(path, "mode-nat.pcap"));
    }

    [Fact]
    public void Tunnelling_comes_out_as_from_ipvs()
    {
        using var path = TwoArmed(Service("wlc", 80, ForwardingMethod.Tunnel, [("10.1.0.11", 80, 1), ("10.1.0.12", 80, 2), ("10.1.0.13", 80, 3)]));
        Assert.Equal(49, Replay(path, "mode-tun.pcap"));
    }

    [Fact]
    public void Direct_routing_comes_out_as_from_ipvs()
    {
        var link = new MemoryLink("eth0", 0, OutsideMac);
        var routes = new StaticRoutes();
        routes.Add("192.168.50.0/24", link, 0x02_00_00_00_00_02, source: "192.168.50.1");
        using var path = new ForwarderOnMemory(routes, [link]);
        path.Apply(Service("rr", 80, ForwardingMethod.Direct, [("192.168.50.11", 80, 1), ("192.168.50.12", 80, 1), ("192.168.50.13", 80, 1)]));
        Assert.Equal(49, Replay(path, "mode-dr.pcap"));
    }

    private static ForwarderOnMemory TwoArmed(ForwardingTable table)
    {
        var outside = new MemoryLink("ifb1", 0, OutsideMac);
        var inside = new MemoryLink("eth0", 1, InsideMac);
        var routes = new StaticRoutes();
        routes.Add("192.168.50.0/24", outside, 0x02_00_00_00_00_02, source: "192.168.50.1");
        routes.Add("10.1.0.0/24", inside, 0x13_01_00_00_00_02, source: "10.1.0.1");
        var path = new ForwarderOnMemory(routes, [outside, inside]);
        path.Apply(table);
        return path;
    }

    private static ForwardingTable Service(string scheduler, ushort port, ForwardingMethod method, (string Address, int Port, int Weight)[] servers)
    {
        var service = new VirtualServiceSpec(ServiceKey.ForAddress(Protocol.Tcp, Vip, port)) { Scheduler = scheduler };
        var table = ForwardingTable.Empty with { Services = [service] };
        foreach (var server in servers)
            service = service with { RealServers = service.RealServers.Add(new RealServerSpec(IPAddress.Parse(server.Address), (ushort)server.Port) { Method = method, Weight = server.Weight }) };
        return table with { Services = [service] };
    }

    /// <summary>Returns how many frames came out and were the same.</summary>
    private static int Replay(ForwarderOnMemory path, string file)
    {
        var expected = new Queue<byte[]>();
        var actual = new Queue<byte[]>();
        var compared = 0;
        long start = -1;
        foreach (var frame in Captured.Read(Captured.File(file)))
        {
            start = start < 0 ? frame.Milliseconds : start;
            path.Now = 1000 + frame.Milliseconds - start;
            if (frame.IsOut)
            {
                // The kernel's own ARP requests for next hops are not the packet path's.
                if (!frame.IsArpRequest)
                    expected.Enqueue(frame.Comparable);
            }
            else
            {
                foreach (var (_, sent) in path.Send(frame.IsInside ? 1 : 0, frame.Ethernet(path)))
                    actual.Enqueue(Captured.ComparableOf(sent.Bytes));
            }

            while (expected.Count > 0 && actual.Count > 0)
            {
                Assert.Equal(Convert.ToHexString(expected.Dequeue()), Convert.ToHexString(actual.Dequeue()));
                compared++;
            }
        }

        Assert.Empty(expected);
        Assert.Empty(actual);
        return compared;
    }
}

/// <summary>A frame of a capture taken on an IPVS director.</summary>
/// <param name="Milliseconds">When.</param>
/// <param name="IsOut">Whether the director sent it.</param>
/// <param name="IsInside">Whether it is on the real servers' side.</param>
/// <param name="EtherType">What it carries.</param>
/// <param name="Payload">Behind the link-layer header.</param>
internal sealed record Captured(long Milliseconds, bool IsOut, bool IsInside, ushort EtherType, byte[] Payload)
{
    private const int EthernetLinkType = 1;
    private const int CookedLinkType = 276;
    private static readonly byte[] DirectorMac = [2, 0, 0, 0, 0, 1];

    public bool IsArpRequest => EtherType == Wire.EtherTypeArp && Payload[7] == 1;

    public byte[] Comparable => EtherType == Wire.EtherTypeArp ? [.. ArpWithoutMacs(Payload)] : CompletedPacket.Of(Trimmed(Payload));

    public static string File(string name) => Path.Combine(AppContext.BaseDirectory, "data", "ipvs", name);

    public static byte[] ComparableOf(byte[] ethernet) => BinaryPrimitives.ReadUInt16BigEndian(ethernet.AsSpan(12)) == Wire.EtherTypeArp
        ? ArpWithoutMacs(ethernet[14..])
        : CompletedPacket.Of(ethernet.AsSpan(14));

    public byte[] Ethernet(ForwarderOnMemory path)
    {
        var frame = new byte[14 + Payload.Length];
        var mac = BitConverter.GetBytes(path.Links[IsInside ? 1 : 0].Mac);
        mac.AsSpan(0, 6).CopyTo(frame);
        if (EtherType == Wire.EtherTypeArp)
            frame.AsSpan(0, 6).Fill(0xFF);
        new byte[] { 2, 0, 0, 0, 0, 2 }.CopyTo(frame, 6);
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(12), EtherType);
        Payload.CopyTo(frame, 14);
        return frame;
    }

    public static IEnumerable<Captured> Read(string file)
    {
        var bytes = System.IO.File.ReadAllBytes(file);
        var linkType = BitConverter.ToInt32(bytes, 20);
        for (var at = 24; at < bytes.Length;)
        {
            var milliseconds = (BitConverter.ToUInt32(bytes, at) * 1000L) + (BitConverter.ToUInt32(bytes, at + 4) / 1000);
            var length = BitConverter.ToInt32(bytes, at + 8);
            var data = bytes.AsSpan(at + 16, length).ToArray();
            at += 16 + length;
            if (Of(milliseconds, data, linkType) is { } frame)
                yield return frame;
        }
    }

    private static Captured? Of(long milliseconds, byte[] data, int linkType)
    {
        switch (linkType)
        {
            case EthernetLinkType:
                var isOut = data.AsSpan(6, 6).SequenceEqual(DirectorMac);
                var isIn = data.AsSpan(0, 6).SequenceEqual(DirectorMac) || (data[0] == 0xFF && data[11] == 2);
                return isOut || isIn ? new(milliseconds, isOut, false, BinaryPrimitives.ReadUInt16BigEndian(data.AsSpan(12)), data[14..]) : null;

            case CookedLinkType:
                // LINKTYPE_LINUX_SLL2: protocol, reserved, interface index, hardware type, packet type (4: sent by this host), address.
                const int insideIndex = 4;
                return new(milliseconds, data[10] == 4, BinaryPrimitives.ReadInt32BigEndian(data.AsSpan(4)) == insideIndex, BinaryPrimitives.ReadUInt16BigEndian(data), data[20..]);

            default:
                throw new InvalidDataException($"link type {linkType}");
        }
    }

    private static byte[] ArpWithoutMacs(byte[] arp)
    {
        var copy = arp[..28];
        copy.AsSpan(8, 6).Clear();
        copy.AsSpan(18, 6).Clear();
        return copy;
    }

    private static ReadOnlySpan<byte> Trimmed(byte[] ip) => ip.AsSpan(0, BinaryPrimitives.ReadUInt16BigEndian(ip.AsSpan(2)));
}
