using System.Text;
using Director.Health.Checks;

namespace Director.Health.Tests.Checks;

public class DatabaseCheckTests
{
    private static readonly byte[] s_greeting = Packet(0, [10, .. "8.4.0-test\0"u8, 1, 0, 0, 0, .. new byte[40]]);

    [Fact]
    public async Task MySQL_that_greets_is_up_and_one_that_is_full_is_not()
    {
        using var up = Scripted.TcpAnswer(s_greeting);
        Assert.Equal(CheckAnswer.Pass("greeted by 8.4.0-test"), await Scripted.Ask(new MySqlCheck(up.Target)));
        using var full = Scripted.TcpAnswer(Packet(0, [0xFF, 0x10, 0x04, .. "Too many connections"u8]));
        Assert.Equal(CheckAnswer.Fail("refused: Too many connections"), await Scripted.Ask(new MySqlCheck(full.Target)));
    }

    [Theory]
    [InlineData("HTTP/1.1 400 Bad Request\r\n\r\n")]
    [InlineData("\u0001\0\0\0\u0009")]
    [InlineData("\0\0\0\0")]
    public async Task What_is_no_greeting_of_MySQL_fails(string garbage)
    {
        using var server = Scripted.TcpAnswer(garbage);
        Assert.Equal(CheckAnswer.Fail("garbled greeting"), await Scripted.Ask(new MySqlCheck(server.Target)));
    }

    [Fact]
    public async Task PostgreSQL_that_asks_for_a_password_or_knows_no_such_user_is_up()
    {
        using var asks = Scripted.TcpAnswer([(byte)'R', 0, 0, 0, 8, 0, 0, 0, 3]);
        Assert.Equal(CheckAnswer.Pass("ready"), await Scripted.Ask(new PgSqlCheck(asks.Target)));
        using var refuses = Scripted.TcpAnswer(Error("28000", "no pg_hba.conf entry"));
        Assert.Equal(CheckAnswer.Pass("ready: no pg_hba.conf entry"), await Scripted.Ask(new PgSqlCheck(refuses.Target)));
    }

    [Theory]
    [InlineData("57P03", "the database system is starting up")]
    [InlineData("53300", "sorry, too many clients already")]
    public async Task PostgreSQL_that_takes_nobody_is_not(string state, string message)
    {
        using var server = Scripted.TcpAnswer(Error(state, message));
        Assert.Equal(CheckAnswer.Fail(message), await Scripted.Ask(new PgSqlCheck(server.Target)));
    }

    [Fact]
    public async Task What_is_no_PostgreSQL_fails()
    {
        using var server = Scripted.TcpAnswer("SSH-2.0-OpenSSH_9.2\r\n");
        Assert.Equal(CheckAnswer.Fail("garbled answer"), await Scripted.Ask(new PgSqlCheck(server.Target)));
    }

    public static TheoryData<Func<CheckTarget, HealthCheck>> Checks => new(
        target => new MySqlCheck(target),
        target => new MySqlCheck(target) { Login = "u", Password = new("p") },
        target => new PgSqlCheck(target),
        target => new PgSqlCheck(target) { Login = "u", Password = new("p") });

    [Theory]
    [MemberData(nameof(Checks))]
    public async Task A_server_that_accepts_and_is_silent_is_left_at_the_end(Func<CheckTarget, HealthCheck> check)
    {
        using var server = Scripted.TcpSilence();
        await server.AssertGivesUp(check(server.Target));
    }

    [Theory]
    [MemberData(nameof(Checks))]
    public async Task One_that_is_not_there_is_refused(Func<CheckTarget, HealthCheck> check)
    {
        CheckTarget target;
        using (var server = Scripted.TcpSilence())
        {
            target = server.Target;
        }

        Assert.Equal(CheckAnswer.Fail("connection refused"), await Scripted.Ask(check(target)));
    }

    [Theory]
    [MemberData(nameof(Checks))]
    public async Task Endless_zeros_end_in_a_failure(Func<CheckTarget, HealthCheck> check)
    {
        using var server = Scripted.TcpEndless(new byte[1000]);
        var answer = await Scripted.Ask(check(server.Target));
        Assert.False(answer.Passed || answer.IsBroken, answer.Detail);
    }

    [Fact]
    public async Task More_than_a_check_may_be_told_is_cut_off()
    {
        // A packet of 16 MB, the largest that there is.
        using var server = Scripted.Tcp(async stream =>
        {
            await stream.WriteAsync(new byte[] { 0xFF, 0xFF, 0xFF, 0 });
            while (true)
            {
                await stream.WriteAsync(s_greeting.AsMemory(4));
            }
        });
        Assert.Equal(CheckAnswer.Fail("answered more than 4 MB"), await Scripted.Ask(new MySqlCheck(server.Target) { Login = "u", Password = new("p") }));
    }

    private static byte[] Packet(byte number, byte[] content) => [(byte)content.Length, (byte)(content.Length >> 8), 0, number, .. content];

    private static byte[] Error(string state, string message)
    {
        var body = Encoding.UTF8.GetBytes($"SFATAL\0VFATAL\0C{state}\0M{message}\0\0");
        return [(byte)'E', 0, 0, 0, (byte)(body.Length + 4), .. body];
    }
}
