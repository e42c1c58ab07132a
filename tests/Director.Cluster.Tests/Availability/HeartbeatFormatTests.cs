using System.Net;
using System.Text;
using Director.Cluster.Availability;
using Director.Configuration;
using FsCheck.Xunit;
using Xunit;

namespace Director.Cluster.Tests.Availability;

public sealed class HeartbeatFormatTests
{
    private static readonly HeartbeatFormat Format = new("blue", new HeartbeatSeal("0123456789abcdef"u8));

    private static readonly HeartbeatBody Full = new()
    {
        Challenge = 0x0102_0304_0506_0708,
        Deadtime = 350,
        Started = DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_123),
        Priority = 200,
        PingNodes = 3,
        PingNodesReached = 2,
        Mode = AvailabilityMode.ActiveActive,
        IsEligible = true,
        IsSynchronised = true,
        IsStopping = true,
        AkkaAddress = "akka.tls://director@10.0.0.1:2551",
        Cluster = new ClusterIdentity(new Guid("00112233-4455-6677-8899-aabbccddeeff"), DateTimeOffset.FromUnixTimeMilliseconds(1_600_000_000_000)),
        Synchronisation = new IPEndPoint(IPAddress.Parse("fd00::1"), 2552),
        Contacts = [new HeartbeatContact(7, 8, true), new HeartbeatContact(9, 10, false)],
        Groups = [new HeartbeatGroup(1, GroupRole.HandsOver, 9), new HeartbeatGroup(2, GroupRole.Holds, 0)],
    };

    [Fact]
    public void What_was_written_is_read()
    {
        var read = HeartbeatFormat.ReadHeartbeat(HeartbeatFormat.Encode(Full))!;
        Assert.Equal(Full.Contacts.ToArray(), read.Contacts.ToArray());
        Assert.Equal(Full.Groups.ToArray(), read.Groups.ToArray());
        Assert.Equal(Full, read with { Contacts = Full.Contacts, Groups = Full.Groups });
    }

    [Fact]
    public void The_outside_stands_on_the_wire_as_it_is_documented()
    {
        var datagram = Write("d1", 0x1122334455667788, 5, [0xAB]);
        Assert.Equal("dir-hb/1"u8.ToArray(), datagram[..8]);
        Assert.Equal(datagram.Length, (datagram[8] << 8) | datagram[9]);
        Assert.Equal([1, 4, (byte)'b', (byte)'l', (byte)'u', (byte)'e', 2, (byte)'d', (byte)'1'], datagram[10..19]);
        Assert.Equal([0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0, 0, 0, 0, 0, 0, 0, 5, 0xAB], datagram[19..36]);
        Assert.Equal(36 + 32, datagram.Length);
    }

    [Fact]
    public void The_largest_heartbeat_and_the_largest_payload_fit_a_frame()
    {
        var name = new string('n', HeartbeatFormat.MaxNameBytes);
        var format = new HeartbeatFormat(name, new HeartbeatSeal("0123456789abcdef"u8));
        var body = Full with
        {
            AkkaAddress = new string('a', HeartbeatFormat.MaxAkkaAddressBytes),
            Contacts = [.. Enumerable.Range(0, HeartbeatFormat.MaxContacts).Select(i => new HeartbeatContact((ulong)i, 0, true))],
            Groups = [.. Enumerable.Range(0, HeartbeatFormat.MaxGroups).Select(i => new HeartbeatGroup((ulong)i, GroupRole.Waits, 0))],
        };
        var datagram = new byte[HeartbeatFormat.MaxBytes];
        var length = format.Write(datagram, HeartbeatKind.Heartbeat, Encoding.UTF8.GetBytes(name), 1, 1, HeartbeatFormat.Encode(body));
        Assert.Equal(HeartbeatFault.None, format.Open(datagram.AsSpan(0, length), out var envelope));
        Assert.NotNull(HeartbeatFormat.ReadHeartbeat(envelope.Body));

        length = format.Write(datagram, HeartbeatKind.Payload, Encoding.UTF8.GetBytes(name), 1, 1, HeartbeatFormat.Encode(65535, new byte[IHeardDirectors.MaxPayloadBytes]));
        Assert.Equal(HeartbeatFault.None, format.Open(datagram.AsSpan(0, length), out envelope));
        Assert.True(HeartbeatFormat.TryReadPayload(envelope.Body, out var number, out var payload));
        Assert.Equal((65535, IHeardDirectors.MaxPayloadBytes), (number, payload.Length));
    }

    [Fact]
    public void Padding_of_a_short_frame_is_passed_over()
    {
        Assert.Equal(HeartbeatFault.None, Format.Open([.. Write("d1", 1, 1, [1]), 0, 0, 0, 0], out var envelope));
        Assert.Equal([1], envelope.Body.ToArray());
    }

    [Fact]
    public void Each_fault_has_its_name()
    {
        var right = Write("d1", 1, 1, HeartbeatFormat.Encode(Full));
        Assert.Equal(HeartbeatFault.Unknown, Format.Open([], out _));
        Assert.Equal(HeartbeatFault.Unknown, Format.Open(right.AsSpan(0, 20), out _));
        Assert.Equal(HeartbeatFault.Unknown, Format.Open(Changed(right, 0), out _));
        Assert.Equal(HeartbeatFault.Version, Format.Open(Changed(right, 7), out _));
        Assert.Equal(HeartbeatFault.Truncated, Format.Open(right.AsSpan(0, right.Length - 1), out _));
        Assert.Equal(HeartbeatFault.Foreign, Format.Open(Changed(right, 12), out _));
        Assert.Equal(HeartbeatFault.Forged, Format.Open(Changed(right, right.Length - 1), out _));
        Assert.Equal(HeartbeatFault.Forged, Format.Open(Changed(right, 30), out _));
        var other = new HeartbeatFormat("blue", new HeartbeatSeal("another key, as long"u8));
        Assert.Equal(HeartbeatFault.Forged, other.Open(right, out _));
        var nameless = Write("", 1, 1, []);
        Assert.Equal(HeartbeatFault.Malformed, Format.Open(nameless, out _));
    }

    [Property(MaxTest = 2000)]
    public void No_change_of_a_datagram_is_taken(int position, byte change, int length)
    {
        var datagram = Write("d1", 1, 1, HeartbeatFormat.Encode(Full));
        var hostile = datagram[..(int)((uint)length % (uint)(datagram.Length + 1))];
        if (hostile.Length > 0)
            hostile[(uint)position % (uint)hostile.Length] ^= change;
        if (!hostile.AsSpan().SequenceEqual(datagram))
            Assert.NotEqual(HeartbeatFault.None, Format.Open(hostile, out _));
    }

    [Property(MaxTest = 5000)]
    public void No_body_breaks_the_reader(byte[] noise, ushort position, ushort length)
    {
        // Bodies are authentic, but their sender may be another version or broken.
        var body = HeartbeatFormat.Encode(Full);
        for (var i = 0; i < noise.Length; i++)
            body[(position + i) % body.Length] = noise[i];
        if (HeartbeatFormat.ReadHeartbeat(body.AsSpan(0, length % (body.Length + 1))) is { } read)
        {
            Assert.True(read.PingNodesReached <= read.PingNodes);
            Assert.All(read.Groups, group => Assert.True(group.Role <= GroupRole.Leaves));
        }

        HeartbeatFormat.ReadHeartbeat(noise);
        HeartbeatFormat.TryReadPayload(noise, out _, out _);
        Format.Open(noise, out _);
    }

    [Fact]
    public void A_text_with_control_characters_is_refused() => Assert.Null(HeartbeatFormat.Text("a\nb"u8));

    private static byte[] Write(string name, ulong boot, ulong sequence, byte[] body)
    {
        var datagram = new byte[HeartbeatFormat.MaxBytes];
        return datagram[..Format.Write(datagram, HeartbeatKind.Heartbeat, Encoding.UTF8.GetBytes(name), boot, sequence, body)];
    }

    private static byte[] Changed(byte[] datagram, int position)
    {
        var changed = datagram.ToArray();
        changed[position] ^= 1;
        return changed;
    }
}
