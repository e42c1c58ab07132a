using Director.Health.Checks;

namespace Director.Health.Tests.Daemons;

public class SnntpdTests
{
    [SkippableFact]
    public async Task Nntp()
    {
        using var news = RealDaemon.Of("snntpd");
        var check = new NntpCheck(news.Target) { Request = "LIST", Receive = "^215 " };
        await news.Start(check, "socat", $"TCP-LISTEN:{news.Port},bind=127.0.0.1,fork,reuseaddr", "EXEC:/usr/sbin/snntpd");

        await news.AssertAnswer(CheckAnswer.Pass("answered \"215 list follows\""), check);
        await news.AssertAnswer(CheckAnswer.Fail("GROUP none: \"411 No such group here as none\""), check with { Request = "GROUP none", Receive = "" });
        await news.AssertAnswer(CheckAnswer.Fail("answer \"215 list follows\" matches list"), check with { Receive = "", ReceiveNot = "list" });
        await news.AssertHangsAndDies(check, "connection refused");
    }
}
