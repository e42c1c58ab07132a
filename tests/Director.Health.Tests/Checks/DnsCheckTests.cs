using System.Buffers.Binary;
using System.Text;
using Director.Health.Checks;

namespace Director.Health.Tests.Checks;

public class DnsCheckTests
{
    private static readonly byte[] s_address = [0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 7];

    [Fact]
    public async Task The_question_is_as_RFC_1035_has_it_and_the_record_is_matched()
    {
        using var server = Scripted.Udp(question => Reply(question, 0x8400, s_address));
        var check = new DnsCheck(server.Target) { Name = "www.example.com", Record = "A" };
        Assert.Equal(CheckAnswer.Pass("answered \"192.0.2.7\""), await Scripted.Ask(check));
        Assert.True(server.Received.TryPeek(out var asked));
        Assert.Equal("010000010000000000000377777707657861" + "6d706c6503636f6d0000010001", Convert.ToHexStringLower(asked![2..]));
        Assert.True((await Scripted.Ask(check with { Receive = @"^192\.0\.2\." })).Passed);
        Assert.Equal(CheckAnswer.Fail("answer \"192.0.2.7\" does not match ^10\\."), await Scripted.Ask(check with { Receive = @"^10\." }));
        Assert.Equal(CheckAnswer.Fail("answer \"192.0.2.7\" matches ^192"), await Scripted.Ask(check with { ReceiveNot = "^192" }));
        Assert.Equal(CheckAnswer.Fail("no MX record in the answer"), await Scripted.Ask(check with { Record = "MX" }));
    }

    [Theory]
    [InlineData(0x8403, "answer NXDOMAIN")]
    [InlineData(0x8405, "answer REFUSED")]
    [InlineData(0x840F, "answer code 15")]
    [InlineData(0x8400, "no SOA record in the answer")]
    [InlineData(0x0000, "garbled answer: it is a question")]
    public async Task An_error_and_an_answer_without_the_record_fail(int flags, string detail)
    {
        using var server = Scripted.Udp(question => Reply(question, flags));
        Assert.Equal(CheckAnswer.Fail(detail), await Scripted.Ask(new DnsCheck(server.Target)));
    }

    [Fact]
    public async Task Records_of_all_types_read_as_in_a_zone()
    {
        var rows = new (string Type, byte[] Data, string Text)[]
        {
            ("AAAA", [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], "2001:db8::1"),
            ("NS", [2, (byte)'n', (byte)'s', 0xC0, 12], "ns.a.b."),
            ("MX", [0, 10, 0xC0, 12], "10 a.b."),
            ("TXT", [2, (byte)'h', (byte)'i', 1, (byte)'!'], "hi!"),
            ("SRV", [0, 1, 0, 2, 0x13, 0xC4, 0xC0, 12], "1 2 5060 a.b."),
            ("SOA", [0xC0, 12, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 5], "a.b. . 1 2 3 4 5"),
            ("DNSKEY", [1, 2], "\\# 2 0102"),
        };
        foreach (var (type, data, text) in rows)
        {
            using var server = Scripted.Udp(question => Reply(question, 0x8400, [0xC0, 12, .. question[^4..], 0, 0, 0, 60, 0, (byte)data.Length, .. data]));
            Assert.Equal(CheckAnswer.Pass($"answered \"{text}\""), await Scripted.Ask(new DnsCheck(server.Target) { Name = "a.b", Record = type }));
        }
    }

    [Fact]
    public async Task An_answer_to_another_question_is_not_taken_for_ours()
    {
        var count = 0;
        using var server = Scripted.Udp(question =>
        {
            var reply = Reply(question, 0x8400, s_address);
            reply[0] ^= (byte)(++count == 1 ? 1 : 0);
            return reply;
        });
        Assert.True((await Scripted.Ask(new DnsCheck(server.Target) { Name = "www.example.com", Record = "A" })).Passed);
        Assert.Equal(2, count);
    }

    [Fact]
    public async Task What_does_not_fit_into_a_datagram_is_asked_for_by_TCP()
    {
        using var tcp = Scripted.Tcp(async stream =>
        {
            var question = new byte[2 + 33];
            await stream.ReadExactlyAsync(question);
            var reply = Reply(question[2..], 0x8400, s_address);
            await stream.WriteAsync(new byte[] { 0, (byte)reply.Length });
            await stream.WriteAsync(reply);
        });
        using var udp = UdpAt(tcp.Target, question => Reply(question, 0x8600, s_address[..9]));
        var check = new DnsCheck(tcp.Target) { Name = "www.example.com", Record = "A" };
        Assert.Equal(CheckAnswer.Pass("answered \"192.0.2.7\""), await Scripted.Ask(check));
        Assert.Equal(CheckAnswer.Pass("answered \"192.0.2.7\""), await Scripted.Ask(check with { OverTcp = true }));
    }

    [Fact]
    public async Task Garbage_of_every_kind_fails_in_one_line_and_at_once()
    {
        var whole = Array.Empty<byte>();
        using (var server = Scripted.Udp(question => whole = Reply(question, 0x8400, s_address)))
        {
            Assert.True((await Scripted.Ask(new DnsCheck(server.Target) { Name = "www.example.com", Record = "A" })).Passed);
        }

        var question = DnsMessage.Question(BinaryPrimitives.ReadUInt16BigEndian(whole), "www.example.com", 1);
        for (var length = 0; length < whole.Length; length++)
        {
            Assert.StartsWith("garbled", Assert.Throws<IOException>(() => DnsMessage.Read(whole.AsSpan(0, length), question)).Message, StringComparison.Ordinal);
        }

        var random = new Random(7);
        for (var round = 0; round < 20_000; round++)
        {
            var damaged = whole.ToArray();
            for (var flips = random.Next(1, 6); flips > 0; flips--)
            {
                damaged[random.Next(2, damaged.Length)] = (byte)random.Next(256);
            }

            try
            {
                DnsMessage.Read(damaged, question);
            }
            catch (IOException)
            {
                // As it should; anything else fails the test.
            }
        }
    }

    [Fact]
    public void Names_whose_pointers_lead_in_circles_or_build_up_end()
    {
        var question = DnsMessage.Question(1, "a", 2);
        byte[] circle = [.. question[..2], 0x84, 0, 0, 1, 0, 1, 0, 0, 0, 0, .. question[12..], 0xC0, 19];
        Assert.Throws<IOException>(() => DnsMessage.Read(circle, question));

        // A ladder of labels, each followed by a pointer to the one before: 60 x 64 letters of a name. The second record's name is its top.
        List<byte> ladder = [.. question[..2], 0x84, 0, 0, 1, 0, 2, 0, 0, 0, 0, .. question[12..], 0xC0, 12, 0, 99, 0, 1, 0, 0, 0, 0];
        List<byte> steps = [];
        var before = 12;
        var start = ladder.Count + 2;
        for (var step = 0; step < 60; step++)
        {
            var here = start + steps.Count;
            steps.AddRange([63, .. Encoding.ASCII.GetBytes(new string('x', 63)), (byte)(0xC0 | before >> 8), (byte)before]);
            before = here;
        }

        byte[] message = [.. ladder, (byte)(steps.Count >> 8), (byte)steps.Count, .. steps, (byte)(0xC0 | before >> 8), (byte)before, 0, 2, 0, 1, 0, 0, 0, 0, 0, 1, 0];
        Assert.Throws<IOException>(() => DnsMessage.Read(message, question));
    }

    [Theory]
    [InlineData("x.\u00e4.example")]
    [InlineData("0123456789012345678901234567890123456789012345678901234567890123.example")]
    public async Task What_is_no_name_breaks_the_check(string name) =>
        Assert.True((await Scripted.Ask(new DnsCheck(new(System.Net.IPAddress.Loopback, 53)) { Name = name })).IsBroken);

    [Fact]
    public async Task Silence_is_waited_for_until_the_end()
    {
        using var server = Scripted.Udp(_ => null);
        await server.AssertGivesUp(new DnsCheck(server.Target));
    }

    /// <summary>A reply with the question and answer records.</summary>
    private static byte[] Reply(byte[] question, int flags, params byte[] records) =>
        [.. question[..2], (byte)(flags >> 8), (byte)flags, 0, 1, 0, (byte)(records.Length > 0 ? 1 : 0), 0, 0, 0, 0, .. question[12..], .. records];

    private static System.Net.Sockets.UdpClient UdpAt(CheckTarget target, Func<byte[], byte[]> answer)
    {
        var udp = new System.Net.Sockets.UdpClient(new System.Net.IPEndPoint(target.Address, target.Port));
        _ = Task.Run(async () =>
        {
            try
            {
                while (true)
                {
                    var got = await udp.ReceiveAsync();
                    await udp.SendAsync(answer(got.Buffer), got.RemoteEndPoint);
                }
            }
            catch (Exception error) when (error is System.Net.Sockets.SocketException or ObjectDisposedException)
            {
                // It is over.
            }
        });
        return udp;
    }
}
