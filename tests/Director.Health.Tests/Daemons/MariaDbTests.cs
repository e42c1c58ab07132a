using Director.Health.Checks;

namespace Director.Health.Tests.Daemons;

public class MariaDbTests
{
    [SkippableFact]
    public async Task MySql()
    {
        using var mariadb = RealDaemon.Of("mariadbd");
        var data = Path.Combine(mariadb.Folder, "data");
        mariadb.Run("mariadb-install-db", "--no-defaults", "--user=root", $"--datadir={data}", "--auth-root-authentication-method=normal", "--skip-test-db");
        var begin = mariadb.Write("begin.sql", """
            CREATE DATABASE shop;
            CREATE TABLE shop.state (number INT, word VARCHAR(10), price DECIMAL(5,2));
            INSERT INTO shop.state VALUES (1, 'alive', 1.50), (2, 'well', 2.50);
            CREATE TABLE shop.nothing (word VARCHAR(10));
            CREATE USER probe@'127.0.0.1' IDENTIFIED BY 'hunter2';
            GRANT SELECT ON shop.* TO probe@'127.0.0.1';
            """);
        var greeting = new MySqlCheck(mariadb.Target);
        await mariadb.Start(
            greeting, "mariadbd", "--no-defaults", "--user=root", $"--datadir={data}", $"--port={mariadb.Port}", "--bind-address=127.0.0.1", $"--socket={mariadb.Folder}/socket",
            $"--pid-file={mariadb.Folder}/pid", $"--init-file={begin}", "--skip-name-resolve", "--innodb-buffer-pool-size=8M");

        var user = greeting with { Login = "probe", Password = new("hunter2"), Database = "shop" };
        var answer = await Tests.Checks.Scripted.Ask(greeting);
        Assert.True(answer.Passed && answer.Detail.Contains("MariaDB", StringComparison.Ordinal), answer.Detail);
        await mariadb.AssertAnswer(CheckAnswer.Pass("logged in"), user);
        await mariadb.AssertAnswer(CheckAnswer.Pass("answered \"1 alive 1.50\""), user with { Request = "SELECT * FROM state ORDER BY number", Receive = "^1 alive" });
        await mariadb.AssertAnswer(CheckAnswer.Fail("answer \"alive\" does not match dead"), user with { Request = "SELECT word FROM state WHERE number = 1", Receive = "dead" });
        await mariadb.AssertAnswer(CheckAnswer.Fail("no row in the answer"), user with { Request = "SELECT * FROM nothing" });
        await mariadb.AssertAnswer(CheckAnswer.Fail("login refused: Access denied for user 'probe'@'127.0.0.1' (using password: YES)"), user with { Password = new("wrong") });
        await mariadb.AssertAnswer(CheckAnswer.Fail("login refused: Access denied for user 'probe'@'127.0.0.1' to database 'other'"), user with { Database = "other" });
        await mariadb.AssertAnswer(CheckAnswer.Fail("Table 'shop.none' doesn't exist"), user with { Request = "SELECT * FROM none" });
        await mariadb.AssertAnswer(CheckAnswer.Fail("answered more than 4 MB"), user with { Request = "SELECT REPEAT('x', 8000000)" });
        // A query that takes long is ended with its check.
        Assert.Equal(
            CheckAnswer.Fail("no answer within 0.3 s"),
            await CheckRun.Ask(user with { Request = "SELECT SLEEP(100)" }, TimeSpan.FromMilliseconds(300), TimeProvider.System, default));
        await mariadb.AssertHangsAndDies(user, "connection refused");
    }
}
