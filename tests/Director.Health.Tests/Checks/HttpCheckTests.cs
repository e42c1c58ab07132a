using System.Collections.Concurrent;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Director.Health.Checks;

namespace Director.Health.Tests.Checks;

public sealed class HttpCheckTests
{
    private const string Hello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    private readonly ConcurrentQueue<string> _heard = [];

    [Fact]
    public async Task The_request_is_what_was_asked_for()
    {
        using var server = Web(Hello);
        var check = new HttpCheck(server.Target) { Request = "/a/../b?c=%7e", VirtualHost = "www.example.org:81", Method = "OPTIONS", Login = "user", Password = new("pass") };
        Assert.Equal(CheckAnswer.Pass("status 200, 5 bytes"), await Scripted.Ask(check));
        Assert.Equal(
            ["OPTIONS /a/../b?c=%7e HTTP/1.1", "Authorization: Basic dXNlcjpwYXNz", "Connection: close", "Host: www.example.org:81", "User-Agent: director"],
            Heard());
    }

    [Fact]
    public async Task Version_1_0_is_spoken_where_it_is_asked_for()
    {
        using var server = Web("HTTP/1.0 200 OK\r\n\r\nhello");
        Assert.Equal(CheckAnswer.Pass("status 200, 5 bytes"), await Scripted.Ask(new HttpCheck(server.Target) { Version = "1.0", Request = "x" }));
        Assert.Equal(["GET /x HTTP/1.0", "Connection: close", $"Host: {server.Target}", "User-Agent: director"], Heard());
    }

    [Theory]
    [InlineData("200-299", 204, true)]
    [InlineData("200-299", 301, false)]
    [InlineData("200, 301-302 ,401", 301, true)]
    [InlineData("200, 301-302 ,401", 401, true)]
    [InlineData("200, 301-302 ,401", 303, false)]
    [InlineData("503", 503, true)]
    public async Task The_status_decides(string expected, int status, bool passes)
    {
        using var server = Web($"HTTP/1.1 {status} x\r\nContent-Length: 0\r\nLocation: http://192.0.2.1/\r\n\r\n");
        var answer = await Scripted.Ask(new HttpCheck(server.Target) { Status = expected });
        Assert.Equal(passes ? CheckAnswer.Pass($"status {status}, 0 bytes") : CheckAnswer.Fail($"status {status}, expected {expected}"), answer);
    }

    [Theory]
    [InlineData("^h.*o$", "", true, "status 200, 5 bytes")]
    [InlineData("200 OK", "", false, "answer \"hello\" does not match 200 OK")]
    [InlineData("", "ell", false, "answer \"hello\" matches ell")]
    public async Task The_body_decides(string receive, string receiveNot, bool passes, string detail)
    {
        using var server = Web(Hello);
        var answer = await Scripted.Ask(new HttpCheck(server.Target) { Receive = receive, ReceiveNot = receiveNot });
        Assert.Equal(passes ? CheckAnswer.Pass(detail) : CheckAnswer.Fail(detail), answer);
    }

    [Theory]
    [InlineData("5d41402abc4b2a76b9719d911017c592", true)]
    [InlineData("2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824", true)]
    [InlineData("5d41402abc4b2a76b9719d911017c593", false)]
    public async Task The_digest_decides_and_a_body_in_chunks_has_the_same(string digest, bool passes)
    {
        using var server = Web("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n");
        var answer = await Scripted.Ask(new HttpCheck(server.Target) { Digest = digest });
        Assert.Equal(passes ? CheckAnswer.Pass("status 200, 5 bytes") : CheckAnswer.Fail($"digest 5d41402abc4b2a76b9719d911017c592, expected {digest}"), answer);
    }

    [Fact]
    public async Task A_page_in_Latin_1_is_read_as_one()
    {
        using var server = Scripted.TcpAnswer([.. "HTTP/1.0 200 OK\r\n\r\nGr"u8, 0xfc, 0xdf, (byte)'e']);
        Assert.True((await Scripted.Ask(new HttpCheck(server.Target) { Receive = "Grüße" })).Passed);
    }

    [Theory]
    [InlineData("<html>garbage</html>\r\n\r\n", "no HTTP: \"Received an invalid status line: '<html>garbage</html>'.\"")]
    [InlineData("", "the server closed the connection before the end of its answer")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello", "the server closed the connection before the end of its answer")]
    public async Task An_answer_that_is_none_fails(string answer, string detail)
    {
        using var server = Web(answer);
        Assert.Equal(CheckAnswer.Fail(detail), await Scripted.Ask(new HttpCheck(server.Target)));
    }

    [Fact]
    public async Task Headers_without_an_end_are_read_to_a_bound()
    {
        using var server = Endless("HTTP/1.1 200 OK\r\n", $"X-More: {new string('x', 1000)}\r\n");
        Assert.Equal(CheckAnswer.Fail("headers longer than 64 KiB"), await Scripted.Ask(new HttpCheck(server.Target)));
    }

    [Theory]
    [InlineData("", true, "status 200, 1048576 bytes")]
    [InlineData("5d41402abc4b2a76b9719d911017c592", false, "status 200, but a body longer than 1024 KiB, which has no digest")]
    public async Task A_body_without_an_end_is_read_to_a_bound(string digest, bool passes, string detail)
    {
        using var server = Endless("HTTP/1.1 200 OK\r\n\r\n", new string('x', 4096));
        Assert.Equal(passes ? CheckAnswer.Pass(detail) : CheckAnswer.Fail(detail), await Scripted.Ask(new HttpCheck(server.Target) { Receive = "x{20}", Digest = digest }));
    }

    [Fact]
    public async Task An_expression_that_backtracks_without_end_does_not_hold_up_its_check()
    {
        using var server = Web($"HTTP/1.0 200 OK\r\n\r\n{new string('a', 60)}!");
        Assert.False((await Scripted.Ask(new HttpCheck(server.Target) { Receive = "^(a|a)*$" })).Passed);
    }

    [Theory]
    [InlineData("")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Le")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello")]
    public async Task One_that_stops_within_its_answer_is_waited_for_no_longer_than_asked(string answer)
    {
        using var server = Scripted.Tcp(async stream =>
        {
            await stream.WriteAsync(Encoding.ASCII.GetBytes(answer));
            await stream.CopyToAsync(Stream.Null);
        });
        await server.AssertGivesUp(new HttpCheck(server.Target));
    }

    [Fact]
    public async Task A_proxy_is_asked_for_the_whole_URL_and_given_a_password_when_it_asks()
    {
        using var server = Scripted.Tcp(async stream =>
        {
            await Hear(stream);
            var isKnown = _heard.Any(line => line == "Proxy-Authorization: Basic dXNlcjpwYXNz");
            await stream.WriteAsync(Encoding.ASCII.GetBytes(isKnown ? Hello : "HTTP/1.1 407 Who?\r\nProxy-Authenticate: Basic realm=\"a\"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"));
            stream.Socket.Shutdown(SocketShutdown.Send);
        });
        var check = new HttpCheck(server.Target) { Way = HttpWay.Proxy, Request = "http://www.example.org/a" };
        Assert.Equal(CheckAnswer.Fail("status 407, expected 200-299"), await Scripted.Ask(check));
        Assert.Contains("GET http://www.example.org/a HTTP/1.1", _heard);
        Assert.Equal(CheckAnswer.Pass("status 200, 5 bytes"), await Scripted.Ask(check with { Login = "user", Password = new("pass") }));
        _heard.Clear();
        await Scripted.Ask(check with { Request = "b", VirtualHost = "www.example.org:81" });
        Assert.Contains("GET http://www.example.org:81/b HTTP/1.1", _heard);
    }

    [Fact]
    public async Task A_name_is_asked_for_by_TLS_and_the_certificates_last_day_is_shown()
    {
        using var server = Tls(LineServer.Certificate);
        var check = new HttpCheck(server.Target) { Way = HttpWay.Tls, Tls = new() { ServerName = "mail.example.org" } };
        Assert.Equal(CheckAnswer.Pass("status 200, 5 bytes, certificate until 2099-12-31"), await Scripted.Ask(check));
        Assert.Equal(CheckAnswer.Pass("status 200, 5 bytes, certificate until 2099-12-31"), await Scripted.Ask(check with { Tls = new() }));
        Assert.Equal(["mail.example.org", ""], _heard);
    }

    [Fact]
    public async Task A_certificate_is_verified_where_that_is_asked_for()
    {
        var authority = Path.GetTempFileName();
        await File.WriteAllTextAsync(authority, LineServer.Certificate.ExportCertificatePem());
        try
        {
            using var server = Tls(LineServer.Certificate);
            var check = new HttpCheck(server.Target) { Way = HttpWay.Tls, Tls = new() { Verify = true, Authority = authority, ServerName = "mail.example.org" } };
            Assert.Equal(CheckAnswer.Pass("status 200, 5 bytes, certificate until 2099-12-31"), await Scripted.Ask(check));
            Assert.Equal(CheckAnswer.Fail("certificate is not for www.example.org"), await Scripted.Ask(check with { Tls = check.Tls with { ServerName = "www.example.org" } }));
            Assert.Equal(CheckAnswer.Fail("certificate is not for 127.0.0.1"), await Scripted.Ask(check with { Tls = check.Tls with { ServerName = "" } }));
            Assert.StartsWith("certificate is not trusted: ", (await Scripted.Ask(check with { Tls = check.Tls with { Authority = "" } })).Detail, StringComparison.Ordinal);
            var broken = await Scripted.Ask(check with { Tls = check.Tls with { Authority = "/nowhere/ca.pem" } });
            Assert.True(broken.IsBroken);
            Assert.Contains("/nowhere/ca.pem", broken.Detail, StringComparison.Ordinal);

            using var old = LineServer.SelfSigned("mail.example.org", DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddDays(1));
            await File.WriteAllTextAsync(authority, old.ExportCertificatePem());
            using var expired = Tls(old);
            Assert.Equal(CheckAnswer.Fail("certificate has expired or is not valid yet: certificate until 1970-01-02"), await Scripted.Ask(check with { Target = expired.Target }));
        }
        finally
        {
            File.Delete(authority);
        }
    }

    [Fact]
    public async Task One_that_speaks_no_TLS_fails_and_says_so()
    {
        using var server = Scripted.TcpAnswer("HTTP/1.1 400 Bad Request\r\n\r\n");
        Assert.StartsWith("no TLS: ", (await Scripted.Ask(new HttpCheck(server.Target) { Way = HttpWay.Tls })).Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_that_ask_the_same_are_equal_and_no_password_is_shown()
    {
        var target = new CheckTarget(System.Net.IPAddress.Loopback, 80);
        HttpCheck With(string password) => new(target) { Login = "a", Password = new(password), Tls = new() { ServerName = "b" } };
        Assert.Equal(With("hunter2"), With("hunter2"));
        Assert.NotEqual(With("hunter2"), With("hunter3"));
        Assert.DoesNotContain("hunter2", With("hunter2").ToString(), StringComparison.Ordinal);
    }

    private string[] Heard() => [_heard.First(), .. _heard.Skip(1).Order(StringComparer.Ordinal)];

    private Scripted Web(string answer) => Scripted.Tcp(async stream =>
    {
        await Hear(stream);
        await stream.WriteAsync(Encoding.ASCII.GetBytes(answer));
        stream.Socket.Shutdown(SocketShutdown.Send);
        await stream.CopyToAsync(Stream.Null);
    });

    private Scripted Endless(string start, string more) => Scripted.Tcp(async stream =>
    {
        await Hear(stream);
        await stream.WriteAsync(Encoding.ASCII.GetBytes(start));
        while (true)
        {
            await stream.WriteAsync(Encoding.ASCII.GetBytes(more));
        }
    });

    /// <summary>Notes the names that it is asked for.</summary>
    private Scripted Tls(X509Certificate2 certificate) => Scripted.Tcp(async stream =>
    {
        await using var secured = new SslStream(stream);
        try
        {
            await secured.AuthenticateAsServerAsync(new SslServerAuthenticationOptions
            {
                ServerCertificateSelectionCallback = (_, name) =>
                {
                    _heard.Enqueue(name ?? "");
                    return certificate;
                },
            });
        }
        catch (System.Security.Authentication.AuthenticationException)
        {
            return;
        }

        var buffer = new byte[4];
        await secured.ReadExactlyAsync(buffer);
        await secured.WriteAsync(Encoding.ASCII.GetBytes(Hello));
    });

    private async Task Hear(Stream stream)
    {
        var one = new byte[1];
        var line = new StringBuilder();
        while (await stream.ReadAsync(one) > 0)
        {
            if (one[0] != '\n')
            {
                line.Append((char)one[0]);
                continue;
            }

            var text = line.ToString().TrimEnd('\r');
            line.Clear();
            if (text.Length == 0)
            {
                return;
            }

            _heard.Enqueue(text);
        }
    }
}
