using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Director.Health.Checks;

namespace Director.Health.Tests.Daemons;

public class SlapdTests
{
    [SkippableFact]
    public async Task Ldap_and_ldaps()
    {
        using var slapd = RealDaemon.Of("slapd");
        using var key = ECDsa.Create();
        using var certificate = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        Directory.CreateDirectory(Path.Combine(slapd.Folder, "data"));
        var configuration = slapd.Write("slapd.conf", $"""
            include /etc/ldap/schema/core.schema
            modulepath /usr/lib/ldap
            moduleload back_mdb
            TLSCertificateFile {slapd.Write("certificate.pem", certificate.ExportCertificatePem())}
            TLSCertificateKeyFile {slapd.Write("key.pem", key.ExportPkcs8PrivateKeyPem())}
            database mdb
            suffix "dc=example,dc=com"
            directory {slapd.Folder}/data
            """);
        slapd.Run("slapadd", "-q", "-f", configuration, "-l", slapd.Write("entries", """
            dn: dc=example,dc=com
            objectClass: organization
            objectClass: dcObject
            o: Example
            dc: example

            dn: cn=probe,dc=example,dc=com
            objectClass: person
            cn: probe
            sn: Probe
            description: alive
            userPassword: hunter2
            """));
        var plain = new LdapCheck(slapd.Target);
        var tls = new LdapCheck(slapd.Target with { Address = IPAddress.Parse("127.0.0.2") }) { Tls = true };
        await slapd.Start(plain, "slapd", "-f", configuration, "-d", "0", "-h", $"ldap://127.0.0.1:{slapd.Port} ldaps://127.0.0.2:{slapd.Port}");

        foreach (var check in new[] { plain, tls })
        {
            var user = check with { Login = "cn=probe,dc=example,dc=com", Password = new("hunter2") };
            // Whoever speaks TLS tells of the certificate, too.
            var expiry = check.Tls ? $", certificate until {certificate.NotAfter.ToUniversalTime():yyyy-MM-dd}" : "";
            await slapd.AssertAnswer(CheckAnswer.Pass($"bound{expiry}"), check);
            await slapd.AssertAnswer(CheckAnswer.Pass($"bound{expiry}"), user);
            await slapd.AssertAnswer(CheckAnswer.Fail("login refused"), user with { Password = new("wrong") });
            await slapd.AssertAnswer(CheckAnswer.Pass($"found an entry{expiry}"), check with { Request = "dc=example,dc=com", Receive = "(?m)^o: Example$" });
            var search = user with { Request = "dc=example,dc=com?description?sub?(&(objectClass=person)(|(cn=pro*)(sn=x))(!(cn=other)))" };
            await slapd.AssertAnswer(CheckAnswer.Pass($"found an entry{expiry}"), search with { Receive = "description: alive" });
            await slapd.AssertAnswer(
                CheckAnswer.Fail("answer \"dn: cn=probe,dc=example,dc=com description: alive \" does not match description: dead"), search with { Receive = "description: dead" });
            await slapd.AssertAnswer(CheckAnswer.Fail("no entry found"), check with { Request = "dc=example,dc=com??sub?(cn=nobody)" });
            await slapd.AssertAnswer(CheckAnswer.Fail("search failed, code 32"), check with { Request = "cn=nobody,dc=example,dc=com" });
        }

        await slapd.AssertHangsAndDies(tls, "connection refused");
    }
}
