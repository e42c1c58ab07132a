using Director.Health.Checks;

namespace Director.Health.Tests.Checks;

public sealed class FtpCheckTests
{
    [Fact]
    public async Task Without_a_user_the_login_is_anonymous()
    {
        using var server = new LineServer(
            "S: 220-Welcome", "S:  to 230 the", "S: 220 server", "C: USER anonymous", "S: 331 address?", "C: PASS director@", "S: 230 in", "C: QUIT");
        await server.AssertFinds(CheckAnswer.Pass("logged in"), new FtpCheck(server.Target));
    }

    [Fact]
    public async Task A_refusal_shows_no_password()
    {
        using var server = new LineServer("S: 220 hi", "C: USER user", "S: 331 password?", "C: PASS pass", "S: 530 pass is wrong");
        await server.AssertFinds(CheckAnswer.Fail("login refused: \"530 *** is wrong\""), new FtpCheck(server.Target) { Login = "user", Password = new("pass") });
    }

    [Theory]
    [InlineData("^hello$", "", true, "f: 5 bytes")]
    [InlineData("", "ell", false, "answer \"hello\" matches ell")]
    [InlineData("bye", "", false, "answer \"hello\" does not match bye")]
    public async Task A_file_is_fetched_and_matched(string receive, string receiveNot, bool passes, string detail)
    {
        using var data = Scripted.Tcp(stream => stream.WriteAsync("hello"u8.ToArray()).AsTask());
        using var server = new LineServer(
            "S: 220 hi", "C: USER user", "S: 230 in", "C: TYPE I", "S: 200 ok", "C: EPSV", $"S: 229 passive (|||{data.Target.Port}|)", "C: RETR f", "S: 150 here", "S: 226 done", "C: QUIT");
        var check = new FtpCheck(server.Target) { Login = "user", Request = "f", Receive = receive, ReceiveNot = receiveNot };
        await server.AssertFinds(passes ? CheckAnswer.Pass(detail) : CheckAnswer.Fail(detail), check);
    }

    [Fact]
    public async Task An_old_server_is_asked_by_PASV_and_the_address_it_names_is_not_gone_to()
    {
        using var data = Scripted.Tcp(stream => stream.WriteAsync("hello"u8.ToArray()).AsTask());
        var port = data.Target.Port;
        using var server = new LineServer(
            "S: 220 hi", "C: USER user", "S: 230 in", "C: TYPE I", "S: 200 ok", "C: EPSV", "S: 500 what?", "C: PASV", $"S: 227 at (192,0,2,1,{port >> 8},{port & 0xff})", "C: RETR f",
            "S: 150 here", "S: 226 done", "C: QUIT");
        await server.AssertFinds(CheckAnswer.Pass("f: 5 bytes"), new FtpCheck(server.Target) { Login = "user", Request = "f" });
    }

    [Fact]
    public async Task A_file_without_an_end_is_read_to_a_bound()
    {
        using var data = Scripted.TcpEndless(new byte[1000]);
        using var server = new LineServer(
            "S: 220 hi", "C: USER user", "S: 230 in", "C: TYPE I", "S: 200 ok", "C: EPSV", $"S: 229 passive (|||{data.Target.Port}|)", "C: RETR f", "S: 150 here", "C: QUIT");
        await server.AssertFinds(CheckAnswer.Pass("f: 65536 bytes"), new FtpCheck(server.Target) { Login = "user", Request = "f" });
    }

    [Theory]
    [InlineData("S: 229 passive (|||99999|)", "passive mode: \"229 passive (|||99999|)\"")]
    [InlineData("S: 229 passive", "passive mode: \"229 passive\"")]
    [InlineData("S: 421 later", "passive mode: \"421 later\"")]
    public async Task A_port_that_is_none_fails(string reply, string detail)
    {
        using var server = new LineServer("S: 220 hi", "C: USER user", "S: 230 in", "C: TYPE I", "S: 200 ok", "C: EPSV", reply);
        await server.AssertFinds(CheckAnswer.Fail(detail), new FtpCheck(server.Target) { Login = "user", Request = "f" });
    }

    [Fact]
    public async Task A_file_that_is_not_there_fails()
    {
        using var data = Scripted.TcpSilence();
        using var server = new LineServer(
            "S: 220 hi", "C: USER user", "S: 230 in", "C: TYPE I", "S: 200 ok", "C: EPSV", $"S: 229 passive (|||{data.Target.Port}|)", "C: RETR f", "S: 550 no such file");
        await server.AssertFinds(CheckAnswer.Fail("f: \"550 no such file\""), new FtpCheck(server.Target) { Login = "user", Request = "f" });
    }
}
