using System.Net;
using System.Text;
using Director.Cluster.Availability;
using Xunit;

namespace Director.Cluster.Tests.Availability;

public sealed class HearingTests
{
    private const ulong OwnBoot = 1;
    private static readonly HeartbeatFormat Format = new("blue", new HeartbeatSeal("0123456789abcdef"u8));

    private readonly List<string> _log = [];
    private readonly Hearing _hearing;
    private ulong _drawn = 100;
    private long _now;

    public HearingTests() => _hearing = Create();

    [Fact]
    public void A_start_is_let_in_once_it_has_answered_the_challenge()
    {
        Assert.Equal(HeartbeatFault.Unconfirmed, Hear("b", 2, 1, answer: 0));
        Assert.Empty(_hearing.Peers);
        Assert.Equal([new HeartbeatContact(2, 55, false)], _hearing.Contacts().ToArray());
        var challenge = _hearing.Challenge;
        Assert.Equal(HeartbeatFault.None, Hear("b", 2, 2, answer: challenge));
        Assert.Equal([new HeartbeatContact(2, 55, true)], _hearing.Contacts().ToArray());
        Assert.NotEqual(challenge, _hearing.Challenge);
        Assert.Contains("hears b at 10.0.0.2", _log);
    }

    [Fact]
    public void What_was_recorded_of_an_old_start_is_not_taken_after_a_new_one()
    {
        var old = Datagram("b", 2, 5, _hearing.Challenge);
        Assert.Equal(HeartbeatFault.None, Take(old));
        Assert.Equal(HeartbeatFault.None, Hear("b", 3, 1, _hearing.Challenge));
        Assert.Equal(HeartbeatFault.Unconfirmed, Take(old));
        Assert.Equal(3ul, Assert.Single(_hearing.Peers).Boot);
        Assert.Equal(1, _hearing.Count(HeartbeatFault.Unconfirmed));
    }

    [Fact]
    public void What_was_recorded_is_not_taken_by_a_director_that_has_started_again()
    {
        var recorded = Datagram("b", 2, 5, _hearing.Challenge);
        _drawn = 200;
        Assert.Equal(HeartbeatFault.Unconfirmed, Create().Receive(recorded, 0, null, 0));
    }

    [Fact]
    public void Repeated_and_older_ones_are_no_sign_of_life()
    {
        Hear("b", 2, 5, _hearing.Challenge);
        _now = 100;
        Assert.Equal(HeartbeatFault.Repeated, Hear("b", 2, 5));
        Assert.Equal(HeartbeatFault.Replayed, Hear("b", 2, 4));
        Assert.Equal(0, _hearing.Peers[0].LastHeard);
        // The other link was slower: the heartbeat counts for the link, but its director was not heard anew.
        Assert.Equal(HeartbeatFault.None, Hear("b", 2, 5, link: 1));
        Assert.Equal(0, _hearing.Peers[0].LastHeard);
        Assert.Equal(HeartbeatFault.Repeated, Hear("b", 2, 5, link: 1));
        Assert.Equal(HeartbeatFault.None, Hear("b", 2, 6, link: 1));
        Assert.Equal(100, _hearing.Peers[0].LastHeard);
        Assert.Equal((2, 1), (_hearing.Count(HeartbeatFault.Repeated), _hearing.Count(HeartbeatFault.Replayed)));
    }

    [Fact]
    public void Own_and_another_director_of_the_same_name_are_not_taken()
    {
        Assert.Equal(HeartbeatFault.Own, Hear("a", OwnBoot, 1));
        Assert.Equal(HeartbeatFault.SameName, Hear("a", 9, 1, _hearing.Challenge));
        Assert.Empty(_hearing.Contacts());
        Assert.Equal("warning: 10.0.0.2 has this director's own name, a: give each director a name of its own", Assert.Single(_log));
    }

    [Fact]
    public void A_kind_of_fault_is_told_once_a_minute()
    {
        for (_now = 0; _now <= 60_000; _now += 100)
            Hear("a", 9, 1);
        Assert.Equal(2, _log.Count);
        Assert.Equal(601, _hearing.Count(HeartbeatFault.SameName));
    }

    [Fact]
    public void Missing_heartbeats_are_counted_by_link()
    {
        Hear("b", 2, 5, _hearing.Challenge);
        Hear("b", 2, 6);
        Hear("b", 2, 10);
        Hear("b", 2, 11, link: 1);
        Assert.Equal((3, 3), (_hearing.Peers[0].Links[0].Received, _hearing.Peers[0].Links[0].Lost));
        Assert.Equal((1, 0), (_hearing.Peers[0].Links[1].Received, _hearing.Peers[0].Links[1].Lost));
    }

    [Fact]
    public void Silence_is_told_at_warntime_and_death_at_deadtime()
    {
        Hear("b", 2, 1, _hearing.Challenge);
        _hearing.Expire(199, 200, 350);
        Assert.DoesNotContain(_log, line => line.Contains("late", StringComparison.Ordinal));
        _hearing.Expire(200, 200, 350);
        _hearing.Expire(210, 200, 350);
        Assert.Single(_log, "warning: b is late: nothing was heard of it for 200 ms (warntime 200 ms, deadtime 350 ms)");
        _hearing.Expire(349, 200, 350);
        Assert.True(_hearing.Peers[0].IsAlive);
        _hearing.Expire(350, 200, 350);
        Assert.False(_hearing.Peers[0].IsAlive);
        Assert.Equal("was silent for 350 ms", _hearing.Peers[0].Gone);
        _now = 500;
        Assert.Equal(HeartbeatFault.None, Hear("b", 2, 2));
        Assert.True(_hearing.Peers[0].IsAlive);
        Assert.Contains("b is heard again after 500 ms: it was alive, or it was stopped and goes on", _log);
    }

    [Fact]
    public void A_link_that_falls_silent_is_named_while_another_goes_on()
    {
        Hear("b", 2, 1, _hearing.Challenge);
        for (_now = 100; _now <= 1000; _now += 100)
            Hear("b", 2, (ulong)_now, link: 1);
        _hearing.Expire(1000, 200, 350);
        Assert.Contains("warning: b is no longer heard on link 0, but on another link: look at the network there", _log);
        Hear("b", 2, 5000);
        Assert.Contains("b is heard on link 0 again", _log);
    }

    [Fact]
    public void Payloads_come_and_go_and_end_with_their_start()
    {
        Hear("b", 2, 1, _hearing.Challenge);
        Payload(2, 2, 7, [1, 2, 3]);
        Assert.Equal([1, 2, 3], _hearing.Peers[0].Payloads[7].ToArray());
        var version = _hearing.Version;
        Payload(2, 3, 7, [1, 2, 3]);
        Assert.Equal(version, _hearing.Version);
        Payload(2, 4, 7, []);
        Assert.Empty(_hearing.Peers[0].Payloads);
        Payload(2, 5, 8, [1]);
        Hear("b", 3, 1, _hearing.Challenge);
        Assert.Empty(_hearing.Peers[0].Payloads);
        Assert.Equal(HeartbeatFault.Unconfirmed, Payload(4, 1, 7, [1]));
    }

    [Fact]
    public void Nothing_grows_with_how_many_starts_and_directors_there_were()
    {
        for (var i = 0ul; i < 1000; i++)
            Hear("b", 1000 + i, 1, _hearing.Challenge);
        Assert.Single(_hearing.Peers);
        for (var i = 0ul; i < 1000; i++)
            Hear($"stranger{i}", 5000 + i, 1);
        Assert.Equal(HeartbeatFormat.MaxContacts - Hearing.MaxPeers + 1, _hearing.Contacts().Length);
        for (var i = 0ul; i < 100; i++)
            Hear($"peer{i}", 9000 + i, 1, _hearing.Challenge);
        Assert.Equal(Hearing.MaxPeers, _hearing.Peers.Count);
        Assert.Equal(100 - Hearing.MaxPeers + 1, _hearing.Count(HeartbeatFault.TooMany));
        // The dead make room.
        _hearing.Expire(1000, 200, 350);
        Assert.Equal(HeartbeatFault.None, Hear("late", 99_999, 1, _hearing.Challenge));
    }

    [Fact]
    public void A_director_that_does_not_hear_this_one_is_told_of()
    {
        for (_now = 0; _now <= 6000; _now += 100)
        {
            Hear("b", 2, 1 + (ulong)_now);
            _hearing.Expire(_now, 200, 350);
        }

        Assert.Equal("warning: hears b at 10.0.0.2, which does not answer: it does not hear this director; look at its heartbeat links and at firewalls", Assert.Single(_log));
    }

    private Hearing Create() => new(Format, "a", OwnBoot, () => _drawn++, link => $"link {link}", _log.Add);

    private HeartbeatFault Hear(string name, ulong boot, ulong sequence, ulong answer = 0, int link = 0) => Take(Datagram(name, boot, sequence, answer), link);

    private HeartbeatFault Take(byte[] datagram, int link = 0) => _hearing.Receive(datagram, link, IPAddress.Parse("10.0.0.2"), _now);

    private HeartbeatFault Payload(ulong boot, ulong sequence, int number, byte[] bytes) =>
        Take(Write(HeartbeatKind.Payload, "b", boot, sequence, HeartbeatFormat.Encode(number, bytes)));

    private static byte[] Datagram(string name, ulong boot, ulong sequence, ulong answer) => Write(HeartbeatKind.Heartbeat, name, boot, sequence, HeartbeatFormat.Encode(new HeartbeatBody
    {
        Challenge = 55,
        Deadtime = 350,
        Started = DateTimeOffset.UnixEpoch,
        Priority = 100,
        Contacts = [new HeartbeatContact(OwnBoot, answer, true)],
    }));

    private static byte[] Write(HeartbeatKind kind, string name, ulong boot, ulong sequence, byte[] body)
    {
        var datagram = new byte[HeartbeatFormat.MaxBytes];
        return datagram[..Format.Write(datagram, kind, Encoding.UTF8.GetBytes(name), boot, sequence, body)];
    }
}
