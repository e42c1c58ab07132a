using Director.Health.Checks;

namespace Director.Health.Tests.Checks;

public sealed class ImapCheckTests
{
    [Fact]
    public async Task Without_a_login_the_greeting_is_enough()
    {
        using var server = new LineServer("S: * OK [CAPABILITY IMAP4rev1] ready", "C: d LOGOUT", "S: * BYE", "S: d OK bye");
        await server.AssertFinds(CheckAnswer.Pass("greeting \"* OK [CAPABILITY IMAP4rev1] ready\""), new ImapCheck(server.Target));
    }

    [Fact]
    public async Task A_login_is_by_TLS_where_that_is_offered_and_may_hold_any_character()
    {
        using var server = new LineServer(
            "S: * OK ready", "C: a CAPABILITY", "S: * CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED", "S: a OK", "C: b STARTTLS", "S: b OK go", "TLS",
            "C: c LOGIN {4}", "S: + go on", "C: us\"r {6}", "S: + go on", "C: p\\{}ss", "S: * CAPABILITY IMAP4rev1", "S: c OK in", "C: d LOGOUT", "S: * BYE", "S: d OK bye");
        await server.AssertFinds(
            CheckAnswer.Pass("logged in, certificate until 2099-12-31"), new ImapCheck(server.Target) { Login = "us\"r", Password = new("p\\{}ss") });
    }

    [Fact]
    public async Task A_refusal_shows_no_password()
    {
        using var server = new LineServer(
            "TLS", "S: * OK ready", "C: c LOGIN {4}", "S: + go on", "C: user {4}", "S: + go on", "C: pass", "S: c NO [AUTHENTICATIONFAILED] pass is wrong");
        await server.AssertFinds(
            CheckAnswer.Fail("login refused: \"c NO [AUTHENTICATIONFAILED] *** is wrong\""), new ImapCheck(server.Target) { IsTls = true, Login = "user", Password = new("pass") });
    }

    [Theory]
    [InlineData("S: * BYE overloaded", "greeting \"* BYE overloaded\"")]
    [InlineData("S: +OK POP3", "greeting \"+OK POP3\"")]
    public async Task A_greeting_that_is_none_fails(string greeting, string detail)
    {
        using var server = new LineServer(greeting);
        await server.AssertFinds(CheckAnswer.Fail(detail), new ImapCheck(server.Target));
    }

    [Fact]
    public async Task Untagged_lines_without_an_end_are_listened_to_up_to_a_bound()
    {
        using var server = Scripted.TcpEndless("* OK again\r\n"u8.ToArray());
        Assert.Equal(CheckAnswer.Fail("the server said more than 64 KiB"), await Scripted.Ask(new ImapCheck(server.Target)));
    }
}
