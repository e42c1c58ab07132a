using Director.Health.Checks;

namespace Director.Health.Tests.Daemons;

public class PostgresTests
{
    [SkippableFact]
    public async Task PgSql()
    {
        using var postgres = RealDaemon.Of("bin/postgres", "postgres");
        var data = Path.Combine(postgres.Folder, "data");
        postgres.Run("bin/initdb", "-D", data, "-U", "probe", "-A", "scram-sha-256", $"--pwfile={postgres.Write("password", "hunter2\n")}", "--no-sync", "--locale=C");
        var ready = new PgSqlCheck(postgres.Target);
        await postgres.Start(
            ready, "bin/postgres", "-D", data, "-p", $"{postgres.Port}", "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "fsync=off");

        var user = ready with { Login = "probe", Password = new("hunter2"), Database = "postgres" };
        await postgres.AssertAnswer(CheckAnswer.Pass("ready"), ready);
        await postgres.AssertAnswer(CheckAnswer.Pass("logged in"), user);
        await postgres.AssertAnswer(CheckAnswer.Pass("answered \"1 alive 1.50\""), user with { Request = "SELECT 1, 'alive'::text, 1.50::numeric UNION ALL SELECT 2, 'well', 2", Receive = "^1 alive" });
        await postgres.AssertAnswer(CheckAnswer.Fail("answer \"alive\" does not match dead"), user with { Request = "SELECT 'alive'", Receive = "dead" });
        await postgres.AssertAnswer(CheckAnswer.Fail("no row in the answer"), user with { Request = "SELECT 1 WHERE false" });
        await postgres.AssertAnswer(CheckAnswer.Fail("login refused: password authentication failed for user \"probe\""), user with { Password = new("wrong") });
        await postgres.AssertAnswer(CheckAnswer.Fail("database \"probe\" does not exist"), user with { Database = "" });
        await postgres.AssertAnswer(CheckAnswer.Fail("relation \"none\" does not exist"), user with { Request = "SELECT * FROM none" });
        await postgres.AssertAnswer(CheckAnswer.Fail("answered more than 4 MB"), user with { Request = "SELECT repeat('x', 8000000)" });
        // A query that takes long is ended with its check.
        Assert.Equal(
            CheckAnswer.Fail("no answer within 0.3 s"),
            await CheckRun.Ask(user with { Request = "SELECT pg_sleep(100)" }, TimeSpan.FromMilliseconds(300), TimeProvider.System, default));
        await postgres.AssertHangsAndDies(user, "connection refused");
    }
}
