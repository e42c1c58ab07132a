using System.Net;
using Director.Health.Checks;

namespace Director.Health.Tests.Checks;

public sealed class PingCheckTests
{
    private static readonly byte[] s_nonce = [.. Enumerable.Range(1, 16).Select(i => (byte)i)];

    [SkippableTheory]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    public async Task This_host_answers(string address)
    {
        var answer = await Scripted.Ask(new PingCheck(new(IPAddress.Parse(address), 0)));
        Skip.If(answer.IsBroken, answer.Detail);
        Assert.Equal(CheckAnswer.Pass("answered"), answer);
    }

    [SkippableFact]
    public async Task Silence_is_waited_for_no_longer_than_asked()
    {
        // On loopback nobody has the address.
        using var end = new CancellationTokenSource();
        var check = new PingCheck(new(IPAddress.Parse("192.0.2.1"), 0) { Interface = "lo", Source = IPAddress.Parse("127.0.0.1") });
        var asking = check.Ask(end.Token);
        await end.CancelAsync();
        var failure = await Assert.ThrowsAnyAsync<Exception>(() => asking.WaitAsync(TimeSpan.FromSeconds(20)));
        Skip.If(failure is InvalidOperationException and not ObjectDisposedException, failure.Message);
        Assert.IsAssignableFrom<OperationCanceledException>(failure);
    }

    [Fact]
    public void Only_an_echo_reply_with_our_nonce_is_ours()
    {
        byte[] reply = [0, 0, 0, 0, 9, 9, 0, 1, .. s_nonce];
        Assert.True(PingCheck.IsReply(reply, isV6: false, isRaw: false, s_nonce));
        Assert.True(PingCheck.IsReply([0x45, .. new byte[19], .. reply], isV6: false, isRaw: true, s_nonce));
        Assert.True(PingCheck.IsReply([0x46, .. new byte[23], .. reply], isV6: false, isRaw: true, s_nonce));
        Assert.True(PingCheck.IsReply([129, .. reply[1..]], isV6: true, isRaw: true, s_nonce));
        Assert.False(PingCheck.IsReply([8, .. reply[1..]], isV6: false, isRaw: false, s_nonce));
        Assert.False(PingCheck.IsReply([.. reply[..^1], 0], isV6: false, isRaw: false, s_nonce));
        for (var length = 0; length < reply.Length; length++)
        {
            Assert.False(PingCheck.IsReply(reply.AsSpan(0, length), isV6: false, isRaw: false, s_nonce));
            Assert.False(PingCheck.IsReply(reply.AsSpan(0, length), isV6: false, isRaw: true, s_nonce));
        }
    }

    [Fact]
    public void The_checksum_is_that_of_RFC_1071() => Assert.Equal(0x220d, InternetChecksum.Of([0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]));
}
