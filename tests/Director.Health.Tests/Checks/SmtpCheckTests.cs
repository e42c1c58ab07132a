using Director.Health.Checks;

namespace Director.Health.Tests.Checks;

public sealed class SmtpCheckTests
{
    private static readonly string s_login = Convert.ToBase64String("\0user\0pass"u8);

    [Fact]
    public async Task It_greets_says_hello_and_leaves()
    {
        using var server = new LineServer("S: 220-mx.example.org", "S: 220 ready", "C: EHLO probe.example.org", "S: 250-mx.example.org", "S: 250 SIZE 1", "C: QUIT", "S: 221 bye");
        await server.AssertFinds(CheckAnswer.Pass("greeting \"220 mx.example.org\""), new SmtpCheck(server.Target) { Helo = "probe.example.org" });
    }

    [Fact]
    public async Task One_that_knows_no_EHLO_is_said_HELO()
    {
        using var server = new LineServer("S: 220 old", "C: EHLO a", "S: 502 what?", "C: HELO a", "S: 250 hello", "C: QUIT", "S: 221 bye");
        await server.AssertFinds(CheckAnswer.Pass("greeting \"220 old\""), new SmtpCheck(server.Target) { Helo = "a" });
    }

    [Theory]
    [InlineData("S: 421 too busy", "greeting \"421 too busy\"")]
    [InlineData("S: 554 no", "greeting \"554 no\"")]
    public async Task A_greeting_that_sends_us_away_fails(string greeting, string detail)
    {
        using var server = new LineServer(greeting);
        await server.AssertFinds(CheckAnswer.Fail(detail), new SmtpCheck(server.Target));
    }

    [Fact]
    public async Task A_hello_that_is_not_taken_fails()
    {
        using var server = new LineServer("S: 220 a", "C: EHLO a", "S: 450 later");
        await server.AssertFinds(CheckAnswer.Fail("hello: \"450 later\""), new SmtpCheck(server.Target) { Helo = "a" });
    }

    [Fact]
    public async Task A_login_is_by_TLS_where_that_is_offered_and_the_hello_before_it_counts_for_nothing()
    {
        using var server = new LineServer(
            "S: 220 a", "C: EHLO a", "S: 250-a", "S: 250-AUTH LOGIN", "S: 250 STARTTLS", "C: STARTTLS", "S: 220 go", "TLS", "C: EHLO a", "S: 250-a", "S: 250 AUTH PLAIN LOGIN",
            $"C: AUTH PLAIN {s_login}", "S: 235 welcome", "C: QUIT", "S: 221 bye");
        await server.AssertFinds(
            CheckAnswer.Pass("logged in, certificate until 2099-12-31"), new SmtpCheck(server.Target) { IsSubmission = true, Helo = "a", Login = "user", Password = new("pass") });
    }

    [Fact]
    public async Task What_is_said_in_the_clear_behind_STARTTLS_is_not_believed()
    {
        using var server = new LineServer("S: 220 a", "C: EHLO a", "S: 250 STARTTLS", "C: STARTTLS", "S: 220 go\r\n250 AUTH PLAIN");
        await server.AssertFinds(CheckAnswer.Fail("the server speaks before TLS begins"), new SmtpCheck(server.Target) { Helo = "a", Login = "user", Password = new("pass") });
    }

    [Fact]
    public async Task AUTH_LOGIN_is_spoken_too_and_a_refusal_shows_no_password()
    {
        using var server = new LineServer(
            "S: 220 a", "C: EHLO a", "S: 250-a", "S: 250 AUTH=LOGIN", "C: AUTH LOGIN", "S: 334 VXNlcm5hbWU6", "C: dXNlcg==", "S: 334 UGFzc3dvcmQ6", "C: cGFzcw==", "S: 535 no: pass");
        await server.AssertFinds(CheckAnswer.Fail("login refused: \"535 no: ***\""), new SmtpCheck(server.Target) { Helo = "a", Login = "user", Password = new("pass") });
    }

    [Fact]
    public async Task Nor_does_one_that_repeats_the_line_back()
    {
        using var server = new LineServer("S: 220 a", "C: EHLO a", "S: 250 AUTH PLAIN", $"C: AUTH PLAIN {s_login}", $"S: 500 unknown: AUTH PLAIN {s_login}");
        await server.AssertFinds(CheckAnswer.Fail("login refused: 500"), new SmtpCheck(server.Target) { Helo = "a", Login = "user", Password = new("pass") });
    }

    [Fact]
    public async Task A_login_that_is_not_offered_fails()
    {
        using var server = new LineServer("S: 220 a", "C: EHLO a", "S: 250 AUTH GSSAPI");
        await server.AssertFinds(
            CheckAnswer.Fail("the server offers no login that the check knows (PLAIN, LOGIN)"), new SmtpCheck(server.Target) { Helo = "a", Login = "user" });
    }
}
