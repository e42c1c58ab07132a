using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Director.Forwarding.Synchronisation;
using Director.Forwarding.Tests.Packets;
using Xunit;

namespace Director.Forwarding.Tests.Synchronisation;

/// <summary>What an attacker can do who reaches a director's port but does not know the secret: have it count.</summary>
public sealed class HostileDatagramTests : IDisposable
{
    private readonly DirectorInCluster _a = new("a");
    private readonly DirectorInCluster _b = new("b");
    private readonly LossyNetwork _before;

    // What came before this director knew of the other one's start is counted too.
    private readonly ImmutableSortedDictionary<string, ulong> _counters;
    private readonly ConcurrentQueue<byte[]> _overheard = new();
    private readonly Socket _attacker = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);

    public HostileDatagramTests()
    {
        _before = new LossyNetwork(_b.EndPoint)
        {
            Fate = datagram =>
            {
                _overheard.Enqueue(datagram);
                return [datagram];
            },
        };
        _a.SetPeers(_b.AsPeer(_before.EndPoint));
        _b.SetPeers(_a.AsPeer());
        DirectorInCluster.UntilSynchronised(_a, _b);
        _a.Scene.Open(1);
        DirectorInCluster.Until(() => _b.Connections().SequenceEqual(_a.Connections()), _a, _b);
        _counters = _b.Report.Counters;
    }

    [Fact]
    public void Replayed_datagrams_are_counted_and_change_nothing()
    {
        var records = _overheard.Where(datagram => datagram[24] != Datagram.ControlStream).ToArray();
        Assert.Equal(2, records.Length);
        _b.Scene.Send(_b.Scene.FromClient().Tcp(1, 80, TcpFlags.Fin | TcpFlags.Ack));
        foreach (var datagram in records)
            _attacker.SendTo(datagram, _b.EndPoint);
        AssertCounted("drop-replayed", 2);
        Assert.Equal("CLOSE_WAIT", Assert.Single(_b.Scene.Path.ListConnections()).State);
    }

    [Fact]
    public void Replayed_control_messages_are_counted_and_change_nothing()
    {
        DirectorInCluster.Until(() => _overheard.Any(datagram => datagram[24] == Datagram.ControlStream), _a, _b);
        var before = Counter("drop-replayed");
        _attacker.SendTo(_overheard.First(datagram => datagram[24] == Datagram.ControlStream), _b.EndPoint);
        AssertCounted("drop-replayed", before + 1);
    }

    [Fact]
    public void Datagrams_of_an_earlier_start_are_nobodys_after_a_restart()
    {
        var records = _overheard.Where(datagram => datagram[24] != Datagram.ControlStream).ToArray();
        _b.SetPeers();
        DirectorInCluster.Until(() => _b.Report.Peers.IsEmpty, _b);
        _b.Scene.Path.Wait(3_000_000);
        Assert.Empty(_b.Connections());
        foreach (var datagram in records)
            _attacker.SendTo(datagram, _b.EndPoint);
        AssertCounted("drop-unknown-sender", 2, atLeast: true);
        Assert.Empty(_b.Connections());
    }

    [Theory]
    [InlineData("drop-forged", 30)] // the sequence number
    [InlineData("drop-forged", 40)] // the sealed records
    [InlineData("drop-forged", -1)] // the tag
    [InlineData("drop-forged", 24)] // the stream
    [InlineData("drop-unknown-sender", 10)]
    [InlineData("drop-other-key", 5)]
    [InlineData("drop-other-version", 3)]
    [InlineData("drop-foreign", 0)]
    public void A_changed_datagram_is_counted_and_changes_nothing(string counter, int at)
    {
        var datagram = _overheard.First(datagram => datagram[24] != Datagram.ControlStream).ToArray();
        datagram[at < 0 ? datagram.Length + at : at] ^= 1;
        _attacker.SendTo(datagram, _b.EndPoint);
        AssertCounted(counter, 1);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(36)]
    [InlineData(51)]
    public void A_truncated_datagram_is_counted_and_changes_nothing(int length)
    {
        _attacker.SendTo(_overheard.First()[..length], _b.EndPoint);
        AssertCounted("drop-truncated", 1);
    }

    [Fact]
    public void A_datagram_that_is_too_long_is_counted_and_changes_nothing()
    {
        _attacker.SendTo([.. _overheard.First(), .. new byte[2000]], _b.EndPoint);
        AssertCounted("drop-truncated", 1);
    }

    [Fact]
    public void Whatever_bytes_come_the_director_goes_on()
    {
        var random = new Random(1);
        var genuine = _overheard.ToArray();
        for (var i = 0; i < 5000; i++)
        {
            var bytes = genuine[random.Next(genuine.Length)].ToArray();
            for (var changes = random.Next(1, 20); changes > 0; changes--)
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            _attacker.SendTo(bytes.AsSpan(0, random.Next(4) == 0 ? random.Next(bytes.Length) : bytes.Length), _b.EndPoint);
            if (i % 100 == 0)
                DirectorInCluster.Until(() => true, _b);
        }

        _a.Scene.Open(2);
        DirectorInCluster.Until(() => _b.Connections().SequenceEqual(_a.Connections()) && _b.Count == 2, _a, _b);
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\nHost: director\r\nAccept: everything\r\n\r\n", "readers-refused")]
    [InlineData("DSS", "readers-refused")]
    public void A_stranger_at_the_port_of_snapshots_gets_nothing(string says, string counter)
    {
        using var stranger = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        stranger.Connect(_b.EndPoint);
        stranger.Send(System.Text.Encoding.ASCII.GetBytes(says));
        stranger.Shutdown(SocketShutdown.Send);
        AssertCounted(counter, 1);
        var got = new byte[1000];
        var length = 0;
        try
        {
            for (var more = 1; more > 0;)
            {
                more = stranger.Receive(got.AsSpan(length));
                length += more;
            }
        }
        catch (SocketException)
        {
            // It was closed with something unread.
        }

        // The greeting: no more than the secret's identity and a random number.
        Assert.InRange(length, 0, 40);
    }

    [Fact]
    public void Who_greets_rightly_without_knowing_the_secret_gets_nothing_more()
    {
        using var stranger = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        stranger.Connect(_b.EndPoint);
        var hello = new byte[40];
        for (var length = 0; length < 40;)
            length += stranger.Receive(hello.AsSpan(length));
        stranger.Send(hello);
        stranger.Send([0, 0, 0, 20, .. new byte[36]]);
        AssertCounted("readers-refused", 1);
        Assert.Equal(0, stranger.Receive(hello));
    }

    private long Counter(string name) => (long)(_b.Report.Counters[name] - _counters[name]);

    private void AssertCounted(string counter, long count, bool atLeast = false)
    {
        DirectorInCluster.Until(() => Counter(counter) >= count, _a, _b);
        if (!atLeast)
            Assert.Equal(count, Counter(counter));
        var dropped = _b.Report.Counters.Where(pair => pair.Key.StartsWith("drop-", StringComparison.Ordinal) && pair.Key != counter && pair.Value > _counters[pair.Key]);
        Assert.Empty(dropped);
    }

    public void Dispose()
    {
        _attacker.Dispose();
        _before.Dispose();
        _a.Dispose();
        _b.Dispose();
    }
}
