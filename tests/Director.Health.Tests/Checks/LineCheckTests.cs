using System.Net;
using System.Net.Sockets;
using System.Text;
using Director.Health.Checks;

namespace Director.Health.Tests.Checks;

/// <summary>What holds for every check that speaks in lines.</summary>
public sealed class LineCheckTests
{
    public static TheoryData<string> Kinds => ["smtp", "pop", "imap", "nntp", "ftp"];

    private static HealthCheck Check(string kind, CheckTarget target) => kind switch
    {
        "smtp" => new SmtpCheck(target),
        "pop" => new PopCheck(target),
        "imap" => new ImapCheck(target),
        "nntp" => new NntpCheck(target),
        _ => new FtpCheck(target),
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_port_that_nobody_listens_on_is_refused(string kind)
    {
        using var nobody = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        nobody.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var target = new CheckTarget(IPAddress.Loopback, (ushort)((IPEndPoint)nobody.LocalEndPoint!).Port);
        Assert.Equal(CheckAnswer.Fail("connection refused"), await Scripted.Ask(Check(kind, target)));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_server_that_accepts_and_says_nothing_is_waited_for_no_longer_than_asked(string kind)
    {
        using var server = Scripted.TcpSilence();
        await server.AssertGivesUp(Check(kind, server.Target));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task One_that_closes_is_said_so(string kind)
    {
        using var server = Scripted.TcpAnswer("");
        Assert.Equal(CheckAnswer.Fail("the server closed the connection"), await Scripted.Ask(Check(kind, server.Target)));
    }

    [Theory]
    [InlineData("smtp", "no reply but \"<html> \"")]
    [InlineData("pop", "greeting \"<html> \"")]
    [InlineData("imap", "greeting \"<html> \"")]
    [InlineData("nntp", "no reply but \"<html> \"")]
    [InlineData("ftp", "no reply but \"<html> \"")]
    public async Task A_greeting_in_another_protocol_fails_and_is_shown_in_one_line(string kind, string detail)
    {
        using var server = Scripted.TcpAnswer("<html>\a\r\n");
        Assert.Equal(CheckAnswer.Fail(detail), await Scripted.Ask(Check(kind, server.Target)));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_line_without_an_end_is_listened_to_up_to_a_bound(string kind)
    {
        using var server = Scripted.TcpEndless(Encoding.ASCII.GetBytes(new string('2', 1000)));
        Assert.Equal(CheckAnswer.Fail("the server said more than 64 KiB"), await Scripted.Ask(Check(kind, server.Target)));
    }

    [Theory]
    [InlineData("smtp")]
    [InlineData("nntp")]
    [InlineData("ftp")]
    public async Task So_is_a_reply_of_lines_without_an_end(string kind)
    {
        using var server = Scripted.TcpEndless("220-more\r\n"u8.ToArray());
        Assert.Equal(CheckAnswer.Fail("the server said more than 64 KiB"), await Scripted.Ask(Check(kind, server.Target)));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Two_that_ask_the_same_are_equal_and_a_password_makes_them_differ_and_is_not_shown(string kind)
    {
        var target = new CheckTarget(IPAddress.Loopback, 1);
        Assert.Equal(Check(kind, target), Check(kind, target with { }));
        HealthCheck With(string password) => kind switch
        {
            "smtp" => new SmtpCheck(target) { Login = "a", Password = new(password) },
            "pop" => new PopCheck(target) { Login = "a", Password = new(password) },
            "imap" => new ImapCheck(target) { Login = "a", Password = new(password) },
            "nntp" => new NntpCheck(target) { Login = "a", Password = new(password) },
            _ => new FtpCheck(target) { Login = "a", Password = new(password) },
        };
        Assert.NotEqual(With("hunter2"), With("hunter3"));
        Assert.Equal(With("hunter2"), With("hunter2"));
        Assert.DoesNotContain("hunter2", With("hunter2").ToString(), StringComparison.Ordinal);
        await Task.CompletedTask;
    }
}
