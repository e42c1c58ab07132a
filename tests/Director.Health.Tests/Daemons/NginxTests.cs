using System.Security.Cryptography;
using Director.Health.Checks;
using Director.Health.Tests.Checks;

namespace Director.Health.Tests.Daemons;

public class NginxTests
{
    [SkippableFact]
    public async Task Http_and_https()
    {
        using var nginx = RealDaemon.Of("nginx");
        var secured = RealDaemon.FreePort();
        nginx.Write("page", "Test Page\n");
        nginx.Write("cert.pem", $"{LineServer.CertificateKey}\n{LineServer.Certificate.ExportCertificatePem()}\n");
        nginx.Write("users", "user:{PLAIN}pass\n");
        nginx.Write("nginx.conf", $$"""
            daemon off;
            user root;
            worker_processes 1;
            pid pid;
            error_log stderr;
            events { worker_connections 64; }
            http {
              access_log off;
              client_body_temp_path t;
              proxy_temp_path t;
              fastcgi_temp_path t;
              uwsgi_temp_path t;
              scgi_temp_path t;
              ssl_certificate {{nginx.Folder}}/cert.pem;
              ssl_certificate_key {{nginx.Folder}}/cert.pem;
              server {
                listen 127.0.0.1:{{nginx.Port}} default_server;
                listen 127.0.0.1:{{secured}} ssl default_server;
                server_name _;
                return 404;
              }
              server {
                listen 127.0.0.1:{{nginx.Port}};
                listen 127.0.0.1:{{secured}} ssl;
                server_name mail.example.org;
                root {{nginx.Folder}};
                default_type text/plain;
                location /private { auth_basic a; auth_basic_user_file {{nginx.Folder}}/users; alias {{nginx.Folder}}/page; }
                location /broken { return 503 "in maintenance"; }
                location /moved { return 302 /page; }
              }
            }

            """);
        var check = new HttpCheck(nginx.Target) { Request = "/page", VirtualHost = "mail.example.org", Receive = "^Test Page$" };
        await nginx.Start(check, "nginx", "-e", "stderr", "-p", nginx.Folder, "-c", $"{nginx.Folder}/nginx.conf");

        await nginx.AssertAnswer(CheckAnswer.Pass("status 200, 10 bytes"), check);
        await nginx.AssertAnswer(CheckAnswer.Pass("status 200, 10 bytes"), check with { Version = "1.0" });
        await nginx.AssertAnswer(CheckAnswer.Pass("status 200, 0 bytes"), check with { Method = "HEAD", Receive = "" });
        await nginx.AssertAnswer(CheckAnswer.Fail("status 404, expected 200-299"), check with { VirtualHost = "" });
        await nginx.AssertAnswer(CheckAnswer.Fail("answer \"Test Page \" does not match Best"), check with { Receive = "Best" });
        await nginx.AssertAnswer(CheckAnswer.Fail("answer \"Test Page \" matches Test"), check with { Receive = "", ReceiveNot = "Test" });
        await nginx.AssertAnswer(CheckAnswer.Fail("status 503, expected 200-299"), check with { Request = "/broken", Receive = "" });
        await nginx.AssertAnswer(CheckAnswer.Fail("answer \"in maintenance\" matches maintenance"), check with { Request = "/broken", Receive = "", Status = "200-599", ReceiveNot = "maintenance" });
        await nginx.AssertAnswer(CheckAnswer.Fail("status 302, expected 200-299"), check with { Request = "/moved", Receive = "" });
        await nginx.AssertAnswer(CheckAnswer.Fail("status 401, expected 200-299"), check with { Request = "/private", Login = "user", Password = new("wrong") });
        await nginx.AssertAnswer(CheckAnswer.Pass("status 200, 10 bytes"), check with { Request = "/private", Login = "user", Password = new("pass") });
#pragma warning disable CA5351 // As keepalived's genhash.
        var digest = Convert.ToHexStringLower(MD5.HashData("Test Page\n"u8));
#pragma warning restore CA5351
        await nginx.AssertAnswer(CheckAnswer.Pass("status 200, 10 bytes"), check with { Receive = "", Digest = digest });

        var https = check with { Target = nginx.Target with { Port = secured }, Way = HttpWay.Tls, Tls = new() { ServerName = "mail.example.org", Verify = true, Authority = $"{nginx.Folder}/cert.pem" } };
        await nginx.AssertAnswer(CheckAnswer.Pass("status 200, 10 bytes, certificate until 2099-12-31"), https);
        await nginx.AssertAnswer(CheckAnswer.Fail("certificate is not for other.example.org"), https with { Tls = https.Tls with { ServerName = "other.example.org" } });
        // It answers plain HTTP on a TLS port with a page that says so.
        await nginx.AssertAnswer(CheckAnswer.Fail("status 400, expected 200-299"), https with { Way = HttpWay.Plain });
        await nginx.AssertHangsAndDies(https, "connection refused");
        await nginx.AssertAnswer(CheckAnswer.Fail("connection refused"), check);
    }
}
