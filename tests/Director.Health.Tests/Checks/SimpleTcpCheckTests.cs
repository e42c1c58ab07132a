using System.Text;
using Director.Health.Checks;

namespace Director.Health.Tests.Checks;

public class SimpleTcpCheckTests
{
    [Fact]
    public async Task The_request_is_sent_and_the_answer_matched_as_soon_as_it_does()
    {
        // It stays open: waiting for its end would last for ever.
        using var server = Scripted.Tcp(async stream =>
        {
            var request = new byte[6];
            await stream.ReadExactlyAsync(request);
            await stream.WriteAsync(request.AsMemory(0, 3));
            await stream.WriteAsync("PONG 7\r\n"u8.ToArray());
            await stream.CopyToAsync(Stream.Null);
        });
        var check = new SimpleTcpCheck(server.Target) { RequestHex = Convert.ToHexString("PING\r\n"u8), Receive = "^PINPONG [0-9]" };
        Assert.Equal(CheckAnswer.Pass("answered \"PINPONG 7  \""), await Scripted.Ask(check));
    }

    [Theory]
    [InlineData("nope\n", "answer \"nope \" does not match ^yes")]
    [InlineData("", "empty answer, expected ^yes")]
    public async Task A_wrong_answer_and_none_before_the_end_fail(string answer, string detail)
    {
        using var server = Scripted.TcpAnswer(answer);
        Assert.Equal(CheckAnswer.Fail(detail), await Scripted.Ask(new SimpleTcpCheck(server.Target) { Receive = "^yes" }));
    }

    [Fact]
    public async Task What_must_not_come_fails()
    {
        using var server = Scripted.TcpAnswer("yes, but in maintenance");
        var check = new SimpleTcpCheck(server.Target) { ReceiveNot = "maintenance" };
        Assert.Equal(CheckAnswer.Fail("answer \"yes, but in maintenance\" matches maintenance"), await Scripted.Ask(check));
    }

    [Fact]
    public async Task Endless_data_is_read_to_a_bound()
    {
        using var server = Scripted.TcpEndless(Encoding.ASCII.GetBytes(new string('x', 1000)));
        var answer = await Scripted.Ask(new SimpleTcpCheck(server.Target) { Receive = "^yes" });
        Assert.Equal(CheckAnswer.Fail($"answer \"{new string('x', 80)}...\" does not match ^yes"), answer);
    }

    [Fact]
    public async Task An_expression_that_backtracks_without_end_is_cut_short()
    {
        using var server = Scripted.TcpAnswer(new string('a', 40));
        Assert.Equal(CheckAnswer.Fail("the expression ^(([a-z])+.)+[A-Z]$ takes too long on this answer"), await Scripted.Ask(new SimpleTcpCheck(server.Target) { Receive = "^(([a-z])+.)+[A-Z]$" }));
    }

    [Fact]
    public async Task Silence_is_waited_for_until_the_end()
    {
        using var server = Scripted.TcpSilence();
        await server.AssertGivesUp(new SimpleTcpCheck(server.Target) { Receive = "x" });
    }
}
