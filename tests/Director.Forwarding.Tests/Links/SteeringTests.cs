using System.Net;
using System.Runtime.InteropServices;
using Director.Forwarding.Links;
using Director.Forwarding.Packets;
using PacketDotNet;
using Xunit;

namespace Director.Forwarding.Tests.Links;

public sealed unsafe partial class SteeringTests
{
    private const int Workers = 7;

    [Fact]
    public void Clients_are_spread_evenly_also_when_all_their_ports_are_even()
    {
        var counts = new int[4];
        for (var client = 0; client < 100; client++)
        {
            for (var port = 32768; port < 33168; port += 2)
            {
                counts[Steering.WorkerOf(Address($"10.0.0.{client}"), (ushort)port, counts.Length)]++;
            }
        }

        Assert.All(counts, count => Assert.InRange(count, 4750, 5250));
    }

    [Theory]
    [InlineData("192.0.2.1", "2001:db8::1")]
    [InlineData("10.0.0.7", "fe80::7")]
    public void Every_worker_is_reached_and_none_beyond(string first, string second)
    {
        foreach (var address in new[] { Address(first), Address(second) })
        {
            var reached = Enumerable.Range(0, 65536).Select(port => Steering.WorkerOf(address, (ushort)port, Workers)).ToHashSet();
            Assert.Equal(Enumerable.Range(0, Workers), reached.Order());
        }
    }

    [SkippableFact]
    public void The_kernel_chooses_the_same_worker_for_both_directions()
    {
        using var program = Load("10.1.0.1/32", "10.2.0.0/16", "2001:db8::100/128", "2001:db8:5::/48");
        var random = new Random(2);
        foreach (var (client, virtualAddress) in new[] { ("192.0.2.", "10.1.0.1"), ("198.51.100.", "10.2.3.4"), ("2001:db8:1::", "2001:db8::100"), ("2001:db8:2::", "2001:db8:5:6::7") })
        {
            for (var i = 0; i < 100; i++)
            {
                var from = Address(client + random.Next(1, 255));
                var port = (ushort)random.Next(1, 65536);
                var transport = random.Next(2) == 0 ? ProtocolType.Tcp : ProtocolType.Udp;
                var expected = Steering.WorkerOf(from, port, Workers);

                Assert.Equal(expected, Choose(program, Packet(from, port, Address(virtualAddress), 80, transport)));
                // The real server's answer: neither end is virtual.
                var realServer = Address(from.IsIPv6 ? "fd00::5" : "172.16.0.5");
                Assert.Equal(expected, Choose(program, Packet(realServer, 8080, from, port, transport)));
            }
        }
    }

    [SkippableFact]
    public void Options_before_the_ports_do_not_hide_them()
    {
        using var program = Load("10.1.0.1/32");
        var client = Address("192.0.2.9");
        var frame = Packet(client, 4711, Address("10.1.0.1"), 80, ProtocolType.Udp);
        byte[] withOptions = [.. frame[..14], 0x47, .. frame[15..34], 1, 1, 1, 1, 1, 1, 1, 1, .. frame[34..]];

        Assert.Equal(Steering.WorkerOf(client, 4711, Workers), Choose(program, withOptions));
    }

    [SkippableTheory]
    [InlineData(0x20, 0)] // the first fragment: it has the ports, the others do not
    [InlineData(0, 1)]
    [InlineData(0x20, 0xff)]
    [InlineData(0x1f, 0xff)]
    public void Fragments_go_by_the_address_alone(byte flagsAndOffset, byte offset)
    {
        using var program = Load("10.1.0.1/32");
        var client = Address("192.0.2.9");
        var frame = Packet(client, 4711, Address("10.1.0.1"), 80, ProtocolType.Udp);
        frame[14 + 6] = flagsAndOffset;
        frame[14 + 7] = offset;

        Assert.Equal(Steering.WorkerOf(client, 0, Workers), Choose(program, frame));
    }

    [SkippableTheory]
    [InlineData("192.0.2.9", "10.1.0.1", 1)] // ICMP
    [InlineData("192.0.2.9", "10.1.0.1", 47)]
    [InlineData("2001:db8::9", "2001:db8::100", 58)] // ICMPv6
    [InlineData("2001:db8::9", "2001:db8::100", 44)] // a fragment header
    [InlineData("2001:db8::9", "2001:db8::100", 0)] // hop-by-hop options
    public void Other_protocols_go_by_the_address_alone(string client, string virtualAddress, byte protocol)
    {
        using var program = Load("10.1.0.1/32", "2001:db8::100/128");
        var frame = Packet(Address(client), 4711, Address(virtualAddress), 80, ProtocolType.Udp);
        frame[14 + (Address(client).IsIPv6 ? 6 : 9)] = protocol;

        Assert.Equal(Steering.WorkerOf(Address(client), 0, Workers), Choose(program, frame));
    }

    [SkippableTheory]
    [InlineData(0x0806)] // ARP
    [InlineData(0x88b5)]
    public void What_is_no_IP_packet_goes_to_the_first_worker(int type)
    {
        using var program = Load("10.1.0.1/32");
        var frame = Packet(Address("192.0.2.9"), 4711, Address("10.1.0.1"), 80, ProtocolType.Udp);
        frame[12] = (byte)(type >> 8);
        frame[13] = (byte)type;

        Assert.Equal(0, Choose(program, frame));
    }

    [SkippableFact]
    public void Ports_that_are_cut_off_leave_the_address()
    {
        using var program = Load("10.1.0.1/32");
        var client = Address("192.0.2.9");

        var cut = Packet(client, 4711, Address("10.1.0.1"), 80, ProtocolType.Udp)[..35];

        Assert.Equal(Steering.WorkerOf(client, 0, Workers), Choose(program, cut));
    }

    [SkippableFact]
    public void Virtual_addresses_come_and_go_while_the_program_runs()
    {
        using var program = Load("10.1.0.1/32", "2001:db8::100/128");
        var client = Address("192.0.2.9");
        var toVirtual = Packet(client, 4711, Address("10.1.0.1"), 80, ProtocolType.Tcp);
        var byClient = Steering.WorkerOf(client, 4711, Workers);
        var byDestination = Steering.WorkerOf(Address("10.1.0.1"), 80, Workers);
        Assert.NotEqual(byClient, byDestination);

        Assert.Equal(byClient, Choose(program, toVirtual));
        program.SetVirtualAddresses([Prefix("10.1.0.2/32")]);
        Assert.Equal(byDestination, Choose(program, toVirtual));
        program.SetVirtualAddresses([Prefix("10.1.0.2/32"), Prefix("10.1.77.3/16")]);
        Assert.Equal(byClient, Choose(program, toVirtual));
        program.SetVirtualAddresses([]);
        Assert.Equal(byDestination, Choose(program, toVirtual));
        program.SetVirtualAddresses([Prefix("0.0.0.0/0")]);
        Assert.Equal(byClient, Choose(program, toVirtual));
    }

    internal static SteeringProgram Load(params string[] prefixes) => Load(Workers, prefixes);

    internal static SteeringProgram Load(int workers, string[] prefixes)
    {
        Skip.IfNot(SteeringProgram.TryLoad(workers, out var program, out var problem), problem);
        program!.SetVirtualAddresses(prefixes.Select(Prefix));
        return program;
    }

    internal static InetAddress Address(string text) => InetAddress.From(IPAddress.Parse(text));

    internal static byte[] Packet(InetAddress from, ushort fromPort, InetAddress to, ushort toPort, ProtocolType transport)
    {
        TransportPacket segment = transport == ProtocolType.Tcp ? new TcpPacket(fromPort, toPort) : new UdpPacket(fromPort, toPort);
        segment.PayloadData = [1, 2, 3, 4];
        IPPacket ip = from.IsIPv6 ? new IPv6Packet(from.ToIPAddress(), to.ToIPAddress()) : new IPv4Packet(from.ToIPAddress(), to.ToIPAddress());
        ip.PayloadPacket = segment;
        var type = from.IsIPv6 ? EthernetType.IPv6 : EthernetType.IPv4;
        return new EthernetPacket(new([2, 0, 0, 0, 0, 1]), new([2, 0, 0, 0, 0, 2]), type) { PayloadPacket = ip }.Bytes;
    }

    private static (InetAddress Address, int Length) Prefix(string text)
    {
        var parts = text.Split('/');
        return (Address(parts[0]), int.Parse(parts[1]));
    }

    // BPF_PROG_TEST_RUN: runs the program on a frame as on one that came in.
    private static int Choose(SteeringProgram program, byte[] frame)
    {
        const int CallNumber = 321, TestRun = 10;
        fixed (byte* bytes = frame)
        {
            var run = new TestRunAttributes { Program = (uint)program.Descriptor, InputBytes = (uint)frame.Length, Input = (ulong)bytes, Repeat = 1 };
            Assert.True(syscall(CallNumber, TestRun, &run, (nuint)sizeof(TestRunAttributes)) == 0, Marshal.GetLastPInvokeErrorMessage());
            return (int)run.Answer;
        }
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint syscall(nint number, int command, void* attributes, nuint length);

    [StructLayout(LayoutKind.Sequential)]
    private struct TestRunAttributes
    {
        public uint Program;
        public uint Answer;
        public uint InputBytes;
        public uint OutputBytes;
        public ulong Input;
        public ulong Output;
        public uint Repeat;
        public uint Duration;
    }
}
