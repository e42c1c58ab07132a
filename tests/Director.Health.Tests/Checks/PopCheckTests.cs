using Director.Health.Checks;

namespace Director.Health.Tests.Checks;

public sealed class PopCheckTests
{
    [Fact]
    public async Task Without_a_login_the_greeting_is_enough()
    {
        using var server = new LineServer("S: +OK ready", "C: QUIT", "S: +OK bye");
        await server.AssertFinds(CheckAnswer.Pass("greeting \"+OK ready\""), new PopCheck(server.Target));
    }

    [Fact]
    public async Task A_login_is_by_TLS_where_that_is_offered()
    {
        using var server = new LineServer(
            "S: +OK ready", "C: CAPA", "S: +OK", "S: USER", "S: STLS", "S: .", "C: STLS", "S: +OK go", "TLS", "C: USER user", "S: +OK", "C: PASS pass", "S: +OK in", "C: QUIT", "S: +OK bye");
        await server.AssertFinds(CheckAnswer.Pass("logged in, certificate until 2099-12-31"), new PopCheck(server.Target) { Login = "user", Password = new("pass") });
    }

    [Fact]
    public async Task And_in_the_clear_where_it_is_not_and_a_refusal_shows_no_password()
    {
        using var server = new LineServer("S: +OK ready", "C: CAPA", "S: -ERR what?", "C: USER user", "S: +OK", "C: PASS pass", "S: -ERR wrong: pass");
        await server.AssertFinds(CheckAnswer.Fail("login refused: \"-ERR wrong: ***\""), new PopCheck(server.Target) { Login = "user", Password = new("pass") });
    }

    [Fact]
    public async Task Pops_is_TLS_from_the_first_byte()
    {
        using var server = new LineServer("TLS", "S: +OK ready", "C: USER user", "S: +OK", "C: PASS pass", "S: +OK", "C: QUIT", "S: +OK bye");
        await server.AssertFinds(CheckAnswer.Pass("logged in, certificate until 2099-12-31"), new PopCheck(server.Target) { IsTls = true, Login = "user", Password = new("pass") });
    }

    [Fact]
    public async Task A_busy_server_fails()
    {
        using var server = new LineServer("S: -ERR too many");
        await server.AssertFinds(CheckAnswer.Fail("greeting \"-ERR too many\""), new PopCheck(server.Target));
    }
}
