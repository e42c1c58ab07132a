using System.Net;
using Director.Forwarding.Packets;
using Director.Forwarding.Synchronisation.Ipvs;
using Xunit;

namespace Director.Forwarding.Tests.Synchronisation.Ipvs;

/// <summary>Datagrams that no capture has: options, IPv6, and every way to be wrong.</summary>
public sealed class IpvsDatagramTests
{
    // TCP, established, port 30000 to 80 and 8080, for 900 s.
    private const string Fields = "00000000" + "0001" + "7530" + "0050" + "1F90" + "00000000" + "00000384";
    private const string Addresses = "C0A83C02" + "C0A83C64" + "0A01000B";
    private const string Plain = "00060024" + Fields + Addresses;
    private const string EntryV0 = "0006" + "7530" + "0050" + "1F90" + Addresses + "0000" + "0001";
    private const string Sequences = "0000000100000002000000030000000400000005" + "00000006";

    [Theory]
    [InlineData("", IpvsFault.Truncated)]
    [InlineData("003300", IpvsFault.Truncated)]
    [InlineData("00330005", IpvsFault.WrongLength)]
    [InlineData("0033000901010000", IpvsFault.WrongLength)]
    [InlineData("0033000801010000FF", IpvsFault.WrongLength)]
    public void A_header_that_is_wrong_is_refused(string hex, object fault) =>
        Assert.Equal((IpvsFault)fault, IpvsDatagram.TryOpen(Convert.FromHexString(hex), out _));

    [Theory]
    [InlineData("0033000800010000", 1)]
    [InlineData("00330004", 0)] // version 0 without entries
    [InlineData("0133001C" + EntryV0, 0)]
    [InlineData("0033000800020000", 0)] // another version
    [InlineData("0033000800010001", 0)] // the spare bytes are not spare
    [InlineData("0033000700010000", 0, true)]
    public void Version_1_is_told_by_its_first_and_last_bytes(string hex, int version, bool isCut = false)
    {
        var bytes = Convert.FromHexString(hex);
        Assert.Equal(IpvsFault.None, IpvsDatagram.TryOpen(isCut ? bytes[..^1] : bytes, out var datagram));
        Assert.Equal((version, (byte)0x33), (datagram.Version, datagram.SyncId));
    }

    [Theory]
    // Whole, and what follows is read.
    [InlineData(Plain, IpvsFault.None, 2)]
    [InlineData("0006003E" + Fields + Addresses + "0118" + Sequences + "0000", IpvsFault.None, 2)] // sequence data, and two bytes to the next
    [InlineData("0006002B" + Fields + Addresses + "0203AABBCC" + "4401" + "00" + "00", IpvsFault.OptionMalformed, 1)] // an option beyond the entry's end
    [InlineData("0006002C" + Fields + Addresses + "0203AABBCC" + "440100", IpvsFault.None, 2)] // persistence data, and one that may be skipped
    [InlineData("0006002C" + Fields + Addresses + "4203AABBCC" + "440100", IpvsFault.None, 2)] // known, and may be skipped
    [InlineData("00060028" + Fields + Addresses + "04020000", IpvsFault.OptionUnknown, 2)] // one that may not be skipped
    [InlineData("00840024" + Fields + Addresses, IpvsFault.Protocol, 2)] // SCTP
    [InlineData("00060024" + "00000000" + "000B" + "753000501F90" + "0000000000000384" + Addresses, IpvsFault.State, 2)]
    [InlineData("00110024" + Fields + Addresses, IpvsFault.State, 2)] // UDP has one state
    // What follows cannot be found.
    [InlineData("00061024" + Fields + Addresses, IpvsFault.EntryVersion, 1)]
    [InlineData("02060024" + Fields + Addresses, IpvsFault.EntryType, 1)]
    [InlineData("00060023" + Fields + Addresses, IpvsFault.EntryTruncated, 1)]
    [InlineData("00060000" + Fields + Addresses, IpvsFault.EntryTruncated, 1)]
    [InlineData("00060FFF" + Fields + Addresses, IpvsFault.EntryTruncated, 1)]
    [InlineData("01060024" + Fields + Addresses, IpvsFault.EntryTruncated, 1)] // says IPv6, is too short for it
    [InlineData("00060028" + Fields + Addresses + "02000000", IpvsFault.OptionMalformed, 1)] // empty
    [InlineData("00060028" + Fields + Addresses + "01021111", IpvsFault.OptionMalformed, 1)] // sequence data of another length
    [InlineData("00060028" + Fields + Addresses + "02030000", IpvsFault.OptionMalformed, 1)]
    [InlineData("00060028" + Fields + Addresses + "02011102", IpvsFault.OptionMalformed, 1)] // a kind without a length
    [InlineData("0006002C" + Fields + Addresses + "0202AABB" + "0202AABB", IpvsFault.OptionMalformed, 1)] // twice
    [InlineData("00060038" + Fields + Addresses + "0312" + "000000000000000000000000000000000000", IpvsFault.OptionMalformed, 1)] // a name longer than 16
    public void An_entry_that_is_wrong_is_dropped_alone_where_the_next_can_be_found(string entry, object fault, int read)
    {
        var bytes = Convert.FromHexString("00330000" + "02010000" + entry + Plain);
        (bytes[2], bytes[3]) = ((byte)(bytes.Length >> 8), (byte)bytes.Length);
        var faults = Read(bytes);
        Assert.Equal((IpvsFault)fault, faults[0]);
        Assert.Equal(read, faults.Count);
        if (read == 2)
            Assert.Equal(IpvsFault.None, faults[1]);
    }

    [Fact]
    public void What_is_counted_and_is_not_there_is_dropped()
    {
        Assert.Equal([IpvsFault.None, IpvsFault.EntryTruncated], Read(Convert.FromHexString("0033002C03010000" + Plain)));
        Assert.Equal([IpvsFault.None, IpvsFault.EntryTruncated], Read(Convert.FromHexString("0333001C" + EntryV0)));
        Assert.Equal([IpvsFault.EntryTruncated], Read(Convert.FromHexString("0133001C" + EntryV0.Replace("00000001", "04000001", StringComparison.Ordinal))));
    }

    [Fact]
    public void Only_what_a_backup_keeps_is_kept_of_the_flags()
    {
        var bytes = Convert.FromHexString("0033002C01010000" + Plain.Replace("0024" + "00000000", "0024" + "FFFFFFFF", StringComparison.Ordinal));
        Assert.Equal(IpvsFault.None, IpvsDatagram.TryOpen(bytes, out var datagram));
        Assert.True(datagram.TryNext(out var entry, out _));
        Assert.Equal(0x1F87, (int)entry.Flags);
    }

    [Fact]
    public void A_templates_state_that_is_none_is_taken_for_0()
    {
        var bytes = Convert.FromHexString("0033002C01010000" + "00000024" + "00001100" + "0007" + Fields[12..] + Addresses);
        Assert.Equal(IpvsFault.None, IpvsDatagram.TryOpen(bytes, out var datagram));
        Assert.True(datagram.TryNext(out var entry, out var fault));
        Assert.Equal((IpvsFault.None, (ushort)0, true), (fault, entry.State, entry.IsTemplate));
    }

    [Fact]
    public void An_IPv6_entry_with_options_looks_like_this()
    {
        var entry = KernelsPair.Entry(flags: IpvsFlags.InSequence) with
        {
            Mark = 7,
            Client = InetAddress.From(IPAddress.Parse("2001:db8::2")),
            Virtual = InetAddress.From(IPAddress.Parse("2001:db8::64")),
            Real = InetAddress.From(IPAddress.Parse("2001:db8:1::b")),
        };
        var batch = new IpvsBatch(1, 51, 1472);
        var options = new IpvsEntryOptions { Sequence = Convert.FromHexString(Sequences), PersistenceData = "call"u8, PersistenceName = "sip"u8 };
        Assert.True(batch.TryAdd(entry, options, 0));
        Assert.True(batch.TryAdd(KernelsPair.Entry(), default, 0));
        var first = "0106006D" + "00000400" + "0001" + "753000501F90" + "00000007" + "00000384"
            + "20010DB8000000000000000000000002" + "20010DB8000000000000000000000064" + "20010DB800010000000000000000000B"
            + "0118" + Sequences + "0204" + "63616C6C" + "0303" + "736970";
        Assert.Equal("0033009C" + "02010000" + first + "000000" + Plain, Convert.ToHexString(batch.Finish()));

        Assert.Equal(IpvsFault.None, IpvsDatagram.TryOpen(batch.Finish(), out var datagram));
        Assert.True(datagram.TryNext(out var read, out _));
        Assert.Equal(entry, read);
        Assert.Equal(Sequences, Convert.ToHexString(datagram.Options.Sequence));
        Assert.Equal("callsip", System.Text.Encoding.ASCII.GetString([.. datagram.Options.PersistenceData, .. datagram.Options.PersistenceName]));
        Assert.True(datagram.TryNext(out _, out _));
        Assert.True(datagram.Options.Sequence.IsEmpty);
        Assert.False(datagram.TryNext(out _, out _));
    }

    [Fact]
    public void An_entry_of_version_0_with_sequence_data_looks_like_this()
    {
        var batch = new IpvsBatch(0, 51, 1472);
        Assert.True(batch.TryAdd(KernelsPair.Entry(flags: IpvsFlags.OutSequence), new IpvsEntryOptions { Sequence = Convert.FromHexString(Sequences) }, 0));
        Assert.True(batch.TryAdd(KernelsPair.Entry(), default, 0));
        Assert.Equal("0233004C" + EntryV0.Replace("00000001", "02000001", StringComparison.Ordinal) + Sequences + EntryV0, Convert.ToHexString(batch.Finish()));
        Assert.Equal([IpvsFault.None, IpvsFault.None], Read(batch.Finish().ToArray()));
        Assert.False(batch.Carries(KernelsPair.Entry() with { Client = InetAddress.From(IPAddress.Parse("2001:db8::2")) }));
    }

    [Theory]
    [InlineData(1, 1472, 40)]
    [InlineData(0, 1472, 61)]
    [InlineData(1, 1, 1)] // an entry that is larger alone goes alone
    [InlineData(0, 65_507, 255)] // one byte counts them
    public void A_datagram_takes_as_many_as_fit(int version, int maximumLength, int count)
    {
        var batch = new IpvsBatch(version, 1, maximumLength);
        var added = 0;
        while (batch.TryAdd(KernelsPair.Entry(), default, 0))
            added++;
        Assert.Equal(count, added);
        Assert.Equal(count, Read(batch.Finish().ToArray()).Count);
        batch.Clear();
        Assert.True(batch.TryAdd(KernelsPair.Entry(), default, 0));
    }

    [Fact]
    public void What_is_held_goes_two_seconds_after_its_first_entry()
    {
        var batch = new IpvsBatch(1, 1, 1472);
        Assert.False(batch.IsDue(10_000));
        batch.TryAdd(KernelsPair.Entry(), default, 10_000);
        batch.TryAdd(KernelsPair.Entry(), default, 11_900);
        Assert.Equal((false, true), (batch.IsDue(11_999), batch.IsDue(12_000)));
        batch.Clear();
        Assert.False(batch.IsDue(20_000));
    }

    [Fact]
    public void Writing_and_reading_allocate_nothing()
    {
        var batch = new IpvsBatch(1, 1, 1472);
        var entry = KernelsPair.Entry();
        Assert.Equal(0, Allocations.Least(() =>
        {
            batch.Clear();
            while (batch.TryAdd(entry, default, 0))
            {
            }

            IpvsDatagram.TryOpen(batch.Finish(), out var datagram);
            while (datagram.TryNext(out _, out _))
            {
            }
        }));
    }

    private static List<IpvsFault> Read(byte[] bytes)
    {
        var faults = new List<IpvsFault>();
        Assert.Equal(IpvsFault.None, IpvsDatagram.TryOpen(bytes, out var datagram));
        while (datagram.TryNext(out _, out var fault))
            faults.Add(fault);
        return faults;
    }
}
