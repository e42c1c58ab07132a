using System.Net;
using System.Net.Sockets;
using Director.Health.Checks;

namespace Director.Health.Tests.Checks;

public class UdpCheckTests
{
    [Fact]
    public async Task A_port_that_nobody_listens_at_is_down_by_its_ICMP_error()
    {
        CheckTarget target;
        using (var server = Scripted.Udp(_ => null))
        {
            target = server.Target;
        }

        Assert.Equal(CheckAnswer.Fail("port unreachable"), await Scripted.Ask(new UdpCheck(target) { Silence = TimeSpan.FromSeconds(15) }));
    }

    [Fact]
    public async Task Silence_passes_unless_a_reply_is_required()
    {
        using var server = Scripted.Udp(_ => null);
        Assert.Equal(CheckAnswer.Pass("not refused"), await Scripted.Ask(new UdpCheck(server.Target) { Silence = TimeSpan.FromMilliseconds(50) }));
        await server.AssertGivesUp(new UdpCheck(server.Target) { RequireReply = true, Silence = TimeSpan.Zero });
    }

    [Fact]
    public async Task The_payload_arrives_and_the_reply_is_judged_by_length_and_text()
    {
        using var server = Scripted.Udp(question => [.. question, .. "!"u8]);
        var check = new UdpCheck(server.Target) { RequestHex = "414200", RequireReply = true };
        Assert.Equal(CheckAnswer.Pass("reply of 4 bytes"), await Scripted.Ask(check));
        Assert.Equal([0x41, 0x42, 0x00], server.Received.First());
        Assert.Equal(CheckAnswer.Pass("reply of 4 bytes"), await Scripted.Ask(check with { MinReply = 4, MaxReply = 4, Receive = "^AB" }));
        Assert.Equal(CheckAnswer.Fail("reply of 4 bytes, expected 5 to 65535"), await Scripted.Ask(check with { MinReply = 5 }));
        Assert.Equal(CheckAnswer.Fail("reply of 4 bytes, expected 0 to 3"), await Scripted.Ask(check with { MaxReply = 3 }));
        Assert.Equal(CheckAnswer.Fail("answer \"AB !\" does not match ^B"), await Scripted.Ask(check with { Receive = "^B" }));
    }

    [Fact]
    public async Task A_lost_datagram_is_repeated()
    {
        var count = 0;
        using var server = Scripted.Udp(question => ++count == 1 ? null : question);
        Assert.Equal(CheckAnswer.Pass("reply of 1 bytes"), await Scripted.Ask(new UdpCheck(server.Target) { RequestHex = "00", RequireReply = true }));
        Assert.Equal(2, count);
    }

    [Fact]
    public async Task Another_host_s_datagram_is_no_reply()
    {
        using var server = Scripted.Udp(_ => null);
        using var end = new CancellationTokenSource();
        var asking = new UdpCheck(server.Target with { Source = IPAddress.Parse("127.0.0.5") }) { RequireReply = true }.Ask(end.Token);
        await server.Asked;
        using var stranger = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        // All ports of the asker's address that could be the check's.
        for (var port = 1024; port <= ushort.MaxValue; port++)
        {
            try
            {
                stranger.SendTo("x"u8, new IPEndPoint(IPAddress.Parse("127.0.0.5"), port));
            }
            catch (SocketException)
            {
                // The ICMP error of the one before.
            }
        }

        Assert.False(asking.IsCompleted);
        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);
    }
}
