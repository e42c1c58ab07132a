using Director.Health.Checks;

namespace Director.Health.Tests.Daemons;

public class NamedTests
{
    [SkippableFact]
    public async Task Dns_by_UDP_and_TCP()
    {
        using var named = RealDaemon.Of("named");
        named.Write("zone", $"""
            $TTL 60
            @ SOA ns hostmaster 7 60 60 60 60
            @ NS ns
            @ MX 10 mail
            ns A 192.0.2.1
            mail A 192.0.2.2
            www A 192.0.2.7
            www A 192.0.2.8
            long TXT {string.Join(' ', Enumerable.Repeat($"\"{new string('x', 250)}\"", 8))} "end"

            """);
        var configuration = named.Write("named.conf", $$"""
            options {
              directory "{{named.Folder}}"; listen-on port {{named.Port}} { 127.0.0.1; }; listen-on-v6 { none; };
              pid-file none; session-keyfile none; recursion no; dnssec-validation no;
            };
            controls { };
            zone "example.com" { type primary; file "zone"; };

            """);
        var check = new DnsCheck(named.Target) { Name = "example.com" };
        await named.Start(check, "named", "-g", "-n", "1", "-c", configuration);

        foreach (var asked in new[] { check, check with { OverTcp = true } })
        {
            await named.AssertAnswer(CheckAnswer.Pass("answered \"ns.example.com. hostmaster.example.com. 7 60 60 60 60\""), asked);
            await named.AssertAnswer(CheckAnswer.Pass("answered \"10 mail.example.com.\""), asked with { Record = "MX", Receive = "^10 mail" });
            await named.AssertAnswer(CheckAnswer.Fail("answer NXDOMAIN"), asked with { Name = "nobody.example.com", Record = "A" });
            await named.AssertAnswer(CheckAnswer.Fail("no AAAA record in the answer"), asked with { Name = "www.example.com", Record = "AAAA" });
            await named.AssertAnswer(CheckAnswer.Fail("answer REFUSED"), asked with { Name = "example.org" });
            var www = asked with { Name = "www.example.com", Record = "A" };
            Assert.True((await Tests.Checks.Scripted.Ask(www with { Receive = @"^192\.0\.2\.8$" })).Passed);
            Assert.False((await Tests.Checks.Scripted.Ask(www with { Receive = @"^192\.0\.2\.9$" })).Passed);
            // 2,000 bytes: by UDP it says that it did not fit.
            Assert.True((await Tests.Checks.Scripted.Ask(asked with { Name = "long.example.com", Record = "TXT", Receive = "xend$" })).Passed);
        }

        await named.AssertHangsAndDies(check, "port unreachable");
    }
}
