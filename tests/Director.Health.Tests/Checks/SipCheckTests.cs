using System.Text;
using Director.Health.Checks;

namespace Director.Health.Tests.Checks;

public class SipCheckTests
{
    [Theory]
    [InlineData("200 OK", true, "status 200")]
    [InlineData("503 Service Unavailable", false, "status 503 \"Service Unavailable\", expected 200-299")]
    public async Task The_status_decides_by_UDP_and_by_TCP(string status, bool passes, string detail)
    {
        using var udp = Scripted.Udp(question => Encoding.UTF8.GetBytes(Reply(Encoding.UTF8.GetString(question), status)));
        Assert.Equal(new CheckAnswer(passes, detail), await Scripted.Ask(new SipCheck(udp.Target)));
        using var tcp = Tcp(question => Reply(question, "100 Trying") + Reply(question, status));
        Assert.Equal(new CheckAnswer(passes, detail), await Scripted.Ask(new SipCheck(tcp.Target) { OverTcp = true }));
    }

    [Fact]
    public async Task The_question_is_one_of_RFC_3261()
    {
        using var server = Scripted.Udp(question => Encoding.UTF8.GetBytes(Reply(Encoding.UTF8.GetString(question), "200 OK")));
        await Scripted.Ask(new SipCheck(server.Target) { Login = "alice" });
        var lines = Encoding.UTF8.GetString(server.Received.First()).Split("\r\n");
        Assert.Equal($"OPTIONS sip:alice@{server.Target} SIP/2.0", lines[0]);
        Assert.StartsWith("Via: SIP/2.0/UDP 127.0.0.1:", lines[1], StringComparison.Ordinal);
        Assert.Contains(";branch=z9hG4bK", lines[1], StringComparison.Ordinal);
        foreach (var header in new[] { "Max-Forwards: 70", "CSeq: 1 OPTIONS", $"To: <sip:alice@{server.Target}>", "Content-Length: 0" })
        {
            Assert.Contains(header, lines);
        }

        Assert.Equal(["", ""], lines[^2..]);
    }

    [Fact]
    public async Task A_provisional_answer_and_one_to_another_call_are_waited_past()
    {
        var count = 0;
        using var server = Scripted.Udp(question => Encoding.UTF8.GetBytes(++count switch
        {
            1 => Reply(Encoding.UTF8.GetString(question), "100 Trying"),
            2 => "SIP/2.0 200 OK\r\nCall-ID: other\r\n\r\n",
            _ => Reply(Encoding.UTF8.GetString(question), "486 Busy Here"),
        }));
        Assert.Equal(CheckAnswer.Fail("status 486 \"Busy Here\", expected 200-299"), await Scripted.Ask(new SipCheck(server.Target)));
        Assert.Equal(3, count);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\n\r\n", "garbled answer")]
    [InlineData("SIP/2.0 2000 OK\r\n\r\n", "garbled answer")]
    [InlineData("SIP/2.0 200 OK\r\n", "connection closed before an answer")]
    public async Task Garbage_fails(string answer, string detail)
    {
        using var server = Scripted.TcpAnswer(answer);
        Assert.Equal(CheckAnswer.Fail(detail), await Scripted.Ask(new SipCheck(server.Target) { OverTcp = true }));
    }

    [Fact]
    public async Task Endless_data_is_read_to_a_bound()
    {
        using var server = Scripted.TcpEndless(Encoding.ASCII.GetBytes("SIP/2.0 200 OK\r\nX: y\r\n"));
        Assert.Equal(CheckAnswer.Fail("garbled answer"), await Scripted.Ask(new SipCheck(server.Target) { OverTcp = true }));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Silence_is_waited_for_until_the_end(bool overTcp)
    {
        using var server = overTcp ? Scripted.TcpSilence() : Scripted.Udp(_ => null);
        await server.AssertGivesUp(new SipCheck(server.Target) { OverTcp = overTcp });
    }

    private static string Reply(string question, string status)
    {
        var call = question.Split("\r\n").Single(line => line.StartsWith("Call-ID: ", StringComparison.Ordinal));
        return $"SIP/2.0 {status}\r\n{call}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n";
    }

    private static Scripted Tcp(Func<string, string> reply) => Scripted.Tcp(async stream =>
    {
        var question = "";
        var buffer = new byte[4096];
        while (!question.EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            question += Encoding.UTF8.GetString(buffer, 0, await stream.ReadAsync(buffer));
        }

        await stream.WriteAsync(Encoding.UTF8.GetBytes(reply(question)));
        await stream.CopyToAsync(Stream.Null);
    });
}
