using Director.Health.Checks;

namespace Director.Health.Tests.Daemons;

public class KamailioTests
{
    [SkippableFact]
    public async Task Sip_by_UDP_and_TCP()
    {
        using var kamailio = RealDaemon.Of("kamailio");
        var configuration = kamailio.Write("kamailio.cfg", $$"""
            #!KAMAILIO
            log_stderror=yes
            children=1
            tcp_children=1
            listen=udp:127.0.0.1:{{kamailio.Port}}
            listen=tcp:127.0.0.1:{{kamailio.Port}}
            loadmodule "sl.so"
            loadmodule "pv.so"
            request_route {
              if (!(method=="OPTIONS")) { sl_send_reply("405", "Method Not Allowed"); exit; }
              if ($rU == "nobody") { sl_send_reply("404", "Not Found"); exit; }
              sl_send_reply("200", "OK");
            }

            """);
        var check = new SipCheck(kamailio.Target);
        await kamailio.Start(check, "kamailio", "-f", configuration, "-DD", "-E", "-Y", kamailio.Folder, "-m", "16", "-M", "4");

        foreach (var asked in new[] { check, check with { OverTcp = true } })
        {
            await kamailio.AssertAnswer(CheckAnswer.Pass("status 200"), asked);
            await kamailio.AssertAnswer(CheckAnswer.Pass("status 200"), asked with { Login = "probe" });
            await kamailio.AssertAnswer(CheckAnswer.Fail("status 404 \"Not Found\", expected 200-299"), asked with { Login = "nobody" });
        }

        await kamailio.AssertHangsAndDies(check, "port unreachable");
        await kamailio.AssertAnswer(CheckAnswer.Fail("connection refused"), check with { OverTcp = true });
    }
}
