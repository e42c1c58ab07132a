using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Director.Health.Checks;

/// <summary>Codes of RADIUS packets (RFC 2865 section 3, RFC 5997).</summary>
internal enum RadiusCode : byte
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>A user asks to be let in.</summary>
    AccessRequest = 1,

    /// <summary>He is.</summary>
    AccessAccept = 2,

    /// <summary>He is not.</summary>
    AccessReject = 3,

    /// <summary>More is asked of him.</summary>
    AccessChallenge = 11,
}

/// <summary>Writes a RADIUS request and verifies the answer.</summary>
internal static class RadiusPacket
{
    private const int HeaderBytes = 20, AuthenticatorBytes = 16, LongestPassword = 128;
    private const byte UserName = 1, UserPassword = 2, ReplyMessage = 18, NasIdentifier = 32, MessageAuthenticator = 80;

    /// <summary>An Access-Request with a password (PAP), signed by a Message-Authenticator, which comes first.</summary>
    /// <param name="identifier">The packet's number.</param>
    /// <param name="authenticator">16 bytes that nobody can foresee.</param>
    /// <param name="login">The user.</param>
    /// <param name="password">His password, at most 128 bytes.</param>
    /// <param name="secret">What is shared with the server.</param>
    /// <exception cref="FormatException">The user's name or password is too long.</exception>
    public static byte[] Request(byte identifier, ReadOnlySpan<byte> authenticator, string login, Secret password, Secret secret)
    {
        const int longestAttribute = 253;
        var name = Encoding.UTF8.GetBytes(login);
        var word = Encoding.UTF8.GetBytes(password.Reveal());
        if (name.Length > longestAttribute || word.Length > LongestPassword)
        {
            throw new FormatException("the login or the password is too long for RADIUS");
        }

        var key = Encoding.UTF8.GetBytes(secret.Reveal());
        List<byte> packet = [(byte)RadiusCode.AccessRequest, identifier, 0, 0, .. authenticator, MessageAuthenticator, AuthenticatorBytes + 2, .. new byte[AuthenticatorBytes]];
        Add(UserName, name);
        Add(UserPassword, Hidden(word, key, authenticator));
        Add(NasIdentifier, "director"u8);
        var bytes = packet.ToArray();
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(2), (ushort)bytes.Length);
        HMACMD5.HashData(key, bytes).CopyTo(bytes, HeaderBytes + 2);
        return bytes;

        void Add(byte type, ReadOnlySpan<byte> value) => packet.AddRange([type, (byte)(value.Length + 2), .. value]);
    }

    /// <summary>Reads an answer.</summary>
    /// <param name="answer">The datagram.</param>
    /// <param name="request">What it answers.</param>
    /// <param name="secret">What is shared with the server.</param>
    /// <param name="message">What the server says to the user.</param>
    /// <returns>What the server answers; null when it answers another request.</returns>
    /// <exception cref="IOException">It is no answer, or made by who does not know the secret.</exception>
    public static RadiusCode? Read(ReadOnlySpan<byte> answer, ReadOnlySpan<byte> request, Secret secret, out string message)
    {
        message = "";
        if (answer.Length < HeaderBytes || BinaryPrimitives.ReadUInt16BigEndian(answer[2..]) is var length && (length < HeaderBytes || length > answer.Length))
        {
            throw new IOException("garbled answer");
        }

        if (answer[1] != request[1])
        {
            return null;
        }

        // As it was signed: with the request's authenticator in place of the answer's (RFC 2865 section 3).
        answer = answer[..BinaryPrimitives.ReadUInt16BigEndian(answer[2..])];
        var key = Encoding.UTF8.GetBytes(secret.Reveal());
        var signed = answer.ToArray();
        request.Slice(4, AuthenticatorBytes).CopyTo(signed.AsSpan(4));
        if (!CryptographicOperations.FixedTimeEquals(MD5.HashData([.. signed, .. key]), answer.Slice(4, AuthenticatorBytes)))
        {
            throw new IOException("the answer is not signed with the secret");
        }

        for (var position = HeaderBytes; position < answer.Length;)
        {
            var attribute = answer[position..];
            if (attribute.Length < 2 || attribute[1] < 2 || attribute[1] > attribute.Length)
            {
                throw new IOException("garbled answer");
            }

            var value = attribute[2..attribute[1]];
            switch (attribute[0])
            {
                case MessageAuthenticator when value.Length == AuthenticatorBytes:
                    signed.AsSpan(position + 2, AuthenticatorBytes).Clear();
                    if (!CryptographicOperations.FixedTimeEquals(HMACMD5.HashData(key, signed), value))
                    {
                        throw new IOException("the answer is not signed with the secret");
                    }

                    value.CopyTo(signed.AsSpan(position + 2));
                    break;
                case ReplyMessage:
                    message += Encoding.UTF8.GetString(value);
                    break;
            }

            position += attribute[1];
        }

        return (RadiusCode)answer[0];
    }

    // RFC 2865 section 5.2.
    private static byte[] Hidden(byte[] password, byte[] secret, ReadOnlySpan<byte> authenticator)
    {
        var hidden = new byte[Math.Max(1, (password.Length + AuthenticatorBytes - 1) / AuthenticatorBytes) * AuthenticatorBytes];
        password.CopyTo(hidden, 0);
        var before = authenticator;
        for (var block = hidden.AsSpan(); !block.IsEmpty; block = block[AuthenticatorBytes..])
        {
            var mask = MD5.HashData([.. secret, .. before]);
            for (var index = 0; index < AuthenticatorBytes; index++)
            {
                block[index] ^= mask[index];
            }

            before = block[..AuthenticatorBytes];
        }

        return hidden;
    }
}
