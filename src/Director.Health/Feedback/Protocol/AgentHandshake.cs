using System.Security.Cryptography;

namespace Director.Health.Feedback.Protocol;

/// <summary>
/// How agent and director show each other that they have the key, and agree on keys for this connection alone. The agent says hello with 32 random bytes, the director answers with its own and a code
/// over both; every message after that is sealed under keys that are derived (HKDF, RFC 5869) from the shared key and both. So nothing of one connection is worth anything in another, and the agent's
/// first message shows that it has the key.
/// </summary>
public static class AgentHandshake
{
    /// <summary>Length of the agent's hello: magic, version, random bytes.</summary>
    public const int HelloBytes = 4 + 1 + RandomBytes;

    /// <summary>Length of the director's answer: magic, version, random bytes, code.</summary>
    public const int AnswerBytes = 4 + 1 + RandomBytes + SealedMessages.CodeBytes;

    private const int RandomBytes = 32;
    private const int KeyBytes = 32;

    private static ReadOnlySpan<byte> HelloMagic => "DFa>"u8;

    private static ReadOnlySpan<byte> AnswerMagic => "DFd>"u8;

    /// <summary>What an agent sends first.</summary>
    public static byte[] Hello()
    {
        var hello = new byte[HelloBytes];
        Begin(hello, HelloMagic);
        return hello;
    }

    /// <summary>What a director answers.</summary>
    /// <param name="key">The shared key.</param>
    /// <param name="hello">What the agent sent, <see cref="HelloBytes"/> long.</param>
    /// <param name="answer">The answer; empty where there is a fault.</param>
    /// <param name="messages">The director's side of the connection from now on; null where there is a fault.</param>
    public static ProtocolFault Answer(ReadOnlySpan<byte> key, ReadOnlySpan<byte> hello, out byte[] answer, out SealedMessages? messages)
    {
        (answer, messages) = ([], null);
        if (Fault(hello, HelloBytes, HelloMagic) is not ProtocolFault.None and var fault)
        {
            return fault;
        }

        answer = new byte[AnswerBytes];
        Begin(answer, AnswerMagic);
        Code(key, hello, answer.AsSpan(0, AnswerBytes - SealedMessages.CodeBytes), answer.AsSpan(AnswerBytes - SealedMessages.CodeBytes));
        messages = new SealedMessages(SessionKey(key, hello, answer, "to agent"u8), SessionKey(key, hello, answer, "to director"u8));
        return ProtocolFault.None;
    }

    /// <summary>Looks at a director's answer.</summary>
    /// <param name="key">The shared key.</param>
    /// <param name="hello">What this agent sent.</param>
    /// <param name="answer">What came back, <see cref="AnswerBytes"/> long.</param>
    /// <param name="messages">The agent's side of the connection from now on; null where there is a fault.</param>
    public static ProtocolFault Check(ReadOnlySpan<byte> key, ReadOnlySpan<byte> hello, ReadOnlySpan<byte> answer, out SealedMessages? messages)
    {
        messages = null;
        if (Fault(answer, AnswerBytes, AnswerMagic) is not ProtocolFault.None and var fault)
        {
            return fault;
        }

        Span<byte> right = stackalloc byte[SealedMessages.CodeBytes];
        Code(key, hello, answer[..(AnswerBytes - SealedMessages.CodeBytes)], right);
        if (!CryptographicOperations.FixedTimeEquals(right, answer[(AnswerBytes - SealedMessages.CodeBytes)..]))
        {
            return ProtocolFault.Forged;
        }

        messages = new SealedMessages(SessionKey(key, hello, answer, "to director"u8), SessionKey(key, hello, answer, "to agent"u8));
        return ProtocolFault.None;
    }

    private static void Begin(Span<byte> message, ReadOnlySpan<byte> magic)
    {
        magic.CopyTo(message);
        message[magic.Length] = ProtocolLimits.Version;
        RandomNumberGenerator.Fill(message.Slice(magic.Length + 1, RandomBytes));
    }

    private static ProtocolFault Fault(ReadOnlySpan<byte> message, int length, ReadOnlySpan<byte> magic) =>
        message.Length != length || !message.StartsWith(magic) ? ProtocolFault.Garbage
            : message[magic.Length] != ProtocolLimits.Version ? ProtocolFault.OtherVersion
            : ProtocolFault.None;

    private static void Code(ReadOnlySpan<byte> key, ReadOnlySpan<byte> hello, ReadOnlySpan<byte> answer, Span<byte> code)
    {
        Span<byte> derived = stackalloc byte[KeyBytes];
        HKDF.DeriveKey(HashAlgorithmName.SHA256, key, derived, [], "director agent 1 handshake"u8);
        HMACSHA256.HashData(derived, [.. hello, .. answer], code);
    }

    private static byte[] SessionKey(ReadOnlySpan<byte> key, ReadOnlySpan<byte> hello, ReadOnlySpan<byte> answer, ReadOnlySpan<byte> direction)
    {
        var derived = new byte[KeyBytes];
        HKDF.DeriveKey(HashAlgorithmName.SHA256, key, derived, [.. hello, .. answer], [.. "director agent 1 "u8, .. direction]);
        return derived;
    }
}
