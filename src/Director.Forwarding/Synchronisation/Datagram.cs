using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Director.Forwarding.Synchronisation;

/// <summary>What comes before a datagram's sealed part, in the clear and authenticated.</summary>
/// <param name="Boot">The random number of the sender's start.</param>
/// <param name="Stream">The sender's stream: a worker's number, or <see cref="Datagram.ControlStream"/>.</param>
/// <param name="Sequence">Number of the datagram in its stream, from 1.</param>
internal readonly record struct DatagramHeader(UInt128 Boot, byte Stream, ulong Sequence);

/// <summary>Why a datagram is not taken.</summary>
internal enum DatagramFault
{
    /// <summary>It is taken.</summary>
    None,

    /// <summary>Shorter than its header and tag, or longer than any.</summary>
    Truncated,

    /// <summary>It does not begin as ours do.</summary>
    Foreign,

    /// <summary>Another version of the format.</summary>
    OtherVersion,

    /// <summary>Sealed under another cluster's secret.</summary>
    OtherKey,
}

/// <summary>
/// A datagram: <c>DSY</c> and the version of the format (4), the secret's identity (4), the sender's boot (16), the stream (1), nothing (3), the sequence (8), then what is sealed by AES-GCM and its
/// tag (16). All before is authenticated. The nonce is stream and sequence, which never repeat under a boot's key.
/// </summary>
internal static class Datagram
{
    /// <summary>Version of the format.</summary>
    public const byte Version = 1;

    /// <summary>The stream of messages that are not records.</summary>
    public const byte ControlStream = 255;

    /// <summary>Bytes before the sealed part.</summary>
    public const int HeaderLength = 36;

    /// <summary>Bytes of a datagram at most: what an Ethernet frame carries over IPv6.</summary>
    public const int MaximumLength = 1452;

    /// <summary>Bytes of the sealed part at most.</summary>
    public const int MaximumPayload = MaximumLength - HeaderLength - SynchronisationKeys.TagLength;

    private const uint Magic = 0x44_53_59_00 | Version;

    /// <summary>Seals what lies behind the header's place.</summary>
    /// <param name="datagram">Room for the header, <paramref name="payloadLength"/> bytes to seal, and room for the tag.</param>
    /// <param name="payloadLength">Bytes to seal.</param>
    /// <param name="header">The header.</param>
    /// <param name="identity">The secret's identity.</param>
    /// <param name="key">The boot's key.</param>
    /// <returns>The datagram's length.</returns>
    public static int Seal(Span<byte> datagram, int payloadLength, in DatagramHeader header, uint identity, AesGcm key)
    {
        BinaryPrimitives.WriteUInt32BigEndian(datagram, Magic);
        BinaryPrimitives.WriteUInt32BigEndian(datagram[4..], identity);
        BinaryPrimitives.WriteUInt128BigEndian(datagram[8..], header.Boot);
        BinaryPrimitives.WriteUInt32BigEndian(datagram[24..], (uint)header.Stream << 24);
        BinaryPrimitives.WriteUInt64BigEndian(datagram[28..], header.Sequence);
        var payload = datagram.Slice(HeaderLength, payloadLength);
        key.Encrypt(datagram.Slice(24, SynchronisationKeys.NonceLength), payload, payload, datagram.Slice(HeaderLength + payloadLength, SynchronisationKeys.TagLength), datagram[..HeaderLength]);
        return HeaderLength + payloadLength + SynchronisationKeys.TagLength;
    }

    /// <summary>Reads a header. Nothing is authenticated yet.</summary>
    public static DatagramFault ReadHeader(ReadOnlySpan<byte> datagram, uint identity, out DatagramHeader header)
    {
        header = default;
        if (datagram.Length < sizeof(uint))
            return DatagramFault.Truncated;
        var magic = BinaryPrimitives.ReadUInt32BigEndian(datagram);
        if ((magic ^ Magic) >> 8 != 0)
            return DatagramFault.Foreign;
        if (magic != Magic)
            return DatagramFault.OtherVersion;
        if (datagram.Length is < HeaderLength + SynchronisationKeys.TagLength or > MaximumLength)
            return DatagramFault.Truncated;
        if (BinaryPrimitives.ReadUInt32BigEndian(datagram[4..]) != identity)
            return DatagramFault.OtherKey;
        header = new(BinaryPrimitives.ReadUInt128BigEndian(datagram[8..]), datagram[24], BinaryPrimitives.ReadUInt64BigEndian(datagram[28..]));
        return DatagramFault.None;
    }

    /// <summary>Opens a datagram whose header was read.</summary>
    /// <param name="datagram">The datagram.</param>
    /// <param name="payload">Room for the sealed part.</param>
    /// <param name="key">The sender's key.</param>
    /// <param name="length">Bytes of the sealed part.</param>
    /// <returns>False when it was not sealed under this key, or was changed.</returns>
    public static bool TryOpen(ReadOnlySpan<byte> datagram, Span<byte> payload, AesGcm key, out int length)
    {
        length = datagram.Length - HeaderLength - SynchronisationKeys.TagLength;
        try
        {
            key.Decrypt(datagram.Slice(24, SynchronisationKeys.NonceLength), datagram.Slice(HeaderLength, length), datagram[^SynchronisationKeys.TagLength..], payload[..length], datagram[..HeaderLength]);
            return true;
        }
        catch (AuthenticationTagMismatchException)
        {
            return false;
        }
    }
}
