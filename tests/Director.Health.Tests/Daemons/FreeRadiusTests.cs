using Director.Health.Checks;

namespace Director.Health.Tests.Daemons;

public class FreeRadiusTests
{
    [SkippableFact]
    public async Task Radius()
    {
        using var radius = RealDaemon.Of("freeradius");
        radius.Write("dictionary", "$INCLUDE /usr/share/freeradius/dictionary\n");
        radius.Write("users", "probe Cleartext-Password := \"a long password of more than sixteen bytes\"\n\nbanned Auth-Type := Reject\n  Reply-Message = \"not you\"\n");
        radius.Write("radiusd.conf", $$"""
            prefix = /usr
            logdir = {{radius.Folder}}
            raddbdir = {{radius.Folder}}
            run_dir = {{radius.Folder}}
            libdir = /usr/lib/freeradius
            pidfile = {{radius.Folder}}/pid
            security {
              reject_delay = 0
            }
            client director {
              ipaddr = 127.0.0.1
              secret = testing123
              require_message_authenticator = yes
            }
            modules {
              files {
                filename = {{radius.Folder}}/users
              }
              pap {
              }
            }
            server default {
              listen {
                type = auth
                ipaddr = 127.0.0.1
                port = {{radius.Port}}
              }
              authorize {
                files
                pap
              }
              authenticate {
                Auth-Type PAP {
                  pap
                }
              }
            }

            """);
        var check = new RadiusCheck(radius.Target, "probe", new("a long password of more than sixteen bytes"), new("testing123"));
        await radius.Start(check, "freeradius", "-f", "-l", "stdout", "-d", radius.Folder, "-n", "radiusd");

        await radius.AssertAnswer(CheckAnswer.Pass("access accepted"), check);
        await radius.AssertAnswer(CheckAnswer.Fail("login refused"), check with { Password = new("wrong") });
        await radius.AssertAnswer(CheckAnswer.Fail("login refused: \"not you\""), check with { Login = "banned" });
        // A server does not answer who does not know the secret.
        Assert.Equal(CheckAnswer.Fail("no answer within 0.3 s"), await CheckRun.Ask(check with { Secret = new("other") }, TimeSpan.FromMilliseconds(300), TimeProvider.System, default));
        await radius.AssertHangsAndDies(check, "port unreachable");
    }
}
