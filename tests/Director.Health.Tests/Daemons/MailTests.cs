using Director.Health.Checks;
using Director.Health.Tests.Checks;

namespace Director.Health.Tests.Daemons;

/// <summary>Dovecot, and Postfix which asks Dovecot who may log in.</summary>
public class MailTests
{
    [SkippableFact]
    public async Task Imap_imaps_pop_pops_smtp_and_submission()
    {
        using var dovecot = RealDaemon.Of("dovecot");
        using var postfix = RealDaemon.Of("postfix");
        var (imaps, pop, pops) = (RealDaemon.FreePort(), RealDaemon.FreePort(), RealDaemon.FreePort());
        var tls = new TlsTrust { ServerName = "mail.example.org", Verify = true, Authority = $"{dovecot.Folder}/cert.pem" };
        await Start(dovecot, imaps, pop, pops, tls);
        await Start(postfix, dovecot.Folder);

        var imap = new ImapCheck(dovecot.Target) { Login = "user", Password = new("pass"), Tls = tls };
        var pop3 = new PopCheck(dovecot.Target with { Port = pop }) { Login = "user", Password = new("pass"), Tls = tls };
        var smtp = new SmtpCheck(postfix.Target) { Login = "user", Password = new("pass"), Tls = tls, IsSubmission = true };
        Assert.StartsWith("greeting \"* OK [CAPABILITY IMAP4rev1 ", (await Scripted.Ask(imap with { Login = "" })).Detail, StringComparison.Ordinal);
        await dovecot.AssertAnswer(CheckAnswer.Pass("greeting \"+OK ready\""), pop3 with { Login = "" });
        await postfix.AssertAnswer(CheckAnswer.Pass("greeting \"220 mail.example.org ESMTP\""), smtp with { Login = "" });
        foreach (var check in new HealthCheck[]
        {
            imap, imap with { Target = dovecot.Target with { Port = imaps }, IsTls = true }, pop3, pop3 with { Target = dovecot.Target with { Port = pops }, IsTls = true }, smtp,
        })
        {
            await dovecot.AssertAnswer(CheckAnswer.Pass("logged in, certificate until 2099-12-31"), check);
        }

        await dovecot.AssertAnswer(CheckAnswer.Fail("certificate is not for other.example.org"), imap with { Tls = tls with { ServerName = "other.example.org" } });
        await dovecot.AssertAnswer(CheckAnswer.Fail("login refused: \"c NO [AUTHENTICATIONFAILED] Authentication failed.\""), imap with { Password = new("wrong") });
        await dovecot.AssertAnswer(CheckAnswer.Fail("login refused: \"-ERR [AUTH] Authentication failed.\""), pop3 with { Password = new("wrong") });
        var refused = await Scripted.Ask(smtp with { Password = new("wrong") });
        Assert.StartsWith("login refused: \"535 5.7.8 Error: authentication failed", refused.Detail, StringComparison.Ordinal);
        // Postfix's port is asked in the wrong language, and answers in its own.
        await postfix.AssertAnswer(CheckAnswer.Fail("greeting \"220 mail.example.org ESMTP\""), imap with { Target = postfix.Target });

        await postfix.AssertHangsAndDies(smtp, "connection refused");
        await dovecot.AssertHangsAndDies(pop3, "connection refused");
        await dovecot.AssertAnswer(CheckAnswer.Fail("connection refused"), imap);
    }

    private static async Task Start(RealDaemon dovecot, ushort imaps, ushort pop, ushort pops, TlsTrust tls)
    {
        Directory.CreateDirectory($"{dovecot.Folder}/mail");
        dovecot.Run("chown", "mail:mail", $"{dovecot.Folder}/mail");
        File.SetUnixFileMode(dovecot.Folder, (UnixFileMode)0b111_101_101);
        dovecot.Write("cert.pem", $"{LineServer.CertificateKey}\n{LineServer.Certificate.ExportCertificatePem()}\n");
        dovecot.Write("users", "user:{PLAIN}pass\n");
        dovecot.Write("dovecot.conf", $$"""
            base_dir = {{dovecot.Folder}}/run
            state_dir = {{dovecot.Folder}}/state
            log_path = /dev/stderr
            protocols = imap pop3
            login_greeting = ready
            ssl_cert = <{{dovecot.Folder}}/cert.pem
            ssl_key = <{{dovecot.Folder}}/cert.pem
            ssl = required
            disable_plaintext_auth = yes
            auth_failure_delay = 0
            mail_location = maildir:{{dovecot.Folder}}/mail
            first_valid_uid = 1
            passdb {
              driver = passwd-file
              args = {{dovecot.Folder}}/users
            }
            userdb {
              driver = static
              args = uid=mail gid=mail home={{dovecot.Folder}}/mail
            }
            service imap-login {
              inet_listener imap {
                address = 127.0.0.1
                port = {{dovecot.Port}}
              }
              inet_listener imaps {
                address = 127.0.0.1
                port = {{imaps}}
                ssl = yes
              }
            }
            service pop3-login {
              inet_listener pop3 {
                address = 127.0.0.1
                port = {{pop}}
              }
              inet_listener pop3s {
                address = 127.0.0.1
                port = {{pops}}
                ssl = yes
              }
            }
            service anvil {
              unix_listener anvil-auth-penalty {
                mode = 0
              }
            }
            service auth {
              unix_listener {{dovecot.Folder}}/auth {
                mode = 0666
              }
            }

            """);
        await dovecot.Start(new ImapCheck(dovecot.Target) { Login = "user", Password = new("pass"), Tls = tls }, "dovecot", "-F", "-c", $"{dovecot.Folder}/dovecot.conf");
    }

    private static async Task Start(RealDaemon postfix, string dovecot)
    {
        foreach (var folder in new[] { "queue/pid", "queue/private", "queue/public", "data" })
        {
            Directory.CreateDirectory($"{postfix.Folder}/{folder}");
        }

        postfix.Run("chown", "postfix", $"{postfix.Folder}/queue/private", $"{postfix.Folder}/queue/public", $"{postfix.Folder}/data");
        File.SetUnixFileMode(postfix.Folder, (UnixFileMode)0b111_101_101);
        postfix.Write("main.cf", $"""
            compatibility_level = 3.6
            queue_directory = {postfix.Folder}/queue
            data_directory = {postfix.Folder}/data
            inet_interfaces = 127.0.0.1
            inet_protocols = ipv4
            myhostname = mail.example.org
            smtpd_banner = $myhostname ESMTP
            maillog_file = /dev/stdout
            local_recipient_maps =
            alias_maps =
            notify_classes =
            smtpd_tls_chain_files = {dovecot}/cert.pem
            smtpd_tls_security_level = may
            smtpd_tls_auth_only = yes
            smtpd_sasl_auth_enable = yes
            smtpd_sasl_type = dovecot
            smtpd_sasl_path = {dovecot}/auth

            """);
        postfix.Write("master.cf", $"""
            {postfix.Port} inet n - n - - smtpd
            anvil unix - - n - 1 anvil
            rewrite unix - - n - - trivial-rewrite
            proxymap unix - - n - - proxymap
            tlsmgr unix - - n 1000? 1 tlsmgr
            postlog unix-dgram n - n - 1 postlogd

            """);
        // Without its start script, which takes a second and leaves the process group.
        await postfix.Start(new SmtpCheck(postfix.Target), "/usr/lib/postfix/sbin/master", "-c", postfix.Folder, "-d");
    }
}
