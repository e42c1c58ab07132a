using System.Buffers.Binary;
using System.Security.Cryptography;
using Director.Health.Checks;

namespace Director.Health.Tests.Checks;

public class RadiusCheckTests
{
    private static readonly byte[] s_secret = "xyzzy5461"u8.ToArray();

    [Fact]
    public void The_password_is_hidden_as_in_the_example_of_RFC_2865()
    {
        // Section 7.1: nemo logs in with arctangent.
        var authenticator = Convert.FromHexString("0f403f9473978057bd83d5cb98f4227a");
        var request = RadiusPacket.Request(0, authenticator, "nemo", new("arctangent"), new("xyzzy5461"));
        Assert.Equal("01066e656d6f", Convert.ToHexStringLower(request.AsSpan(38, 6)));
        Assert.Equal("02120dbe708d93d413ce3196e43f782a0aee", Convert.ToHexStringLower(request.AsSpan(44, 18)));
        Assert.Equal(request.Length, BinaryPrimitives.ReadUInt16BigEndian(request.AsSpan(2)));
        // RFC 3579 section 3.2: over the packet with zeros in its place.
        var signature = request.AsSpan(22, 16).ToArray();
        request.AsSpan(22, 16).Clear();
        Assert.Equal(HMACMD5.HashData(s_secret, request), signature);
    }

    [Theory]
    [InlineData(2, "", true, "access accepted")]
    [InlineData(3, "", false, "login refused")]
    [InlineData(3, "go away, arctangent", false, "login refused: \"go away, ***\"")]
    [InlineData(11, "", false, "access challenged, a password alone is not enough")]
    [InlineData(5, "", false, "unexpected answer, code 5")]
    public async Task The_answer_decides_and_never_repeats_the_password(byte code, string message, bool passes, string detail)
    {
        using var server = Scripted.Udp(request => Reply(request, code, message, s_secret));
        Assert.Equal(new CheckAnswer(passes, detail), await Scripted.Ask(Check(server.Target)));
    }

    [Fact]
    public async Task An_answer_of_who_does_not_know_the_secret_fails()
    {
        using var server = Scripted.Udp(request => Reply(request, 2, "", "guessed"u8.ToArray()));
        Assert.Equal(CheckAnswer.Fail("the answer is not signed with the secret"), await Scripted.Ask(Check(server.Target)));
    }

    [Fact]
    public async Task A_wrong_Message_Authenticator_fails()
    {
        using var server = Scripted.Udp(request =>
        {
            var reply = Reply(request, 2, "", s_secret);
            return Sign([.. reply[..2], 0, 38, .. reply[4..20], 80, 18, .. new byte[16]], request, s_secret);
        });
        Assert.Equal(CheckAnswer.Fail("the answer is not signed with the secret"), await Scripted.Ask(Check(server.Target)));
    }

    [Fact]
    public async Task An_answer_to_another_request_is_not_taken_and_garbage_fails()
    {
        var count = 0;
        using var server = Scripted.Udp(request => count++ == 0 ? [2, (byte)(request[1] + 1), .. request[2..]] : Reply(request, 2, "", s_secret));
        Assert.True((await Scripted.Ask(Check(server.Target))).Passed);
        foreach (var garbage in new byte[][] { [], [2, 0, 0], [2, 0, 0, 10, .. new byte[16]], [2, 0, 1, 0, .. new byte[16]] })
        {
            using var garbled = Scripted.Udp(_ => garbage);
            Assert.Equal(CheckAnswer.Fail("garbled answer"), await Scripted.Ask(Check(garbled.Target)));
        }
    }

    [Fact]
    public async Task Silence_is_waited_for_until_the_end()
    {
        using var server = Scripted.Udp(_ => null);
        await server.AssertGivesUp(Check(server.Target));
    }

    [Fact]
    public void Secrets_count_for_equality_and_are_not_shown()
    {
        var check = Check(new(System.Net.IPAddress.Loopback, 1812));
        Assert.Equal(check, check with { Password = new("arctangent") });
        Assert.NotEqual(check, check with { Password = new("sine") });
        Assert.DoesNotContain("arctangent", check.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("xyzzy", check.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("arctangent", System.Text.Json.JsonSerializer.Serialize(check.Password), StringComparison.Ordinal);
    }

    private static RadiusCheck Check(CheckTarget target) => new(target, "nemo", new("arctangent"), new("xyzzy5461"));

    private static byte[] Reply(byte[] request, byte code, string message, byte[] secret)
    {
        byte[] said = message.Length > 0 ? [18, (byte)(message.Length + 2), .. System.Text.Encoding.UTF8.GetBytes(message)] : [];
        return Sign([code, request[1], 0, (byte)(20 + said.Length), .. new byte[16], .. said], request, secret);
    }

    private static byte[] Sign(byte[] reply, byte[] request, byte[] secret)
    {
        request.AsSpan(4, 16).CopyTo(reply.AsSpan(4));
        MD5.HashData([.. reply, .. secret]).CopyTo(reply, 4);
        return reply;
    }
}
