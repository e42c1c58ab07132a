using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Director.Health.Feedback.Protocol;

/// <summary>
/// Messages of one connection, each with its length before it (4 bytes, big-endian, of body and code) and a code behind it: HMAC-SHA256 (RFC 2104) over the message's number and its body, under a key for
/// each direction. The numbers are not sent: one that is repeated, left out or in another place has the wrong code. Not thread-safe; sending and receiving do not disturb each other.
/// </summary>
/// <param name="sendKey">Key of what is sent.</param>
/// <param name="receiveKey">Key of what is received.</param>
public sealed class SealedMessages(byte[] sendKey, byte[] receiveKey)
{
    /// <summary>Bytes of a length.</summary>
    public const int LengthBytes = 4;

    /// <summary>Bytes of a code.</summary>
    public const int CodeBytes = HMACSHA256.HashSizeInBytes;

    private ulong _sent;
    private ulong _received;

    /// <summary>A message with its length and code.</summary>
    /// <param name="body">1 to <see cref="ProtocolLimits.BodyBytes"/> bytes.</param>
    public byte[] Seal(ReadOnlySpan<byte> body)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(body.Length, ProtocolLimits.BodyBytes);
        var message = new byte[LengthBytes + body.Length + CodeBytes];
        BinaryPrimitives.WriteInt32BigEndian(message, body.Length + CodeBytes);
        body.CopyTo(message.AsSpan(LengthBytes));
        Code(sendKey, _sent++, body, message.AsSpan(LengthBytes + body.Length));
        return message;
    }

    /// <summary>What is still to come of a message.</summary>
    /// <param name="length">Its first <see cref="LengthBytes"/> bytes.</param>
    /// <param name="bytes">How many bytes follow.</param>
    public static ProtocolFault Length(ReadOnlySpan<byte> length, out int bytes)
    {
        bytes = BinaryPrimitives.ReadInt32BigEndian(length);
        return bytes is > CodeBytes and <= ProtocolLimits.BodyBytes + CodeBytes ? ProtocolFault.None
            : bytes > ProtocolLimits.BodyBytes + CodeBytes ? ProtocolFault.TooLong
            : ProtocolFault.Garbage;
    }

    /// <summary>Looks at a message behind its length. After a fault nothing of this connection is to be believed.</summary>
    /// <param name="message">Body and code.</param>
    /// <param name="body">The body; empty where there is a fault.</param>
    public ProtocolFault Open(ReadOnlySpan<byte> message, out ReadOnlySpan<byte> body)
    {
        body = [];
        if (message.Length <= CodeBytes)
        {
            return ProtocolFault.Garbage;
        }

        Span<byte> right = stackalloc byte[CodeBytes];
        Code(receiveKey, _received, message[..^CodeBytes], right);
        if (!CryptographicOperations.FixedTimeEquals(right, message[^CodeBytes..]))
        {
            return ProtocolFault.Forged;
        }

        _received++;
        body = message[..^CodeBytes];
        return ProtocolFault.None;
    }

    private static void Code(byte[] key, ulong number, ReadOnlySpan<byte> body, Span<byte> code)
    {
        Span<byte> prefix = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64BigEndian(prefix, number);
        using var hash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, key);
        hash.AppendData(prefix);
        hash.AppendData(body);
        hash.GetHashAndReset(code);
    }
}
