using System.Text;
using Director.Health.Checks;

namespace Director.Health.Tests.Checks;

public class LdapCheckTests
{
    private static readonly byte[] s_bound = Message(1, 0x61, Result(0, ""));

    [Fact]
    public async Task An_anonymous_bind_is_these_bytes()
    {
        var asked = new TaskCompletionSource<byte[]>();
        using var server = Scripted.Tcp(async stream =>
        {
            var request = new byte[14 + 9];
            await stream.ReadExactlyAsync(request.AsMemory(0, 14));
            await stream.WriteAsync(s_bound);
            // The farewell (RFC 4511 section 4.3).
            await stream.ReadExactlyAsync(request.AsMemory(14, 7));
            asked.SetResult(request[..21]);
        });
        Assert.Equal(CheckAnswer.Pass("bound"), await Scripted.Ask(new LdapCheck(server.Target)));
        Assert.Equal("300c020101600702010304008000" + "30050201034200", Convert.ToHexStringLower(await asked.Task));
    }

    [Theory]
    [InlineData(49, "", "login refused")]
    [InlineData(49, "hunter2 is wrong", "login refused: \"*** is wrong\"")]
    [InlineData(53, "not now", "bind failed, code 53: \"not now\"")]
    public async Task A_refused_bind_says_why_and_never_the_password(byte code, string message, string detail)
    {
        using var server = Scripted.TcpAnswer(Message(1, 0x61, Result(code, message)));
        Assert.Equal(CheckAnswer.Fail(detail), await Scripted.Ask(new LdapCheck(server.Target) { Login = "cn=a", Password = new("hunter2") }));
    }

    [Fact]
    public async Task Entries_are_matched_line_by_line()
    {
        byte[] found = [.. s_bound, .. Entry("cn=a,dc=x", ("cn", ["a"]), ("mail", ["a@x", "b@x"])), .. Message(2, 0x65, Result(0, ""))];
        using var server = Scripted.TcpAnswer(found);
        var check = new LdapCheck(server.Target) { Request = "dc=x?mail?sub?(cn=a)" };
        Assert.Equal(CheckAnswer.Pass("found an entry"), await Scripted.Ask(check));
        Assert.True((await Scripted.Ask(check with { Receive = "(?m)^mail: b@x$" })).Passed);
        Assert.False((await Scripted.Ask(check with { Receive = "mail: c@x" })).Passed);
        Assert.Equal(CheckAnswer.Fail("answer \"dn: cn=a,dc=x cn: a mail: a@x mail: b@x \" matches a@x"), await Scripted.Ask(check with { ReceiveNot = "a@x" }));
    }

    [Theory]
    [InlineData(0, "no entry found")]
    [InlineData(32, "search failed, code 32: \"m\"")]
    public async Task A_search_without_entries_fails(byte code, string detail)
    {
        using var server = Scripted.TcpAnswer([.. s_bound, .. Message(2, 0x65, Result(code, "m"))]);
        Assert.Equal(CheckAnswer.Fail(detail), await Scripted.Ask(new LdapCheck(server.Target) { Request = "dc=x" }));
    }

    [Fact]
    public async Task A_notice_of_disconnection_and_garbage_fail()
    {
        var rows = new (byte[] Answer, string Detail)[]
        {
            (Message(0, 0x78, Result(52, "")), "the server hung up (notice of disconnection)"),
            ("HTTP/1.1 400 Bad Request\r\n\r\n"u8.ToArray(), "garbled answer"),
            ([0x30, 0x84, 0x7F, 0xFF, 0xFF, 0xFF], "answered more than 64 KB"),
            ([0x30, 0x85, 1, 0, 0, 0, 0], "garbled answer"),
            ([0x30, 0x80], "garbled answer"),
            ([0x30, 0x03, 0x02, 0x01, 0x01], "garbled answer"),
            (Message(1, 0x61, [0x0A, 0x05, 0, 0, 0, 0, 0]), "garbled answer"),
        };
        foreach (var (answer, detail) in rows)
        {
            using var server = Scripted.TcpAnswer(answer);
            Assert.Equal(CheckAnswer.Fail(detail), await Scripted.Ask(new LdapCheck(server.Target)));
        }
    }

    [Fact]
    public async Task Endless_entries_are_read_to_a_bound()
    {
        using var server = Scripted.Tcp(async stream =>
        {
            await stream.WriteAsync(s_bound);
            while (true)
            {
                await stream.WriteAsync(Entry("cn=a", ("cn", [new string('a', 100)])));
            }
        });
        Assert.Equal(CheckAnswer.Fail("answered more than 64 KB"), await Scripted.Ask(new LdapCheck(server.Target) { Request = "dc=x" }));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Silence_is_waited_for_until_the_end(bool tls)
    {
        using var server = Scripted.TcpSilence();
        await server.AssertGivesUp(new LdapCheck(server.Target) { Tls = tls });
    }

    [Theory]
    [InlineData("(cn=a)", "a3070402636e040161")]
    [InlineData("(cn=*)", "8702636e")]
    [InlineData("(cn=a*b*c)", "a40f0402636e3009800161810162820163")]
    [InlineData("(cn=*b)", "a4090402636e3003820162")]
    [InlineData("(cn=a\\2ab)", "a3090402636e0403612a62")]
    [InlineData("(n>=5)", "a50604016e040135")]
    [InlineData("(n<=5)", "a60604016e040135")]
    [InlineData("(&(a=b)(!(c=d)))", "a012a306040161040162a208a306040163040164")]
    public void Filters_are_encoded_as_RFC_4511_says(string filter, string bytes) => Assert.Equal(bytes, Convert.ToHexStringLower(LdapFilter.Encode(filter)));

    [Theory]
    [InlineData("cn=a")]
    [InlineData("(cn=a")]
    [InlineData("(cn=a))")]
    [InlineData("(=a)")]
    [InlineData("()")]
    [InlineData("(!(a=b)(c=d))")]
    [InlineData("(a=\\2)")]
    [InlineData("(a:=b)")]
    public async Task What_is_no_filter_breaks_the_check(string filter)
    {
        var answer = await Scripted.Ask(new LdapCheck(new(System.Net.IPAddress.Loopback, 389)) { Request = "dc=x???" + filter });
        Assert.True(answer.IsBroken);
        Assert.Contains("is no search filter of LDAP", answer.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void A_filter_nested_without_end_is_none() =>
        Assert.Throws<FormatException>(() => LdapFilter.Encode(new StringBuilder().Insert(0, "(!", 100_000).Append("(a=b)").Append(')', 100_000).ToString()));

    private static byte[] Message(byte id, byte tag, byte[] operation) => Ber.Of(Ber.Sequence, Ber.Number(Ber.Integer, id), Ber.Element(tag, operation));

    private static byte[] Result(byte code, string message) => [.. Ber.Number(Ber.Enumerated, code), .. Ber.Text(Ber.OctetString, ""), .. Ber.Text(Ber.OctetString, message)];

    private static byte[] Entry(string name, params (string Name, string[] Values)[] attributes) => Message(2, 0x64,
    [
        .. Ber.Text(Ber.OctetString, name),
        .. Ber.Of(Ber.Sequence, attributes.Select(attribute => Ber.Of(
            Ber.Sequence, Ber.Text(Ber.OctetString, attribute.Name), Ber.Of(Ber.Set, attribute.Values.Select(value => Ber.Text(Ber.OctetString, value)))))),
    ]);
}
