using Director.Health.Checks;
using Director.Health.Tests.Checks;

namespace Director.Health.Tests.Daemons;

public class SquidTests
{
    [SkippableFact]
    public async Task Http_proxy()
    {
        using var squid = RealDaemon.Of("squid", "proxy");
        using var page = Scripted.Tcp(async stream =>
        {
            await stream.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"u8.ToArray());
            await stream.CopyToAsync(Stream.Null);
        });
        squid.Write("squid.conf", $"""
            http_port 127.0.0.1:{squid.Port}
            pid_filename none
            cache_log {squid.Folder}/log
            access_log none
            cache deny all
            cache_mem 8 MB
            pinger_enable off
            shutdown_lifetime 0 seconds
            visible_hostname proxy.example.org
            acl refused dstdomain refused.example.org
            http_access deny refused
            http_access allow all

            """);
        var check = new HttpCheck(squid.Target) { Way = HttpWay.Proxy, Request = $"http://{page.Target}/", Receive = "^hello$" };
        // By a name of its own, since its shared memory has it, and stays when it is killed.
        var name = $"director{squid.Port}";
        try
        {
            await squid.Start(check, "squid", "-N", "-n", name, "-f", $"{squid.Folder}/squid.conf");
            await AssertAnswers(squid, check);
        }
        finally
        {
            foreach (var left in Directory.GetFiles("/dev/shm", $"{name}-*"))
            {
                File.Delete(left);
            }
        }
    }

    private static async Task AssertAnswers(RealDaemon squid, HttpCheck check)
    {
        await squid.AssertAnswer(CheckAnswer.Pass("status 200, 5 bytes"), check);
        await squid.AssertAnswer(CheckAnswer.Fail("answer \"hello\" matches ell"), check with { Receive = "", ReceiveNot = "ell" });
        await squid.AssertAnswer(CheckAnswer.Fail("status 403, expected 200-299"), check with { Request = "http://refused.example.org/" });
        await squid.AssertAnswer(CheckAnswer.Fail("status 503, expected 200-299"), check with { Request = "http://127.0.0.1:1/" });
        await squid.AssertHangsAndDies(check, "connection refused");
    }
}
