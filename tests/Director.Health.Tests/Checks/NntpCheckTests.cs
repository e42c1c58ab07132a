using Director.Health.Checks;

namespace Director.Health.Tests.Checks;

public sealed class NntpCheckTests
{
    [Theory]
    [InlineData("200 posting")]
    [InlineData("201 reading")]
    public async Task Without_a_request_the_greeting_is_enough(string greeting)
    {
        using var server = new LineServer($"S: {greeting}", "C: QUIT");
        await server.AssertFinds(CheckAnswer.Pass($"answered \"{greeting}\""), new NntpCheck(server.Target) { Receive = "^20[01] " });
    }

    [Fact]
    public async Task The_lines_of_a_long_reply_are_matched_together()
    {
        using var server = new LineServer("S: 200 hi", "C: LIST", "S: 215 groups", "S: a.b 1 2 y", "S: c.d 1 2 y", "S: .", "C: QUIT");
        await server.AssertFinds(CheckAnswer.Pass("answered \"215 groups\""), new NntpCheck(server.Target) { Request = "LIST", Receive = "groups\na\\.b.*\nc\\.d" });
    }

    [Fact]
    public async Task Of_a_short_reply_nothing_more_is_waited_for()
    {
        using var server = new LineServer("S: 200 hi", "C: GROUP a.b", "S: 211 3 1 3 a.b", "C: QUIT");
        await server.AssertFinds(CheckAnswer.Fail("answer \"211 3 1 3 a.b\" matches a\\.b"), new NntpCheck(server.Target) { Request = "GROUP a.b", ReceiveNot = "a\\.b" });
    }

    [Fact]
    public async Task A_request_that_is_refused_fails()
    {
        using var server = new LineServer("S: 200 hi", "C: GROUP x", "S: 411 no such group");
        await server.AssertFinds(CheckAnswer.Fail("GROUP x: \"411 no such group\""), new NntpCheck(server.Target) { Request = "GROUP x" });
    }

    [Fact]
    public async Task It_logs_in()
    {
        using var server = new LineServer("S: 200 hi", "C: AUTHINFO USER user", "S: 381 more", "C: AUTHINFO PASS pass", "S: 281 in", "C: QUIT");
        await server.AssertFinds(CheckAnswer.Pass("logged in"), new NntpCheck(server.Target) { Login = "user", Password = new("pass") });
    }

    [Fact]
    public async Task A_refusal_shows_no_password()
    {
        using var server = new LineServer("S: 200 hi", "C: AUTHINFO USER user", "S: 381 more", "C: AUTHINFO PASS pass", "S: 481 pass is wrong");
        await server.AssertFinds(CheckAnswer.Fail("login refused: \"481 *** is wrong\""), new NntpCheck(server.Target) { Login = "user", Password = new("pass") });
    }

    [Fact]
    public async Task A_server_that_is_closed_fails()
    {
        using var server = new LineServer("S: 400 later");
        await server.AssertFinds(CheckAnswer.Fail("greeting \"400 later\""), new NntpCheck(server.Target));
    }
}
