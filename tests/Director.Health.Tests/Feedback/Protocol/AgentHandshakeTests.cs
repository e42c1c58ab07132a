using Director.Health.Feedback.Protocol;

namespace Director.Health.Tests.Feedback.Protocol;

/// <summary>That only who has the key is believed, once, in order.</summary>
public sealed class AgentHandshakeTests
{
    private static readonly byte[] s_key = [.. "a secret of both ends"u8];

    [Fact]
    public void Both_ends_understand_each_other()
    {
        var (agent, director) = Connect();

        Assert.Equal("one", Carried(agent, director, "one"));
        Assert.Equal("two", Carried(agent, director, "two"));
        Assert.Equal("three", Carried(director, agent, "three"));
    }

    [Fact]
    public void A_director_without_the_key_is_found_out_at_once()
    {
        var hello = AgentHandshake.Hello();
        AgentHandshake.Answer("another secret here"u8, hello, out var answer, out _);

        Assert.Equal(ProtocolFault.Forged, AgentHandshake.Check(s_key, hello, answer, out var messages));
        Assert.Null(messages);
    }

    [Fact]
    public void An_answer_to_another_hello_is_worth_nothing()
    {
        AgentHandshake.Answer(s_key, AgentHandshake.Hello(), out var recorded, out _);

        Assert.Equal(ProtocolFault.Forged, AgentHandshake.Check(s_key, AgentHandshake.Hello(), recorded, out _));
    }

    [Fact]
    public void An_agent_without_the_key_is_found_out_by_its_first_message()
    {
        var hello = AgentHandshake.Hello();
        AgentHandshake.Answer(s_key, hello, out var answer, out var director);
        AgentHandshake.Answer("another secret here"u8, hello, out _, out var forger);

        Assert.NotEmpty(answer);
        Assert.Equal(ProtocolFault.Forged, Open(director!, forger!.Seal("x"u8)));
    }

    [Fact]
    public void A_recorded_connection_cannot_be_played_again()
    {
        var hello = AgentHandshake.Hello();
        AgentHandshake.Answer(s_key, hello, out var answer, out _);
        AgentHandshake.Check(s_key, hello, answer, out var agent);
        var recorded = agent!.Seal("drain"u8);

        AgentHandshake.Answer(s_key, hello, out _, out var director);

        Assert.Equal(ProtocolFault.Forged, Open(director!, recorded));
    }

    [Fact]
    public void A_message_that_is_repeated_or_left_out_or_sent_back_is_forged()
    {
        var (agent, director) = Connect();
        var (first, second) = (agent.Seal("1"u8), agent.Seal("2"u8));

        Assert.Equal(ProtocolFault.Forged, Open(director, second));
        Assert.Equal(ProtocolFault.None, Open(director, first));
        Assert.Equal(ProtocolFault.Forged, Open(director, first));
        Assert.Equal(ProtocolFault.Forged, Open(agent, second));
        Assert.Equal(ProtocolFault.None, Open(director, second));
    }

    [Fact]
    public void Each_bit_of_a_message_counts()
    {
        for (var bit = 0; bit < 8 * (3 + SealedMessages.CodeBytes); bit++)
        {
            var (agent, director) = Connect();
            var message = agent.Seal("abc"u8);
            message[SealedMessages.LengthBytes + (bit / 8)] ^= (byte)(1 << (bit % 8));
            Assert.Equal(ProtocolFault.Forged, Open(director, message));
        }
    }

    [Fact]
    public void Another_version_and_other_protocols_are_told_apart()
    {
        var hello = AgentHandshake.Hello();
        hello[4] = 2;
        Assert.Equal(ProtocolFault.OtherVersion, AgentHandshake.Answer(s_key, hello, out var answer, out _));
        Assert.Empty(answer);
        Assert.Equal(ProtocolFault.Garbage, AgentHandshake.Answer(s_key, new byte[AgentHandshake.HelloBytes], out _, out _));
        Assert.Equal(ProtocolFault.Garbage, AgentHandshake.Answer(s_key, AgentHandshake.Hello().AsSpan(1), out _, out _));
    }

    [Theory]
    [InlineData(0, ProtocolFault.Garbage)]
    [InlineData(-1, ProtocolFault.Garbage)]
    [InlineData(32, ProtocolFault.Garbage)]
    [InlineData(33, ProtocolFault.None)]
    [InlineData(16_384 + 32, ProtocolFault.None)]
    [InlineData(16_384 + 33, ProtocolFault.TooLong)]
    [InlineData(int.MaxValue, ProtocolFault.TooLong)]
    public void A_length_is_judged_before_anything_is_read(int length, ProtocolFault fault)
    {
        var bytes = new byte[4];
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(bytes, length);

        Assert.Equal(fault, SealedMessages.Length(bytes, out _));
    }

    private static (SealedMessages Agent, SealedMessages Director) Connect()
    {
        var hello = AgentHandshake.Hello();
        Assert.Equal(ProtocolFault.None, AgentHandshake.Answer(s_key, hello, out var answer, out var director));
        Assert.Equal(ProtocolFault.None, AgentHandshake.Check(s_key, hello, answer, out var agent));
        return (agent!, director!);
    }

    private static ProtocolFault Open(SealedMessages at, byte[] message) => at.Open(message.AsSpan(SealedMessages.LengthBytes), out _);

    private static string Carried(SealedMessages from, SealedMessages to, string text)
    {
        var message = from.Seal(System.Text.Encoding.ASCII.GetBytes(text));
        Assert.Equal(ProtocolFault.None, SealedMessages.Length(message, out var length));
        Assert.Equal(message.Length - SealedMessages.LengthBytes, length);
        Assert.Equal(ProtocolFault.None, to.Open(message.AsSpan(SealedMessages.LengthBytes), out var body));
        return System.Text.Encoding.ASCII.GetString(body);
    }
}
