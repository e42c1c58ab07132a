using System.Net;
using Director.Forwarding.Connections;
using Director.Forwarding.Packets;
using Director.Forwarding.Synchronisation;
using FsCheck.Xunit;
using Xunit;

namespace Director.Forwarding.Tests.Synchronisation;

/// <summary>What records look like on the wire, and what a receiver makes of anything else.</summary>
public sealed class RecordCodecTests
{
    [Fact]
    public void An_established_connection_over_IPv4_takes_27_bytes()
    {
        var record = new ConnectionRecord
        {
            Kind = RecordKind.Connection,
            Flags = RecordFlags.Rewritten | RecordFlags.Controlled,
            Protocol = 6,
            State = TcpState.Established,
            ClientPort = 0x9C40,
            VirtualPort = 80,
            RealPort = 8080,
            ClientMss = 1460,
            RealMss = 1400,
            Left = 90_000,
            Client = InetAddress.From(IPAddress.Parse("10.9.0.7")),
            Virtual = InetAddress.From(IPAddress.Parse("10.9.0.100")),
            Real = InetAddress.From(IPAddress.Parse("192.168.1.11")),
        };
        Assert.Equal("1021119C4000501F9023280A0900070A090064C0A8010B05B40578", Hex(record));
        AssertReadsBack(record);
    }

    [Fact]
    public void A_mark_services_template_over_IPv6_with_a_real_server_over_IPv4_has_the_mark_behind_it()
    {
        var record = new ConnectionRecord
        {
            Kind = RecordKind.Template,
            Flags = RecordFlags.Assured,
            Left = 267_840_000,
            Mark = 0x01020304,
            Client = InetAddress.From(IPAddress.Parse("2001:db8:9::")),
            Virtual = InetAddress.From(IPAddress.Parse("102:304::")),
            Real = InetAddress.From(IPAddress.Parse("192.168.1.11")),
        };
        Assert.Equal("2610000000000000" + "00E8A0" + "20010DB8000900000000000000000000" + "01020304000000000000000000000000" + "C0A8010B" + "01020304", Hex(record));
        AssertReadsBack(record);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 10)]
    [InlineData(327_670, 327_670)]
    [InlineData(327_671, 330_000)]
    [InlineData(267_840_000, 267_840_000)]
    [InlineData(uint.MaxValue - 10_000, 327_670_000)]
    public void Times_are_rounded_up(uint hundredths, uint read)
    {
        var bytes = new byte[RecordCodec.MaximumLength];
        var length = RecordCodec.Write(new ConnectionRecord { Protocol = 17, Left = hundredths }, bytes);
        Assert.True(RecordCodec.TryRead(bytes.AsSpan(0, length), out var record, out _));
        Assert.Equal(read, record.Left);
    }

    [Fact]
    public void A_record_that_is_cut_off_anywhere_is_none()
    {
        var record = Random(new Random(1));
        var bytes = new byte[RecordCodec.MaximumLength];
        var length = RecordCodec.Write(record, bytes);
        for (var cut = 0; cut < length; cut++)
            Assert.False(RecordCodec.TryRead(bytes.AsSpan(0, cut), out _, out _));
    }

    [Theory]
    [InlineData(0, 0x40)] // a bit that this version has no meaning for
    [InlineData(0, 0x03)] // a fourth kind
    [InlineData(2, 0x1B)] // a twelfth state
    [InlineData(2, 0x31)] // a third protocol
    [InlineData(2, 0x01)] // a connection of no protocol
    public void What_nobody_sends_is_refused(int at, byte value)
    {
        var bytes = new byte[RecordCodec.MaximumLength];
        var length = RecordCodec.Write(new ConnectionRecord { Protocol = 6, State = TcpState.Established }, bytes);
        bytes[at] = value;
        Assert.False(RecordCodec.TryRead(bytes.AsSpan(0, length), out _, out _));
    }

    [Property(MaxTest = 1000)]
    public void Any_record_reads_back_as_it_was_written(int seed) => AssertReadsBack(Random(new Random(seed)));

    [Property(MaxTest = 2000)]
    public void Any_bytes_are_a_record_within_them_or_none(byte[] bytes)
    {
        if (RecordCodec.TryRead(bytes, out var record, out var length))
        {
            Assert.InRange(length, 1, bytes.Length);
            Assert.True(record.Protocol is 6 or 17 || record.Kind == RecordKind.Template);
        }
    }

    private static ConnectionRecord Random(Random random)
    {
        var isIPv6 = random.Next(2) == 0;
        var kind = (RecordKind)random.Next(3);
        return new ConnectionRecord
        {
            Kind = kind,
            Flags = (RecordFlags)random.Next(128),
            Protocol = kind == RecordKind.Template && random.Next(2) == 0 ? (byte)0 : random.Next(2) == 0 ? (byte)6 : (byte)17,
            State = (TcpState)random.Next(11),
            ClientPort = (ushort)random.Next(65536),
            VirtualPort = (ushort)random.Next(65536),
            RealPort = (ushort)random.Next(65536),
            ClientMss = (ushort)random.Next(2),
            RealMss = (ushort)random.Next(3),
            Left = (uint)random.Next(32768) * (random.Next(2) == 0 ? 10u : 330_000u / 33),
            Mark = random.Next(2) == 0 ? 0 : (uint)random.Next(),
            Client = Address(random, isIPv6),
            Virtual = Address(random, isIPv6),
            Real = Address(random, random.Next(2) == 0),
        };
    }

    private static InetAddress Address(Random random, bool isIPv6) =>
        isIPv6 ? InetAddress.FromIPv6((ulong)random.NextInt64(), (ulong)random.NextInt64()) : InetAddress.FromIPv4((uint)random.Next());

    private static string Hex(in ConnectionRecord record)
    {
        var bytes = new byte[RecordCodec.MaximumLength];
        return Convert.ToHexString(bytes.AsSpan(0, RecordCodec.Write(record, bytes)));
    }

    private static void AssertReadsBack(ConnectionRecord record)
    {
        var bytes = new byte[RecordCodec.MaximumLength];
        var length = RecordCodec.Write(record, bytes);
        Assert.True(RecordCodec.TryRead(bytes, out var read, out var taken));
        Assert.Equal(length, taken);
        Assert.Equal(record, read);
    }
}
